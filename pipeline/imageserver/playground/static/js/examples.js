// The examples of the reference: one language for all of them, and a button that copies.
const tabs = [...document.querySelectorAll("[role=tab]")];
const language = (tab) => tab.textContent;

/** Show this language wherever there is one, and keep it for the next visit. */
function choose(name, near) {
  for (const list of document.querySelectorAll("[role=tablist]")) {
    const own = [...list.querySelectorAll("[role=tab]")];
    if (!own.some((tab) => language(tab) === name)) continue;
    for (const tab of own) {
      const on = language(tab) === name;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !on;
    }
  }
  near?.scrollIntoView({ block: "nearest" });
  localStorage.setItem("reference-language", name);
}

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

for (const tab of tabs) {
  tab.addEventListener("click", () => choose(language(tab), tab));
  tab.addEventListener("keydown", (event) => {
    const own = [...tab.parentElement.querySelectorAll("[role=tab]")];
    const next = own[(own.indexOf(tab) + (STEPS[event.key] ?? 0) + own.length) % own.length];
    if (next === tab) return;
    choose(language(next), next);
    next.focus();
  });
}

// Over plain http from another machine browsers offer only this way.
function copySelected(code) {
  getSelection().selectAllChildren(code);
  const copied = document.execCommand("copy");
  if (copied) getSelection().removeAllRanges();
  return copied;
}

for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    const code = button.closest(".examples").querySelector("pre:not([hidden]) code");
    const copied = await navigator.clipboard?.writeText(code.textContent).then(() => true, () => false) || copySelected(code);
    button.textContent = copied ? "Copied" : "Selected";
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  });
}

const kept = localStorage.getItem("reference-language");
if (kept) choose(kept);
