// The state of the page: plain arrays for what never changes, and one signal per cell and stage,
// so that a verdict redraws one card.
import { batch, computed, signal } from '../../vendor/ui.js';
import { ALWAYS, SOMETIMES } from '../shared/words.js';

const STAGES = ['draft', 'final'];

// Replaced as a whole by `load`.
export const board = {
  campaign: '', axes: [], ratios: [], cells: [], statuses: [], stages: {}, sides: { draft: [], final: [] },
  number: new Map(), spend: false, play: false,
};

export const ready = signal(false);
export const trouble = signal('');
export const complaint = signal('');
export const offline = signal(false);
export const running = signal(null);
// Figures of the server: images and cells by stage, and credits of the campaign's account.
export const figures = signal({ stages: { draft: {}, final: {} }, spent: { upper: 0 } });

export const stage = signal('draft');
// grid or matrix, or how a cell is looked at closely.
export const view = signal('grid');
export const CLOSE = ['loupe', 'compare', 'rounds', 'adfiles'];
export const close = computed(() => CLOSE.includes(view.value));
// Where Esc leads back to from the loupe.
export const base = signal('grid');

// Cells that are compared with each other. While there are any, they are all that is shown.
export const across = signal([]);
export const MOST_COMPARED = 12;

export function compareCells(list) {
  const lit = current();
  batch(() => {
    across.value = list.length > 1 ? list.slice(0, MOST_COMPARED) : [];
    light(lit);
    focus.value = Math.max(0, Math.min(focus.peek(), visible.value.length - 1));
    home();
  });
}

export function lookAt(where) {
  batch(() => {
    compareCells([]);
    base.value = where;
    view.value = where;
  });
}
// Cell → all its ad files, those on disk, those that wait for an approval, a mark, an image.
export const adStates = signal(new Map());

export function applyAdFiles(changes) {
  const states = new Map(adStates.peek());
  for (const [i, one] of Object.entries(changes)) {
    if (filters.peek().look && states.get(Number(i))?.[2]) sticky.add(Number(i));
    if (one) states.set(Number(i), one);
    else states.delete(Number(i));
  }
  adStates.value = states;
}

// Number of open comments by stage and cell; a count of their changes.
export const comments = signal({ draft: {}, final: {}, changes: 0 });

// What the list is limited to: states, values by the number of their axis, words, and cells with ad
// files that wait for an approval.
const ALL = { states: [], axes: {}, text: '', look: false };
export const filters = signal(ALL);
// Cells in whose prompt or values the server found the words; null before it has answered.
export const found = signal(null);
export const filtered = computed(() => {
  const { states, axes, text, look } = filters.value;
  return Boolean(states.length || text.trim() || look || Object.values(axes).some((some) => some.length));
});
export const focus = signal(0);
export const variant = signal(0);
export const selection = signal(new Set());
export const counts = signal({ draft: {}, final: {} });
export const toast = signal(null);
export const said = signal('');
export const dialog = signal(null);
export const drawer = signal(false);
export const redrawn = signal(0);

// A cell that is decided under a status filter stays visible until the filter changes, so that
// nothing moves under the cursor.
const sticky = new Set();

export function load(index) {
  const { name, axes, ratio } = index.cells;
  const lit = board.cells[ready.value ? current() : -1]?.name;
  batch(() => {
    Object.assign(board, {
      campaign: index.campaign,
      version: index.board,
      statuses: index.statuses,
      axes: index.axes,
      ratios: index.ratios,
      stages: index.stages,
      spend: index.spend,
      play: index.play,
      adfiles: index.makes_adfiles,
      cutouts: index.cutouts,
      me: index.me,
      cells: name.map((cell, i) => describe(index, cell, i, axes, ratio[i])),
      number: new Map(name.map((cell, i) => [cell, i])),
      sides: {
        draft: index.draft.map((row) => signal(decode(index, row))),
        final: index.final.map((row) => signal(decode(index, row))),
      },
    });
    figures.value = index.figures;
    adStates.value = new Map(Object.entries(index.adfiles ?? {}).map(([i, one]) => [Number(i), one]));
    comments.value = { ...index.comments, changes: comments.peek().changes + 1 };
    complaint.value = index.complaint;
    running.value = index.running ? { state: 'running' } : null;
    if (!index.draft.some(Boolean) && index.final.some(Boolean)) stage.value = 'final';
    recount();
    const first = !ready.value;
    ready.value = true;
    if (first) focus.value = Math.max(0, visible.value.findIndex((i) => peek(i)?.state === 'undecided'));
    focus.value = Math.min(focus.value, Math.max(0, visible.value.length - 1));
    light(board.number.get(lit));
    home();
  });
}

function describe(index, name, i, columns, ratio) {
  const at = columns.map((column) => column[i]);
  const labels = index.axes.map((axis, k) => axis.labels[at[k]]).filter(Boolean);
  const text = [name, ...labels].join(' ').toLowerCase();
  return { i, name, at, ratio: index.ratios[ratio], title: labels[0] || name, rest: labels.slice(1), text };
}

export function decode(index, row) {
  if (!row) return null;
  const [state, round, revision, takes, take = 0, by = '', at = '', note = '', reason = ''] = row;
  return {
    state, round, revision, take, by, at, note, reason,
    takes: takes.map(([image, status, wide]) => ({ image, status: index.statuses[status], wide })),
  };
}

export const sideSignal = (i, which = stage.value) => board.sides[which][i];
export const side = (i, which = stage.value) => sideSignal(i, which)?.value ?? null;
export const peek = (i, which = stage.peek()) => board.sides[which][i]?.peek() ?? null;

export function shows(i, which = stage.value) {
  return peek(i, which) !== null;
}

export const visible = computed(() => {
  const { states, axes, text, look } = filters.value;
  const which = stage.value;
  const waits = look ? adStates.value : null;
  redrawn.value;
  if (!ready.value) return [];
  if (across.value.length) return across.value;
  found.value;
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = Object.entries(axes).filter(([, some]) => some.length);
  return board.cells.filter((cell) => {
    const one = peek(cell.i, which);
    if (!one) return false;
    if (chosen.some(([axis, some]) => !some.includes(cell.at[axis]))) return false;
    if (waits && !waits.get(cell.i)?.[2] && !sticky.has(cell.i)) return false;
    if (states.length && !states.includes(one.state) && !sticky.has(cell.i)) return false;
    return found.value?.has(cell.i) || words.every((word) => cell.text.includes(word) || one.note.toLowerCase().includes(word));
  }).map((cell) => cell.i);
});

export function stick(i) {
  sticky.add(i);
}

export function recount() {
  const totals = {};
  for (const which of STAGES) {
    const count = Object.fromEntries([...ALWAYS, ...SOMETIMES].map((state) => [state, 0]));
    count.all = 0;
    for (const one of board.sides[which]) {
      const now = one.peek();
      if (!now) continue;
      count[now.state] += 1;
      count.all += 1;
    }
    totals[which] = count;
  }
  counts.value = totals;
}

export function setFilters(change) {
  sticky.clear();
  batch(() => {
    filters.value = { ...filters.value, ...change };
    focus.value = 0;
    selection.value = new Set();
    home();
  });
}

export const clearFilters = () => setFilters(ALL);

export const toggled = (some, one) => (some.includes(one) ? some.filter((each) => each !== one) : [...some, one]);

export function setStage(which) {
  sticky.clear();
  batch(() => {
    const at = visible.peek()[focus.peek()];
    across.value = [];
    stage.value = which;
    filters.value = { ...filters.peek(), states: [], look: false };
    selection.value = new Set();
    focus.value = Math.max(0, visible.value.indexOf(at));
    home();
  });
}

// Select the approved take, or the first one with an image.
export function home() {
  const one = peek(visible.peek()[focus.peek()] ?? -1);
  if (!one) {
    variant.value = 0;
    return;
  }
  const first = one.takes.findIndex((take) => take.image);
  variant.value = one.take ? one.take - 1 : Math.max(0, first);
}

export function go(position) {
  batch(() => {
    focus.value = Math.max(0, Math.min(visible.value.length - 1, position));
    home();
  });
}

export const current = () => visible.value[focus.value];
// Look at a cell closely: at its ad file, if those that wait are filtered.
export const lookClosely = () => { view.value = filters.peek().look && stage.peek() === 'final' ? 'adfiles' : 'loupe'; };
export const offersAdFiles = (i) => i !== undefined && (adStates.value.has(i) || board.adfiles);
// What a verdict is about: the cell that is looked at closely, else the selection, else the lit cell.
export const targets = () => (selection.value.size && !close.value ? [...selection.value] : [current()]).filter((i) => i !== undefined);

// Light a cell, if the filters show it.
export function light(i) {
  const at = visible.peek().indexOf(i);
  if (at >= 0) focus.value = at;
}
export const picture = (image, size) => `/img/${image}/${size}`;

// Approved cells whose final is not rendered yet; known before the server has counted images.
export const cellsDue = computed(() => {
  counts.value;
  return board.cells.filter(({ i }) => {
    const final = peek(i, 'final');
    if (!board.stages.final?.chosen) return final?.state === 'waiting' || final?.state === 'redo';
    if (peek(i, 'draft')?.state !== 'approved') return false;
    return !final || final.state === 'waiting' || final.state === 'redo';
  }).length;
});

// The picture of a cell where there is room for only one.
export function coverTake(one) {
  const chosen = one.take ? one.takes[one.take - 1] : null;
  return chosen?.image ? chosen : one.takes.find((take) => take.image);
}
export const cover = (one) => coverTake(one)?.image ?? '';

// The pictures of a cell side by side; a final next to its draft.
export function pictures(i, which = stage.value) {
  const one = side(i, which);
  if (!one) return [];
  const takes = one.takes.map((take, at) => ({ ...take, at, kind: which }));
  const draft = which === 'final' ? side(i, 'draft') : null;
  const from = draft ? coverTake(draft) : null;
  return from ? [{ ...from, at: -1, kind: 'from' }, ...takes] : takes;
}
