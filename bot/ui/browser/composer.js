// The box that questions are typed in: it grows, Enter sends, Escape stops, "/" comes back to it.

import { $ } from "./dom.js";

const DRAFT = "regbrief.draft";
const box = () => $("#question-box");

const grow = () => {
  box().style.height = "auto";
  box().style.height = `${Math.min(box().scrollHeight + 2, 200)}px`;
};

export const fill = (words) => {
  box().value = words;
  grow();
};

export const focus = () => box().focus({ preventScroll: true });

export const busy = (on) => {
  $("#send").hidden = on;
  $("#stop").hidden = !on;
};

const typing = (node) => node.matches("input, textarea, select, [contenteditable]");

export const start = ({ send, stop, cancel }) => {
  const form = $("#composer");
  const submit = () => box().value.trim() && send(box().value);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  box().addEventListener("input", grow);
  box().addEventListener("keydown", (event) => {
    // Enter that ends the word of an input method is not the Enter that sends.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    }
  });
  $("#stop").addEventListener("click", stop);
  document.addEventListener("keydown", (event) => {
    if ($("#reader").open || !$("#desk").checkVisibility()) return;
    if (event.key === "/" && !typing(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      focus();
    }
    if (event.key === "Escape" && !$("[popover]:popover-open") && !event.isComposing) cancel();
  });
  addEventListener("pagehide", () => sessionStorage.setItem(DRAFT, box().value));
  fill(sessionStorage.getItem(DRAFT) ?? "");
  sessionStorage.removeItem(DRAFT);
  // With a keyboard at hand, the box is ready to be typed into; on a phone this would open its keyboard.
  if (matchMedia("(hover: hover) and (min-width: 900px)").matches && !location.hash) focus();
};
