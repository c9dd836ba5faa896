// Markers lead to evidence and back: a hover shows the quotation, a click its card, and on a phone the sheet comes up.

import { $, all, place, reveal } from "./dom.js";

const narrow = matchMedia("(max-width: 899px)");
let raisedBy = null;

const light = (node) => {
  all(".lit").forEach((other) => other.classList.remove("lit"));
  void node.offsetWidth; // starts the animation anew
  node.classList.add("lit");
  node.focus({ preventScroll: true });
};

const cardOf = (marker) => document.getElementById(marker.hash.slice(1));

export const showSheet = (number) => {
  const sheet = document.getElementById(`sheet-${number}`);
  all("#sheets > .sheet").forEach((other) => (other.hidden = other !== sheet));
  return sheet;
};

// On a phone the evidence is a sheet that comes up from below; Escape or its button lets it down again.
export const raise = (by) => {
  if (!narrow.matches) return;
  raisedBy = by ?? raisedBy;
  $("#evidence").dataset.sheet = "up";
  if (by?.classList.contains("raise")) $("#lower").focus({ preventScroll: true });
};

export const lower = () => {
  const panel = $("#evidence");
  if (panel.dataset.sheet !== "up") return;
  panel.dataset.sheet = "down";
  raisedBy?.focus({ preventScroll: true });
  raisedBy = null;
};

// Another conversation begins with its sheet down, and nothing moves.
export const putAway = () => {
  hidePreview();
  delete $("#evidence").dataset.sheet;
  raisedBy = null;
};

const showSource = (marker) => {
  const card = cardOf(marker);
  if (!card) return;
  hidePreview();
  showSheet(card.closest(".sheet").id.split("-")[1]);
  raise(marker);
  reveal(card, "nearest");
  light(card);
};

const showClaim = (number) => {
  const marker = $(`.marker[href="#${number.closest(".card").id}"]`);
  if (!marker) return;
  lower();
  reveal(marker, "center");
  light(marker);
};

const hidePreview = () => {
  const preview = $("#preview");
  if (preview?.matches(":popover-open")) preview.hidePopover();
};

// A hover shows the quotation; after a tap, which goes with no hover, a button below it leads on to its card.
const showPreview = (marker, { tapped = false } = {}) => {
  const [preview, card] = [$("#preview"), cardOf(marker)];
  const quote = card && $("mark", card);
  if (!quote) return false;
  const [words, about] = [document.createElement("blockquote"), document.createElement("p")];
  words.textContent = quote.textContent;
  words.lang = $("blockquote", card).lang;
  const line = $(".byline", card).cloneNode(true);
  $(".script", line)?.remove();
  about.textContent = line.textContent;
  about.className = "byline";
  preview.replaceChildren(words, about, ...(tapped ? [toCard(marker)] : []));
  preview.setAttribute("role", tapped ? "dialog" : "tooltip");
  preview.setAttribute("aria-label", marker.getAttribute("aria-label"));
  preview.showPopover();
  place(preview, marker);
  if (tapped) $("button", preview).focus({ preventScroll: true });
  return true;
};

const toCard = (marker) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "to-card quiet";
  button.textContent = $("#desk").dataset.toCard;
  button.addEventListener("click", () => showSource(marker));
  return button;
};

// Ask for the paragraphs around a quotation, once.
const widen = async (button, server) => {
  const card = button.closest(".card");
  const { article, number, start, end } = card.dataset;
  button.disabled = true;
  const got = await server.widened({ article_id: article, places: [{ number: +number, start: +start, end: +end }] });
  if (got.html) $("blockquote", card).outerHTML = got.html;
  button.remove();
  card.focus({ preventScroll: true });
};

// Show a Chinese title in the other script, or as it was.
const turnScript = (button) => {
  const title = $(".title", button.closest(".card, li"));
  const words = $("bdi", title);
  [words.textContent, button.value] = [button.value, words.textContent];
  title.title = button.value;
  const turned = words.lang !== button.lang;
  words.lang = turned ? button.lang : title.lang;
  button.setAttribute("aria-pressed", String(turned));
};

export const start = (server) => {
  const desk = $("#desk");
  let touched = false;
  document.addEventListener("pointerdown", (event) => {
    touched = event.pointerType === "touch";
    if (touched && !event.target.closest("#preview")) hidePreview();
  });
  document.addEventListener("keydown", () => (touched = false));
  const scrolled = (event) => touched && event.target.id !== "preview" && hidePreview();
  document.addEventListener("scroll", scrolled, { capture: true, passive: true });
  desk.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const marker = event.target.closest(".marker");
    const number = event.target.closest(".card .number");
    if (marker || number) event.preventDefault();
    if (marker && !(touched && narrow.matches && showPreview(marker, { tapped: true }))) showSource(marker);
    if (number) showClaim(number);
    const script = event.target.closest(".script");
    if (script) turnScript(script);
    const around = event.target.closest(".around");
    if (around) widen(around, server);
    const raiser = event.target.closest(".raise");
    if (raiser) {
      showSheet(raiser.closest(".turn").id.split("-")[1]);
      raise(raiser);
      if (!narrow.matches) reveal($("#evidence .sheet:not([hidden])"), "start");
    }
    if (event.target.closest("#lower")) lower();
  });
  const over = (event) => {
    const marker = event.target.closest?.(".marker");
    if (marker && event.pointerType !== "touch") showPreview(marker);
  };
  const out = (event) => event.target.closest?.(".marker") && !touched && hidePreview();
  desk.addEventListener("pointerover", over);
  desk.addEventListener("pointerout", out);
  desk.addEventListener("focusin", (event) => event.target.matches(".marker:focus-visible") && over(event));
  desk.addEventListener("focusout", out);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    hidePreview();
    if (!$("#reader").open && !$("[popover]:popover-open")) lower();
  });
};
