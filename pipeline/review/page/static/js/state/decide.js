// Verdicts: shown at once, sent in order, reverted if the server refuses them, undoable.
import { batch } from '../../vendor/ui.js';
import { applyRows, pending, post } from './api.js';
import { autoNext, reviewer } from './prefs.js';
import {
  board, close, counts, dialog, cellsDue, focus, focusCard, home, move, peek, recount, said, selection, sideSignal, stage, stick, targets, toast, variant, visible,
} from './moves.js';
import { label, plural } from '../shared/words.js';

const undoable = [];
const ours = new Map();
let queue = Promise.resolve();

const VERDICTS = new Set(['approved', 'redo', 'rejected']);

// Resolves when the server has all verdicts, so that a quote includes them.
export const settled = () => queue;

function operation(i, which, decision, { take, note }) {
  const before = peek(i, which);
  const at = Math.min(take || before.take || variant.peek() + 1, before.takes.length);
  return {
    i,
    before,
    wire: {
      cell: board.cells[i].name, stage: which, decision, take: at, note, base: before.revision,
      seen: before.takes[at - 1]?.image ?? '',
    },
  };
}

// The cells that can get this verdict: one without an image cannot be approved.
function able(list, which, decision) {
  return list.filter((i) => {
    const one = peek(i, which);
    return one && (decision !== 'approved' || one.takes.some((take) => take.image));
  });
}

export function decide(list, decision, { take = 0, note = '', record = true, which = stage.peek() } = {}) {
  const operations = list.map((i) => operation(i, which, decision, { take: pickable(i, which, decision, take), note }));
  if (record) undoable.push({ which, before: operations.map(({ i, before }) => [i, before]) });
  show(operations, which, decision, note);
  queue = queue.then(() => send(operations, which));
  return operations;
}

function pickable(i, which, decision, take) {
  const one = peek(i, which);
  if (decision !== 'approved' || one.takes[take - 1]?.image) return take;
  return one.takes.findIndex((each) => each.image) + 1;
}

function show(operations, which, decision, note) {
  batch(() => {
    for (const { i, before, wire } of operations) {
      stick(i);
      const key = `${which}/${i}`;
      pending.set(key, (pending.get(key) ?? 0) + 1);
      const shown = { ...before, state: decision, take: wire.take, note, by: me(), at: new Date().toISOString(), reason: '' };
      sideSignal(i, which).value = decision === 'undecided' ? { ...shown, take: 0, note: '' } : shown;
    }
    recount();
  });
}

export const me = () => reviewer.peek() || board.me;

async function send(operations, which) {
  for (const { i, wire } of operations) {
    // The verdict just sent made a new revision, which the next one has to name.
    const step = ours.get(`${which}/${i}`);
    if (step?.from === wire.base) wire.base = step.to;
  }
  const reply = await post('/decisions', { by: me(), ops: operations.map(({ wire }) => wire) });
  for (const { i } of operations) settle(`${which}/${i}`);
  if (!reply.ops) {
    putBack(operations, which);
    toast.value = { text: reply.message || 'Not saved. The cell shows its former verdict again.', bad: true };
    return;
  }
  operations.forEach((one, at) => hear(one, reply.ops[at], which));
  tellSharing(reply);
}

// Cells with the same image: those that go along with a redo, and those that stay as they are.
function tellSharing({ followed = [], kept = [] }) {
  const parts = [];
  if (followed.length) parts.push(`${plural(followed.length, 'more cell')} with this image ${followed.length === 1 ? 'goes' : 'go'} along`);
  if (kept.length) parts.push(`${plural(kept.length, 'decided cell')} ${kept.length === 1 ? 'keeps' : 'keep'} the old image`);
  if (parts.length && toast.peek() && !toast.peek().bad) toast.value = { ...toast.peek(), text: `${toast.peek().text} · ${parts.join(', ')}` };
}

function settle(key) {
  const left = (pending.get(key) ?? 1) - 1;
  if (left) pending.set(key, left);
  else pending.delete(key);
}

function putBack(operations, which) {
  batch(() => {
    for (const { i, before } of operations) sideSignal(i, which).value = before;
    recount();
  });
}

function hear(one, answer, which) {
  const { i, wire } = one;
  const key = `${which}/${i}`;
  if (answer.change && !pending.has(key)) applyRows([answer.change]);
  if (answer.change) ours.set(key, { from: wire.base, to: answer.change.row?.[2] ?? 0 });
  if (answer.conflict) {
    const { by, decision } = answer.conflict;
    toast.value = {
      text: `${by} already ${decision === 'redo' ? 'asked to redo' : decision === 'undecided' ? 'took back' : label(decision, which).toLowerCase()} this.`,
      action: 'Use mine',
      run: () => decide([i], wire.decision, { take: wire.take, note: wire.note, which }),
      bad: true,
    };
  } else if (answer.refused) {
    if (!pending.has(key) && !answer.change) putBack([one], which);
    toast.value = { text: answer.refused, bad: true };
  }
}

// Give a verdict to the cells it is about; a redo asks for its note first, see `askNote`.
export function act(decision, { take = 0, note, wanted = targets() } = {}) {
  const list = able(wanted, stage.peek(), decision);
  if (!wanted.length) return;
  if (!list.length) {
    toast.value = { text: 'There is no image to approve yet.', bad: true };
    return;
  }
  const single = list.length === 1;
  const chosen = decision === 'approved' || single ? take || variant.peek() + 1 : 0;
  if (decision === 'approved' && single && !peek(list[0]).takes[chosen - 1]?.image) {
    toast.value = { text: `Take ${chosen} has no image to approve.`, bad: true };
    return;
  }
  const [first] = decide(list, decision, { take: chosen, note: note ?? '' });
  announce(list, decision, first.wire.take);
  selection.value = new Set();
  if (!autoNext.peek() || !single || wanted.length > 1 || !VERDICTS.has(decision)) return;
  move(1);
  if (!close.peek()) focusCard();
}

function announce(list, decision, take) {
  const word = label(decision, stage.peek());
  const several = board.cells[list[0]] && peek(list[0])?.takes.length > 1 && decision === 'approved';
  const text = list.length > 1 ? `${plural(list.length, 'cell')}: ${word.toLowerCase()}` : `${word}${several ? ` · take ${take}` : ''}`;
  const next = after();
  toast.value = { text: next ? `${text} · all decided` : text, state: decision, undo: true, ...next };
  const cell = board.cells[list[0]];
  said.value = list.length > 1 ? text : `${cell.title}, ${cell.rest.join(', ')}: ${text}`;
}

// The action offered after the last decision on the drafts.
function after() {
  const { draft } = counts.peek();
  if (stage.peek() !== 'draft' || draft.undecided || draft.rendering || draft.waiting) return null;
  const [which, action] = cellsDue.peek() ? ['final', 'Launch finals'] : draft.redo ? ['draft', 'Render the redos'] : [];
  return which ? { action, run: () => { dialog.value = { kind: 'launch', stage: which }; } } : null;
}

export function undo() {
  const step = undoable.pop();
  if (!step) {
    toast.value = { text: 'Nothing to undo' };
    return;
  }
  for (const [i, before] of step.before) {
    const decision = VERDICTS.has(before.state) ? before.state : 'undecided';
    decide([i], decision, { take: before.take, note: before.note, record: false, which: step.which });
  }
  const at = visible.peek().indexOf(step.before[0][0]);
  if (at >= 0) focus.value = at;
  home();
  toast.value = { text: 'Undone', state: 'undecided' };
}
