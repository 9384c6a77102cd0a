// The loupe: one picture, its ad file, or all takes of a cell side by side with the same zoom.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../vendor/ui.js';
import { detail, discard, file, forget, load as loadAdFiles, markOf } from './adfiles.js';
import { AdPanel } from './adpanel.js';
import { AdPanes } from './adview.js';
import { Film } from './film.js';
import { Icon } from './icons.js';
import { Inspector } from './inspector.js';
import { focusCard, move } from './moves.js';
import { adStates, base, board, cover, current, focus, offersAdFiles, peek, picture, pictures, side, stage, variant, view, visible } from './store.js';
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
  forget();
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

const NARROW = matchMedia('(max-width: 900px)');

function useNarrow() {
  const [narrow, setNarrow] = useState(NARROW.matches);
  useEffect(() => {
    const changed = () => setNarrow(NARROW.matches);
    NARROW.addEventListener('change', changed);
    return () => NARROW.removeEventListener('change', changed);
  }, []);
  return narrow;
}

// The ad files of the cell, read again whenever any of them changes.
function useAdFiles(i, on) {
  const which = stage.value;
  const mark = markOf(i);
  useEffect(() => {
    if (on) loadAdFiles(i, which, mark);
  }, [i, which, mark, on]);
  useEffect(() => () => discard(), [i, which, on]);
}

function AdFiles({ cell, narrow }) {
  const [side, setSide] = useState('file');
  const known = detail.value;
  const here = known?.i === cell.i && known.stage === stage.value;
  if (here && known.ok && file.value) {
    return html`${narrow ? html`<div class="seg adswitch" role="group" aria-label="Show">
        <button class=${side === 'file' ? 'on' : ''} aria-pressed=${side === 'file'} onClick=${() => setSide('file')}>Ad file</button>
        <button class=${side === 'picture' ? 'on' : ''} aria-pressed=${side === 'picture'} onClick=${() => setSide('picture')}>Picture</button></div>` : null}
      <${AdPanes} cell=${cell} placement=${known.placement} narrow=${narrow} side=${side} />`;
  }
  const words = !here ? 'Framing…' : known.message || (known.reason ? `No ad file: ${known.reason}.` : 'This campaign makes no ad file of it.');
  return html`<div class="adpanes one"><p class="adempty" role="status">${words}</p></div>`;
}

export function Loupe() {
  const root = useRef();
  const i = current();
  const cell = board.cells[i];
  const one = i === undefined ? null : side(i);
  const all = view.value === 'compare';
  useLayoutEffect(() => { root.current?.focus(); }, []);
  useEffect(preload, [focus.value]);
  const framing = view.value === 'adfiles';
  const narrow = useNarrow();
  useAdFiles(i, framing);
  if (!one) return null;
  const together = stage.value === 'final' ? 'Beside draft' : 'Compare';
  return html`<div class="loupe" role="dialog" aria-modal="true" aria-label=${`${cell.title}, ${cell.rest.join(', ')}`} tabindex="-1" ref=${root}>
    <header class="lhead">
      <button class="btn ghost" onClick=${leave}><${Icon} n="back" />${base.value === 'matrix' ? 'Matrix' : 'Grid'}<kbd>Esc</kbd></button>
      <div class="ltitle"><b><bdi>${cell.title}</bdi></b> <span>${cell.rest.join(' · ')}</span></div>
      <div class="lpos">${number(focus.value + 1)} / ${number(visible.value.length)}</div>
      <div class="seg" role="group" aria-label="View">
        <button class=${all || framing ? '' : 'on'} aria-pressed=${!all && !framing} onClick=${() => { view.value = 'loupe'; }}><${Icon} n="zoom" /><span>Loupe</span></button>
        <button class=${all ? 'on' : ''} aria-pressed=${all} onClick=${() => { view.value = 'compare'; }}><${Icon} n="compare" /><span>${together}</span><kbd>C</kbd></button>
        ${offersAdFiles(i) ? html`<button class=${framing ? 'on' : ''} aria-pressed=${framing} onClick=${() => { view.value = 'adfiles'; }}><${Icon} n="frame" /><span>Ad file</span><kbd>A</kbd>${adStates.value.get(i)?.[2] ? html`<i class="dot"></i><span class="sr">, waits for an approval</span>` : null}</button>` : null}
      </div></header>
    <div class="lbody"><div class="stages-wrap">
      <button class="nav l" aria-label="Previous cell" disabled=${focus.value === 0} onClick=${() => move(-1)}><${Icon} n="left" s=${20} /></button>
      ${framing ? html`<${AdFiles} cell=${cell} narrow=${narrow} />` : html`<${Panes} cell=${cell} one=${one} all=${all} />`}
      <button class="nav r" aria-label="Next cell" disabled=${focus.value >= visible.value.length - 1} onClick=${() => move(1)}><${Icon} n="right" s=${20} /></button>
      ${framing || one.state === 'undecided' || (all && one.state === 'approved') ? null : html`<div class=${`stamp ${one.state}`}><${Icon} n=${STATES[one.state].icon} />${label(one.state, stage.value)}${one.state === 'approved' && one.takes.length > 1 ? ` · take ${one.take}` : ''}</div>`}
    </div>${framing ? html`<${AdPanel} cell=${cell} />` : html`<${Inspector} cell=${cell} one=${one} />`}</div><${Film} /></div>`;
}
