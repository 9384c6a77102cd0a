// Two pictures of one shape over each other, parted by a line that is moved.
import { html, useRef, useState } from '../../vendor/ui.js';
import { Picture, useFitted, useWheel, useWidth } from './panes.js';
import { onDoubleClick, onPointerDown, zoom } from '../state/zoom.js';

const MIDDLE = 50;

export function Wipe({ cell, before, after, names }) {
  const [at, setAt] = useState(MIDDLE);
  const element = useRef();
  const wide = useWidth(element, cell.ratio);
  useWheel(element);
  useFitted(true, wide, after.wide);
  const alt = `${cell.title}, ${cell.rest.join(', ')}`;
  const style = { '--r': cell.ratio[0] / cell.ratio[1], '--part': at / 100 };
  return html`<div class="stages one"><div class=${`stage wipe${zoom.value.z > 1 ? ' zoomed' : ''}`} ref=${element} style=${style} onPointerDown=${onPointerDown} onDblClick=${onDoubleClick}>
    <div class="wside"><${Picture} key=${before.image} one=${before} ratio=${cell.ratio} alt=${`${alt}, ${names[0]}`} wide=${wide} /></div>
    <div class="wside after"><${Picture} key=${after.image} one=${after} ratio=${cell.ratio} alt=${`${alt}, ${names[1]}`} wide=${wide} /></div>
    <span class="slabel">${names[0]}</span><span class="slabel right">${names[1]}</span>
    <input type="range" class="wline" min="0" max="100" step="0.5" value=${at} aria-label=${`How much of ${names[0]} is shown`} aria-valuetext=${`${Math.round(at)} %`}
      onInput=${(event) => setAt(Number(event.target.value))} onPointerDown=${(event) => event.stopPropagation()} onDblClick=${(event) => event.stopPropagation()} /></div></div>`;
}
