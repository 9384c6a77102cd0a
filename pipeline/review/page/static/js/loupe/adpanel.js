// The inspector of an ad file: flags, approval, window, facts, and the same subject elsewhere.
import { html, useEffect } from '../../vendor/ui.js';
import {
  answer, approve, automatic, detail, drawing, editable, file, format, framed, keep, saved, siblings, together, trial, zoomBy,
} from '../state/adfiles.js';
import { DockedNote } from './notes.js';
import { Icon } from '../shared/icons.js';
import { focusCell } from '../state/moves.js';
import { adStates, board, stage } from '../state/store.js';
import { ago, number } from '../shared/words.js';

const weight = (kilo) => (kilo < 10000 ? `${number(Math.round(kilo))} kB` : `${number(Math.round(kilo / 1000))} MB`);
const percent = (value) => `${Math.round(value * 100)} %`;
const CLOSER = 1.08;
const FRAMED = { scaled: 'Whole picture', cropped: 'Cropped', extended: 'Edges continued', padded: 'Padded' };

function Formats() {
  const some = together.value;
  if (some.length < 2) return null;
  return html`<div class="seg formats" role="group" aria-label="Format">${some.map((one) => html`
    <button key=${one.format} class=${file.value === one ? 'on' : ''} aria-pressed=${file.value === one} onClick=${() => { format.value = one.format; }}>${one.format.toUpperCase()}</button>`)}</div>`;
}

function Flags() {
  const one = framed.value;
  if (!one.flags?.length) {
    return one.refused ? null : html`<p class="adflag good"><${Icon} n="check" s=${14} /><span>${one.looked ? 'Copy and product are whole' : 'Nothing to look at'}</span></p>`;
  }
  return html`<ul class="adflags">${one.flags.map((words) => html`<li class="adflag" key=${words}><${Icon} n="alert" s=${14} /><span>${words}</span></li>`)}</ul>`;
}

function Approval() {
  const one = file.value;
  if (stage.value !== 'final') return html`<p class="adnote">A preview of the draft. Its final gets ad files of its own, for which windows are chosen.</p>`;
  if (!one.image) return html`<p class="adnote" role="status">${one.refused ? 'This file cannot be made.' : 'Not made yet: a run or `pipeline adfiles` makes it.'}</p>`;
  if (!one.flags.length) return null;
  const given = one.approval;
  return html`<div class="adapprove">
    <button class=${`vb wide approved${given ? ' on' : ''}`} aria-pressed=${Boolean(given)} disabled=${Boolean(trial.value)} onClick=${() => approve(!given)}>
      <${Icon} n="check" s=${18} />${given ? 'Approved for delivery' : 'Approve for delivery'}<kbd>${given ? 'U' : 'P'}</kbd></button>
    <p class="adnote">${given ? `${given.by} · ${ago(given.at)}` : 'A flagged file leaves only when somebody has approved it.'}</p></div>`;
}

const side = (box, k, value) => {
  const next = box.slice();
  next[k] = Math.min(1, Math.max(0, value / 100));
  if (k < 2) next[k] = Math.min(next[k], 1 - next[k + 2]);
  else next[k] = Math.max(0.01, Math.min(next[k], 1 - next[k - 2]));
  return next.map((share) => Math.round(share * 1e4) / 1e4);
};

function Kept() {
  const boxes = (trial.value ? trial.value.keep : saved()?.keep) ?? [];
  if (!boxes.length) return null;
  const change = (at, box) => keep(boxes.map((one, k) => (k === at ? box : one)));
  return html`<ul class="kept">${boxes.map((box, at) => html`<li key=${at}><b>Keep${boxes.length > 1 ? ` ${at + 1}` : ''}</b>
    ${['Left', 'Top', 'Width', 'Height'].map((name, k) => html`<label>${name}<input type="number" min="0" max="100" step="1" value=${Math.round(box[k] * 100)}
      onChange=${(event) => change(at, side(box, k, Number(event.target.value)))} /></label>`)}
    <button class="btn ghost icon sm" aria-label=${`Remove box ${at + 1}`} onClick=${() => keep(boxes.filter((_, k) => k !== at))}><${Icon} n="x" s=${14} /></button></li>`)}</ul>`;
}

function Window() {
  if (!editable.value) return null;
  const mine = saved();
  const known = detail.value.window;
  const whose = trial.value ? 'Being tried' : mine ? `${known.by} · ${ago(known.at)}` : 'Chosen by the planner';
  const add = () => keep([...((trial.value ? trial.value.keep : mine?.keep) ?? []), [0.3, 0.3, 0.4, 0.4]]);
  // From the keyboard a box cannot be drawn: one is added, with its sides as numbers below.
  const draw = (event) => (event.detail ? void (drawing.value = !drawing.value) : add());
  const chosen = trial.value ? trial.value.focus || trial.value.keep?.length : mine;
  return html`<h3>Window</h3><p class="adnote">${whose}${known && !known.holds ? `. ${known.by} chose one for an earlier picture` : ''}</p>
    <div class="adtools">
      <button class="btn sm" onClick=${() => zoomBy(1 / CLOSER)} aria-label="Closer"><${Icon} n="plus" s=${14} /></button>
      <button class="btn sm" onClick=${() => zoomBy(CLOSER)} aria-label="Wider"><${Icon} n="minus" s=${14} /></button>
      <button class=${`btn sm${drawing.value ? ' on' : ''}`} aria-pressed=${drawing.value} onClick=${draw}><${Icon} n="frame" s=${14} />Box to keep</button>
      ${chosen ? html`<button class="btn ghost sm" onClick=${automatic}><${Icon} n="undo" s=${14} />As planned</button>` : null}</div>
    <${Kept} />`;
}

function Facts() {
  const one = framed.value;
  const { placement } = detail.value;
  const facts = [
    ['Pixels', `${one.pixels[0]} × ${one.pixels[1]}`],
    one.bytes ? ['Weight', `${weight(one.bytes / 1000)}${placement.max_kb ? ` of ${weight(placement.max_kb)}` : ''}`] : null,
    ['Framing', FRAMED[one.framing] ?? one.framing],
    ['Picture kept', percent(one.kept)],
    one.extended ? ['Extended', percent(one.extended)] : null,
    one.quality ? ['Quality', one.quality === 1 ? '256 colours' : one.quality] : null,
    ['File', one.name],
  ].filter(Boolean);
  return html`<h3>File</h3><dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
    ${placement.note ? html`<p class="adnote">${placement.note[0].toUpperCase() + placement.note.slice(1)}.</p>` : null}`;
}

function Elsewhere({ cell }) {
  const some = siblings(cell.i);
  if (some.length < 2 || stage.value !== 'final') return null;
  const size = board.axes.findIndex((axis) => axis.name === 'size');
  return html`<h3>${cell.title} elsewhere</h3><div class="adstrip">${some.map((i) => {
    const one = board.cells[i];
    const [, , waits, , image] = adStates.value.get(i);
    const name = board.axes[size].labels[one.at[size]];
    const [wide, high] = one.ratio;
    const k = 58 / Math.max(wide, high);
    return html`<button key=${i} class=${`adthumb${i === cell.i ? ' on' : ''}`} aria-current=${i === cell.i ? 'true' : null} onClick=${() => focusCell(i)} title=${name}>
      <span class="adbox">${image ? html`<img src=${`/adfile/${image}/file`} alt="" />` : html`<i style=${{ width: `${wide * k}px`, height: `${high * k}px` }}></i>`}</span>
      <span class="adname">${name}</span>${waits ? html`<span class="adwaits"><${Icon} n="alert" s=${10} /><span class="sr">waits for an approval</span></span>` : null}</button>`;
  })}</div>`;
}

export function AdPanel({ cell, picture }) {
  useEffect(() => () => { drawing.value = false; }, []);
  const known = detail.value;
  const one = file.value;
  const trouble = answer.value && !answer.value.ok ? answer.value.message : '';
  return html`<aside class="insp" aria-label="Ad file" tabindex="0">
    <div class="ihead"><h2>${known?.placement?.title ?? cell.title}</h2><p>${cell.title}${cell.rest.length > 1 ? ` · ${cell.rest.slice(1).join(' · ')}` : ''}</p></div>
    <${DockedNote} i=${cell.i} one=${picture} />
    ${known && !known.ok ? html`<p class="ireason"><${Icon} n="alert" s=${14} />${known.message}</p>` : null}
    ${one?.window ? html`<${Formats} />${(one.failed ?? []).map((words) => html`<p class="ireason" key=${words}><${Icon} n="alert" s=${14} />${words}</p>`)}<${Flags} />${trouble ? html`<p class="ireason"><${Icon} n="alert" s=${14} />${trouble}</p>` : null}
      <${Approval} /><${Window} /><${Facts} /><${Elsewhere} cell=${cell} />` : html`<div class="iwait"></div>`}
  </aside>`;
}
