// The quality tab: a run is begun and watched, and reports are shown; the whole report lives in a frame of its own.

const POLL = 800;

/** Starts the tab in `element`; `server` has the functions that read, begin and cancel. */
export const start = (element, server) => {
  const $ = (selector) => element.querySelector(selector);
  let watching = false;

  const show = async (name = $("#quality-choice")?.value ?? "") => {
    const got = await server.shown(name);
    $("#quality-shown").innerHTML = got.error ?? got.html;
  };

  const state = (got) => {
    const box = $("#quality-state");
    const focused = box.contains(document.activeElement);
    const changes = (got.error ?? got.html) !== box.dataset.html;
    if (changes) box.innerHTML = box.dataset.html = got.error ?? got.html;
    if (changes && focused) box.querySelector("button")?.focus();
    return got.phase;
  };

  const watch = async (phase) => {
    if (watching) return;
    watching = true;
    while (phase === "running") {
      await new Promise((wake) => setTimeout(wake, POLL));
      phase = state(await server.state(null));
      if (phase === "done") await show("quick");
    }
    watching = false;
  };

  const unfold = async (button) => {
    const frame = $("#quality-frame");
    const opens = frame.hidden;
    if (opens && !frame.srcdoc) {
      const got = await server.whole(button.value);
      if (got.error) return (frame.outerHTML = got.error);
      frame.srcdoc = got.html;
    }
    frame.hidden = !opens;
    button.setAttribute("aria-expanded", String(opens));
  };

  const save = async ({ value }) => {
    const got = await server.whole(value);
    if (got.error) return;
    const link = document.createElement("a");
    link.download = `report-${value}.html`;
    link.href = URL.createObjectURL(new Blob([got.html], { type: "text/html" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const clicks = {
    "#quality-run": async () => watch(state(await server.begin(null))),
    "#quality-cancel": async () => state(await server.cancel(null)),
    "#quality-whole": unfold,
    "#quality-save": save,
  };

  element.addEventListener("click", (event) => {
    for (const [selector, act] of Object.entries(clicks)) {
      const found = event.target.closest(selector);
      if (found) act(found);
    }
  });
  element.addEventListener("change", (event) => event.target.id === "quality-choice" && show());

  const look = async () => {
    watch(state(await server.state(null)));
    if (!$("#quality-shown").childElementCount) await show();
  };
  new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && look()).observe($(".measured"));
};
