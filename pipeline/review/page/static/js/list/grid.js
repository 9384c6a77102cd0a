// A virtual grid: one row height per thumb size, so that positions are computed and only visible
// rows are in the document.
import { html, useLayoutEffect, useRef, useState } from '../../vendor/ui.js';
import { Card } from './card.js';
import { scrolled } from '../state/scrolling.js';
import { Icon } from '../shared/icons.js';
import { grid, scrollToFocus } from '../state/moves.js';
import { density } from '../state/prefs.js';
import { MOST_ROWS, printing } from './printing.js';
import { clearFilters, counts, focus, selection, setStage, stage, variant, visible } from '../state/store.js';

const SIZES = [{ wide: 190, foot: 52 }, { wide: 262, foot: 54 }, { wide: 372, foot: 56 }];
const GAP = 14;
const OVER = 1;
// Width of a list on paper.
const PAPER = 698;

export function useBox() {
  const element = useRef();
  const [box, setBox] = useState({ wide: 0, high: 0 });
  const [y, setY] = useState(0);
  useLayoutEffect(() => {
    const measure = () => setBox({ wide: element.current.clientWidth, high: element.current.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element.current);
    measure();
    return () => observer.disconnect();
  }, []);
  return { element, box, y, setY };
}

export function Empty() {
  const none = !counts.value[stage.value].all;
  if (none && stage.value === 'final') {
    return html`<div class="empty"><${Icon} n="star" s=${28} /><h2>No finals yet</h2>
      <p>Approve drafts first; each approval gets its final here.</p>
      <button class="btn" onClick=${() => setStage('draft')}>Back to the drafts</button></div>`;
  }
  return html`<div class="empty"><${Icon} n="check" s=${28} /><h2>Nothing here</h2><p>No cells match the filters.</p>
    <button class="btn" onClick=${clearFilters}>Clear filters</button></div>`;
}

export function Grid() {
  const { element, box, y, setY } = useBox();
  useLayoutEffect(() => {
    grid.scroller = element.current;
    scrollToFocus();
    return () => { if (grid.scroller === element.current) grid.scroller = null; };
  }, []);
  const pad = box.wide < 620 ? 12 : 18;
  const { wide, foot } = SIZES[density.value];
  const all = printing.value;
  const inner = all ? PAPER : Math.max(200, box.wide - pad * 2);
  const columns = Math.max(1, Math.floor((inner + GAP) / (Math.min(all ? SIZES[0].wide * 0.8 : wide, inner) + GAP)));
  const cardWide = (inner - GAP * (columns - 1)) / columns;
  const high = Math.round(cardWide * 0.74);
  const rowHeight = high + foot + GAP;
  Object.assign(grid, { rowHeight, columns });

  const shown = visible.value;
  const rows = Math.ceil(shown.length / columns);
  const first = all ? 0 : Math.max(0, Math.floor(y / rowHeight) - OVER);
  // Nothing is drawn before its size is known; otherwise it would be drawn twice.
  const end = all ? Math.min(rows, MOST_ROWS) : box.wide ? Math.min(rows, Math.ceil((y + box.high) / rowHeight) + OVER + 1) : 0;
  const out = [];
  for (let row = first; row < end; row += 1) {
    const cells = [];
    for (let position = row * columns; position < Math.min(shown.length, (row + 1) * columns); position += 1) {
      const focused = position === focus.value;
      cells.push(html`<${Card} key=${shown[position]} i=${shown[position]} position=${position} focused=${focused}
        selected=${selection.value.has(shown[position])} wide=${cardWide} high=${high} hot=${focused ? variant.value : -2} />`);
    }
    out.push(html`<div key=${row} role="row" aria-rowindex=${row + 1} class="row" style=${{
      transform: `translateY(${row * rowHeight}px)`, height: `${rowHeight - GAP}px`,
      gridTemplateColumns: `repeat(${columns}, ${cardWide}px)`,
    }}>${cells}</div>`);
  }
  const onScroll = (event) => {
    const top = event.currentTarget.scrollTop;
    scrolled(top, box.high || 800);
    setY(Math.floor(top / rowHeight) * rowHeight);  // nothing to draw until another row comes into view
  };
  return html`<div class="scroll" ref=${element} onScroll=${onScroll} tabindex="-1">${shown.length
    ? html`<div class="spacer" role="grid" aria-label=${stage.value === 'final' ? 'Finals' : 'Drafts'} aria-rowcount=${rows}
        aria-colcount=${columns} aria-multiselectable="true" style=${{ height: `${rows * rowHeight + 18}px`, margin: `${pad}px ${pad}px 0` }}>${out}</div>`
    : html`<${Empty} />`}</div>`;
}
