// The filters: one per state, then every axis with the number of undecided cells.
import { html, useState } from '../../vendor/ui.js';
import { Icon, Ratio } from '../shared/icons.js';
import { waitingCells } from '../state/adfiles.js';
import { board, counts, drawer, filters, peek, redrawn, setFilters, stage, toggled } from '../state/store.js';
import { ALWAYS, Dot, SOMETIMES, label, number } from '../shared/words.js';

const SHOWN = 8;

function States() {
  const count = counts.value[stage.value];
  const chosen = filters.value.states;
  const states = [...ALWAYS, ...SOMETIMES.filter((one) => count[one])];
  return html`<section class="facet st"><h2>Status</h2>
    <button class=${`fb${chosen.length ? '' : ' on'}`} aria-pressed=${!chosen.length} onClick=${() => setFilters({ states: [] })}>
      <span class="sd all"></span><span class="fl">All</span><span class="fc">${number(count.all ?? 0)}</span></button>
    ${states.map((one) => html`<button key=${one} class=${`fb${chosen.includes(one) ? ' on' : ''}`} aria-pressed=${chosen.includes(one)}
        onClick=${() => setFilters({ states: toggled(chosen, one) })}>
      <${Dot} state=${one} /><span class="fl">${label(one, stage.value)}</span><span class="fc">${number(count[one] ?? 0)}</span></button>`)}
    ${stage.value === 'final' && (waitingCells.value.length || filters.value.look) ? html`<button class=${`fb${filters.value.look ? ' on' : ''}`} aria-pressed=${filters.value.look}
        onClick=${() => setFilters({ look: !filters.value.look })}><span class="sd look"><${Icon} n="frame" s=${11} /></span><span class="fl">Ad files to look at</span><span class="fc">${number(waitingCells.value.length)}</span></button>` : null}
  </section>`;
}

function tally(axis) {
  const total = board.axes[axis].values.map(() => 0);
  const open = total.slice();
  for (const cell of board.cells) {
    const one = peek(cell.i, stage.value);
    if (!one) continue;
    total[cell.at[axis]] += 1;
    if (!['approved', 'redo', 'rejected'].includes(one.state)) open[cell.at[axis]] += 1;
  }
  return { total, open };
}

function Facet({ axis }) {
  const [all, showAll] = useState(false);
  counts.value;
  redrawn.value;
  const { name, labels } = board.axes[axis];
  const chosen = filters.value.axes[axis] ?? [];
  const { total, open } = tally(axis);
  const pick = (at) => setFilters({ axes: { ...filters.value.axes, [axis]: toggled(chosen, at) } });
  const shown = labels.map((_, at) => at).filter((at) => total[at]).filter((at, k) => all || k < SHOWN || chosen.includes(at));
  const hidden = labels.filter((_, at) => total[at]).length - SHOWN;
  return html`<section class="facet"><h2>${name}</h2>
    ${shown.map((at) => html`<button key=${at} class=${`fb${chosen.includes(at) ? ' on' : ''}`} aria-pressed=${chosen.includes(at)} onClick=${() => pick(at)}>
      ${name === 'size' ? html`<${SizeGlyph} axis=${axis} at=${at} />` : null}<span class="fl" dir="auto" title=${labels[at]}>${labels[at]}</span>
      <span class="fm"><i style=${{ width: `${(100 * (total[at] - open[at])) / (total[at] || 1)}%` }}></i></span>
      <span class="fc">${open[at] || html`<${Icon} n="check" s=${12} /><span class="sr">all decided</span>`}</span></button>`)}
    ${hidden > 0 ? html`<button class="more" aria-expanded=${all} onClick=${() => showAll(!all)}>${all ? 'Fewer' : `${number(hidden)} more`}</button>` : null}
  </section>`;
}

function SizeGlyph({ axis, at }) {
  const cell = board.cells.find((one) => one.at[axis] === at);
  return cell ? html`<${Ratio} of=${cell.ratio} />` : null;
}

export function Side() {
  const open = drawer.value;
  return html`<nav class=${`side${open ? ' open' : ''}`} aria-label="Filters" id="filters">
    <${States} />${board.axes.map((axis, k) => (axis.values.length > 1 ? html`<${Facet} key=${axis.name} axis=${k} />` : null))}</nav>
    ${open ? html`<button class="scrim" aria-label="Close filters" onClick=${() => { drawer.value = false; }}></button>` : null}`;
}
