// The tools below the pictures: zoom, the ground behind cut-outs, and the wipe.
import { html } from '../../vendor/ui.js';
import { cellDetail } from '../state/detail.js';
import { Icon } from '../shared/icons.js';
import { GROUNDS, ground, wiping } from '../state/prefs.js';
import { board, pictures, current, stage, view } from '../state/store.js';
import { percent, realSize, resetZoom, zoom, zoomIn, zoomOut } from '../state/zoom.js';

const NAMES = { checks: 'Checks', white: 'White', black: 'Black' };

// What lies behind pictures with transparent parts.
export function Grounds() {
  if (!board.cutouts) return null;
  return html`<div class="seg grounds" role="group" aria-label="Behind cut-outs">${GROUNDS.map((name) => html`
    <button key=${name} class=${ground.value === name ? 'on' : ''} aria-pressed=${ground.value === name} aria-label=${NAMES[name]} title=${NAMES[name]} onClick=${() => ground.keep(name)}><i class=${`ground ${name}`}></i></button>`)}</div>`;
}

function wipes(one) {
  if (view.value === 'rounds') return (cellDetail.value?.rounds?.length ?? 0) > 1;
  return view.value === 'compare' && stage.value === 'final' && pictures(current()).length > one.takes.length;
}

export function Tools({ one }) {
  const whole = zoom.value.z === 1;
  return html`<div class="tools">
    ${wipes(one) ? html`<button class=${`btn sm ghost${wiping.value ? ' on' : ''}`} aria-pressed=${wiping.value} onClick=${() => wiping.keep(!wiping.value)}><${Icon} n="wipe" s=${14} />Wipe<kbd>S</kbd></button>` : null}
    <div class="zoomer" role="group" aria-label="Zoom">
      <button class="btn ghost icon sm" aria-label="Smaller" disabled=${whole} onClick=${zoomOut}><${Icon} n="minus" s=${14} /></button>
      <output>${percent.value ? `${percent.value} %` : ''}</output>
      <button class="btn ghost icon sm" aria-label="Larger" onClick=${() => zoomIn()}><${Icon} n="plus" s=${14} /></button>
      <button class=${`btn ghost sm${whole ? ' on' : ''}`} aria-pressed=${whole} onClick=${resetZoom}>Fit</button>
      <button class=${`btn ghost sm${percent.value === 100 ? ' on' : ''}`} aria-pressed=${percent.value === 100} onClick=${() => realSize()}>100 %<kbd>Z</kbd></button></div>
    <${Grounds} /></div>`;
}
