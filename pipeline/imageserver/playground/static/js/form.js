// The form: what it says as a request, and what that costs.
import { at, counted } from "./dom.js";
import { facts, pixels, price } from "./facts.js";

const form = at("request");
const count = at("n");
const NOUN = { low: "draft", medium: "image", high: "final" };
let variation = "";

/** The request that the form describes. */
export function asked() {
  return {
    prompt: at("prompt").value,
    size: form.elements.size.value,
    quality: form.elements.quality.value,
    n: whole(count.value),
    background: form.elements.background.value,
    variation,
  };
}

/** Say in the form what this request says. */
export function load(request) {
  at("prompt").value = request.prompt;
  for (const name of ["size", "quality", "background"]) form.elements[name].value = request[name];
  count.value = request.n;
  vary(request.variation);
  form.dispatchEvent(new Event("change"));
}

/** Ask for this variation of the scene; empty is the plain one. */
export function vary(value) {
  variation = value;
  const chip = at("variation");
  chip.hidden = value === "";
  chip.textContent = `Variation ${value} ×`;
  chip.setAttribute("aria-label", `Variation ${value}; press for the plain scene`);
}

/** Show price and pixels; `busy` while the painter is at work. */
export function showPrice(busy) {
  const request = asked();
  const noun = NOUN[request.quality];
  const what = request.n === 1 ? `1 ${noun}` : `${request.n} ${noun}s`;
  at("go-text").textContent = busy ? `Rendering ${what}…` : `Render ${what}`;
  at("cost").textContent = counted(price(request), "credit");
  at("pixels").textContent = `${pixels(request).join(" × ")} px`;
  at("fewer").disabled = request.n <= 1;
  at("more").disabled = request.n >= facts.most;
}

/** Call back whenever the request changed. */
export function listen(changed) {
  const step = (by) => () => {
    count.value = whole(Number(count.value) + by);
    changed();
  };
  at("fewer").addEventListener("click", step(-1));
  at("more").addEventListener("click", step(1));
  at("variation").addEventListener("click", () => {
    vary("");
    at("go").focus();
    changed();
  });
  count.addEventListener("blur", () => {
    count.value = whole(count.value);
    changed();
  });
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
}

const whole = (text) => Math.min(facts.most, Math.max(1, Math.round(Number(text)) || 1));
