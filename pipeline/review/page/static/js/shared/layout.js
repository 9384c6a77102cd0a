// Positions of the pictures of a cell on its card, computed without measuring elements.

const GAP = 5;
const STRIP = 46;

// All pictures of equal size, with the number of columns that makes them largest.
export function evenly(count, ratio, wide, high) {
  let best = null;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const w = Math.min((wide - GAP * (columns - 1)) / columns, ((high - GAP * (rows - 1)) / rows) * ratio);
    if (!best || w > best.w) best = { w, h: w / ratio, columns, rows };
  }
  const { w, h, columns, rows } = best;
  const x = (wide - w * columns - GAP * (columns - 1)) / 2;
  const y = (high - h * rows - GAP * (rows - 1)) / 2;
  return Array.from({ length: count }, (_, at) => ({
    x: x + (at % columns) * (w + GAP), y: y + Math.floor(at / columns) * (h + GAP), w, h,
  }));
}

// One large picture, with the others as a strip below or beside it.
export function withStrip(count, main, ratio, wide, high) {
  const others = count - 1;
  const boxes = [];
  if (ratio >= 1.2) {
    const h = Math.min(high - STRIP / ratio - GAP - 4, wide / ratio);
    const w = h * ratio;
    const sw = Math.min(STRIP * 1.25, (w - GAP * (others - 1)) / others);
    const y = (high - (h + GAP + sw / ratio)) / 2;
    const x = (wide - w) / 2;
    for (let at = 0, k = 0; at < count; at += 1) {
      boxes.push(at === main ? { x, y, w, h } : { x: x + (k++) * (sw + GAP), y: y + h + GAP, w: sw, h: sw / ratio });
    }
    return boxes;
  }
  const sh = Math.min((high - GAP * (others - 1)) / others, STRIP / ratio);
  const sw = sh * ratio;
  const h = Math.min(high, (wide - sw - GAP) / ratio);
  const w = h * ratio;
  const x = (wide - (w + GAP + sw)) / 2;
  const y = (high - h) / 2;
  for (let at = 0, k = 0; at < count; at += 1) {
    boxes.push(at === main ? { x, y, w, h } : { x: x + w + GAP, y: y + (k++) * (sh + GAP), w: sw, h: sh });
  }
  return boxes;
}
