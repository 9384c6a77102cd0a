// The playground: one request at a time, from the form to the stage.
import "./copying.js";
import { at, counted, el } from "./dom.js";
import { facts, price, showBalance } from "./facts.js";
import { asked, listen, load, showPrice, vary } from "./form.js";
import { keep, newest, onChoose, showHistory } from "./history.js";
import { relint } from "./lint.js";
import { exampleOf, offerStarts, showStarts } from "./starts.js";
import { save } from "./saving.js";
import { generate } from "./server.js";
import { example, frames, pictures } from "./tiles.js";
import { view } from "./viewer.js";

let current = null;
let busy = false;
let shown = ""; // the address of the example on the stage

function changed() {
  showPrice(busy);
  relint();
  if (!current && !busy) begun();
}

/** What is shown before anything was rendered: an example, or empty frames. */
function begun() {
  const request = asked();
  const found = request.n === 1 && exampleOf(request);
  at("meta").textContent = found ? `Free of charge. Change the prompt, and render your own for ${counted(price(request), "credit")}.` : "";
  if (!found) frames(request, false);
  else if (shown !== found.url) example(found);
  shown = found ? found.url : "";
}

function show(entry) {
  current = entry;
  pictures(entry, (index) => view(entry, index));
  const many = entry.urls.length;
  const parts = [counted(many, "image"), counted(entry.credits, "credit"), `${entry.seconds.toFixed(1)} s`];
  if (entry.painter) parts.push(`painted by ${entry.painter}`);
  if (entry.missed?.length) parts.unshift(entry.missed.join(", "));
  at("meta").textContent = parts.join(" · ");
  at("download").textContent = many === 1 ? "Download" : `Download ${many}`;
  for (const id of ["another", "download"]) at(id).hidden = false;
  at("starts").hidden = true;
  at("boards").hidden = entry.request.background !== "transparent";
  at("problem").hidden = true;
  showHistory(entry);
}

async function render() {
  if (busy) return;
  const request = asked();
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  begin(request);
  const clock = setInterval(() => { at("meta").textContent = `Painting, ${seconds().toFixed(0)} s`; }, 1000);
  try {
    const { balance, ...sold } = await generate(request);
    showBalance(balance);
    const entry = { id: crypto.getRandomValues(new Uint32Array(2)).join("-"), at: Date.now(), request, seconds: seconds(), ...sold };
    keep(entry);
    show(entry);
  } catch (error) {
    fail(error);
  } finally {
    clearInterval(clock);
    busy = false;
    at("go").removeAttribute("aria-disabled");
    showPrice(busy);
  }
}

function begin(request) {
  busy = true;
  at("go").setAttribute("aria-disabled", "true");
  at("problem").hidden = true;
  at("meta").textContent = "Painting";
  for (const id of ["another", "download", "boards", "starts"]) at(id).hidden = true;
  showPrice(busy);
  frames(request, true);
  if (matchMedia("(max-width: 760px)").matches) at("stage").scrollIntoView({ block: "start" });
}

function fail(error) {
  at("meta").textContent = "";
  if (current) show(current);
  else {
    at("starts").hidden = false;
    shown = "";
    begun();
  }
  at("problem").replaceChildren(el("b", {}, error.title ?? "The page has a bug"), el("span", {}, error.message));
  at("problem").hidden = false;
}

listen(changed);
offerStarts(load);
onChoose((entry) => {
  if (busy) return;
  load(entry.request);
  show(entry);
});
at("request").addEventListener("submit", (event) => {
  event.preventDefault();
  render();
});
addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    render();
  }
});
at("another").addEventListener("click", () => {
  load(current.request);
  vary(Math.random().toString(36).slice(2, 6));
  render();
});
at("download").addEventListener("click", () => save(current, current.urls.keys()));
at("boards").addEventListener("change", (event) => { document.body.dataset.board = event.target.value; });
at("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.theme = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
  localStorage.setItem("playground-theme", root.dataset.theme);
});

showBalance(facts.balance);
const kept = newest();
if (kept) {
  load(kept.request);
  show(kept);
}
changed();
if (!current) showStarts();
