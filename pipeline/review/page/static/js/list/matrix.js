// The matrix: the first axis in rows, sizes in columns, and the other axes inside them.
import { batch, html, useLayoutEffect } from '../../vendor/ui.js';
import { Look } from './card.js';
import { Empty, useBox } from './grid.js';
import { MOST_ROWS, printing } from './printing.js';
import { Icon, Ratio } from '../shared/icons.js';
import { focusCard, matrix, scrollToFocus } from '../state/moves.js';
import {
  board, cover, counts, current, home, light, lookClosely, picture, redrawn, selection, side, stage, visible,
} from '../state/store.js';
import { STATES, VERBS, label } from '../shared/words.js';

const ROW = 112;
const NAME = { wide: 180, narrow: 104 };
const LABELLED = 4;
// What the fixed head covers of the rows below it.
const HEAD = { plain: 44, labelled: 70 };

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

function Bar({ list }) {
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
    light(i);
    home();
    lookClosely();
  });
}

function MatrixCell({ i, focused }) {
  const one = i === undefined ? null : side(i);
  if (!one) return html`<div class="mcell none"></div>`;
  const cell = board.cells[i];
  const image = cover(one);
  const name = `${cell.title}, ${cell.rest.join(', ')}: ${label(one.state, stage.value)}`;
  const classes = ['mcell', `is-${one.state}`, focused && 'focus', selection.value.has(i) && 'sel'].filter(Boolean).join(' ');
  const onFocus = () => {
    if (current() === i) return;
    light(i);
    home();
  };
  return html`<button id=${`m${i}`} class=${classes} tabindex=${focused ? 0 : -1} title=${name} aria-label=${name} onClick=${() => open(i)} onFocus=${onFocus}>
    ${image ? html`<img src=${picture(image, 256)} alt="" decoding="async" />`
      : html`<span class="blank" style=${{ aspectRatio: `${cell.ratio[0]} / ${cell.ratio[1]}` }}></span>`}
    ${one.state === 'undecided' ? null : html`<span class=${`mb ${one.state}`}><${Icon} n=${STATES[one.state].icon} s=${11} /></span>`}
    <${Look} i=${i} small /></button>`;
}

// Rows and columns of the cells that the filters show; a gap where they leave a cell out.
function shownRows(form) {
  const { subs, at } = places(form);
  const shown = new Set(visible.value);
  const sizes = form.flat ? [0] : board.axes[form.sizes].values.map((_, k) => k);
  const cell = (row, size, key) => {
    const i = at.get(`${row}|${form.flat ? row : size}|${key}`);
    return shown.has(i) ? i : undefined;
  };
  const all = board.axes[form.down].values.map((_, row) => row);
  const used = (size, key) => all.some((row) => cell(row, size, key) !== undefined);
  const usedSubs = subs.filter(([key]) => sizes.some((size) => used(size, key)));
  const usedSizes = sizes.filter((size) => usedSubs.some(([key]) => used(size, key)));
  const rows = all
    .map((row) => ({ row, list: usedSizes.flatMap((size) => usedSubs.map(([key]) => cell(row, size, key))) }))
    .filter(({ list }) => list.some((i) => i !== undefined));
  return { rows, sizes: usedSizes, subs: usedSubs };
}

export function Matrix() {
  const { element, box, y, setY } = useBox();
  redrawn.value;
  counts.value;
  const form = shape();
  const { rows, sizes, subs } = shownRows(form);
  const head = subs.length > 1 && subs.length <= LABELLED ? HEAD.labelled : HEAD.plain;
  Object.assign(matrix, { rowHeight: ROW, head, rows: rows.map(({ list }) => list) });
  useLayoutEffect(() => {
    matrix.scroller = element.current;
    scrollToFocus();
    focusCard();
    return () => { if (matrix.scroller === element.current) matrix.scroller = null; };
  }, [rows.length > 0]);
  if (!rows.length) return html`<div class="scroll matrix" ref=${element}><${Empty} /></div>`;
  const lit = current();
  const columns = sizes.length * subs.length;
  const name = box.wide < 620 ? NAME.narrow : NAME.wide;
  const template = `${name}px repeat(${columns}, minmax(74px, 1fr))`;
  const all = printing.value;
  const first = all ? 0 : Math.max(0, Math.floor(y / ROW) - 2);
  const end = Math.min(rows.length, all ? MOST_ROWS : first + Math.ceil((box.high || 900) / ROW) + 5);
  const wide = { minWidth: `${name + 36 + columns * 80}px` };
  return html`<div class="scroll matrix" ref=${element} role="group" aria-label="Matrix"
      onScroll=${(event) => setY(Math.floor(event.currentTarget.scrollTop / ROW) * ROW)}>
    <div class="mtop" style=${wide}>
      <div class="mhead" style=${{ gridTemplateColumns: `${name}px repeat(${sizes.length}, ${subs.length || 1}fr)` }}>
        <div class="mname">${board.axes[form.down].name}</div>
        ${form.flat ? html`<div></div>` : sizes.map((size) => html`<div class="msize"><${SizeBox} size=${size} />${board.axes[form.sizes].labels[size]}</div>`)}
      </div>
      ${subs.length > 1 && subs.length <= LABELLED ? html`<div class="msub" style=${{ gridTemplateColumns: template }}>
        <span></span>${sizes.map(() => subs.map(([, text]) => html`<span title=${text}>${text}</span>`))}</div>` : null}
    </div>
    <div class="spacer" style=${{ height: `${rows.length * ROW + 20}px`, ...wide }}>${rows.slice(first, end).map(({ row, list }, k) => html`
      <div class="mrow" key=${row} style=${{ transform: `translateY(${(first + k) * ROW}px)`, gridTemplateColumns: template }}>
        <div class="mname"><b dir="auto">${board.axes[form.down].labels[row]}</b><${Bar} list=${list.filter((i) => i !== undefined)} /></div>
        ${list.map((i, at) => html`<${MatrixCell} key=${at} i=${i} focused=${i !== undefined && i === lit} />`)}</div>`)}</div></div>`;
}

function SizeBox({ size }) {
  const axis = board.axes.findIndex((one) => one.name === 'size');
  const cell = board.cells.find((one) => one.at[axis] === size);
  return cell ? html`<${Ratio} of=${cell.ratio} />` : null;
}
