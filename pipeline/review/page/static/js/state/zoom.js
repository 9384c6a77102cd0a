// The same zoom and centre for all pictures, so that they are compared at the same place.
import { computed, signal } from '../../vendor/ui.js';

const WHOLE = { z: 1, x: 0.5, y: 0.5 };
const MOST = 12;
const STEP = 1.18;
const NEARLY = 1.05;
const CLOSER = 2;

// `z` is relative to the size at which a whole picture fits.
export const zoom = signal(WHOLE);

// The lit picture as it fits: its width on the screen and its own, both in pixels.
export const fitted = signal({ shown: 0, own: 0 });
const real = computed(() => (fitted.value.shown ? fitted.value.own / fitted.value.shown : 0));
export const percent = computed(() => (real.value ? Math.round((100 * zoom.value.z) / real.value) : 0));

export const resetZoom = () => { zoom.value = WHOLE; };

function zoomTo(z, at = null) {
  const now = zoom.peek();
  const next = Math.min(MOST, Math.max(1, z));
  zoom.value = next === 1 ? WHOLE : { z: next, ...(now.z === 1 && at ? at : { x: now.x, y: now.y }) };
}
export const zoomIn = (at) => zoomTo(zoom.peek().z * STEP, at);
export const zoomOut = () => zoomTo(zoom.peek().z / STEP);

// Each pixel of the picture on one of the screen; one that is shown larger already, twice as large.
export const realSize = (at = null) => zoomTo(real.peek() > NEARLY ? real.peek() : CLOSER, at);
export const toggleZoom = (at) => (zoom.peek().z > 1 ? resetZoom() : realSize(at));

const clamp = (value) => Math.max(0, Math.min(1, value));

export function point(event) {
  const box = event.currentTarget.getBoundingClientRect();
  return { x: clamp((event.clientX - box.left) / box.width), y: clamp((event.clientY - box.top) / box.height) };
}

export function onWheel(event) {
  event.preventDefault();
  if (event.deltaY < 0) zoomIn(point(event));
  else zoomOut();
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
