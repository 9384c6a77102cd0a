// The dialogs: the note of a redo, a launch with its price, keys and settings.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../../vendor/ui.js';
import { get, post } from '../state/api.js';
import { copy } from '../shared/copying.js';
import { settled } from '../state/decide.js';
import { Icon } from '../shared/icons.js';
import { focusCard } from '../state/moves.js';
import { NoteForm, cost } from '../loupe/notes.js';
import { autoNext, reviewer, singleKeys } from '../state/prefs.js';
import { board, counts, cover, dialog, peek, picture, stage, toast } from '../state/store.js';
import { number, plural, verb } from '../shared/words.js';

const MOST_NAMED = 4;

const close = () => { dialog.value = null; };

function Dialog({ kind, title, children }) {
  const element = useRef();
  // At once, so that the next key already goes to the dialog.
  useLayoutEffect(() => {
    const back = document.activeElement;
    element.current.showModal();
    element.current.querySelector('[autofocus]')?.focus();
    // Another cell may be lit by now than the one that the dialog was opened from.
    return () => (back?.matches?.('.card, .mcell') ? focusCard() : back?.focus?.({ preventScroll: true }));
  }, []);
  return html`<dialog class=${`dlg ${kind}`} ref=${element} aria-labelledby="dialog-title" onCancel=${close} onClose=${close}
    onClick=${(event) => { if (event.target === element.current) close(); }}><div class="dbody">
    ${title ? html`<h2 id="dialog-title" tabindex="-1" autofocus>${title}</h2>` : null}${children}</div></dialog>`;
}

function Note({ list, verdict }) {
  const cell = board.cells[list[0]];
  const image = cover(peek(list[0]));
  return html`<${Dialog} kind="note">
    <div class="drow">${image ? html`<img src=${picture(image, 256)} alt="" />` : null}<div>
      <h2 id="dialog-title">${verb(verdict, stage.value)} ${list.length > 1 ? plural(list.length, 'cell') : cell.title}</h2>
      <p>${list.length > 1 ? 'One note for the whole selection' : cell.rest.join(' · ')}${verdict === 'redo' ? ` · ${cost(list)}` : ''}</p></div></div>
    <${NoteForm} list=${list} verdict=${verdict} onSent=${close} onCancel=${close} /></${Dialog}>`;
}

function tightest(quote) {
  return quote.limits[0] ?? null;
}

function Meter({ quote }) {
  const limit = tightest(quote);
  if (!limit) return html`<p class="mtext">${board.play ? 'Play credits of the embedded engine: no budget applies.' : 'No budget is set for this campaign.'}</p>`;
  const total = limit.spent + quote.credits;
  const over = total > limit.limit;
  const share = (part) => ({ width: `${Math.min(100, (100 * part) / (limit.limit || 1))}%` });
  const { words } = limit;
  return html`<div class="meter" role="img" aria-label=${words}><i class="a" style=${share(limit.spent)}></i><i class="b" style=${share(quote.credits)}></i></div>
    <p class=${`mtext${over ? ' over' : ''}`}>${words}</p>`;
}

// What becomes of the cells that share an image with one that is redone.
function sharing(list) {
  const lines = list.slice(0, MOST_NAMED).map(({ cell, redone, decision }) => (decision === 'redo'
    ? html`<b>${cell}</b> shares the image of ${redone} and gets the new one too.`
    : html`<b>${cell}</b> is ${decision} and keeps the old image; ${redone} gets a new one.`));
  if (list.length > MOST_NAMED) lines.push(`And ${plural(list.length - MOST_NAMED, 'more cell')} with the same images.`);
  return lines;
}

function Warnings({ which, quote }) {
  const { draft } = counts.value;
  const lines = [];
  if (which === 'final') {
    if (draft.undecided) lines.push(html`<b>${number(draft.undecided)}</b> undecided ${draft.undecided === 1 ? 'cell gets' : 'cells get'} no final in this batch.`);
    if (draft.redo) lines.push(html`<b>${number(draft.redo)}</b> ${draft.redo === 1 ? 'redo waits' : 'redos wait'} for the next round of drafts.`);
    if (draft.stale) lines.push(html`<b>${number(draft.stale)}</b> ${draft.stale === 1 ? 'approval is' : 'approvals are'} stale and skipped: what was approved has changed.`);
    lines.push(quote.mode === 'refine'
      ? 'Finals refine the approved draft: the composition is kept as far as the provider can.'
      : quote.repeats ? 'The provider repeats the approved picture at full quality. Finals get their own review.'
        : 'The provider takes no seed: a final is a new picture of the same prompt. Finals get their own review.');
  } else {
    lines.push('Each redo renders all takes of its cell again, with the note in the prompt.');
  }
  lines.push(...sharing(quote.shared));
  return html`<ul class="warns">${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
}

function Command({ text }) {
  return html`<div class="cmd"><code tabindex="0">${text}</code><button class="btn ghost sm" aria-label="Copy the command" onClick=${() => copy(text, 'Copied')}><${Icon} n="copy" s=${14} /></button></div>`;
}

function Bill({ quote, which }) {
  const title = which === 'final' ? `Finals, ${board.stages.final?.quality} quality` : `Drafts, ${board.stages.draft?.quality} quality`;
  return html`<table><tbody>
    <tr><th scope="row">${which === 'final' ? 'Approved, not yet rendered' : 'To render'}</th><td>${plural(quote.cells, 'cell')}</td></tr>
    ${quote.lines.map((line) => html`<tr class="det"><th scope="row">${line.size}</th><td>${plural(line.count, 'image')} × ${line.cost}</td></tr>`)}
    <tr class="tot"><th scope="row">${title}, ${plural(quote.images, 'image')}</th><td>${quote.cost}</td></tr>
    ${quote.rerolls ? html`<tr><th scope="row">New takes of what misses a check, at most</th><td>${quote.rerolls_cost}</td></tr>` : null}
    <tr><th scope="row">Spent so far</th><td>${quote.spent_text}</td></tr></tbody></table>
    ${quote.images ? null : html`<p class="sub">Everything is rendered: nothing is due.</p>`}`;
}

function Launch({ which }) {
  const [quote, setQuote] = useState(null);
  const [notice, setNotice] = useState('');
  const [busy, setBusy] = useState(false);
  const read = async () => {
    await settled();
    setQuote(await get(`/quote/${which}`));
  };
  useEffect(() => { read(); }, []);
  const buy = async () => {
    setBusy(true);
    const reply = await post(which === 'final' ? '/finals' : '/drafts', { plan: quote.plan, credits: quote.credits, rerolls: quote.rerolls });
    setBusy(false);
    if (reply.ok) {
      close();
      toast.value = { text: `${which === 'final' ? 'Finals' : 'Drafts'} launched: ${quote.cost}`, state: 'approved' };
      return;
    }
    setNotice(reply.message || 'Nothing was spent.');
    if (reply.plan) setQuote({ ...reply, ok: true });
  };
  const title = which === 'final' ? 'Launch finals' : 'Render the next round';
  if (!quote?.ok) {
    return html`<${Dialog} kind="finals" title=${title}><p class="sub" role="status">${quote ? quote.message : 'Counting…'}</p>
      <div class="dbtn"><button class="btn ghost" onClick=${close}>Close</button></div></${Dialog}>`;
  }
  const limit = tightest(quote);
  const over = limit && limit.spent + quote.credits > limit.limit;
  return html`<${Dialog} kind="finals" title=${title}>
    <p class="sub">${which === 'final' ? 'Renders each approved pick again at full quality. Finals that are paid for are never bought twice.' : 'Renders drafts that were asked for again, and those not rendered yet.'}</p>
    <${Bill} quote=${quote} which=${which} /><${Meter} quote=${quote} /><${Warnings} which=${which} quote=${quote} />
    ${notice ? html`<p class="notice" role="alert">${notice}</p>` : null}
    ${board.spend ? null : html`<p class="notice calm">This link can give verdicts but cannot spend. To launch, run this command:</p>`}
    <${Command} text=${quote.command} />
    <div class="dbtn"><button class="btn ghost" onClick=${close}>Not yet</button>
      ${board.spend ? html`<button class="btn primary" disabled=${busy || !quote.cells || over} onClick=${buy}><${Icon} n="send" />Spend ${quote.cost}${quote.rerolls ? `, at most ${quote.most_cost}` : ''}</button>` : null}</div></${Dialog}>`;
}

const KEYS = [
  ['Decide', [['P', 'Approve the selected take'], ['1 – 9', 'Pick that take and approve'], ['R', 'Redo, with a note'], ['X', 'Reject'], ['Shift + X', 'Reject, and say why'], ['N', 'Comment, without a verdict'], ['U', 'Back to undecided'], ['Ctrl Z', 'Undo']]],
  ['Move', [['← → ↑ ↓', 'Cell to cell; ↑ ↓ take to take in the loupe'], ['J', 'Next undecided'], ['Home End', 'First, last'], ['Shift + arrow', 'Extend the selection'], ['Ctrl A', 'Select all shown']]],
  ['Find', [['/', 'Search'], ['F', 'Only undecided'], ['+ −', 'Thumbnail size'], ['?', 'This page']]],
  ['Look', [['Enter', 'Loupe, as Space'], ['C', 'Compare takes, a final and its draft, or the selected cells'], ['B', 'Rounds side by side'], ['S', 'Wipe'], ['Z', 'Real size'], ['+ −', 'Closer, farther'], ['G', 'Grid'], ['M', 'Matrix'], ['A', 'Ad file'], ['T', 'Drafts or finals'], ['L', 'Copy link'], ['Esc', 'Back']]],
  ['Ad file', [['P', 'Approve it for delivery'], ['U', 'Take that back'], ['W', 'To the window; arrows move it'], ['+ −', 'Closer, wider'], ['O', 'Marks on and off']]],
];

function Caps({ text }) {
  return text.split(' ').map((part) => (/^[–+]$/.test(part) && text !== '+ −' ? html`<span>${part}</span>` : html`<kbd>${part}</kbd>`));
}

function Help() {
  return html`<${Dialog} kind="help" title="Keyboard">
    <div class="kg">${KEYS.map(([title, list]) => html`<section key=${title}><h3>${title}</h3><dl>${list.map(([keys, words]) => html`<dt><${Caps} text=${keys} /></dt><dd>${words}</dd>`)}</dl></section>`)}</div>
    <div class="settings">
      <label class="chk"><input type="checkbox" checked=${singleKeys.value} onChange=${(event) => singleKeys.keep(event.target.checked)} />Single-key shortcuts</label>
      <label class="chk"><input type="checkbox" checked=${autoNext.value} onChange=${(event) => autoNext.keep(event.target.checked)} />Go to the next cell after a verdict</label>
      <label class="chk name">Verdicts are signed <input type="text" maxlength="60" value=${reviewer.value} placeholder=${board.me} onChange=${(event) => reviewer.keep(event.target.value.trim())} /></label></div>
    <div class="dbtn"><button class="btn ghost" onClick=${close}>Close<kbd>Esc</kbd></button></div></${Dialog}>`;
}

export function Dialogs() {
  const open = dialog.value;
  if (!open) return null;
  if (open.kind === 'note') return html`<${Note} list=${open.list} verdict=${open.verdict} />`;
  if (open.kind === 'launch') return html`<${Launch} which=${open.stage} />`;
  return html`<${Help} />`;
}
