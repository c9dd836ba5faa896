"use strict";
// Sorting, choosing and filtering. Without it the page still shows everything.

function sorted(table, column, descending) {
  const key = (row) => {
    const cell = row.cells[column];
    const value = cell.dataset.value ?? cell.textContent.trim();
    const number = Number.parseFloat(value);
    return cell.classList.contains("number") ? (Number.isNaN(number) ? -Infinity : number) : value.toLowerCase();
  };
  for (const body of table.tBodies) {
    const rows = [...body.rows].filter((row) => !row.classList.contains("group"));
    rows.sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      const order = typeof x === "number" ? x - y : x.localeCompare(y);
      return descending ? -order : order;
    });
    body.append(...rows);
  }
}

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (head.classList.contains("unsorted")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const numeric = head.classList.contains("number");
      const before = head.getAttribute("aria-sort");
      const descending = before ? before === "ascending" : numeric;
      for (const each of heads) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sorted(table, column, descending);
    });
  });
}

const choice = document.getElementById("heat-choice");
const choose = () => {
  for (const map of document.querySelectorAll(".heat")) map.hidden = map.id !== choice.value;
};
choice?.addEventListener("change", choose);
if (choice) choose();

const filters = document.getElementById("filters");
const questions = [...document.querySelectorAll(".question")];
const texts = new Map();

function filter() {
  const wanted = Object.fromEntries(new FormData(filters));
  const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const each of questions) {
    if (words.length && !texts.has(each)) texts.set(each, each.textContent.toLowerCase());
    const fits =
      (!wanted.outcome || (wanted.outcome === "failed" ? each.dataset.failed : each.dataset.outcome === wanted.outcome)) &&
      (!wanted.type || each.dataset.type === wanted.type) &&
      (!wanted.language || each.dataset.language === wanted.language) &&
      words.every((word) => texts.get(each).includes(word));
    each.hidden = !fits;
    shown += Boolean(fits);
  }
  document.getElementById("shown").textContent = `${shown} shown`;
  document.getElementById("none").hidden = shown > 0;
}
filters.addEventListener("input", filter);
filters.addEventListener("submit", (event) => event.preventDefault());
filter(); // a reloaded page may hold what was chosen before
