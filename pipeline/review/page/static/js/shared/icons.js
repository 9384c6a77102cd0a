// Stroke icons on a 16 px grid.
import { html } from '../../vendor/ui.js';

const PATHS = {
  alert: 'M8 2.5l6 11H2zM8 6.6v3M8 11.6h.01',
  back: 'M8.5 3L3.5 8l5 5M3.8 8h9',
  check: 'M3 8.5l3.2 3.2L13 4.9',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.6',
  compare: 'M2.5 3h4.8v10H2.5zM8.7 3h4.8v10H8.7z',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  dot: 'M8 8h.01',
  frame: 'M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3',
  grid: 'M2.5 2.5h4.4v4.4H2.5zM9.1 2.5h4.4v4.4H9.1zM2.5 9.1h4.4v4.4H2.5zM9.1 9.1h4.4v4.4H9.1z',
  help: 'M6 6.2a2 2 0 1 1 2.8 1.9c-.6.3-.8.7-.8 1.4M8 12h.01',
  link: 'M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2-2a2.6 2.6 0 0 0-3.7-3.7L8 4.3M9.2 6.8a2.6 2.6 0 0 0-3.7 0l-2 2a2.6 2.6 0 0 0 3.7 3.7l.8-.8',
  left: 'M10 3L5 8l5 5',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h7',
  minus: 'M3 8h10',
  next: 'M3 8h9M8.5 4.3L12.2 8l-3.7 3.7',
  note: 'M3 3h10v7.5H7.6L4.6 13v-2.5H3z',
  pin: 'M8 14S3.5 9.7 3.5 6.4a4.5 4.5 0 0 1 9 0C12.5 9.7 8 14 8 14zM8 7.6a1.2 1.2 0 1 0 0-2.4 1.2 1.2 0 0 0 0 2.4z',
  plus: 'M3 8h10M8 3v10',
  redo: 'M13 3v3.6H9.4M12.7 6.4A5.2 5.2 0 1 0 13 9.6',
  right: 'M6 3l5 5-5 5',
  rounds: 'M2.5 4.5h6v9h-6zM5.5 4.5v-2h8v9h-5',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6L14 14',
  send: 'M14 2L7 9M14 2L9.6 14 7 9 2 6.4z',
  shield: 'M8 2l5 2v3.6c0 3-2 5.4-5 6.4-3-1-5-3.4-5-6.4V4z',
  sliders: 'M2 5h7M12.5 5H14M2 11h1.5M7 11h7M9 3.3h3.5v3.4H9zM3.5 9.3H7v3.4H3.5z',
  stale: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 5v3.5M8 11h.01',
  star: 'M8 2.3l1.7 3.6 3.9.5-2.9 2.7.8 3.9L8 11.1 4.5 13l.8-3.9L2.4 6.4l3.9-.5z',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M12.6 3.4l-.7.7M4.1 11.9l-.7.7',
  table: 'M2 3.5h12v9H2zM2 6.5h12M2 9.5h12M6 3.5v9M10 3.5v9',
  undo: 'M4 3v4h4M4.3 6.8A5 5 0 1 1 3.4 10',
  wipe: 'M2.5 3h11v10h-11zM8 1.5v13M4.5 8h1M10.5 8h1',
  x: 'M4 4l8 8M12 4l-8 8',
  zoom: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6L14 14M7 5v4M5 7h4',
};

export const Icon = ({ n, s = 16 }) => html`<svg class="ic" width=${s} height=${s} viewBox="0 0 16 16"
  aria-hidden="true"><path d=${PATHS[n]} /></svg>`;

// A small box with the proportions of a size.
export function Ratio({ of: [wide, high] }) {
  const k = 13 / Math.max(wide, high);
  const style = { width: `${Math.max(4, wide * k)}px`, height: `${Math.max(4, high * k)}px` };
  return html`<span class="rbox"><i class="ratio" style=${style}></i></span>`;
}
