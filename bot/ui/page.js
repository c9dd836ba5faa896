// Markers lead to evidence and back, new turns come into view, and Enter that ends a Chinese input method's word is
// not taken for Enter that sends. All of it is delegated: Gradio replaces the nodes.
(() => {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const reveal = (node, block) => node.scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block });

  const light = (node) => {
    document.querySelectorAll(".lit").forEach((other) => other.classList.remove("lit"));
    void node.offsetWidth; // starts the animation anew
    node.classList.add("lit");
    node.focus({ preventScroll: true });
  };

  const showSource = (marker) => {
    const card = document.getElementById(marker.hash.slice(1));
    const sheet = card?.closest(".sheet");
    if (!sheet) return;
    sheet.parentElement.querySelectorAll(".sheet").forEach((other) => (other.hidden = other !== sheet));
    reveal(card, "nearest");
    light(card);
  };

  const showClaim = (number) => {
    const card = number.closest(".card");
    const marker = document.querySelector(`.marker[href="#${card.id}"]`);
    if (!marker) return;
    reveal(marker, "center");
    light(marker);
  };

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const marker = event.target.closest?.(".marker");
    const number = event.target.closest?.(".card .number");
    if (!marker && !number) return;
    event.preventDefault();
    marker ? showSource(marker) : showClaim(number);
  });

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.stopPropagation();
    },
    true,
  );

  // A new turn comes into view when it is asked and again when it is answered.
  let seen = "";
  const followTurns = () => {
    const turn = document.querySelector(".transcript .turn:last-child");
    const state = turn ? turn.id + (turn.querySelector(".pending") ? "?" : "") : "";
    if (turn && state !== seen) {
      reveal(turn, "start");
      document.querySelector("#evidence")?.scrollTo({ top: 0 });
    }
    seen = state;
  };

  // With a keyboard at hand, the question box is ready to be typed into; on a phone this would open its keyboard.
  let ready = !matchMedia("(hover: hover) and (min-width: 900px)").matches;
  const focusQuestion = () => {
    const box = document.querySelector("#question textarea");
    if (ready || !box) return;
    ready = true;
    box.focus({ preventScroll: true });
  };

  // Gradio sets the document's language to the browser's; the page knows which one it speaks.
  const nameLanguage = () => {
    const language = document.querySelector(".masthead")?.lang;
    if (language && document.documentElement.lang !== language) document.documentElement.lang = language;
  };

  new MutationObserver(() => {
    nameLanguage();
    followTurns();
    focusQuestion();
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
