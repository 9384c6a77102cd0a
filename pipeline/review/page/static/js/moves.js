// Moving through the cells shown, and keeping the focused card visible.
import { focus, go, variant, visible } from './store.js';

export * from './store.js';

export const grid = { scroller: null, rowHeight: 300, columns: 4 };

export function scrollToFocus({ top = false } = {}) {
  const { scroller, rowHeight, columns } = grid;
  if (!scroller) return;
  if (top) {
    scroller.scrollTop = 0;
    return;
  }
  const y = Math.floor(focus.peek() / columns) * rowHeight;
  const high = scroller.clientHeight;
  if (y < scroller.scrollTop) scroller.scrollTop = Math.max(0, y - 14);
  else if (y + rowHeight > scroller.scrollTop + high) scroller.scrollTop = y + rowHeight - high + 22;
}

export function move(by) {
  go(focus.peek() + by);
  scrollToFocus();
}

export function moveTo(position) {
  go(position);
  scrollToFocus();
}

export function focusCard() {
  requestAnimationFrame(() => grid.scroller?.querySelector('.card.focus')?.focus({ preventScroll: true }));
}

export function turn(by, length) {
  variant.value = (variant.peek() + length + by) % length;
}

export const shownCount = () => visible.value.length;
