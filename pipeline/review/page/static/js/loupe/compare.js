// Pictures side by side with one zoom: the takes of a cell, a final and its draft, or several cells.
import { batch, html, useRef } from '../../vendor/ui.js';
import { cellDetail } from '../state/detail.js';
import { Pane, arrangement, tracks, useRoom } from './panes.js';
import { wiping } from '../state/prefs.js';
import {
  MOST_COMPARED, across, base, board, compareCells, coverTake, focus, home, pictures, selection, side, stage, toast, variant, view, visible,
} from '../state/store.js';
import { STATES, label } from '../shared/words.js';
import { Wipe } from './wipe.js';

// How much of a refined final differs from its draft.
export function changedWords(take) {
  const changed = cellDetail.value?.takes?.[take]?.changed;
  return typeof changed === 'number' ? `${Math.round(changed * 100)} % changed` : '';
}

function nameOf(tile, one) {
  if (tile.kind === 'from') return 'Draft';
  if (stage.value !== 'final') return tile.at + 1;
  const name = one.takes.length > 1 ? `Final ${tile.at + 1}` : 'Final';
  const changed = changedWords(tile.at);
  return changed ? `${name} · ${changed}` : name;
}

export function Takes({ cell, one, all, onReady }) {
  const tiles = pictures(cell.i);
  const shown = Math.min(variant.value, one.takes.length - 1);
  const list = all ? tiles : tiles.filter((tile) => tile.at === shown);
  const element = useRef();
  const room = useRoom(element);
  const grid = arrangement(list.map(() => cell.ratio[0] / cell.ratio[1]), room);
  const single = !all && one.takes.length === 1 && stage.value === 'draft';
  if (all && wiping.value && list[0]?.kind === 'from' && list.length > 1) {
    const final = list.find((tile) => tile.at === shown) ?? list[1];
    return html`<${Wipe} cell=${cell} before=${list[0]} after=${final} names=${['Draft', nameOf(final, one)]} />`;
  }
  return html`<div class=${`stages${all ? '' : ' one'}`} ref=${element} style=${tracks(grid)}>${room && list.map((tile) => {
    const picked = one.state === 'approved' && tile.at === one.take - 1;
    const text = single ? '' : all || stage.value === 'final' ? nameOf(tile, one) : `${tile.at + 1} of ${one.takes.length}`;
    return html`<${Pane} key=${`${cell.i}-${stage.value}-${tile.at}`} one=${tile} cell=${cell} name=${tile.kind === 'from' ? 'approved draft' : `take ${tile.at + 1}`}
      text=${text} mark=${picked ? 'check' : ''} lit=${all && tile.at === shown} measured=${tile.at === shown} picked=${picked}
      onReady=${tile.at === shown ? onReady : null} onClick=${() => { if (tile.at >= 0) variant.value = tile.at; }} />`;
  })}</div>`;
}

// What tells the compared cells apart: the axes on which they differ.
function differing(list) {
  const axes = board.axes.map((_, k) => k).filter((k) => new Set(list.map((i) => board.cells[i].at[k])).size > 1);
  return (cell) => axes.map((k) => board.axes[k].labels[cell.at[k]]).join(' · ') || cell.title;
}

export function Cells({ onReady }) {
  const element = useRef();
  const room = useRoom(element);
  const list = across.value.filter((i) => side(i));
  const words = differing(list);
  const ratios = list.map((i) => board.cells[i].ratio[0] / board.cells[i].ratio[1]);
  const grid = arrangement(ratios, room);
  return html`<div class="stages cells" ref=${element} style=${tracks(grid)}>${room ? list.map((i) => {
    const [cell, one] = [board.cells[i], side(i)];
    const position = visible.value.indexOf(i);
    const lit = position === focus.value;
    const tile = (lit ? one.takes[variant.value] : null) ?? coverTake(one) ?? one.takes[0];
    const look = () => {
      if (lit) return;
      batch(() => {
        focus.value = position;
        home();
      });
    };
    const take = one.takes.indexOf(tile) + 1;
    const decided = one.state !== 'undecided';
    return html`<${Pane} key=${i} one=${{ ...tile, at: take - 1 }} cell=${cell} name=${`take ${take}`} text=${`${words(cell)}${one.takes.length > 1 ? ` · ${take}` : ''}`} mark=${decided ? STATES[one.state].icon : ''}
      lit=${lit} onClick=${look} onReady=${lit ? onReady : null}><span class="sr">${label(one.state, stage.value)}</span></${Pane}>`;
  }) : null}</div>`;
}

// Show all selected cells at once.
export function compareSelected() {
  const chosen = visible.peek().filter((i) => selection.peek().has(i));
  if (chosen.length > MOST_COMPARED) toast.value = { text: `The first ${MOST_COMPARED} of ${chosen.length} cells are compared.` };
  batch(() => {
    base.value = view.peek();
    compareCells(chosen);
    view.value = 'compare';
  });
}
