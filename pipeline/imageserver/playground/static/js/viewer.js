// One image, as large as the window; arrows walk through the others.
import { at } from "./dom.js";
import { pixels } from "./facts.js";
import { save } from "./saving.js";

const dialog = at("viewer");
let entry = null;
let index = 0;

/** Show this image of the entry. */
export function view(shown, which) {
  entry = shown;
  turn(which);
  dialog.showModal();
}

function turn(to) {
  index = (to + entry.urls.length) % entry.urls.length;
  const image = at("viewed");
  image.src = entry.urls[index];
  image.alt = `Image ${index + 1} of ${entry.urls.length}: ${entry.request.prompt}`;
  image.className = entry.request.background === "transparent" ? "board" : "";
  at("original").href = entry.urls[index];
  at("viewer-meta").textContent = `${index + 1} of ${entry.urls.length} · ${pixels(entry.request).join(" × ")} px · ${entry.request.quality}`;
  for (const id of ["previous", "next"]) at(id).hidden = entry.urls.length === 1;
}

at("previous").addEventListener("click", () => turn(index - 1));
at("next").addEventListener("click", () => turn(index + 1));
at("viewer-close").addEventListener("click", () => dialog.close());
at("viewer-download").addEventListener("click", () => save(entry, [index]));
dialog.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.classList.contains("frame")) dialog.close();
});
dialog.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by) turn(index + by);
});
