// Small tools for the page's nodes.

export const $ = (selector, within = document) => within.querySelector(selector);
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

const calm = matchMedia("(prefers-reduced-motion: reduce)");

const scroller = (node) => {
  for (let each = node.parentElement; each; each = each.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(each).overflowY) && each.scrollHeight > each.clientHeight) return each;
  }
  return document.scrollingElement;
};

// Scroll only what a node stands in: `start` brings it to the top, `center` to the middle, `nearest` just into view.
export const reveal = (node, block, behavior = calm.matches ? "auto" : "smooth") => {
  const frame = scroller(node);
  const whole = frame === document.scrollingElement;
  const [top, height] = whole ? [0, innerHeight] : [frame.getBoundingClientRect().top, frame.clientHeight];
  const box = node.getBoundingClientRect();
  const from = box.top - top;
  let by = from;
  if (block === "center") by = from - (height - box.height) / 2;
  if (block === "nearest") {
    const room = 16;
    if (from >= room && from + box.height <= height - room) return;
    by = from < room || box.height > height - 2 * room ? from - room : from + box.height - height + room;
  }
  frame.scrollBy({ top: by, behavior });
};

export const announce = (words) => {
  const line = $("#announcer");
  line.textContent = "";
  requestAnimationFrame(() => (line.textContent = words));
};

// HTML comes from the server, which has escaped all that was read (bot/ui/markup.py).
export const made = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
};

// Make a node like another one, and leave alone what is alike: what is being read, or has the focus, stays in place.
export const settle = (old, wanted) => {
  if (old.isEqualNode(wanted)) return old;
  if (old.nodeType !== Node.ELEMENT_NODE || old.nodeName !== wanted.nodeName || old.className !== wanted.className) {
    old.replaceWith(wanted);
    return wanted;
  }
  for (const { name } of [...old.attributes]) if (!wanted.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of [...wanted.attributes]) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const [before, after] = [[...old.childNodes], [...wanted.childNodes]];
  after.forEach((node, at) => (at < before.length ? settle(before[at], node) : old.append(node)));
  before.slice(after.length).forEach((node) => node.remove());
  return old;
};

// A popover stands above or below what it belongs to, within the window.
export const place = (popover, beside) => {
  const [box, mark] = [popover.getBoundingClientRect(), beside.getBoundingClientRect()];
  const above = mark.top - box.height - 6;
  const top = above >= 8 ? above : Math.min(mark.bottom + 6, innerHeight - box.height - 8);
  const left = Math.max(8, Math.min(mark.left, innerWidth - box.width - 8));
  Object.assign(popover.style, { top: `${Math.max(8, top)}px`, left: `${left}px` });
};
