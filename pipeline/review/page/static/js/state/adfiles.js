// The ad files of the cell that is looked at, and a window that is tried but not saved yet.
import { batch, computed, signal } from '../../vendor/ui.js';
import { get, post } from './api.js';
import { me } from './decide.js';
import { adStates, board, clearFilters, current, lookAt, lookClosely, peek, said, setFilters, setStage, stage, toast, variant, visible } from './store.js';

// What the server knows of a cell's ad files: { i, stage, mark, ok, files, placement, window }.
export const detail = signal(null);
// The format that is shown, where a picture has several.
export const format = signal('');
// A window that is not saved: { focus, zoom, keep } of a file; with the server's answer to it.
export const trial = signal(null);
export const answer = signal(null);
export const drawing = signal(false);

export const markOf = (i) => adStates.value.get(i)?.[3] ?? '';

// The file that is shown: of the take that is looked at, in the chosen format.
export const file = computed(() => {
  const known = detail.value;
  if (!known?.ok || known.i !== current() || known.stage !== stage.value) return null;
  const takes = [...new Set(known.files.map((one) => one.take))];
  const take = takes.includes(variant.value + 1) ? variant.value + 1 : takes[0];
  const some = known.files.filter((one) => one.take === take);
  return some.find((one) => one.format === format.value) ?? some[0] ?? null;
});

// The files of the picture that is shown: they have one window, and are approved together.
export const together = computed(() => {
  const shown = file.value;
  return shown ? detail.value.files.filter((one) => one.take === shown.take) : [];
});

// What is drawn: the tried window where there is one, else the file.
export const framed = computed(() => (trial.value && answer.value?.ok ? { ...file.value, ...answer.value, image: '' } : file.value));

const named = (one) => ({ take: one.take, format: one.format, source: one.source.image });
const isOf = (tried, one) => tried.take === one.take && tried.format === one.format && tried.source === one.source.image;

let asked = 0;

export async function load(i, which, mark) {
  const number = ++asked;
  const found = await get(`/cells/${i}/adfiles?stage=${which}`);
  if (number !== asked) return;
  batch(() => {
    detail.value = { ...found, i, stage: which, mark };
    // Another person may have saved a window meanwhile: what is tried here stays, and is compared.
    if (trial.value && !found.files?.some((one) => isOf(trial.value, one))) discard();
  });
}

export function forget() {
  asked += 1;
  batch(() => {
    detail.value = null;
    discard();
  });
}

export function discard() {
  batch(() => {
    trial.value = null;
    answer.value = null;
    drawing.value = false;
  });
}

// Width of the largest crop of the file's shape, in shares of the source.
function cropWidth(one) {
  const [wide, high] = one.pixels;
  return Math.min(1, (one.source.height * (wide / high)) / one.source.width);
}

// The window as it is chosen: its middle, and its width in widths of the largest crop.
export function windowNow() {
  const one = framed.value;
  const [x, y, w, h] = one.window;
  return { focus: [x + w / 2, y + h / 2], zoom: w / cropWidth(one) };
}

// Shares of a window round a focus.
export function windowAt(one, { focus, zoom }) {
  const w = cropWidth(one) * zoom;
  const h = (w * one.source.width * one.pixels[1]) / one.pixels[0] / one.source.height;
  return [focus[0] - w / 2, focus[1] - h / 2, w, h];
}

// A window smaller than the picture stays inside it, and a larger one keeps all of it.
function held(one, wish) {
  const zoom = Math.min(8, Math.max(0.15, wish.zoom));
  const [, , w, h] = windowAt(one, { ...wish, zoom });
  const clamp = (centre, length) => {
    const [low, high] = [length / 2, 1 - length / 2].sort((a, b) => a - b);
    return Math.min(high, Math.max(low, centre));
  };
  return { zoom, focus: [clamp(wish.focus[0], w), clamp(wish.focus[1], h)] };
}

const PAUSE = 90;
let timer = 0;
let going = false;
let again = false;

// Ask the server for the cut, one request at a time: the newest window that was tried.
async function ask() {
  if (going) {
    again = true;
    return;
  }
  const wanted = trial.value;
  if (!wanted) return;
  going = true;
  const found = await post(`/cells/${current()}/adfiles/preview?stage=${stage.value}`, wanted);
  going = false;
  if (trial.value === wanted) answer.value = found;
  if (again) {
    again = false;
    ask();
  }
}

function attempt(change) {
  const one = file.value;
  const before = trial.value ?? { ...named(one), base: detail.value.revision, ...(saved() ?? {}) };
  trial.value = { ...before, ...change };
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE);
}

// The window that is saved for this picture, if a person chose it.
export function saved() {
  const chosen = detail.value?.window;
  return chosen?.holds ? { focus: chosen.focus, zoom: chosen.zoom, keep: chosen.keep } : null;
}

export const editable = computed(() => stage.value === 'final' && Boolean(file.value?.window));

export function move(wish) {
  const one = file.value;
  const round = (value) => Math.round(value * 1e4) / 1e4;
  const before = windowNow();
  const { focus, zoom } = held(one, { ...(trial.value?.focus && trial.value.zoom ? trial.value : before), ...wish });
  const same = Math.abs(zoom - before.zoom) < 2e-3 && focus.every((at, k) => Math.abs(at - before.focus[k]) < 1e-3);
  if (same && !trial.value) return;
  attempt({ focus: focus.map(round), zoom: round(zoom) });
}

export const zoomBy = (factor) => move({ zoom: (trial.value?.zoom ?? windowNow().zoom) * factor });

export function keep(boxes) {
  attempt({ keep: boxes, focus: null, zoom: null });
}

export const automatic = () => attempt({ focus: null, zoom: null, keep: [] });

function refuse(reply) {
  toast.value = { text: reply.message || 'Not saved.', bad: true };
}

export async function save() {
  const wanted = trial.value;
  if (!wanted) return;
  const i = current();
  const reply = await post(`/cells/${i}/adfiles/window`, { ...wanted, by: me() });
  if (reply.conflict) {
    detail.value = { ...reply, ok: true, i, stage: 'final' };
    toast.value = {
      text: `${reply.conflict.by} chose another window meanwhile.`,
      action: 'Use mine',
      run: () => {
        trial.value = { ...wanted, base: detail.value.revision };
        save();
      },
      bad: true,
    };
    return;
  }
  if (!reply.ok) {
    refuse(reply);
    return;
  }
  batch(() => {
    discard();
    detail.value = { ...reply, i, stage: 'final' };
  });
  tell(wanted.focus || wanted.keep?.length ? 'Window saved' : 'The planner decides again');
}

function tell(text) {
  toast.value = { text, state: 'approved' };
  said.value = text;
}

// Approve the flagged files that are shown, or take that back.
export async function approve(approved) {
  const some = together.value.filter((one) => one.image && one.flags.length && Boolean(one.approval) !== approved);
  if (trial.value) {
    toast.value = { text: 'Save the window first, or discard it.', bad: true };
    return;
  }
  if (!some.length) {
    toast.value = { text: approved ? 'There is nothing to approve: this ad file has no open flag.' : 'This ad file was not approved.' };
    return;
  }
  const i = current();
  const bases = Object.fromEntries(some.map((one) => [one.recipe, one.revision]));
  const reply = await post(`/cells/${i}/adfiles/approval`, { approved, bases, by: me() });
  if (reply.files) detail.value = { ...reply, ok: true, i, stage: 'final' };
  if (reply.conflict) {
    const { by, approved: now } = reply.conflict;
    toast.value = { text: `${by} already ${now ? 'approved this' : 'took the approval back'}. Look again.`, bad: true };
  } else if (!reply.ok) refuse(reply);
  else tell(approved ? 'Ad file approved' : 'Approval taken back');
}

export const waitingCells = computed(() => [...adStates.value].filter(([i, one]) => one[2] && peek(i, 'final')).map(([i]) => i));

// Show the ad files that wait for an approval, the first of them in the loupe.
export function lookAtWaiting() {
  if (stage.peek() !== 'final') setStage('final');
  lookAt('grid');
  clearFilters();
  setFilters({ look: true });
  if (visible.value.length) lookClosely();
}

// Cells of the same subject in other sizes, that have ad files.
export function siblings(i) {
  const size = board.axes.findIndex((axis) => axis.name === 'size');
  const mine = board.cells[i].at;
  return board.cells.filter((cell) => adStates.value.has(cell.i) && cell.at.every((at, axis) => axis === size || at === mine[axis])).map((cell) => cell.i);
}
