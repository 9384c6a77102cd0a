// The top and bottom bars: stage, view, progress and credits.
import { html, useRef } from '../../vendor/ui.js';
import { copyLink } from '../state/address.js';
import { lookAtWaiting, waitingCells } from '../state/adfiles.js';
import { Icon } from '../shared/icons.js';
import { focusCard } from '../state/moves.js';
import { density, singleKeys, switchTheme } from '../state/prefs.js';
import { base, board, counts, dialog, drawer, cellsDue, figures, filters, lookAt, offline, running, selection, setFilters, setStage, stage } from '../state/store.js';
import { Grounds } from '../loupe/tools.js';
import { Hints, give } from './verdicts.js';
import { STATES, VERBS, number, plural, verb } from '../shared/words.js';

const logo = (node) => node?.replaceChildren(document.getElementById('logo').content.cloneNode(true));

function Choice({ on, icon, text, count, onClick }) {
  const title = count === undefined ? null : plural(count, 'cell');
  return html`<button class=${on ? 'on' : ''} aria-pressed=${on} title=${title} onClick=${onClick}>${icon ? html`<${Icon} n=${icon} s=${14} />` : null}
    <span>${text}</span>${count === undefined ? null : html`<small>${number(count)}</small>`}</button>`;
}

export const search = { element: null };

export function Top() {
  const field = useRef();
  search.element = field.current;
  const matrix = base.value === 'matrix';
  const { draft, final } = counts.value;
  const leave = (event) => {
    if (event.key !== 'Escape' && event.key !== 'Enter') return;
    event.target.blur();
    focusCard();
  };
  return html`<header class="top">
    <button class="btn ghost icon burger" aria-label="Filters" aria-expanded=${drawer.value} aria-controls="filters" onClick=${() => { drawer.value = !drawer.value; }}><${Icon} n="menu" /></button>
    <div class="brand"><span class="logo" ref=${logo} /><h1>${board.campaign}</h1></div>
    ${final.all ? html`<div class="seg" role="group" aria-label="Stage">
      <${Choice} on=${stage.value === 'draft'} text="Drafts" count=${draft.all} onClick=${() => setStage('draft')} />
      <${Choice} on=${stage.value === 'final'} text="Finals" count=${final.all} onClick=${() => setStage('final')} /></div>` : null}
    <div class="seg views" role="group" aria-label="View">
      <${Choice} on=${!matrix} icon="grid" text="Grid" onClick=${() => lookAt('grid')} />
      <${Choice} on=${matrix} icon="table" text="Matrix" onClick=${() => lookAt('matrix')} /></div>
    <label class="search"><${Icon} n="search" s=${14} /><input ref=${(element) => { field.current = element; search.element = element; }} type="search" placeholder="Search" aria-label="Search names, prompts, headlines and notes"
      value=${filters.value.text} onInput=${(event) => setFilters({ text: event.target.value })} onKeyDown=${leave} /><kbd>/</kbd></label>
    <div class="spring"></div>
    <${Grounds} /><label class="dens"><${Icon} n="sliders" s=${14} /><input type="range" min="0" max="2" step="1" value=${density.value} aria-label="Thumbnail size"
      onInput=${(event) => density.keep(Number(event.target.value))} /></label>
    <button class="btn ghost icon" aria-label="Copy link" title="Copy link (L)" onClick=${copyLink}><${Icon} n="link" /></button>
    <button class="btn ghost icon theme" aria-label="Switch between light and dark" onClick=${switchTheme}><${Icon} n="sun" /></button>
    <button class="btn ghost icon" aria-label="Keyboard and settings" onClick=${() => { dialog.value = { kind: 'help' }; }}><${Icon} n="help" /></button></header>`;
}

function Progress() {
  const count = counts.value[stage.value];
  const total = count.all || 1;
  const decided = VERBS.reduce((sum, state) => sum + (count[state] ?? 0), 0);
  const now = running.value;
  const left = (counts.value[now?.stage]?.rendering ?? 0) + (counts.value[now?.stage]?.waiting ?? 0);
  return html`<div class="prog"><div class="pt"><span><b>${number(decided)}</b> of ${plural(count.all ?? 0, 'cell')} decided</span>
      ${now ? html`<span class="live"><i></i>Rendering ${now.stage === 'final' ? 'finals' : 'drafts'}${left ? `, ${plural(left, 'cell')} to go` : ''}</span>` : null}
      ${offline.value ? html`<span class="live off"><i></i>Connection lost, trying again</span>` : null}</div>
    <div class="pbar" role="progressbar" aria-valuenow=${decided} aria-valuemin="0" aria-valuemax=${count.all ?? 0} aria-label="Cells decided">
      ${VERBS.map((state) => html`<i class=${state} style=${{ width: `${(100 * (count[state] ?? 0)) / total}%` }}></i>`)}</div></div>`;
}

// Verdicts for the lit cell, and other keys, where there is room.
function Shortcuts() {
  return html`<div class="hints"><${Hints} />${singleKeys.value ? html`<span aria-hidden="true"><kbd>J</kbd>next</span><span aria-hidden="true"><kbd>?</kbd>all keys</span>` : null}</div>`;
}

function Selection() {
  const chosen = selection.value.size;
  return html`<div class="selbar"><b>${number(chosen)} selected</b>${VERBS.map((state) => html`
    <button key=${state} class=${`btn sm ${state}`} onClick=${() => give(state)}><${Icon} n=${STATES[state].icon} s=${14} />${verb(state, stage.value)}<kbd>${STATES[state].key}</kbd></button>`)}
    <button class="btn ghost sm" onClick=${() => { selection.value = new Set(); }}>Clear<kbd>Esc</kbd></button></div>`;
}

// Credits spent, the price of a launch of finals, and the button for it. The server computes the
// price, since images that several cells share are paid for once.
function Money() {
  const { draft } = counts.value;
  const { stages } = board;
  const due = cellsDue.value;
  const { final } = figures.value.stages;
  return html`<div class="money">
      <div class="spent"><span>Spent</span><b>${figures.value.spent.text}</b></div>
      ${stages.final ? html`<div class="ahead"><span>Finals to launch</span><b>${plural(final.images_to_buy ?? 0, 'image')} = ${final.cost_ahead ?? 0}</b></div>` : null}
      <small>${board.play ? 'play credits' : board.unit}</small></div>
    ${draft.redo && stage.value === 'draft' ? html`<button class="btn redo-round" onClick=${() => { dialog.value = { kind: 'launch', stage: 'draft' }; }}>
      <${Icon} n="redo" s=${14} /><span>Redo ${plural(draft.redo, 'cell')}</span></button>` : null}
    ${stages.final ? html`<button class="btn primary" disabled=${!due || Boolean(running.value)}
        title=${running.value ? 'A run is in progress' : due ? null : 'Approve drafts first: each approval gets a final'} onClick=${() => { dialog.value = { kind: 'launch', stage: 'final' }; }}>
      <span>Launch finals</span><${Icon} n="right" s=${14} /></button>` : null}`;
}

// Ad files that wait for an approval.
function Waiting() {
  const count = waitingCells.value.length;
  if (!count || filters.value.look) return null;
  return html`<button class="btn look" onClick=${lookAtWaiting}><${Icon} n="frame" s=${14} /><b>${number(count)}</b><span>${count === 1 ? 'ad file' : 'ad files'} to look at</span></button>`;
}

export function Bottom() {
  return html`<footer class=${`bottom${selection.value.size ? ' selmode' : ''}`}>
    ${selection.value.size ? html`<${Selection} />` : html`<${Progress} /><${Shortcuts} />`}<div class="spring"></div><${Waiting} /><${Money} /></footer>`;
}
