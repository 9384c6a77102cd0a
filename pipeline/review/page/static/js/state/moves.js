// Moving through the cells shown, and keeping the focused card visible.
import { clearFilters, current, focus, go, variant, visible } from './store.js';

export * from './store.js';

export const grid = { scroller: null, rowHeight: 300, columns: 4 };

// The matrix as it is shown: rows of cells, with gaps where the filters leave a cell out.
export const matrix = { scroller: null, rowHeight: 112, head: 0, rows: [] };

function place() {
  if (grid.scroller) return { ...grid, row: Math.floor(focus.peek() / grid.columns), head: 0 };
  return { ...matrix, row: matrix.rows.findIndex((row) => row.includes(current())) };
}

export function scrollToFocus({ top = false } = {}) {
  const { scroller, rowHeight, row, head } = place();
  if (!scroller || row < 0) return;
  if (top) {
    scroller.scrollTop = 0;
    return;
  }
  const y = row * rowHeight + head;
  const high = scroller.clientHeight;
  if (y < scroller.scrollTop + head) scroller.scrollTop = Math.max(0, y - head - 14);
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

// To the next cell of the matrix in a direction; a gap is stepped over.
export function step(down, right) {
  const { rows } = matrix;
  let row = rows.findIndex((each) => each.includes(current()));
  if (row < 0) return;
  let column = rows[row].indexOf(current());
  do {
    row += down;
    column += right;
  } while (rows[row] && column >= 0 && column < rows[row].length && rows[row][column] === undefined);
  const next = rows[row]?.[column];
  if (next !== undefined) moveTo(visible.peek().indexOf(next));
}

// Look at another cell; if the filters leave it out, they are cleared.
export function focusCell(i) {
  if (!visible.peek().includes(i)) clearFilters();
  moveTo(visible.peek().indexOf(i));
}

export function focusCard() {
  requestAnimationFrame(() => document.querySelector('.card.focus, .mcell.focus')?.focus({ preventScroll: true }));
}

export function turn(by, length) {
  variant.value = (variant.peek() + length + by) % length;
}
