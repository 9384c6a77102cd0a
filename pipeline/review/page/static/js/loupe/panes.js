// Pictures in the loupe: one in its pane, and how several panes share the room.
import { html, useEffect, useRef, useState } from '../../vendor/ui.js';
import { Pins, pinning, placePin } from './comments.js';
import { Icon } from '../shared/icons.js';
import { picture } from '../state/store.js';
import { MISSING } from '../shared/words.js';
import { fitted, onDoubleClick, onPointerDown, onWheel, zoom } from '../state/zoom.js';

const WHY = {
  planned: 'Not rendered yet', rendering: 'Rendering…', ordered: 'Ordered in a batch: a later run collects it', pending_download: 'Paid for, not downloaded yet', failed: 'Failed',
  refused: 'Refused by the provider’s policy', in_doubt: 'In doubt: sent, but not known whether it was charged', paid_lost: 'Paid for, and lost',
};

// Longest side of the size for screens, as the server makes it.
const SCREEN = 1280;

// The thumb at once, then the size for screens; the file itself only where a screen shows more of it.
function Layers({ image, alt, full, onReady, onLost }) {
  const [have, setHave] = useState(-1);
  const sizes = full ? [256, 'screen', 'full'] : [256, 'screen'];
  const loaded = (at) => {
    setHave((before) => Math.max(before, at));
    if (at === 1) onReady?.();
  };
  const failed = (at) => (at === 1 ? onLost() : loaded(at));
  return sizes.map((size, at) => (at < have || at > have + 1 ? null : html`<img key=${size} src=${picture(image, size)} alt=${at === have || (have < 0 && !at) ? alt : ''}
    fetchpriority="high" draggable="false" class=${at > have && at ? 'coming' : ''} onLoad=${() => loaded(at)} onError=${() => failed(at)} />`));
}

export function Picture({ one, ratio, alt, wide, onReady, children }) {
  const [gone, lose] = useState(false);
  const { z, x, y } = zoom.value;
  const aspectRatio = `${ratio[0]} / ${ratio[1]}`;
  if (!one.image || gone) {
    const why = gone ? 'This image is not on disk any more. Run the campaign again to download it.' : WHY[one.status];
    return html`<div class=${`frame none ${one.status}`} style=${{ aspectRatio }}><p><${Icon} n=${gone ? 'alert' : MISSING[one.status] ?? 'clock'} s=${22} />${why}</p></div>`;
  }
  const style = { aspectRatio, transform: z > 1 ? `scale(${z})` : null, transformOrigin: `${x * 100}% ${y * 100}%` };
  const most = (SCREEN * ratio[0]) / Math.max(...ratio);
  return html`<div class="frame" style=${style}><${Layers} image=${one.image} alt=${alt} full=${z > 1 || wide > most * 1.1} onReady=${onReady} onLost=${() => lose(true)} />${children}</div>`;
}

// Width in pixels of the screen at which a picture fits into an element.
export function useWidth(element, ratio) {
  const [wide, setWide] = useState(0);
  useEffect(() => {
    const measure = () => {
      const { clientWidth, clientHeight } = element.current;
      setWide(Math.min(clientWidth, (clientHeight * ratio[0]) / ratio[1]) * devicePixelRatio);
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [ratio[0] / ratio[1]]);
  return wide;
}

// Width and height of an element; null before it is laid out.
export function useRoom(element) {
  const [room, setRoom] = useState(null);
  useEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => setRoom([contentRect.width, contentRect.height]));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return room;
}

export function useWheel(element) {
  useEffect(() => {
    const pane = element.current;
    pane.addEventListener('wheel', onWheel, { passive: false });
    return () => pane.removeEventListener('wheel', onWheel);
  }, []);
}

// Tell the zoom how large the picture is that its percentage is about.
export function useFitted(on, shown, own) {
  useEffect(() => {
    if (on && shown && own) fitted.value = { shown, own };
  }, [on, shown, own]);
}

export function Pane({ one, cell, name, text, mark, picked, lit, measured = lit, onClick, onReady, children }) {
  const element = useRef();
  const wide = useWidth(element, cell.ratio);
  useWheel(element);
  useFitted(measured, wide, one.wide);
  const classes = ['stage', picked && 'picked', lit && 'lit', zoom.value.z > 1 && 'zoomed', pinning.value && one.image && 'pinning'].filter(Boolean).join(' ');
  return html`<div class=${classes} ref=${element} style=${{ '--r': cell.ratio[0] / cell.ratio[1] }} data-cell=${cell.i} data-take=${one.at >= 0 ? one.at : null} onPointerDown=${pinning.value ? null : onPointerDown} onClick=${(event) => (pinning.value ? placePin(event, one.image) : onClick?.(event))} onDblClick=${onDoubleClick}>
    <${Picture} key=${one.image} one=${one} ratio=${cell.ratio} alt=${`${cell.title}, ${cell.rest.join(', ')}, ${name}`} wide=${wide} onReady=${onReady}><${Pins} image=${one.image} /></${Picture}>
    ${text ? html`<span class="slabel">${text}${mark ? html`<${Icon} n=${mark} s=${13} />` : null}</span>` : null}${children}</div>`;
}

const GAP = 14;

// Columns and rows in which pictures of these shapes become largest in a room.
export function arrangement(ratios, room) {
  if (!room) return [1, 1];
  const [wide, high] = room;
  let best = { area: -1, grid: [1, 1] };
  for (let columns = 1; columns <= ratios.length; columns += 1) {
    const rows = Math.ceil(ratios.length / columns);
    const [w, h] = [(wide - GAP * (columns - 1)) / columns, (high - GAP * (rows - 1)) / rows];
    const area = ratios.reduce((sum, ratio) => sum + Math.min(w, h * ratio) ** 2 / ratio, 0);
    if (area > best.area) best = { area, grid: [columns, rows] };
  }
  return best.grid;
}

export const tracks = ([columns, rows]) => ({
  gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, gridTemplateRows: `repeat(${rows}, minmax(0, 1fr))`,
});
