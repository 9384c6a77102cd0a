// The strip of cells below the loupe.
import { batch, html } from '../../vendor/ui.js';
import { Icon } from '../shared/icons.js';
import { board, cover, focus, go, picture, side, visible } from '../state/store.js';
import { STATES, label } from '../shared/words.js';

const WIDE = 86;
const EDGES = 18;

export function Film() {
  const shown = visible.value;
  // Whole thumbs only, so that the last one is not cut off.
  const fits = Math.max(1, Math.floor((innerWidth - EDGES) / WIDE));
  const first = Math.max(0, Math.min(shown.length - fits, focus.value - (fits >> 1)));
  return html`<div class="film">${shown.slice(first, first + fits).map((i, k) => {
    const position = first + k;
    const cell = board.cells[i];
    const one = side(i);
    if (!one) return null;
    const image = cover(one);
    const name = `${cell.title}, ${cell.rest.join(', ')}: ${label(one.state, 'draft')}`;
    return html`<button key=${i} tabindex="-1" data-cell=${i} class=${`fi is-${one.state}${position === focus.value ? ' on' : ''}`} aria-label=${name}
      aria-current=${position === focus.value ? 'true' : null} onClick=${() => batch(() => go(position))}>
      ${image ? html`<img src=${picture(image, 256)} alt="" />` : html`<${Icon} n=${STATES[one.state].icon} s=${16} />`}<i></i></button>`;
  })}</div>`;
}
