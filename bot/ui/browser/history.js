// The earlier conversations of this browser, in a menu.

import { $ } from "./dom.js";

const entry = (conversation, open) => {
  const [item, button, day] = ["li", "button", "time"].map((name) => document.createElement(name));
  const asked = document.createElement("bdi");
  asked.textContent = conversation.turns[0].wish.question;
  day.textContent = new Intl.DateTimeFormat($("#desk").lang, { dateStyle: "medium" }).format(conversation.changed);
  button.type = "button";
  button.append(asked, day);
  button.addEventListener("click", () => {
    $("#conversations").hidePopover();
    open(conversation.id);
  });
  item.append(button);
  return item;
};

export const list = (store, open) => {
  const others = store.others();
  $("#past").hidden = !others.length;
  $("#conversation-list").replaceChildren(...others.map((each) => entry(each, open)));
};
