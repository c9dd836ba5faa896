// An article is read whole in a dialog, with all that the turn quotes from it marked.

import { $, all } from "./dom.js";

// The quotations of an article in the sheet that the button stands in, or of the turn.
const places = (articleId, button) =>
  all(".card", button.closest(".sheet") ?? document.createElement("div"))
    .filter((card) => card.dataset.article === articleId)
    .map(({ dataset: { number, start, end } }) => ({ number: +number, start: +start, end: +end }));

const read = async (button, server) => {
  const [dialog, reading] = [$("#reader"), $("#reading")];
  const got = await server.opened({ article_id: button.value, places: places(button.value, button) });
  if (!got.html) return;
  reading.innerHTML = got.html;
  dialog.showModal();
  const wanted = document.getElementById(`read-${button.closest(".card")?.dataset.number}`);
  reading.scrollTop = 0;
  reading.focus({ preventScroll: true });
  wanted?.scrollIntoView({ block: "center" });
};

export const start = (server) => {
  $("#desk").addEventListener("click", (event) => {
    const open = event.target.closest(".open");
    if (open) read(open, server);
    if (event.target.closest("#shut") || event.target === $("#reader")) $("#reader").close();
  });
};
