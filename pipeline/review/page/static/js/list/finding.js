// What the list is limited to: words found in prompts and values by the server, and chips that show it.
import { effect, html } from '../../vendor/ui.js';
import { get } from '../state/api.js';
import { Icon } from '../shared/icons.js';
import { board, clearFilters, filtered, filters, found, light, current, setFilters, stage, toggled, visible } from '../state/store.js';
import { label, number } from '../shared/words.js';

const PAUSE = 120;

// Ask the server for the cells whose prompt or values have the words; the page itself has their names.
export function searchPrompts() {
  let timer = 0;
  let asked = '';
  effect(() => {
    const text = filters.value.text.trim();
    const which = stage.value;
    clearTimeout(timer);
    asked = `${which} ${text}`;
    if (!text) {
      found.value = null;
      return;
    }
    const mine = asked;
    timer = setTimeout(async () => {
      const reply = await get(`/search?${new URLSearchParams({ q: text, stage: which })}`);
      if (mine !== asked || !reply.ok) return;
      const lit = current();
      found.value = new Set(reply.cells);
      light(lit);
    }, PAUSE);
  });
}

function Chip({ text, onClick }) {
  return html`<button type="button" class="fchip" aria-label=${`Remove the filter ${text}`} onClick=${onClick}><span dir="auto">${text}</span><${Icon} n="x" s=${11} /></button>`;
}

// The filters that apply, each with a way to remove it.
export function FilterChips() {
  if (!filtered.value) return null;
  const { states, axes, text, look } = filters.value;
  const values = Object.entries(axes).flatMap(([axis, some]) => some.map((at) => [Number(axis), at]));
  const words = text.trim();
  return html`<div class="fchips" role="group" aria-label="Filters that apply"><span class="fcount">${number(visible.value.length)} shown</span>
    ${states.map((one) => html`<${Chip} key=${one} text=${label(one, stage.value)} onClick=${() => setFilters({ states: toggled(states, one) })} />`)}
    ${values.map(([axis, at]) => html`<${Chip} key=${`${axis}/${at}`} text=${board.axes[axis].labels[at]} onClick=${() => setFilters({ axes: { ...axes, [axis]: toggled(axes[axis], at) } })} />`)}
    ${look ? html`<${Chip} text="Ad files to look at" onClick=${() => setFilters({ look: false })} />` : null}
    ${words ? html`<${Chip} text=${`“${words}”`} onClick=${() => setFilters({ text: '' })} />` : null}
    <button type="button" class="fclear" onClick=${clearFilters}>Clear</button></div>`;
}
