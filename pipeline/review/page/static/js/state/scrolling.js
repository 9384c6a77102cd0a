// True while the list is scrolled too fast to look at.
import { signal } from '../../vendor/ui.js';

export const scrollingFast = signal(false);

const SCREENS_PER_SECOND = 5;
const RESTED = 140;
let last = { y: 0, at: 0 };
let rest = 0;

export function scrolled(y, screen) {
  const now = performance.now();
  const passed = now - last.at;
  if (passed > 60) {
    const speed = passed < 400 ? (Math.abs(y - last.y) / passed / screen) * 1000 : 0;
    last = { y, at: now };
    scrollingFast.value = speed > SCREENS_PER_SECOND;
  }
  clearTimeout(rest);
  rest = setTimeout(() => { scrollingFast.value = false; }, RESTED);
}
