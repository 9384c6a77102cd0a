// The few things that every part of the page needs.

/** The element with this id. */
export const at = (id) => document.getElementById(id);

/** A new element; `on…` are listeners, the rest attributes, strings become text nodes. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** A 16 px line icon from path data. */
export function icon(path) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({
    class: "ic", width: 14, height: 14, viewBox: "0 0 16 16", "aria-hidden": "true",
  })) svg.setAttribute(name, value);
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** `1 image`, `4 images`. */
export const counted = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

let fading = 0;

/** Say it for three seconds, below. */
export function toast(text) {
  const box = at("toast");
  box.textContent = text;
  box.classList.add("on");
  clearTimeout(fading);
  fading = setTimeout(() => box.classList.remove("on"), 3000);
}
