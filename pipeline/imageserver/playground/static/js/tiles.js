// The images of one request, as large as they fit; before that, frames of their shape.
import { at, el } from "./dom.js";
import { shape } from "./facts.js";

const GAP = 14;
const CHROME = 268; // everything above and below the images on a wide screen
const BUTTON = 34; // what of it is the line of buttons, which are higher with pictures
const box = at("tiles");
let shown = { request: null, count: 0 };

/** Empty frames: what the form would get. */
export function frames(request, painting) {
  place(request, request.n, (index) =>
    el("div", { class: painting ? "tile painting" : "tile empty" }, index === 0 && !painting ? hint() : ""));
  box.setAttribute("aria-busy", String(painting));
}

/** The picture of an example, which is what the form would get. */
export function example({ name, request, url }) {
  const board = request.background === "transparent" ? " board" : "";
  place(request, 1, () => {
    const picture = el("img", { src: url, alt: `Example: ${request.prompt}`, draggable: "false" });
    const tile = el("div", { class: `tile example painting${board}` }, picture, el("span", { class: "badge" }, `Example: ${name.toLowerCase()}`));
    picture.addEventListener("load", () => tile.classList.remove("painting"));
    picture.addEventListener("error", () => frames(request, false));
    return tile;
  });
  box.setAttribute("aria-busy", "false");
}

/** The images themselves; `open` is told the index of the one that was pressed. */
export function pictures(entry, open) {
  const { request, urls } = entry;
  const board = request.background === "transparent" ? " board" : "";
  place(request, urls.length, (index) => {
    const name = `Image ${index + 1} of ${urls.length}: ${request.prompt}`;
    const picture = el("img", { src: urls[index], alt: name, draggable: "false" });
    const tile = el("button", { type: "button", class: `tile${board}`, onclick: () => open(index) }, picture);
    if (urls.length > 1) tile.append(el("kbd", { "aria-hidden": "true" }, String(index + 1)));
    picture.addEventListener("error", () => lost(tile, picture));
    return tile;
  });
  box.setAttribute("aria-busy", "false");
}

function place(request, count, tile) {
  shown = { request, count };
  box.replaceChildren(...Array.from({ length: count }, (_, index) => tile(index)));
  fit();
}

function hint() {
  return el("p", {}, "Nothing rendered yet", el("small", {}, "Ctrl + Enter renders from anywhere"));
}

function lost(tile, picture) {
  const again = el("p", { class: "lost" }, "The image host did not give this image", el("small", {}, "Press to ask again"));
  picture.replaceWith(again);
  tile.addEventListener("click", (event) => {
    event.stopImmediatePropagation();
    again.replaceWith(picture);
    picture.src = picture.src; // the same address, asked for once more
  }, { capture: true, once: true });
}

function fit() {
  if (!shown.request) return;
  const wide = box.parentElement.clientWidth - 2 * parseFloat(getComputedStyle(box.parentElement).paddingLeft);
  const ratio = shape(shown.request);
  const best = matchMedia("(max-width: 760px)").matches ? stacked(wide, ratio) : fitting(wide, ratio);
  box.style.setProperty("--columns", best.columns);
  box.style.setProperty("--tile", `${best.width}px`);
  box.style.setProperty("--ratio", ratio);
  box.parentElement.style.setProperty("--reach", `${Math.max(Math.min(660, wide), best.columns * best.width + GAP * (best.columns - 1))}px`);
}

/** On a small screen one scrolls anyway: two beside each other, unless they are wide. */
function stacked(wide, ratio) {
  const columns = shown.count === 1 || ratio >= 1.6 ? 1 : 2;
  return { columns, width: Math.floor(Math.min((wide - GAP * (columns - 1)) / columns, innerHeight * 0.8 * ratio)) };
}

/** The number of columns that makes the images largest without scrolling. */
function fitting(wide, ratio) {
  const said = at("problem").offsetHeight;
  const high = Math.max(260, innerHeight - CHROME - (said && said + GAP) - Math.max(0, at("starts").offsetHeight - BUTTON));
  let best = { width: 0, columns: 1 };
  for (let columns = 1; columns <= shown.count; columns += 1) {
    const rows = Math.ceil(shown.count / columns);
    const across = (wide - GAP * (columns - 1)) / columns;
    const down = (high - GAP * (rows - 1)) / rows;
    const width = Math.floor(Math.min(across, down * ratio));
    if (width > best.width) best = { width, columns };
  }
  return best;
}

new ResizeObserver(fit).observe(box.parentElement);
addEventListener("resize", fit);
