// The buttons of the verdicts: in the inspector, on the card under the pointer, and in the bottom bar.
import { batch, html } from '../../vendor/ui.js';
import { act } from '../state/decide.js';
import { Icon } from '../shared/icons.js';
import { askNote } from '../loupe/notes.js';
import { current, home, light, side, stage, targets, variant } from '../state/store.js';
import { STATES, VERBS, verb } from '../shared/words.js';

// A verdict that holds is taken back by its own button; an approval of another take is not this one.
const holds = (one, state) => one?.state === state && (state !== 'approved' || one.take === variant.value + 1);

// Give a verdict by a button: a redo asks for its note first.
export function give(state, one) {
  if (holds(one, state)) act('undecided');
  else if (state === 'redo') askNote(state);
  else act(state);
}

export function Verdict({ one }) {
  return html`<div class="verdict" role="group" aria-label="Verdict">${VERBS.map((state) => html`
    <button key=${state} class=${`vb ${state}${holds(one, state) ? ' on' : ''}`} aria-pressed=${holds(one, state)} onClick=${() => give(state, one)}>
      <${Icon} n=${STATES[state].icon} s=${18} />${verb(state, stage.value)}<kbd>${STATES[state].key}</kbd></button>`)}</div>`;
}

// On a card; the keyboard has keys for the same.
export function Quick({ i, one }) {
  const decide = (event, state) => {
    event.stopPropagation();
    batch(() => {
      if (i === current()) return;
      light(i);
      home();
    });
    const lit = one.state === state && i === current() ? one : null;
    if (holds(lit, state)) act('undecided', { wanted: [i] });
    else if (state === 'redo') askNote(state, [i]);
    else act(state, { wanted: [i] });
  };
  return html`<div class="quick">${VERBS.map((state) => html`<button key=${state} type="button" tabindex="-1" class=${`${state}${one.state === state ? ' on' : ''}`} aria-label=${verb(state, stage.value)} title=${verb(state, stage.value)}
    onPointerDown=${(event) => event.preventDefault()} onClick=${(event) => decide(event, state)} onDblClick=${(event) => event.stopPropagation()}><${Icon} n=${STATES[state].icon} s=${15} /></button>`)}</div>`;
}

// In the bottom bar, for the lit cell: every view of a list has them.
export function Hints() {
  const [i] = targets();
  const one = i === undefined ? null : side(i);
  return html`${VERBS.map((state) => html`<button key=${state} type="button" class=${`hint ${state}`} aria-pressed=${holds(one, state)} disabled=${!one} onPointerDown=${(event) => event.preventDefault()} onClick=${() => give(state, one)}>
    <kbd>${STATES[state].key}</kbd>${verb(state, stage.value).toLowerCase()}</button>`)}`;
}
