// How fast the list is scrolled: the faster, the fewer thumbs are worth requesting.
import { signal } from '../../vendor/ui.js';

export const SLOW = 0;
export const QUICK = 1;  // one picture of a cell can be recognised
const FAST = 2;  // none can
export const pace = signal(SLOW);

// Screens per second.
const QUICK_FROM = 1.5;
const FAST_FROM = 5;
const RESTED = 140;
let last = { y: 0, at: 0 };
let rest = 0;

export function scrolled(y, screen) {
  const now = performance.now();
  const passed = now - last.at;
  if (passed > 60) {
    const speed = passed < 400 ? (Math.abs(y - last.y) / passed / screen) * 1000 : 0;
    last = { y, at: now };
    pace.value = speed > FAST_FROM ? FAST : speed > QUICK_FROM ? QUICK : SLOW;
  }
  clearTimeout(rest);
  rest = setTimeout(() => { pace.value = SLOW; }, RESTED);
}
