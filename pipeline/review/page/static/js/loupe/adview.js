// An ad file beside its picture: the window, the safe zone, what was extended, and boxes.
import { html, useEffect, useRef, useState } from '../../vendor/ui.js';
import { answer, discard, drawing, editable, file, framed, keep, move, save, saved, trial, windowAt, windowNow } from '../state/adfiles.js';
import { Icon } from '../shared/icons.js';
import { marks } from '../state/prefs.js';
import { picture } from '../state/store.js';

const RIM = 0.012;
const STRIP = 1.9;
const STEP = { small: 0.005, large: 0.05 };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const adPicture = (one) => (one.image ? `/adfile/${one.image}/file` : `/adfile/${one.recipe}/preview`);

const percent = (value) => `${Math.round(value * 100)} %`;
const place = ([x, y, w, h]) => ({ left: `${x * 100}%`, top: `${y * 100}%`, width: `${w * 100}%`, height: `${h * 100}%` });

// A box of the source in shares of the ad file.
const inFile = ([x, y, w, h], [wx, wy, ww, wh]) => [(x - wx) / ww, (y - wy) / wh, w / ww, h / wh];

function Box({ of, kind, text }) {
  return html`<i class=${`admark ${kind}`} style=${place(of)}>${text ? html`<b>${text}</b>` : null}</i>`;
}

function boxes(one) {
  const kept = trial.value ? trial.value.keep : saved()?.keep;
  return { copy: one.copy ?? [], product: one.product, kept: kept ?? [] };
}

// The parts of the ad file that lie beyond the picture.
function beyond(window) {
  const [x, y, w, h] = inFile([0, 0, 1, 1], window);
  const [left, top, right, bottom] = [Math.max(0, x), Math.max(0, y), Math.min(1, x + w), Math.min(1, y + h)];
  return [[0, 0, 1, top], [0, bottom, 1, 1 - bottom], [0, top, left, bottom - top], [right, top, 1 - right, bottom - top]]
    .filter((part) => part[2] > 0.001 && part[3] > 0.001);
}

function Marks({ one, safe }) {
  const shown = marks.value;
  const { copy, product } = boxes(one);
  const [top, right, bottom, left] = safe;
  const zoned = safe.some(Boolean);
  return html`<div class="admarks" aria-hidden="true">
    ${shown.extended ? beyond(one.window).map((part) => html`<${Box} of=${part} kind="beyond" />`) : null}
    ${shown.safe && zoned ? html`<${Box} of=${[left, top, 1 - left - right, 1 - top - bottom]} kind="safe" text="safe zone" />` : null}
    ${shown.boxes ? copy.map((box) => html`<${Box} of=${inFile(box, one.window)} kind="copy" />`) : null}
    ${shown.boxes && product ? html`<${Box} of=${inFile(product, one.window)} kind="product" />` : null}
  </div>`;
}

// The largest size at which a picture fits, at most one pixel of the file for one of the screen.
function useFit(pixels) {
  const element = useRef();
  const [size, setSize] = useState(null);
  useEffect(() => {
    const measure = () => {
      const { clientWidth, clientHeight } = element.current;
      const scale = Math.min(1 / devicePixelRatio, clientWidth / pixels[0], clientHeight / pixels[1]);
      setSize({ width: `${pixels[0] * scale}px`, height: `${pixels[1] * scale}px`, scale: scale * devicePixelRatio });
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [pixels[0], pixels[1]]);
  return { element, size };
}

function Result({ safe, title }) {
  const one = framed.value;
  const { element, size } = useFit(one.pixels);
  const refused = one.refused || (trial.value && answer.value && !answer.value.ok && answer.value.message);
  const style = size ? { width: size.width, height: size.height } : { visibility: 'hidden' };
  return html`<figure class="adpane result"><div class="adroom" ref=${element}>
      ${refused ? html`<div class="adrefused" role="alert"><${Icon} n="alert" s=${20} /><p>${refused}</p></div>`
    : html`<div class="adframe" style=${style}><img src=${adPicture(one)} alt=${`Ad file ${title}`} draggable="false" /><${Marks} one=${one} safe=${safe} /></div>`}</div>
    <figcaption>${one.pixels[0]} × ${one.pixels[1]}${size && size.scale < 0.995 ? html` <span>shown at ${percent(size.scale)}</span>` : html` <span>real pixels</span>`}</figcaption></figure>`;
}

// The part of the plane that shows the whole picture and the whole window, in shares of the picture.
function extent([x, y, w, h]) {
  const [left, top] = [Math.min(0, x), Math.min(0, y)];
  const [wide, high] = [Math.max(1, x + w) - left, Math.max(1, y + h) - top];
  return [left - wide * RIM, top - high * RIM, wide * (1 + 2 * RIM), high * (1 + 2 * RIM)];
}

// Drag the window, or draw a box: in shares of the picture, by the scale at the start.
function useDrag(view, onDrawn) {
  const [rubber, setRubber] = useState(null);
  const start = (event) => {
    if (event.button || !editable.value) return;
    const box = event.currentTarget.closest('.adplane').getBoundingClientRect();
    const [left, top, wide, high] = view.current;
    const at = (now) => [left + ((now.clientX - box.left) / box.width) * wide, top + ((now.clientY - box.top) / box.height) * high];
    const from = at(event);
    const draws = drawing.value;
    const { focus } = chosen();
    let drawn = null;
    const drag = (now) => {
      const to = at(now);
      if (!draws) {
        move({ focus: [focus[0] + to[0] - from[0], focus[1] + to[1] - from[1]] });
        return;
      }
      const [a, b] = [from, to].map((point) => point.map((value) => Math.min(1, Math.max(0, value))));
      drawn = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.abs(a[0] - b[0]), Math.abs(a[1] - b[1])];
      setRubber(drawn);
    };
    const drop = () => {
      removeEventListener('pointermove', drag);
      removeEventListener('pointerup', drop);
      removeEventListener('pointercancel', drop);
      setRubber(null);
      if (drawn && drawn[2] > 0.01 && drawn[3] > 0.01) onDrawn(drawn);
    };
    addEventListener('pointermove', drag);
    addEventListener('pointerup', drop);
    addEventListener('pointercancel', drop);
  };
  return { rubber, start };
}

// The window that is tried, else the one that is shown, as focus and zoom.
function chosen() {
  const now = trial.value;
  return now?.focus && now.zoom ? now : windowNow();
}

function onWindowKey(event) {
  const arrow = ARROWS[event.key];
  const by = event.shiftKey ? STEP.large : STEP.small;
  const { focus, zoom } = chosen();
  if (arrow) move({ focus: [focus[0] + arrow[0] * by, focus[1] + arrow[1] * by] });
  else if (event.key === '+' || event.key === '=') move({ zoom: zoom / (1 + by * 4) });
  else if (event.key === '-') move({ zoom: zoom * (1 + by * 4) });
  else if (event.key === 'Enter' && trial.value) save();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

// The window as it is dragged now, before the server has answered.
function around([ax, ay, aw, ah], [bx, by, bw, bh]) {
  const [x, y] = [Math.min(ax, bx), Math.min(ay, by)];
  return [x, y, Math.max(ax + aw, bx + bw) - x, Math.max(ay + ah, by + bh) - y];
}

function shownWindow(one) {
  const now = trial.value;
  return now?.focus && now.zoom ? windowAt(one, now) : framed.value.window;
}

function Source({ cell }) {
  const one = file.value;
  const window = shownWindow(one);
  const view = useRef([0, 0, 1, 1]);
  // While windows are tried, the plane only grows: otherwise the picture would jump about.
  view.current = trial.value ? around(view.current, extent(window)) : extent(window);
  const [left, top, w, h] = view.current;
  const pixels = [one.source.width * w, one.source.height * h];
  const { element, size } = useFit(pixels);
  const { rubber, start } = useDrag(view, (box) => {
    drawing.value = false;
    keep([...(trial.value?.keep ?? saved()?.keep ?? []), box.map((value) => Math.round(value * 1e4) / 1e4)]);
  });
  const inPlane = ([bx, by, bw, bh]) => [(bx - left) / w, (by - top) / h, bw / w, bh / h];
  const { copy, product, kept } = boxes(one);
  const shown = marks.value;
  const style = size ? { width: size.width, height: size.height } : { visibility: 'hidden' };
  const [cx, cy] = [window[0] + window[2] / 2, window[1] + window[3] / 2];
  const name = `Window, its middle at ${percent(cx)} from the left and ${percent(cy)} from the top`;
  return html`<figure class=${`adpane source${drawing.value ? ' drawing' : ''}`}><div class="adroom" ref=${element}>
      <div class="adplane" style=${style} onPointerDown=${(event) => drawing.value && start(event)}>
        <img src=${picture(one.source.image, 'full')} style=${place(inPlane([0, 0, 1, 1]))} alt=${`The picture of ${cell.title}`} draggable="false" />
        <div class="admarks" aria-hidden="true">
          ${shown.boxes ? copy.map((box) => html`<${Box} of=${inPlane(box)} kind="copy" />`) : null}
          ${shown.boxes && product ? html`<${Box} of=${inPlane(product)} kind="product" />` : null}
        </div>
        ${editable.value ? html`<button class="adwindow" id="adwindow" style=${place(inPlane(window))} aria-label=${name} aria-describedby="adwindow-help"
            onPointerDown=${(event) => { if (!drawing.value) start(event); }} onKeyDown=${onWindowKey}></button>`
    : html`<i class="adwindow" style=${place(inPlane(window))}></i>`}
        ${kept.map((box, k) => html`<${Box} key=${k} of=${inPlane(box)} kind="keep" text=${kept.length > 1 ? `keep ${k + 1}` : 'keep'} />`)}
        ${rubber ? html`<${Box} of=${inPlane(rubber)} kind="keep" />` : null}
      </div></div>
    <figcaption>${drawing.value ? 'Drag a box round what must stay whole' : html`Picture ${one.source.width} × ${one.source.height}`}</figcaption></figure>`;
}

const LAYERS = [['safe', 'Safe zone'], ['extended', 'Extended'], ['boxes', 'Copy and product']];

function Layers({ safe }) {
  const one = framed.value;
  const has = { safe: safe.some(Boolean), extended: beyond(one.window).length > 0, boxes: (one.copy?.length ?? 0) > 0 || Boolean(one.product) };
  return html`<div class="layers" role="group" aria-label="Show on the pictures">${LAYERS.map(([name, text]) => html`
    <button key=${name} class=${`layer ${name}`} aria-pressed=${marks.value[name] && has[name]} disabled=${!has[name]}
      onClick=${() => marks.keep({ ...marks.value, [name]: !marks.value[name] })}><i></i>${text}</button>`)}</div>`;
}

function Unsaved() {
  if (!trial.value) return null;
  return html`<div class="unsaved" role="status"><span>Not saved yet</span>
    <button class="btn ghost sm" onClick=${discard}>Discard<kbd>Esc</kbd></button><button class="btn primary sm" onClick=${save}>Save the window<kbd>↵</kbd></button></div>`;
}

export function AdPanes({ cell, placement, narrow, side }) {
  const one = framed.value;
  if (!one?.window) {
    return html`<div class="adpanes one"><div class="adrefused" role="alert"><${Icon} n="alert" s=${20} /><p>${one?.refused ?? ''}</p></div></div>`;
  }
  const both = !narrow;
  const strip = one.pixels[0] / one.pixels[1] > STRIP;
  return html`<div class=${`adpanes${both ? '' : ' one'}${both && strip ? ' strip' : ''}`}>
    ${both || side === 'picture' ? html`<${Source} cell=${cell} />` : null}
    ${both || side === 'file' ? html`<${Result} safe=${placement.safe} title=${placement.title} />` : null}
    <div class="adbar"><${Layers} safe=${placement.safe} /><${Unsaved} /></div>
    <p class="sr" id="adwindow-help">Arrow keys move the window, with Shift in larger steps. Plus and minus make it closer or wider. Enter saves, Escape discards.</p></div>`;
}
