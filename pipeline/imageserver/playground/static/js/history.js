// What was rendered in this tab; a reload keeps it, closing the tab forgets it.
import { at, counted, el } from "./dom.js";

const STORE = "playground-history";
const MOST = 40;
let entries = read();
let open = () => {};

/** Call back with the entry that was chosen. */
export function onChoose(callback) {
  open = callback;
}

/** The newest entry, if there is any. */
export const newest = () => entries[0] ?? null;

/** Keep an entry as the newest and show it as the current one. */
export function keep(entry) {
  entries = [entry, ...entries].slice(0, MOST);
  write();
  showHistory(entry);
}

/** Draw the strip, with this entry marked. */
export function showHistory(current) {
  at("history").hidden = entries.length === 0;
  at("strip").replaceChildren(...entries.map((entry) => el("li", {}, button(entry, entry.id === current?.id))));
}

function button(entry, current) {
  const { request, urls } = entry;
  const when = new Date(entry.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const board = request.background === "transparent" ? "board" : "";
  const name = `${when}, ${counted(urls.length, "image")}, ${request.size}, ${request.quality}: ${request.prompt}`;
  const thumb = el("button", {
    type: "button", class: board, title: name, "aria-label": name, "aria-current": current ? "true" : null,
    onclick: () => open(entry),
  }, el("img", { src: urls[0], alt: "", loading: "lazy", draggable: "false" }));
  thumb.style.setProperty("--ratio", request.size.replace(":", " / "));
  if (urls.length > 1) thumb.append(el("span", { class: "many" }, `×${urls.length}`));
  return thumb;
}

at("forget").addEventListener("click", () => {
  entries = [];
  write();
  at("history").hidden = true;
  at("prompt").focus();
});

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(STORE)) ?? [];
  } catch {
    return [];
  }
}

function write() {
  try {
    sessionStorage.setItem(STORE, JSON.stringify(entries));
  } catch {
    // A full store costs only what a reload would have kept.
  }
}
