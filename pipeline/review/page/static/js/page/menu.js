// The menu of a cell: on a right click, the menu key, or Shift+F10.
import { batch, html, signal, useLayoutEffect, useRef } from '../../vendor/ui.js';
import { copyLink } from '../state/address.js';
import { compareSelected } from '../loupe/compare.js';
import { act } from '../state/decide.js';
import { Icon } from '../shared/icons.js';
import { askNote } from '../loupe/notes.js';
import { focusCard } from '../state/moves.js';
import { close, current, home, light, lookClosely, offersAdFiles, peek, selection, stage, variant, view } from '../state/store.js';
import { STATES, number, verb } from '../shared/words.js';

export const menu = signal(null);

const MARGIN = 8;

function cellOf(element) {
  const found = element.closest?.('.card, .mcell:not(.none), .stage[data-cell], .fi[data-cell]');
  if (!found) return undefined;
  return Number(found.dataset.cell ?? found.id.slice(1));
}

export function onMenu(event) {
  const i = cellOf(event.target);
  if (i === undefined || Number.isNaN(i)) return;
  event.preventDefault();
  const take = Number(event.target.closest('[data-take]')?.dataset.take ?? -1);
  const box = event.target.getBoundingClientRect();
  // The menu key gives no place.
  const [x, y] = event.clientX || event.clientY ? [event.clientX, event.clientY] : [box.left + box.width / 2, box.top + box.height / 2];
  batch(() => {
    if (i !== current()) {
      light(i);
      home();
    }
    if (take >= 0) variant.value = take;
    menu.value = { x, y, i };
  });
}

function leave() {
  menu.value = null;
  if (close.peek()) document.querySelector('.loupe')?.focus();
  else focusCard();
}

// What can be done with a cell, or with all selected ones if it is among them.
function choices(i) {
  const chosen = !close.peek() && selection.peek().has(i) ? [...selection.peek()] : [i];
  const one = peek(i);
  const which = stage.peek();
  const takes = chosen.length > 1 ? [] : one.takes.map((take, at) => [take, at]).filter(([take]) => take.image);
  const approve = verb('approved', which);
  const list = takes.length > 1
    ? takes.map(([, at]) => ({ icon: 'check', tone: 'approved', text: `${approve} take ${at + 1}`, key: at < 9 ? String(at + 1) : '', run: () => act('approved', { take: at + 1, wanted: chosen }) }))
    : [{ icon: 'check', tone: 'approved', text: approve, key: 'P', run: () => act('approved', { wanted: chosen }) }];
  list.push({ icon: 'redo', tone: 'redo', text: 'Redo…', key: 'R', run: () => askNote('redo', chosen) });
  list.push({ icon: 'x', tone: 'rejected', text: 'Reject', key: 'X', run: () => act('rejected', { wanted: chosen }) });
  list.push({ icon: 'note', text: 'Reject and say why…', run: () => askNote('rejected', chosen) });
  list.push({ icon: 'undo', text: STATES.undecided.label, key: 'U', run: () => act('undecided', { wanted: chosen }) });
  list.push(null);
  if (chosen.length > 1) list.push({ icon: 'compare', text: `Compare ${number(chosen.length)} cells`, key: 'C', run: compareSelected });
  else {
    if (!close.peek()) list.push({ icon: 'zoom', text: 'Loupe', key: '↵', run: lookClosely });
    list.push({ icon: 'compare', text: which === 'final' ? 'Beside its draft' : 'Compare takes', key: 'C', run: () => { view.value = 'compare'; } });
    if (one.round > 1) list.push({ icon: 'rounds', text: 'Rounds side by side', key: 'B', run: () => { view.value = 'rounds'; } });
    if (offersAdFiles(i)) list.push({ icon: 'frame', text: 'Ad file', key: 'A', run: () => { view.value = 'adfiles'; } });
  }
  list.push({ icon: 'link', text: 'Copy link', key: 'L', run: copyLink });
  return list;
}

export function Menu() {
  const now = menu.value;
  const element = useRef();
  useLayoutEffect(() => {
    if (!now) return;
    const { offsetWidth, offsetHeight } = element.current;
    Object.assign(element.current.style, {
      left: `${Math.max(MARGIN, Math.min(now.x, innerWidth - offsetWidth - MARGIN))}px`,
      top: `${Math.max(MARGIN, Math.min(now.y, innerHeight - offsetHeight - MARGIN))}px`,
    });
    element.current.querySelector('button').focus({ preventScroll: true });
  }, [now]);
  if (!now || !peek(now.i)) return null;
  const run = (one) => {
    leave();
    one.run();
  };
  const keys = (event) => {
    event.stopPropagation();
    const all = [...element.current.querySelectorAll('button')];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape' || event.key === 'Tab') leave();
    else if (step) all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
    else return;
    event.preventDefault();
  };
  return html`<aside aria-label="Menu"><div class="menuback" onPointerDown=${leave} onContextMenu=${(event) => event.preventDefault()}></div>
    <div class="menu" role="menu" aria-label="Cell" ref=${element} onKeyDown=${keys}>${choices(now.i).map((one, k) => (one === null ? html`<hr key=${k} />` : html`
      <button key=${one.text} type="button" role="menuitem" tabindex="-1" class=${one.tone ?? ''} onClick=${() => run(one)}><${Icon} n=${one.icon} s=${14} /><span>${one.text}</span>${one.key ? html`<kbd>${one.key}</kbd>` : null}</button>`))}</div></aside>`;
}
