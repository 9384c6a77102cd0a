// The note of a redo, or why something is rejected: docked in the inspector, or as a dialog over a list.
// What is typed is kept until it is sent, so that Esc, a click outside and a reload lose nothing.
import { html, signal, useLayoutEffect, useRef, useState } from '../../vendor/ui.js';
import { act } from '../state/decide.js';
import { Icon } from '../shared/icons.js';
import { forget, recall, remember } from '../state/prefs.js';
import { board, close, current, dialog, peek, said, stage, targets } from '../state/store.js';
import { STATES, plural, verb } from '../shared/words.js';

const LONGEST = 1000;
const QUICK = ['Headline misspelt', 'Product too small', 'Label unreadable', 'Cropped badly', 'Too dark', 'Extra objects', 'Wrong mood'];

// The verdict that the docked note is for: redo or rejected; empty while none is written.
const noting = signal('');
let wanted = false;

const place = (kind, i) => `${kind}.${board.campaign}.${stage.peek()}.${i === undefined ? 'selection' : board.cells[i].name}`;

// A text that is kept while it is typed.
export function useDraft(kind, i, fallback = '') {
  const name = place(kind, i);
  const [text, setText] = useState('');
  useLayoutEffect(() => setText(recall(name) ?? fallback), [name]);
  const write = (value) => {
    setText(value);
    if (value === fallback) forget(name);
    else remember(name, value);
  };
  const drop = () => {
    setText('');
    forget(name);
  };
  return [text, write, drop];
}

const hasDraft = (i) => Boolean(recall(place('note', i)));

// Ask for the note of a verdict: where pictures are looked at beside them, else in a dialog.
export function askNote(verdict, list = targets()) {
  if (!list.length) return;
  if (close.peek()) {
    wanted = true;
    noting.value = verdict;
    document.querySelector('.dock textarea')?.focus();
  } else dialog.value = { kind: 'note', verdict, list };
}

export function cost(list) {
  // Cells that show one image get one image.
  const images = new Set(list.flatMap((i) => (peek(i)?.takes ?? []).map((take, at) => take.image || `${i}/${at}`)));
  const settings = board.stages[stage.value];
  return `${plural(images.size * (settings?.price ?? 0), 'credit')} at ${settings?.quality ?? 'draft'}`;
}

export function NoteForm({ list, verdict, docked, onSent, onCancel }) {
  const field = useRef();
  const single = list.length === 1 ? list[0] : undefined;
  const [text, write, drop] = useDraft('note', single, (single !== undefined && peek(single)?.note) || '');
  const send = (decision) => {
    drop();
    onSent();
    act(decision, { note: text.trim(), wanted: list });
  };
  const add = (words) => {
    write((text ? text.replace(/[.\s]*$/, '. ') : '') + words);
    field.current.focus();
  };
  const keys = (event) => {
    if (event.key === 'Escape' && onCancel) {
      event.stopPropagation();
      event.preventDefault();
      onCancel();
    }
    if (event.key !== 'Enter' || event.shiftKey || event.target.tagName === 'BUTTON') return;
    event.preventDefault();
    send(verdict);
  };
  // Not where the note of a cell is shown again that somebody comes to.
  useLayoutEffect(() => {
    if (wanted || !docked) field.current.focus();
    wanted = false;
  }, [verdict, list.join()]);
  const both = [verdict, verdict === 'redo' ? 'rejected' : 'redo'];
  const words = { redo: 'Ask for a redo', rejected: 'Reject' };
  return html`<div class="noteform" onKeyDown=${keys}>
    <textarea ref=${field} rows="3" maxlength=${LONGEST} autofocus=${!docked} aria-label=${verdict === 'redo' ? 'What should change?' : 'Why is it rejected?'} placeholder=${verdict === 'redo' ? 'What should change?' : 'Why is it rejected?'}
      value=${text} onInput=${(event) => write(event.target.value)}></textarea>
    <div class="chips">${QUICK.map((each) => html`<button key=${each} type="button" class="chip" onClick=${() => add(each)}>${each}</button>`)}</div>
    <p class="sub">${verdict === 'redo' ? `The note goes into the prompt of the next round${docked ? `: ${cost(list)}` : ''}. Nothing is spent until that round is launched.` : 'The reason stays with the verdict. Nothing is spent.'}</p>
    <div class="dbtn">${onCancel ? html`<button class="btn ghost sm" onClick=${onCancel}>Cancel<kbd>Esc</kbd></button>` : null}
      ${both.toReversed().map((each) => html`<button key=${each} class=${`btn sm ${each === verdict ? (each === 'redo' ? 'amber' : 'red') : 'ghost'}`} onClick=${() => send(each)}>
        <${Icon} n=${STATES[each].icon} s=${14} />${words[each]}${each === verdict ? html`<kbd>↵</kbd>` : null}</button>`)}</div></div>`;
}

// The note in the inspector, beside the picture that it is about.
export function DockedNote({ i, one }) {
  // A text that was not sent is shown again with its cell.
  useLayoutEffect(() => { noting.value = hasDraft(i) ? noting.peek() || (one.state === 'rejected' ? 'rejected' : 'redo') : ''; }, [i, stage.value]);
  useLayoutEffect(() => () => { noting.value = ''; }, []);
  const done = () => {
    noting.value = '';
    document.querySelector('.loupe')?.focus();
  };
  if (!noting.value || i !== current()) return null;
  return html`<div class="dock"><h3>${verb(noting.value, stage.value)} with a note</h3><${NoteForm} list=${[i]} verdict=${noting.value} docked onSent=${done}
    onCancel=${() => {
      done();
      if (hasDraft(i)) said.value = 'The note is kept and not sent.';
    }} /></div>`;
}
