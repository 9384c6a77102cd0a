// A cell in the grid: its pictures, name and state.
import { batch, html, useEffect, useRef, useState } from '../../vendor/ui.js';
import { Icon } from '../shared/icons.js';
import { evenly, withStrip } from '../shared/layout.js';
import { adStates, board, comments, focus, home, lookClosely, picture, pictures, selection, side, stage, variant, visible } from '../state/store.js';
import { QUICK, SLOW, pace } from '../state/scrolling.js';
import { Quick } from '../page/verdicts.js';
import { MISSING, STATES, label, plural } from '../shared/words.js';

// A thumb that is removed from the page cancels its request. During quick scrolling only the main
// thumb of a card is requested, and none during fast scrolling.
function Thumb({ src, main }) {
  const element = useRef();
  const most = main ? QUICK : SLOW;
  const [wanted, want] = useState(pace.peek() <= most);
  const [gone, lose] = useState(false);
  const waits = !wanted && pace.value > most;  // not read again once the picture is requested
  useEffect(() => {
    if (!waits) want(true);
  }, [waits]);
  useEffect(() => {
    const img = element.current;
    return () => {
      if (img && !img.complete) img.removeAttribute('src');
    };
  }, []);
  if (gone) return html`<span class="lost"><${Icon} n="alert" s=${14} /></span>`;
  return html`<img ref=${element} src=${wanted ? src : undefined} alt="" decoding="async" draggable="false"
    onError=${() => wanted && lose(true)} />`;
}

// The smallest thumb that is not visibly stretched, since every scroll decodes thumbs.
function sideFor(long) {
  const pixels = long * devicePixelRatio;
  return pixels > 300 ? 512 : pixels > 150 ? 256 : 128;
}

function Tile({ one, box, main, picked, hot, onPick }) {
  const name = one.kind === 'from' ? 'The approved draft' : `Take ${one.at + 1}`;
  const classes = ['tile', picked && 'picked', hot && 'hot', box.w < 62 && 'tiny', one.kind === 'from' && 'from',
    !one.image && `empty ${one.status}`].filter(Boolean).join(' ');
  const style = { left: `${box.x + 10}px`, top: `${box.y + 10}px`, width: `${box.w}px`, height: `${box.h}px` };
  const size = sideFor(Math.max(box.w, box.h));
  return html`<button type="button" tabindex="-1" class=${classes} style=${style} aria-label=${name} data-take=${one.at >= 0 ? one.at : null} onClick=${onPick}>
    ${one.image
      ? html`<${Thumb} key=${one.image} src=${picture(one.image, size)} main=${main} />`
      : html`<${Icon} n=${MISSING[one.status] ?? 'clock'} s=${box.w < 62 ? 14 : 20} />`}
    ${one.kind === 'from'
      ? html`<span class="num">draft</span>`
      : html`<span class="num" aria-hidden="true" data-n=${one.at + 1}></span>`}
  </button>`;
}

function Mosaic({ cell, one, wide, high, hot, onPick }) {
  const tiles = pictures(cell.i);
  const ratio = cell.ratio[0] / cell.ratio[1];
  const chosen = one.state === 'approved' || one.state === 'stale' || stage.value === 'final'
    ? tiles.findIndex((tile) => tile.at === Math.max(0, one.take - 1)) : -1;
  const boxes = chosen >= 0 && tiles.length > 1
    ? withStrip(tiles.length, chosen, ratio, wide, high)
    : evenly(tiles.length, ratio, wide, high);
  const picked = one.state === 'approved' ? one.take - 1 : -2;
  return html`<div class="mosaic" style=${{ height: `${high + 20}px` }}>${tiles.map((tile, at) => html`
    <${Tile} key=${tile.at} one=${tile} box=${boxes[at]} main=${at === Math.max(0, chosen)} picked=${tile.at === picked} hot=${tile.at === hot}
      onPick=${(event) => onPick(tile.at, event)} />`)}</div>`;
}

function Badge({ one }) {
  const which = stage.value;
  if (one.state === 'undecided') {
    return one.round > 1 ? html`<span class="badge round">round ${one.round}</span>` : null;
  }
  const { icon } = STATES[one.state];
  const words = one.state === 'approved' ? (one.takes.length > 1 ? one.take : '') : one.state === 'rejected' ? '' : label(one.state, which);
  return html`<span class=${`badge ${one.state}`} aria-hidden="true"><${Icon} n=${icon} s=${13} />${words}</span>`;
}

// The sign of ad files that wait for an approval.
export function Look({ i, small }) {
  const waits = stage.value === 'final' ? adStates.value.get(i)?.[2] : 0;
  if (!waits) return null;
  return html`<span class=${small ? 'mlook' : 'badge look'} title="Its ad file waits for an approval"><${Icon} n="frame" s=${small ? 11 : 13} />${small ? null : 'ad file'}<span class="sr">, its ad file waits for an approval</span></span>`;
}

// The number of open comments.
function Talk({ i }) {
  const count = comments.value[stage.value]?.[i];
  return count ? html`<span class="badge talk" title=${plural(count, 'open comment')}><${Icon} n="note" s=${13} />${count}<span class="sr">${plural(count, 'open comment')}</span></span>` : null;
}

// The text below the pictures: a note, a reason, or the number of takes without an image.
function remark(one) {
  if (one.note && one.state !== 'approved') return { icon: 'note', text: one.note, tone: 'note' };
  if (one.reason) return { icon: 'alert', text: one.reason, tone: ['undecided', 'redo'].includes(one.state) ? 'faint' : 'bad' };
  return null;
}

function choose(event, position) {
  const set = new Set(selection.value);
  if (event.shiftKey) {
    const [a, b] = [Math.min(focus.value, position), Math.max(focus.value, position)];
    for (let at = a; at <= b; at += 1) set.add(visible.value[at]);
  } else {
    const i = visible.value[position];
    if (!set.delete(i)) set.add(i);
  }
  selection.value = set;
}

export function Card({ i, position, focused, selected, wide, high, hot }) {
  const cell = board.cells[i];
  const one = side(i);
  const [over, hover] = useState(false);
  if (!one) return null;
  const open = (take) => batch(() => {
    focus.value = position;
    variant.value = Math.max(0, take);
    lookClosely();
  });
  const light = (event) => {
    if (event.shiftKey || event.ctrlKey || event.metaKey) choose(event, position);
    focus.value = position;
    home();
  };
  const pick = (take, event) => {
    event.stopPropagation();
    if (event.shiftKey || event.ctrlKey || event.metaKey) return light(event);
    if (take < 0 || (focused && variant.value === take)) return open(take);
    return batch(() => {
      focus.value = position;
      variant.value = take;
    });
  };
  const told = remark(one);
  const classes = ['card', `is-${one.state}`, focused && 'focus', selected && 'sel'].filter(Boolean).join(' ');
  return html`<div role="gridcell" id=${`c${i}`} class=${classes} aria-selected=${selected ? 'true' : 'false'}
      tabindex=${focused ? 0 : -1} aria-labelledby=${`n${i}`} onClick=${light} onDblClick=${() => open(variant.value)} onPointerMove=${() => over || hover(true)} onPointerLeave=${() => hover(false)}
      onFocus=${() => { if (focus.peek() !== position) { focus.value = position; home(); } }}>
    <${Mosaic} cell=${cell} one=${one} wide=${wide - 20} high=${high - 20} hot=${focused ? hot : -2} onPick=${pick} />
    ${over || focused ? html`<${Quick} i=${i} one=${one} />` : null}
    <div class="foot" id=${`n${i}`}>
      <div class="who"><b dir="auto">${cell.title}</b><span>${cell.rest.join(' · ')}</span></div>
      <${Look} i=${i} /><${Talk} i=${i} /><${Badge} one=${one} /><span class="sr">${label(one.state, stage.value)}${one.take ? `, take ${one.take}` : ''}</span>
    </div>
    ${told ? html`<div class=${`notebar ${told.tone}`} title=${told.text}><${Icon} n=${told.icon} s=${12} /><span dir="auto">${told.text}</span></div>` : null}
  </div>`;
}
