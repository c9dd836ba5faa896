// The address says which tab is open (#briefing), and arrow keys move between the tabs.

const buttons = () => [...document.querySelectorAll('#tabs [role="tab"]')];
const named = () => buttons().find((each) => each.dataset.tabId === location.hash.slice(1));

const wanted = () => (location.hash ? named() : buttons()[0]);
const isOpen = (tab) => tab.getAttribute("aria-selected") === "true";

const open = () => {
  const tab = wanted();
  if (tab && !isOpen(tab)) tab.click();
};

// The tabs can be there before this script is, or come after it; and while they are being built, a click can come too
// early, and the first tab can be opened over it. So it is repeated until the tab has stayed open, or the reader has
// chosen.
const CALM = 20;
const insist = () => {
  let calm = 0;
  const again = setInterval(() => {
    const stays = buttons().length && (!wanted() || isOpen(wanted()));
    calm = stays ? calm + 1 : 0;
    if (calm === CALM) stop();
    else open();
  }, 50);
  const stop = () => clearInterval(again);
  ["pointerdown", "keydown"].forEach((each) => addEventListener(each, stop, { once: true, capture: true }));
};

const step = (event) => {
  const all = buttons();
  const here = all.indexOf(event.target.closest?.('[role="tab"]'));
  const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: all.length - 1 }[event.key];
  if (here < 0 || to === undefined) return;
  event.preventDefault();
  const next = all.at(to % all.length);
  next.focus();
  next.click();
};

const note = (event) => {
  const tab = event.target.closest?.('#tabs [role="tab"]');
  if (!tab) return;
  const hash = tab === buttons()[0] ? "" : `#${tab.dataset.tabId}`;
  if (location.hash !== hash) history.pushState(null, "", hash || location.pathname + location.search);
};

export const start = () => {
  document.addEventListener("click", note);
  document.addEventListener("keydown", step);
  addEventListener("hashchange", open);
  addEventListener("popstate", open);
  insist();
};
