// Advice while somebody types: what the server's rules find, and what is already right.
import { at, counted, el, icon } from "./dom.js";
import { facts } from "./facts.js";
import { asked } from "./form.js";
import { advice } from "./server.js";

const TICK = "M3 8.500l3.200 3.200L13 4.800";
const MARK = "M8 3v6.200M8 12.400v.4";
const QUOTED = /["“„«]([^"“”„«»\n]{1,400})["”“»]/g;
const NAMED = [["lint-setting", "setting"], ["lint-light", "light"], ["lint-framing", "framing"]];

let waiting = 0;
let asking = new AbortController();
let last = "";

/** Ask again soon; the newest question wins. */
export function relint() {
  const { prompt, background } = asked();
  const key = `${background} ${prompt}`;
  if (!facts.lint || key === last) return;
  last = key;
  clearTimeout(waiting);
  asking.abort();
  asking = new AbortController();
  waiting = setTimeout(() => ask(prompt, background, asking.signal), 220);
}

async function ask(prompt, background, signal) {
  try {
    show(prompt, prompt.trim() ? await advice(prompt, background, signal) : []);
  } catch {
    last = ""; // the next key asks again
  }
}

function show(prompt, found) {
  const good = prompt.trim() ? praise(prompt, new Set(found.map((one) => one.code))) : [];
  const lines = [
    ...good.map((text) => el("li", { class: "ok" }, icon(TICK), text)),
    ...found.map((one) => el("li", { class: "am", "data-code": one.code }, icon(MARK), sentence(one.complaint))),
  ];
  at("lint").replaceChildren(...lines);
  at("lint-said").textContent = found.length ? `${counted(found.length, "hint")} about the prompt` : "";
}

function praise(prompt, broken) {
  const good = [];
  const quotes = [...prompt.matchAll(QUOTED)].map((found) => `“${found[1]}”`);
  const clean = (...codes) => codes.every((code) => !broken.has(code));
  if (quotes.length && clean("lint-quote", "lint-long-quote", "lint-much-text")) {
    good.push(`Quoted copy is short: ${quotes.slice(0, 3).join(", ")}${quotes.length > 3 ? " …" : ""}`);
  }
  if (quotes.length && clean("lint-layout")) good.push("A layout is named for the copy");
  const named = NAMED.filter(([code]) => clean(code)).map(([, name]) => name);
  if (named.length) good.push(`${sentence(listed(named))} ${named.length === 1 ? "is" : "are"} named`);
  if (clean("lint-scenes")) good.push("One scene");
  return good;
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const listed = (words) => (words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`);
