// The matrix: the first axis in rows, sizes in columns, and the other axes inside them.
import { batch, html } from '../vendor/ui.js';
import { useBox } from './grid.js';
import { Icon, Ratio } from './icons.js';
import { board, clearFilters, cover, counts, filters, focus, home, picture, redrawn, side, stage, view, visible } from './store.js';
import { STATES, VERBS, label } from './words.js';

const ROW = 112;
const NAME = { wide: 180, narrow: 104 };
const LABELLED = 4;

function shape() {
  const { axes } = board;
  const sizes = Math.max(0, axes.findIndex((axis) => axis.name === 'size'));
  const down = axes.findIndex((_, k) => k !== sizes);
  const within = axes.map((_, k) => k).filter((k) => k !== sizes && k !== down);
  return { sizes, down: down < 0 ? sizes : down, within, flat: down < 0 };
}

// The combinations of the remaining axes, and the position of each cell.
function places({ sizes, down, within }) {
  const subs = new Map();
  const at = new Map();
  for (const cell of board.cells) {
    const key = within.map((k) => cell.at[k]).join('/');
    if (!subs.has(key)) subs.set(key, within.map((k) => board.axes[k].labels[cell.at[k]]).join(' · '));
    at.set(`${cell.at[down]}|${cell.at[sizes]}|${key}`, cell.i);
  }
  return { subs: [...subs.entries()], at };
}

export function Bar({ list }) {
  const found = { approved: 0, redo: 0, rejected: 0 };
  for (const i of list) {
    const one = side(i);
    if (one && found[one.state] !== undefined) found[one.state] += 1;
  }
  return html`<div class="bar" aria-hidden="true">${VERBS.map((state) => (found[state]
    ? html`<i class=${state} style=${{ width: `${(100 * found[state]) / list.length}%` }}></i>` : null))}</div>`;
}

function open(i) {
  batch(() => {
    if (!visible.value.includes(i)) clearFilters();
    focus.value = Math.max(0, visible.value.indexOf(i));
    home();
    view.value = 'loupe';
  });
}

function MatrixCell({ i }) {
  const one = i === undefined ? null : side(i);
  if (!one) return html`<div class="mcell none"></div>`;
  const cell = board.cells[i];
  const image = cover(one);
  const name = `${cell.title}, ${cell.rest.join(', ')}: ${label(one.state, stage.value)}`;
  return html`<button class=${`mcell is-${one.state}`} title=${name} aria-label=${name} onClick=${() => open(i)}>
    ${image ? html`<img src=${picture(image, 256)} alt="" decoding="async" />`
      : html`<span class="blank" style=${{ aspectRatio: `${cell.ratio[0]} / ${cell.ratio[1]}` }}></span>`}
    ${one.state === 'undecided' ? null : html`<span class=${`mb ${one.state}`}><${Icon} n=${STATES[one.state].icon} s=${11} /></span>`}
  </button>`;
}

export function Matrix() {
  const { element, box, y, setY } = useBox();
  redrawn.value;
  counts.value;
  const form = shape();
  const { subs, at } = places(form);
  const chosen = filters.value.axes;
  const keep = (axis, value) => chosen[axis] === undefined || chosen[axis] === null || chosen[axis] === value;
  const sizes = form.flat ? [0] : board.axes[form.sizes].values.map((_, k) => k).filter((k) => keep(form.sizes, k));
  const rows = board.axes[form.down].values.map((_, k) => k).filter((k) => keep(form.down, k));
  const shownSubs = subs.filter(([key]) => form.within.every((axis, n) => keep(axis, Number(key.split('/')[n]))));
  const columns = sizes.length * shownSubs.length;
  const name = box.wide < 620 ? NAME.narrow : NAME.wide;
  const template = `${name}px repeat(${columns}, minmax(74px, 1fr))`;
  const first = Math.max(0, Math.floor(y / ROW) - 2);
  const end = Math.min(rows.length, first + Math.ceil((box.high || 900) / ROW) + 5);
  const wide = { minWidth: `${name + 36 + columns * 80}px` };
  const cellsOf = (row) => sizes.flatMap((size) => shownSubs.map(([key]) => at.get(`${row}|${form.flat ? row : size}|${key}`)));
  return html`<div class="scroll matrix" ref=${element} tabindex="0" role="group" aria-label="Matrix"
      onScroll=${(event) => setY(Math.floor(event.currentTarget.scrollTop / ROW) * ROW)}>
    <div class="mtop" style=${wide}>
      <div class="mhead" style=${{ gridTemplateColumns: `${name}px repeat(${sizes.length}, ${shownSubs.length || 1}fr)` }}>
        <div class="mname">${board.axes[form.down].name}</div>
        ${form.flat ? html`<div></div>` : sizes.map((size) => html`<div class="msize"><${SizeBox} size=${size} />${board.axes[form.sizes].labels[size]}</div>`)}
      </div>
      ${shownSubs.length > 1 && shownSubs.length <= LABELLED ? html`<div class="msub" style=${{ gridTemplateColumns: template }}>
        <span></span>${sizes.map(() => shownSubs.map(([, text]) => html`<span title=${text}>${text}</span>`))}</div>` : null}
    </div>
    <div class="spacer" style=${{ height: `${rows.length * ROW + 20}px`, ...wide }}>${rows.slice(first, end).map((row, k) => {
      const list = cellsOf(row);
      const known = list.filter((i) => i !== undefined);
      return html`<div class="mrow" key=${row} style=${{ transform: `translateY(${(first + k) * ROW}px)`, gridTemplateColumns: template }}>
        <div class="mname"><b dir="auto">${board.axes[form.down].labels[row]}</b><${Bar} list=${known} /></div>
        ${list.map((i) => html`<${MatrixCell} i=${i} />`)}</div>`;
    })}</div></div>`;
}

function SizeBox({ size }) {
  const axis = board.axes.findIndex((one) => one.name === 'size');
  const cell = board.cells.find((one) => one.at[axis] === size);
  return cell ? html`<${Ratio} of=${cell.ratio} />` : null;
}
