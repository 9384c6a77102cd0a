// Requests to begin with, and their pictures, which the server paints for nothing.
import { at, el } from "./dom.js";
import { facts, shape } from "./facts.js";

const starts = facts.examples.map(({ name, ...start }) =>
  ({ name, request: { quality: "low", n: 1, background: "opaque", variation: "", ...start } }));
const address = (name) => `/_playground/examples/${encodeURIComponent(name)}`;

/** The example that a request is, with the address of its picture; null if it is none. */
export function exampleOf(request) {
  const found = facts.paints && starts.find((one) =>
    ["prompt", "size", "background", "variation"].every((name) => one.request[name] === request[name]));
  return found ? { ...found, url: address(found.name) } : null;
}

/** A button for each; pressing one fills the form. */
export function offerStarts(load) {
  for (const { name, request } of starts) {
    const button = el("button", { class: "btn sm", type: "button", onclick: () => load(request) }, name);
    at("starts").append(button);
  }
}

/** Add the pictures to the buttons, one after the other, so that they keep no painter from a request. */
export async function showStarts() {
  if (!facts.paints) return;
  for (const [index, { name, request }] of starts.entries()) {
    const picture = el("img", { alt: "", draggable: "false", src: address(name) });
    if (await picture.decode().then(() => true, () => false)) {
      const button = at("starts").querySelectorAll("button")[index];
      button.classList.add("pictured");
      picture.style.setProperty("--ratio", shape(request));
      button.prepend(picture);
    }
  }
}
