// Two rounds of a cell side by side, with the request between them pinned on top.
import { html, useRef, useState } from '../../vendor/ui.js';
import { cellDetail } from '../state/detail.js';
import { Pane, arrangement, tracks, useRoom } from './panes.js';
import { wiping } from '../state/prefs.js';
import { variant } from '../state/store.js';
import { ago } from '../shared/words.js';
import { Wipe } from './wipe.js';

const stored = (take) => ({ image: take.image, wide: take.wide, status: 'stored', at: take.take - 1 });

function Request({ of: round }) {
  if (!round.by) return html`<span>${round.round === 1 ? 'As the campaign asked' : 'Asked for again'}</span>`;
  return html`<q dir="auto">${round.note || 'no note'}</q><span>${round.by} · ${ago(round.at)}</span>`;
}

function Side({ cell, round, takes, now, onReady }) {
  const element = useRef();
  const room = useRoom(element);
  const grid = arrangement(takes.map(() => cell.ratio[0] / cell.ratio[1]), room);
  return html`<section class="rside" aria-label=${`Round ${round.round}`}><header><b>Round ${round.round}</b><${Request} of=${round} /></header>
    <div class="rtakes" ref=${element} style=${tracks(grid)}>${takes.length ? takes.map((take) => html`
      <${Pane} key=${`${round.round}-${take.at}`} one=${take} cell=${cell} name=${`round ${round.round}, take ${take.at + 1}`} text=${takes.length > 1 ? take.at + 1 : ''}
        lit=${now && take.at === variant.value} onReady=${now && take.at === variant.value ? onReady : null} onClick=${() => { if (now) variant.value = take.at; }} />`)
    : html`<p class="adempty">No image of this round is stored.</p>`}</div></section>`;
}

export function Rounds({ cell, one, onReady }) {
  const [chosen, choose] = useState(0);
  const known = cellDetail.value;
  if (!known?.ok) return html`<div class="rounds"><p class="adempty" role="status">${known?.message ?? 'Reading the rounds…'}</p></div>`;
  const rounds = known.rounds ?? [];
  if (rounds.length < 2) return html`<div class="rounds"><p class="adempty">This cell is in its first round. Ask for a redo, and the rounds are shown side by side here.</p></div>`;
  const last = rounds.at(-1);
  const before = rounds.find((round) => round.round === chosen && round !== last) ?? rounds.at(-2);
  const takes = [before.takes.map(stored), one.takes.map((take, at) => ({ ...take, at }))];
  const shown = (list) => list.find((take) => take.at === variant.value) ?? list[0];
  const wipes = wiping.value && takes.every((list) => shown(list)?.image);
  return html`<div class="rounds">
    ${rounds.length > 2 ? html`<div class="seg which" role="group" aria-label="Round to compare with">${rounds.slice(0, -1).map((round) => html`
      <button key=${round.round} class=${round === before ? 'on' : ''} aria-pressed=${round === before} onClick=${() => choose(round.round)}>Round ${round.round}</button>`)}</div>` : null}
    ${wipes ? html`<section class="rside whole" aria-label="Both rounds"><header><b>Round ${last.round}</b><${Request} of=${last} /></header>
      <${Wipe} cell=${cell} before=${shown(takes[0])} after=${shown(takes[1])} names=${[`Round ${before.round}`, `Round ${last.round}`]} /></section>`
    : html`<${Side} cell=${cell} round=${before} takes=${takes[0]} /><${Side} cell=${cell} round=${last} takes=${takes[1]} now onReady=${onReady} />`}</div>`;
}
