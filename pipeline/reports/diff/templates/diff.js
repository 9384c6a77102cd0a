document.documentElement.classList.add("slides");
for (const slider of document.querySelectorAll(".pair input")) {
  const pair = slider.parentElement;
  const move = () => pair.style.setProperty("--at", slider.value + "%");
  slider.addEventListener("input", move);
  move();
}
