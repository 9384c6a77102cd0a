// The loupe: a cell that is looked at closely, its inspector and the strip of cells below it.
import { batch, html, useEffect, useLayoutEffect, useRef, useState } from '../../vendor/ui.js';
import { copyLink } from '../state/address.js';
import { detail, discard, file, forget, load as loadAdFiles, markOf } from '../state/adfiles.js';
import { AdPanel } from './adpanel.js';
import { AdPanes } from './adview.js';
import { Cells, Takes } from './compare.js';
import { useCellDetail } from '../state/detail.js';
import { Film } from './film.js';
import { Icon } from '../shared/icons.js';
import { Inspector } from './inspector.js';
import { focusCard, move } from '../state/moves.js';
import { Rounds } from './rounds.js';
import {
  across, adStates, base, board, compareCells, cover, current, focus, light, offersAdFiles, peek, picture, side, stage, view, visible,
} from '../state/store.js';
import { Tools } from './tools.js';
import { STATES, label, number } from '../shared/words.js';
import { resetZoom } from '../state/zoom.js';

// Back to the cells that are compared, then to the list.
export function leave() {
  const lit = current();
  forget();
  batch(() => {
    if (across.peek().length && view.peek() !== 'compare') {
      view.value = 'compare';
      return;
    }
    view.value = base.value;
    compareCells([]);
    light(lit);
  });
  resetZoom();
  focusCard();
}

// The neighbours' pictures, once that of this cell is there.
function preload() {
  for (const step of [1, 2, -1]) {
    const one = peek(visible.peek()[focus.peek() + step] ?? -1);
    const image = one ? cover(one) : '';
    if (image) new Image().src = picture(image, 'screen');
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

function Views({ i, one }) {
  const together = across.value.length ? `Compare ${across.value.length}` : stage.value === 'final' ? 'Beside draft' : 'Compare';
  const choices = [['loupe', 'zoom', 'Loupe'], ['compare', 'compare', together, 'C']];
  if (one.round > 1) choices.push(['rounds', 'rounds', 'Rounds', 'B']);
  if (offersAdFiles(i)) choices.push(['adfiles', 'frame', 'Ad file', 'A']);
  const waits = adStates.value.get(i)?.[2];
  return html`<div class="seg" role="group" aria-label="View">${choices.map(([name, icon, text, key]) => html`
    <button key=${name} class=${view.value === name ? 'on' : ''} aria-pressed=${view.value === name} onClick=${() => { view.value = name; }}><${Icon} n=${icon} /><span>${text}</span>
      ${key ? html`<kbd>${key}</kbd>` : null}${name === 'adfiles' && waits ? html`<i class="dot"></i><span class="sr">, waits for an approval</span>` : null}</button>`)}</div>`;
}

function Stamp({ one }) {
  const several = view.value === 'compare' && (one.state === 'approved' || across.value.length);
  if (view.value === 'adfiles' || view.value === 'rounds' || one.state === 'undecided' || several) return null;
  const take = one.state === 'approved' && one.takes.length > 1 ? ` · take ${one.take}` : '';
  return html`<div class=${`stamp ${one.state}`}><${Icon} n=${STATES[one.state].icon} />${label(one.state, stage.value)}${take}</div>`;
}

function Pictures({ cell, one }) {
  const now = view.value;
  if (now === 'rounds') return html`<${Rounds} key=${cell.i} cell=${cell} one=${one} onReady=${preload} />`;
  if (now === 'compare' && across.value.length) return html`<${Cells} onReady=${preload} />`;
  return html`<${Takes} cell=${cell} one=${one} all=${now === 'compare'} onReady=${preload} />`;
}

export function Loupe() {
  const root = useRef();
  const i = current();
  const cell = board.cells[i];
  const one = i === undefined ? null : side(i);
  useLayoutEffect(() => { root.current?.focus(); }, []);
  const framing = view.value === 'adfiles';
  const narrow = useNarrow();
  useAdFiles(i, framing);
  useCellDetail(one ? cell : null, one);
  if (!one) return null;
  return html`<div class="loupe" role="dialog" aria-modal="true" aria-label=${`${cell.title}, ${cell.rest.join(', ')}`} tabindex="-1" ref=${root}>
    <header class="lhead">
      <button class="btn ghost" onClick=${leave}><${Icon} n="back" />${base.value === 'matrix' ? 'Matrix' : 'Grid'}<kbd>Esc</kbd></button>
      <div class="ltitle"><b><bdi>${cell.title}</bdi></b> <span>${cell.rest.join(' · ')}</span></div>
      <div class="lpos">${number(focus.value + 1)} / ${number(visible.value.length)}</div>
      <button class="btn ghost icon" aria-label="Copy link" title="Copy link (L)" onClick=${copyLink}><${Icon} n="link" /></button>
      <${Views} i=${i} one=${one} /></header>
    <div class="lbody"><div class="stages-wrap">
      <button class="nav l" aria-label="Previous cell" disabled=${focus.value === 0} onClick=${() => move(-1)}><${Icon} n="left" s=${20} /></button>
      ${framing ? html`<${AdFiles} cell=${cell} narrow=${narrow} />` : html`<${Pictures} cell=${cell} one=${one} />`}
      <button class="nav r" aria-label="Next cell" disabled=${focus.value >= visible.value.length - 1} onClick=${() => move(1)}><${Icon} n="right" s=${20} /></button>
      <${Stamp} one=${one} />${framing ? null : html`<${Tools} one=${one} />`}
    </div>${framing ? html`<${AdPanel} cell=${cell} picture=${one} />` : html`<${Inspector} cell=${cell} one=${one} />`}</div><${Film} /></div>`;
}
