// The place in the address of the page: view, filters, cell and take. So reload, Back, and a link that
// is copied lead to the same place.
import { batch, effect } from '../../vendor/ui.js';
import { copy } from '../shared/copying.js';
import { focusCard, scrollToFocus } from './moves.js';
import {
  CLOSE, across, base, board, close, compareCells, current, filters, home, light, peek, ready, redrawn, setFilters, setStage, stage, stick, variant, view, visible,
} from './store.js';
import { ALWAYS, SOMETIMES } from '../shared/words.js';
import { resetZoom } from './zoom.js';

const VIEWS = new Set(['matrix', ...CLOSE]);
const PAUSE = 250;

// What makes a new step for Back, then what only moves within it.
function place() {
  const { states, axes, text, look } = filters.value;
  const step = new URLSearchParams();
  if (view.value !== 'grid') step.set('view', view.value);
  if (close.value && base.value === 'matrix') step.set('from', 'matrix');
  if (stage.value === 'final') step.set('stage', 'final');
  for (const state of states) step.append('status', state);
  for (const [axis, some] of Object.entries(axes)) {
    for (const at of some) step.append('only', `${board.axes[axis].name}:${board.axes[axis].values[at]}`);
  }
  if (look) step.set('look', '1');
  for (const i of across.value) step.append('with', board.cells[i].name);
  const words = text.trim();
  const all = new URLSearchParams(step);
  if (words) all.set('q', words);
  const cell = board.cells[current()];
  if (cell) all.set('cell', cell.name);
  if (cell && variant.value) all.set('take', variant.value + 1);
  return { step: step.toString(), all: all.toString() };
}

export const copyLink = () => copy(`${location.origin}/?${place().all}`, 'Link copied. It opens for everyone who has a link to this review.');

function asked(query) {
  const axes = {};
  for (const one of query.getAll('only')) {
    const [, name, value] = /^([^:]*):(.*)$/s.exec(one) ?? [];
    const axis = board.axes.findIndex((each) => each.name === name);
    const at = board.axes[axis]?.values.indexOf(value) ?? -1;
    if (at >= 0) (axes[axis] ??= []).push(at);
  }
  const known = [...ALWAYS, ...SOMETIMES];
  return { states: query.getAll('status').filter((one) => known.includes(one)), axes, text: query.get('q') ?? '', look: query.has('look') };
}

// Go to the place of an address. What it names and the campaign no longer has is left out.
function goTo(query) {
  batch(() => {
    const which = query.get('stage') === 'final' ? 'final' : 'draft';
    if (which !== stage.peek()) setStage(which);
    compareCells([]);
    setFilters(asked(query));
    const wanted = query.get('view');
    const named = board.number.get(query.get('cell'));
    base.value = wanted === 'matrix' || query.get('from') === 'matrix' ? 'matrix' : 'grid';
    compareCells(query.getAll('with').map((name) => board.number.get(name)).filter((i) => i !== undefined && peek(i)));
    // A cell that was decided since then stays visible, as it does for who decides.
    if (named !== undefined && peek(named)) {
      stick(named);
      redrawn.value += 1;
    }
    light(named);
    if (named !== undefined) home();
    const take = Number(query.get('take'));
    if (named !== undefined && take > 0) variant.value = Math.min(take, peek(current() ?? -1)?.takes.length ?? 1) - 1;
    const isClose = CLOSE.includes(wanted);
    view.value = VIEWS.has(wanted) && (!isClose || visible.value.length) ? wanted : 'grid';
  });
  resetZoom();
  scrollToFocus();
  if (!close.peek()) focusCard();
}

// Start with the place of the address, and keep both the same from then on.
export function keepAddress() {
  let written = null;
  let timer = 0;
  const show = (how, { step, all }) => {
    clearTimeout(timer);
    written = step;
    history[how](null, '', all ? `/?${all}` : '/');
  };
  const start = new URLSearchParams(location.search);
  if (start.size) goTo(start);
  addEventListener('popstate', () => {
    written = null;
    goTo(new URLSearchParams(location.search));
  });
  effect(() => {
    if (!ready.value) return;
    const now = place();
    clearTimeout(timer);
    if (written === now.step) timer = setTimeout(show, PAUSE, 'replaceState', now);
    else show(written === null ? 'replaceState' : 'pushState', now);
  });
}
