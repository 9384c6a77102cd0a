// Comments on a cell, and pins on its pictures: said without a verdict.
import { html, signal, useEffect, useRef } from '../../vendor/ui.js';
import { post } from '../state/api.js';
import { me } from '../state/decide.js';
import { cellDetail } from '../state/detail.js';
import { Icon } from '../shared/icons.js';
import { useDraft } from './notes.js';
import { close, current, stage, toast, variant, view } from '../state/store.js';
import { ago } from '../shared/words.js';
import { zoom } from '../state/zoom.js';

const LONGEST = 1000;

// True while a place on a picture is chosen; then the place, until the comment is sent.
export const pinning = signal(false);
const pin = signal(null);

export function writeComment() {
  if (close.peek() && view.peek() !== 'adfiles') document.querySelector('.comments textarea')?.focus();
}

const isOpen = (one) => !one.resolved;
const pinned = () => (cellDetail.value?.comments ?? []).filter((one) => one.point && isOpen(one));

// Place the pin where a picture was clicked.
export function placePin(event, image) {
  const box = event.currentTarget.querySelector('.frame').getBoundingClientRect();
  const point = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  if (point.some((share) => share < 0 || share > 1)) return;
  pin.value = { image, point: point.map((share) => Math.round(share * 1e4) / 1e4) };
  pinning.value = false;
  writeComment();
}

const at = ([x, y]) => ({ left: `${x * 100}%`, top: `${y * 100}%`, transform: `translate(-50%, -100%) scale(${1 / zoom.value.z})` });

// The pins of a picture; its own size, whatever the zoom.
export function Pins({ image }) {
  const mine = pin.value?.image === image ? pin.value : null;
  return html`${pinned().map((one, k) => (one.image === image ? html`<i key=${one.id} class="pin" style=${at(one.point)} title=${`${one.by}: ${one.text}`}><b>${k + 1}</b></i>` : null))}
    ${mine ? html`<i class="pin new" style=${at(mine.point)}><b>+</b></i>` : null}`;
}

async function settle(one) {
  const reply = await post(`/cells/${current()}/comments`, { id: one.id, stage: stage.peek(), resolved: isOpen(one), by: me() });
  hear(reply);
}

function hear(reply) {
  if (reply.ok) cellDetail.value = { ...cellDetail.peek(), comments: reply.comments };
  else toast.value = { text: reply.message || 'Not saved.', bad: true };
}

function Said({ one, number }) {
  return html`<li class=${isOpen(one) ? '' : 'settled'}>${number ? html`<b class="pinno" title="Pinned on the picture">${number}</b>` : null}
    <div><p dir="auto">${one.text}</p><footer>${one.by} · ${ago(one.at)}${one.take > 1 || one.round > 1 ? ` · round ${one.round}, take ${one.take}` : ''}${one.resolved ? ` · settled by ${one.resolved}` : ''}</footer></div>
    <button class="btn ghost icon sm" aria-label=${isOpen(one) ? `Settle: ${one.text}` : `Open again: ${one.text}`} title=${isOpen(one) ? 'Settle' : 'Open again'} onClick=${() => settle(one)}><${Icon} n=${isOpen(one) ? 'check' : 'undo'} s=${14} /></button></li>`;
}

export function Comments({ i, one }) {
  const field = useRef();
  const [text, write, drop] = useDraft('comment', i);
  const list = cellDetail.value?.comments ?? [];
  const pins = pinned();
  useEffect(() => () => {
    pin.value = null;
    pinning.value = false;
  }, [i, stage.value]);
  const send = async () => {
    const said = text.trim();
    if (!said) return;
    const take = Math.min(variant.value, one.takes.length - 1);
    const body = { text: said, stage: stage.peek(), take: take + 1, round: one.round, image: one.takes[take].image, by: me(), ...(pin.peek() ?? {}) };
    const reply = await post(`/cells/${i}/comments`, body);
    if (reply.ok) {
      drop();
      pin.value = null;
      document.querySelector('.loupe')?.focus();
    }
    hear(reply);
  };
  const keys = (event) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      pin.value = null;
      pinning.value = false;
      document.querySelector('.loupe')?.focus();
    } else if (event.key === 'Enter' && !event.shiftKey && event.target === field.current) {
      event.preventDefault();
      send();
    }
  };
  return html`<section class="comments" onKeyDown=${keys}><h3>Comments${list.length ? ` · ${list.filter(isOpen).length} open` : ''}</h3>
    ${list.length ? html`<ol>${list.map((each) => html`<${Said} key=${each.id} one=${each} number=${pins.indexOf(each) + 1} />`)}</ol>` : null}
    <textarea ref=${field} rows=${text ? 3 : 1} maxlength=${LONGEST} aria-label="Comment" placeholder="Comment, without a verdict" value=${text} onInput=${(event) => write(event.target.value)}></textarea>
    <div class="cbtn"><button class=${`btn ghost sm${pinning.value || pin.value ? ' on' : ''}`} aria-pressed=${Boolean(pinning.value || pin.value)} onClick=${() => {
      pinning.value = !pinning.value && !pin.value;
      pin.value = null;
    }}><${Icon} n="pin" s=${14} />${pinning.value ? 'Click on the picture' : pin.value ? 'Pinned' : 'Pin'}</button>
      ${text.trim() ? html`<button class="btn sm" onClick=${send}><${Icon} n="send" s=${14} />Comment<kbd>↵</kbd></button>` : html`<span class="hint"><kbd>N</kbd></span>`}</div></section>`;
}
