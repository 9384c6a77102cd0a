// Before anything is drawn, so that the page does not flash in the other theme.
{
  const chosen = localStorage.getItem("playground-theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
}
