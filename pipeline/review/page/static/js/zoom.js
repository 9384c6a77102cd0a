// The same zoom and centre for all pictures, so that takes are compared at the same place.
import { signal } from '../vendor/ui.js';

const WHOLE = { z: 1, x: 0.5, y: 0.5 };
const CLOSE = 2.5;
const MOST = 8;

export const zoom = signal(WHOLE);

export const resetZoom = () => { zoom.value = WHOLE; };
export const toggleZoom = (at = { x: 0.5, y: 0.5 }) => { zoom.value = zoom.value.z > 1 ? WHOLE : { z: CLOSE, ...at }; };

const clamp = (value) => Math.max(0, Math.min(1, value));

function point(event) {
  const box = event.currentTarget.getBoundingClientRect();
  return { x: clamp((event.clientX - box.left) / box.width), y: clamp((event.clientY - box.top) / box.height) };
}

export function onWheel(event) {
  event.preventDefault();
  const now = zoom.value;
  const z = Math.min(MOST, Math.max(1, now.z * (event.deltaY < 0 ? 1.18 : 1 / 1.18)));
  zoom.value = z === 1 ? WHOLE : { z, ...(now.z === 1 ? point(event) : { x: now.x, y: now.y }) };
}

export function onDoubleClick(event) {
  toggleZoom(point(event));
}

export function onPointerDown(event) {
  const from = zoom.value;
  if (from.z === 1 || event.button) return;
  const box = event.currentTarget.getBoundingClientRect();
  const start = { x: event.clientX, y: event.clientY };
  const drag = (now) => {
    zoom.value = {
      z: from.z,
      x: clamp(from.x - (now.clientX - start.x) / box.width / (from.z - 1)),
      y: clamp(from.y - (now.clientY - start.y) / box.height / (from.z - 1)),
    };
  };
  const drop = () => {
    removeEventListener('pointermove', drag);
    removeEventListener('pointerup', drop);
    removeEventListener('pointercancel', drop);
  };
  addEventListener('pointermove', drag);
  addEventListener('pointerup', drop);
  addEventListener('pointercancel', drop);
}
