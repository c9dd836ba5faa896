// What can be done with an answer: copy it, export it, and say whether it is right.

import { $, all, announce, place } from "./dom.js";

const download = ({ name, type, text }) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
};

// Without https, or this machine, the clipboard is closed to scripts; a selection can still be copied.
const copyText = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
};

const copy = async (turn, button, server) => {
  const got = await server.exported({ turns: [turn], form: "text" });
  await copyText(got.text);
  announce($("#desk").dataset.copied);
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 1500);
};

const chooseForm = (turns, button, server) => {
  const menu = $("#formats");
  menu.onclick = async (event) => {
    const form = event.target.closest("button")?.value;
    if (!form) return;
    menu.hidePopover();
    const got = await server.exported({ turns, form });
    got.error ? announce(got.error) : download(got);
    button.focus();
  };
  menu.showPopover();
  place(menu, button);
  $("button", menu).focus();
};

const tell = async (turn, button, server, more = {}) => {
  const got = await server.judged({ answer: turn.answer, verdict: button.value, ...more });
  announce(got.error ?? $("#desk").dataset.thanks);
  if (got.error) return;
  all(".verdict", button.parentElement).forEach((other) => {
    other.setAttribute("aria-pressed", String(other === button));
  });
};

const judge = (turn, button, server) => {
  if (button.value === "right") return tell(turn, button, server);
  const form = $("#judge");
  const which = $(".which", form);
  form.reset();
  which.hidden = button.value !== "wrong_citation";
  form.elements.citation.replaceChildren(...turn.answer.citations.map(({ number }) => new Option(`[${number}]`, number)));
  form.onsubmit = (event) => {
    event.preventDefault();
    const citation = which.hidden ? null : Number(form.elements.citation.value);
    tell(turn, button, server, { note: form.elements.note.value, citation });
    form.hidePopover();
    button.focus();
  };
  form.showPopover();
  place(form, button);
  (which.hidden ? form.elements.note : form.elements.citation).focus();
};

export const start = ({ server, turnOf, turns }) => {
  $("#desk").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const turn = turnOf(button);
    if (button.id === "save") chooseForm(turns(), button, server);
    else if (!turn?.answer) return;
    else if (button.matches(".copy")) copy(turn, button, server);
    else if (button.matches(".export")) chooseForm([turn], button, server);
    else if (button.matches(".verdict")) judge(turn, button, server);
  });
};
