// The clipboard, or, where a browser withholds it, the text to copy by hand.
import { at, toast } from "./dom.js";
import { asked } from "./form.js";
import { SNIPPETS } from "./snippets.js";

/** Copy the form's request as what the button says. */
async function copy(name) {
  const text = SNIPPETS[name](asked());
  try {
    await navigator.clipboard.writeText(text);
    toast(`Copied as ${name}`);
  } catch {
    offer(name, text);
  }
}

function offer(name, text) {
  at("code-name").textContent = name;
  at("code-text").value = text;
  at("code").showModal();
  at("code-text").select();
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => copy(button.dataset.copy));
}
at("code-close").addEventListener("click", () => at("code").close());
