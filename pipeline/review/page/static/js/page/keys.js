// The keyboard shortcuts. Not in fields and dialogs; those of one letter can be switched off.
import { approve, discard, drawing, editable, save, trial, zoomBy } from '../state/adfiles.js';
import { act, undo } from '../state/decide.js';
import { copyLink } from '../state/address.js';
import { writeComment } from '../loupe/comments.js';
import { compareSelected } from '../loupe/compare.js';
import { search } from './bars.js';
import { leave } from '../loupe/loupe.js';
import { menu } from './menu.js';
import { askNote } from '../loupe/notes.js';
import { focusCard, grid, move, moveTo, scrollToFocus, step, turn } from '../state/moves.js';
import { density, singleKeys, toggleMarks, wiping } from '../state/prefs.js';
import { printList } from '../list/printing.js';
import {
  board, close, current, dialog, drawer, filters, focus, lookAt, lookClosely, offersAdFiles, peek, ready, selection, setFilters, setStage, stage, targets, toast, view, visible,
} from '../state/store.js';
import { resetZoom, toggleZoom, zoomIn, zoomOut } from '../state/zoom.js';

const POINTS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

let anchor = -1;

function go(event, by) {
  if (event.shiftKey && !close.value) {
    if (anchor < 0) anchor = focus.value;
    move(by);
    const [a, b] = [Math.min(anchor, focus.value), Math.max(anchor, focus.value)];
    selection.value = new Set(visible.value.slice(a, b + 1));
  } else {
    anchor = -1;
    move(by);
  }
  if (!close.value) focusCard();
}

// In the matrix arrows go where they point.
function across(event, down, right) {
  if (event.shiftKey) return go(event, down || right);
  anchor = -1;
  step(down, right);
  return focusCard();
}

function arrow(event) {
  const { columns } = grid;
  const up = close.value;
  if (view.value === 'matrix') {
    const [down, right] = POINTS[event.key] ?? [];
    if (down !== undefined) return () => across(event, down, right);
  }
  const takes = peek(current() ?? -1)?.takes.length ?? 1;
  const moves = {
    ArrowRight: () => go(event, 1),
    ArrowLeft: () => go(event, -1),
    ArrowDown: () => (up ? turn(1, takes) : go(event, columns)),
    ArrowUp: () => (up ? turn(-1, takes) : go(event, -columns)),
    Home: () => go(event, -visible.value.length),
    End: () => go(event, visible.value.length),
    PageDown: () => go(event, columns * 3),
    PageUp: () => go(event, -columns * 3),
  };
  return moves[event.key];
}

function escape() {
  if (drawing.value) drawing.value = false;
  else if (trial.value) discard();
  else if (close.value) leave();
  else if (drawer.value) drawer.value = false;
  else if (selection.value.size) {
    selection.value = new Set();
    anchor = -1;
  } else if (view.value === 'matrix') lookAt('grid');
}

function nextUndecided() {
  const shown = visible.value;
  for (let by = 1; by <= shown.length; by += 1) {
    const at = (focus.value + by) % shown.length;
    if (peek(shown[at])?.state === 'undecided') {
      moveTo(at);
      if (!close.value) focusCard();
      return;
    }
  }
  toast.value = { text: 'Everything shown is decided' };
}

function pick(digit) {
  const [first] = targets();
  if (first !== undefined && digit <= (peek(first)?.takes.length ?? 0)) act('approved', { take: digit });
}

function settle(where) {
  lookAt(where);
  resetZoom();
  focusCard();
}

function compare() {
  if (current() === undefined) return;
  if (!close.value && selection.value.size > 1) compareSelected();
  else view.value = view.value === 'compare' ? 'loupe' : 'compare';
}

const larger = () => (close.value ? zoomIn() : density.keep(Math.min(2, density.value + 1)));
const smaller = () => (close.value ? zoomOut() : density.keep(Math.max(0, density.value - 1)));

// Both lead into the loupe and out of it.
const OPENS = new Set(['Enter', ' ']);

const LETTERS = {
  p: () => act('approved'),
  x: () => act('rejected'),
  r: () => askNote('redo'),
  u: () => act('undecided'),
  c: compare,
  b: () => { if ((peek(current() ?? -1)?.round ?? 1) > 1) view.value = view.value === 'rounds' ? 'loupe' : 'rounds'; },
  s: () => wiping.keep(!wiping.value),
  l: copyLink,
  n: writeComment,
  a: () => { if (offersAdFiles(current())) view.value = view.value === 'adfiles' ? 'loupe' : 'adfiles'; },
  w: () => document.getElementById('adwindow')?.focus(),
  o: toggleMarks,
  g: () => settle('grid'),
  m: () => settle('matrix'),
  t: () => board.sides.final.some((one) => one.peek()) && setStage(stage.value === 'draft' ? 'final' : 'draft'),
  z: () => close.value && toggleZoom(),
  j: nextUndecided,
  f: () => { setFilters({ states: filters.value.states.join() === 'undecided' ? [] : ['undecided'] }); scrollToFocus({ top: true }); },
  '/': () => search.element?.focus(),
  '?': () => { dialog.value = { kind: 'help' }; },
  '+': larger,
  '=': larger,
  '-': smaller,
};

function chord(event) {
  const key = event.key.toLowerCase();
  if (key === 'z' && !event.shiftKey) {
    event.preventDefault();
    undo();
  } else if (key === 'p' && !event.shiftKey) {
    event.preventDefault();
    printList();
  } else if (key === 'a' && !close.value) {
    event.preventDefault();
    selection.value = new Set(visible.value);
  }
}

export function onKey(event) {
  if (!ready.value || dialog.value || menu.value) return;
  if (event.target.matches?.('input, textarea, select')) return;
  if (event.ctrlKey || event.metaKey) {
    chord(event);
    return;
  }
  if (event.altKey) return;
  const inPlace = event.target.closest?.('.insp, .cmd');
  const arrowed = inPlace && !close.value ? null : arrow(event);
  if (arrowed) {
    event.preventDefault();
    arrowed();
  } else if (event.key === 'Escape') escape();
  else if (OPENS.has(event.key) && !event.target.closest?.('button:not(.tile, .mcell), input')) {
    event.preventDefault();
    if (trial.value) save();
    else if (close.value) leave();
    else if (current() !== undefined) lookClosely();
  } else if (singleKeys.value) letter(event);
}

// Where a final's ad file is shown, a key decides on the ad file, never on the picture.
const ON_AD_FILE = {
  p: () => approve(true),
  u: () => approve(false),
  x: () => elsewhere('reject'),
  r: () => elsewhere('redo'),
  '+': () => editable.value && zoomBy(1 / CLOSER),
  '=': () => editable.value && zoomBy(1 / CLOSER),
  '-': () => editable.value && zoomBy(CLOSER),
};
const CLOSER = 1.08;

function elsewhere(what) {
  toast.value = { text: `To ${what} the picture, go back to it with A.` };
}

function letter(event) {
  const key = event.key.toLowerCase();
  if (view.value === 'adfiles' && stage.value === 'final') {
    const own = ON_AD_FILE[key] ?? (/^[1-9]$/.test(key) ? () => {} : null);
    if (own) {
      event.preventDefault();
      own();
      return;
    }
  }
  if (key === 'x' && event.shiftKey) {
    event.preventDefault();
    askNote('rejected');
    return;
  }
  const run = /^[1-9]$/.test(key) ? () => pick(Number(key)) : LETTERS[key];
  if (!run) return;
  event.preventDefault();
  run();
}
