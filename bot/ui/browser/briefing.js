// The briefing tab: the form sends what is wanted, numbers open their quotations, and the plot is narrowed by two
// sliders or by dragging. Gradio rewrites what is inside `element`, so everything is delegated to it.

const MEMORY = "regbrief.briefing";
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

const iso = (day) => `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;

const since = (days) => {
  const day = new Date();
  day.setDate(day.getDate() - days + 1);
  return iso(day);
};

const applyPreset = (fields) => {
  const days = Number(fields.preset.value);
  if (fields.preset.value === "own") return fields.since.focus();
  fields.since.value = days ? since(days) : "";
  fields.until.value = days ? iso(new Date()) : "";
};

const read = (form) => {
  const data = new FormData(form);
  return { ...Object.fromEntries(data), languages: data.getAll("languages") };
};

const restore = (form) => {
  const before = JSON.parse(sessionStorage.getItem(MEMORY) ?? "null");
  if (!before) return false;
  for (const name of ["topic", "preset", "since", "until"]) form.elements[name].value = before[name] ?? "";
  for (const box of form.querySelectorAll("[name=languages]")) box.checked = before.languages.includes(box.value);
  return true;
};

/** Sends the form; a page in another language, opened in the same tab, goes on with what was asked here. */
export const form = (element, send) => {
  const node = element.querySelector("form");
  const fields = node.elements;
  const submit = () => {
    const wanted = read(node);
    sessionStorage.setItem(MEMORY, JSON.stringify(wanted));
    document.querySelector("#briefing-shown")?.scrollIntoView({ block: "nearest", behavior: CALM.matches ? "auto" : "smooth" });
    send(wanted);
  };
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  element.addEventListener("change", (event) => {
    if (event.target === fields.preset) applyPreset(fields);
    else if (event.target.type === "date") fields.preset.value = fields.since.value || fields.until.value ? "own" : "all";
  });
  element.addEventListener("click", (event) => {
    const topic = event.target.closest(".topic");
    if (!topic) return;
    fields.topic.value = topic.value;
    submit();
  });
  node.classList.add("ready");
  if (restore(node)) submit();
};

const reveal = (node) => {
  node.scrollIntoView({ behavior: CALM.matches ? "auto" : "smooth", block: "center" });
  document.querySelectorAll("#briefing .lit").forEach((other) => other.classList.remove("lit"));
  void node.offsetWidth; // starts the animation anew
  node.classList.add("lit");
  node.focus({ preventScroll: true });
};

const toggle = (button) => {
  const proof = document.getElementById(button.getAttribute("aria-controls"));
  const opens = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(opens));
  proof.hidden = !opens;
};

/** What of the bars is chosen: the places of the first and the last, in order. */
const chosen = (plot) => {
  const [one, other] = [...plot.querySelectorAll(".brush input")].map((each) => Number(each.value));
  return [Math.min(one, other), Math.max(one, other)];
};

const redraw = (plot) => {
  const days = JSON.parse(plot.dataset.days);
  const [from, to] = chosen(plot);
  const whole = from === 0 && to === days.length - 1;
  const [first, last] = [days[from][0], days[to][1]];
  const within = (node) => whole || !node.dataset.first || (node.dataset.last >= first && node.dataset.first <= last);

  plot.classList.toggle("partial", !whole);
  const view = plot.querySelector(".chosen-days");
  view.hidden = whole;
  view.style.left = `${(100 * from) / days.length}%`;
  view.style.width = `${(100 * (to - from + 1)) / days.length}%`;
  plot.querySelectorAll(".brush input").forEach((each) => {
    const [, , begins, ends] = days[Number(each.value)];
    each.setAttribute("aria-valuetext", Number(each.value) === to ? ends : begins);
  });
  plot.querySelector(".narrowed .said").textContent = whole
    ? ""
    : plot.dataset.said.replace("{since}", days[from][2]).replace("{until}", days[to][3]);
  for (const each of plot.querySelectorAll(".dot")) each.classList.toggle("out", !within(each));
  for (const each of plot.closest(".brief").querySelectorAll(".told [data-first]")) each.hidden = !within(each);
};

const choose = (plot, from, to) => {
  const [one, other] = plot.querySelectorAll(".brush input");
  [one.value, other.value] = [from, to];
  redraw(plot);
};

const narrow = (plot) => {
  const days = JSON.parse(plot.dataset.days);
  const [from, to] = chosen(plot);
  const node = document.querySelector("#briefing-form form");
  node.elements.since.value = days[from][0];
  node.elements.until.value = days[to][1];
  node.elements.preset.value = "own";
  node.requestSubmit();
};

const dragging = (element) => {
  let start = null;
  const place = (plot, event) => {
    const box = plot.querySelector(".bars").getBoundingClientRect();
    const count = JSON.parse(plot.dataset.days).length;
    return Math.max(0, Math.min(count - 1, Math.floor((count * (event.clientX - box.left)) / box.width)));
  };
  element.addEventListener("pointerdown", (event) => {
    const bars = event.target.closest(".bars");
    if (!bars || event.button !== 0) return;
    start = { plot: bars.closest(".plot"), x: event.clientX };
    start.from = place(start.plot, event);
    bars.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    if (!start || Math.abs(event.clientX - start.x) < 4) return;
    const to = place(start.plot, event);
    choose(start.plot, Math.min(start.from, to), Math.max(start.from, to));
  });
  for (const name of ["pointerup", "pointercancel"]) element.addEventListener(name, () => (start = null));
};

export const shown = (element) => {
  element.addEventListener("click", (event) => {
    const cite = event.target.closest(".cite");
    const dot = event.target.closest(".dot");
    const button = event.target.closest(".narrow, .widen");
    if (cite) toggle(cite);
    if (dot) {
      event.preventDefault();
      reveal(document.getElementById(dot.hash.slice(1)));
    }
    if (!button) return;
    const plot = button.closest(".plot");
    if (button.matches(".narrow")) narrow(plot);
    else {
      choose(plot, 0, JSON.parse(plot.dataset.days).length - 1);
      plot.querySelector(".brush input").focus();
    }
  });
  element.addEventListener("keydown", (event) => {
    const proof = event.key === "Escape" && event.target.closest(".proof, .cite");
    if (!proof) return;
    const id = proof.matches(".cite") ? proof.getAttribute("aria-controls") : proof.id;
    const cite = element.querySelector(`.cite[aria-controls="${id}"][aria-expanded="true"]`);
    if (cite) {
      toggle(cite);
      cite.focus();
    }
  });
  element.addEventListener("input", (event) => {
    if (event.target.closest(".brush")) redraw(event.target.closest(".plot"));
  });
  dragging(element);
};
