// What holds for the whole page: its tabs, its language, and the way to the same page in another language.

import { start as startTabs } from "./tabs.js";

startTabs();

// Gradio sets the document's language to the browser's; the page knows which one it speaks.
const nameLanguage = () => {
  const language = document.querySelector(".masthead")?.lang;
  if (language && document.documentElement.lang !== language) document.documentElement.lang = language;
};

// Gradio says in a toast that it has lost the server, comes back by itself and loads the page anew; here are our words.
const tellLost = () => {
  const line = document.querySelector(".masthead .lost:empty");
  const told = document.querySelector(".toast-wrap")?.textContent ?? "";
  if (line && told.includes("Attempting reconnection")) line.textContent = line.dataset.said;
};

const watch = () => {
  nameLanguage();
  tellLost();
};

watch(); // this script can be the last to come: nothing would change any more
new MutationObserver(watch).observe(document.documentElement, {
  childList: true,
  subtree: true,
  attributes: true, // of the document, too, whose language may be set after all else is there
  attributeFilter: ["lang"],
});

// A link to the page in another language leads to the tab that is open, once what is being typed has been put away.
document.addEventListener(
  "click",
  (event) => {
    const link = event.target.closest?.(".languages a");
    if (!link) return;
    link.hash = location.hash;
    document.dispatchEvent(new Event("regbrief:leave"));
  },
  true,
);
