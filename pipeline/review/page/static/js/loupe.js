// The loupe: one picture, or all takes of a cell side by side with the same zoom.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../vendor/ui.js';
import { Film } from './film.js';
import { Icon } from './icons.js';
import { Inspector } from './inspector.js';
import { focusCard, move } from './moves.js';
import { base, board, cover, current, focus, peek, picture, pictures, side, stage, variant, view, visible } from './store.js';
import { MISSING, STATES, label, number } from './words.js';
import { onDoubleClick, onPointerDown, onWheel, resetZoom, zoom } from './zoom.js';

const WHY = {
  planned: 'Not rendered yet', rendering: 'Rendering…', pending_download: 'Paid for, not downloaded yet', failed: 'Failed',
  refused: 'Refused by the provider’s policy', in_doubt: 'In doubt: sent, but not known whether it was charged', paid_lost: 'Paid for, and lost',
};

function Shot({ one, cell }) {
  const [gone, lose] = useState(false);
  const { z, x, y } = zoom.value;
  const [wide, high] = cell.ratio;
  const name = one.kind === 'from' ? 'approved draft' : `take ${one.at + 1}`;
  const style = { aspectRatio: `${wide} / ${high}`, transform: `scale(${z})`, transformOrigin: `${x * 100}% ${y * 100}%` };
  if (!one.image || gone) {
    const why = gone ? 'This image is not on disk any more. Run the campaign again to download it.' : WHY[one.status];
    return html`<div class=${`frame none ${one.status}`} style=${{ aspectRatio: style.aspectRatio }}><p><${Icon} n=${gone ? 'alert' : MISSING[one.status] ?? 'clock'} s=${22} />${why}</p></div>`;
  }
  return html`<div class="frame" style=${{ ...style, backgroundImage: `url(${picture(one.image, 512)})` }}>
    <img src=${picture(one.image, 'full')} alt=${`${cell.title}, ${cell.rest.join(', ')}, ${name}`} draggable="false" onError=${() => lose(true)} /></div>`;
}

function Pane({ one, cell, text, picked, lit, onClick }) {
  const classes = ['stage', picked && 'picked', lit && 'lit', zoom.value.z > 1 && 'zoomed'].filter(Boolean).join(' ');
  const element = useRef();
  useEffect(() => {
    const pane = element.current;
    pane.addEventListener('wheel', onWheel, { passive: false });
    return () => pane.removeEventListener('wheel', onWheel);
  }, []);
  return html`<div class=${classes} ref=${element} style=${{ '--r': cell.ratio[0] / cell.ratio[1] }} onPointerDown=${onPointerDown} onClick=${onClick} onDblClick=${onDoubleClick}>
    <${Shot} key=${one.image} one=${one} cell=${cell} />
    ${text ? html`<span class="slabel">${text}${picked ? html`<${Icon} n="check" s=${13} />` : null}</span>` : null}</div>`;
}

function arrangement(count, ratio) {
  if (count <= 1) return [1, 1];
  if (ratio >= 1.2) return count === 2 ? [1, 2] : count <= 4 ? [2, Math.ceil(count / 2)] : [3, Math.ceil(count / 3)];
  if (ratio >= 0.95) return count === 2 ? [2, 1] : count <= 4 ? [2, 2] : [Math.ceil(count / 2), 2];
  return [Math.min(count, 5), Math.ceil(count / 5)];
}

function Panes({ cell, one, all }) {
  const list = all ? pictures(cell.i) : pictures(cell.i).filter((tile) => tile.at === Math.min(variant.value, one.takes.length - 1));
  const ratio = cell.ratio[0] / cell.ratio[1];
  const [columns, rows] = all ? arrangement(list.length, ratio) : [1, 1];
  const narrow = innerWidth < 900 && columns > 1 && ratio >= 1.2;
  const style = {
    gridTemplateColumns: `repeat(${narrow ? 1 : columns}, minmax(0, 1fr))`,
    gridTemplateRows: `repeat(${narrow ? list.length : rows}, minmax(0, 1fr))`,
  };
  const name = (tile) => (tile.kind === 'from' ? 'Draft' : stage.value === 'final' ? (one.takes.length > 1 ? `Final ${tile.at + 1}` : 'Final')
    : all ? tile.at + 1 : `${tile.at + 1} of ${one.takes.length}`);
  const single = !all && one.takes.length === 1 && stage.value === 'draft';
  return html`<div class=${`stages${all ? '' : ' one'}`} style=${style}>${list.map((tile) => html`
    <${Pane} key=${`${cell.i}-${stage.value}-${tile.at}`} one=${tile} cell=${cell} text=${single ? '' : name(tile)} lit=${all && tile.at === variant.value}
      picked=${one.state === 'approved' && tile.at === one.take - 1} onClick=${() => { if (tile.at >= 0) variant.value = tile.at; }} />`)}</div>`;
}

export function leave() {
  view.value = base.value;
  resetZoom();
  focusCard();
}

function preload() {
  for (const step of [1, 2, -1]) {
    const one = peek(visible.peek()[focus.peek() + step] ?? -1);
    const image = one ? cover(one) : '';
    if (image) new Image().src = picture(image, 'full');
  }
}

export function Loupe() {
  const root = useRef();
  const i = current();
  const cell = board.cells[i];
  const one = i === undefined ? null : side(i);
  const all = view.value === 'compare';
  useLayoutEffect(() => { root.current?.focus(); }, []);
  useEffect(preload, [focus.value]);
  if (!one) return null;
  const together = stage.value === 'final' ? 'Beside draft' : 'Compare';
  return html`<div class="loupe" role="dialog" aria-modal="true" aria-label=${`${cell.title}, ${cell.rest.join(', ')}`} tabindex="-1" ref=${root}>
    <header class="lhead">
      <button class="btn ghost" onClick=${leave}><${Icon} n="back" />${base.value === 'matrix' ? 'Matrix' : 'Grid'}<kbd>Esc</kbd></button>
      <div class="ltitle"><b><bdi>${cell.title}</bdi></b> <span>${cell.rest.join(' · ')}</span></div>
      <div class="lpos">${number(focus.value + 1)} / ${number(visible.value.length)}</div>
      <div class="seg" role="group" aria-label="View">
        <button class=${all ? '' : 'on'} aria-pressed=${!all} onClick=${() => { view.value = 'loupe'; }}><${Icon} n="zoom" /><span>Loupe</span></button>
        <button class=${all ? 'on' : ''} aria-pressed=${all} onClick=${() => { view.value = 'compare'; }}><${Icon} n="compare" /><span>${together}</span><kbd>C</kbd></button>
      </div></header>
    <div class="lbody"><div class="stages-wrap">
      <button class="nav l" aria-label="Previous cell" disabled=${focus.value === 0} onClick=${() => move(-1)}><${Icon} n="left" s=${20} /></button>
      <${Panes} cell=${cell} one=${one} all=${all} />
      <button class="nav r" aria-label="Next cell" disabled=${focus.value >= visible.value.length - 1} onClick=${() => move(1)}><${Icon} n="right" s=${20} /></button>
      ${one.state === 'undecided' || (all && one.state === 'approved') ? null : html`<div class=${`stamp ${one.state}`}><${Icon} n=${STATES[one.state].icon} />${label(one.state, stage.value)}${one.state === 'approved' && one.takes.length > 1 ? ` · take ${one.take}` : ''}</div>`}
    </div><${Inspector} cell=${cell} one=${one} /></div><${Film} /></div>`;
}
