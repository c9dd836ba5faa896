// What may be searched: dates, languages, outlets, and the language of the answer; each that is set shows as a chip.

import { $, all, place } from "./dom.js";

const form = () => $("#composer");
const iso = (day) => new Date(day.getTime() - day.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
const daysAgo = (days) => iso(new Date(Date.now() - days * 86400000));

const dates = () => {
  const { preset, since, until } = form().elements;
  if (preset.value === "dates") return { since: since.value || null, until: until.value || null };
  return { since: preset.value ? daysAgo(Number(preset.value)) : null, until: null };
};

const ticked = (name) => all(`input[name="${name}"]:checked`, form());

export const chosen = () => ({
  ...dates(),
  languages: ticked("language").map((each) => each.value),
  sources: ticked("source").map((each) => each.value),
  answer_language: form().elements.answer.value || null,
});

const written = (day) =>
  new Intl.DateTimeFormat($("#desk").lang, { dateStyle: "long", timeZone: "UTC" }).format(new Date(day));

const windowWords = () => {
  const { preset } = form().elements;
  if (preset.value !== "dates") {
    return preset.value ? $(`input[name="preset"][value="${preset.value}"]`, form()).parentElement.textContent.trim() : "";
  }
  const { since, until } = dates();
  const { from, to } = $("#desk").dataset;
  return [since && from.replace("@", written(since)), until && to.replace("@", written(until))].filter(Boolean).join(" · ");
};

const chip = (words, language, remove) => {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = words;
  button.lang = language;
  button.setAttribute("aria-label", $("#desk").dataset.removed.replace("@", words));
  button.addEventListener("click", () => {
    remove();
    changed();
    $("#question-box").focus();
  });
  item.append(button);
  return item;
};

const pick = (name, value) => {
  const ways = all(`input[name="${name}"]`, form());
  (ways.find((each) => each.value === value) ?? ways[0]).checked = true;
};

const anyTime = () => {
  const { since, until } = form().elements;
  since.value = until.value = "";
  pick("preset", "");
};

export const changed = () => {
  const chips = [];
  const own = $("#desk").lang;
  if (windowWords()) chips.push(chip(windowWords(), own, anyTime));
  for (const box of [...ticked("language"), ...ticked("source")]) {
    chips.push(chip(box.dataset.name, box.parentElement.lang || own, () => (box.checked = false)));
  }
  const answer = $('input[name="answer"]:checked', form());
  if (answer?.value) chips.push(chip(answer.dataset.name, answer.value, () => pick("answer", "")));
  $("#chips").replaceChildren(...chips);
  sessionStorage.setItem("regbrief.filters", JSON.stringify({ ...chosen(), preset: form().elements.preset.value }));
};

export const clear = () => {
  anyTime();
  [...ticked("language"), ...ticked("source")].forEach((box) => (box.checked = false));
  changed();
};

// Set the filters as they were for a question, or before the page was left.
export const set = (wanted) => {
  const { preset, since, until } = form().elements;
  pick("preset", wanted.preset ?? (wanted.since || wanted.until ? "dates" : ""));
  if (preset.value === "dates") [since.value, until.value] = [wanted.since ?? "", wanted.until ?? ""];
  all('input[name="language"]', form()).forEach((box) => (box.checked = wanted.languages?.includes(box.value) ?? false));
  all('input[name="source"]', form()).forEach((box) => (box.checked = wanted.sources?.includes(box.value) ?? false));
  pick("answer", wanted.answer_language ?? "");
  changed();
};

export const restore = () => {
  try {
    set(JSON.parse(sessionStorage.getItem("regbrief.filters")) ?? {});
  } catch {
    set({}); // what was kept cannot be read
  }
};

const find = (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  all("#source-list label").forEach((label) => (label.hidden = !label.textContent.toLowerCase().includes(wanted)));
};

export const start = () => {
  form().addEventListener("change", (event) => {
    const { name, value } = event.target;
    if ((name === "since" || name === "until") && value) pick("preset", "dates");
    if (event.target.closest(".picker")) changed();
  });
  $("#find-source").addEventListener("input", find);
  $("#find-source").addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  for (const button of all("#pickers button, #past")) {
    const menu = document.getElementById(button.getAttribute("popovertarget"));
    menu.addEventListener("toggle", (event) => event.newState === "open" && place(menu, button));
  }
};
