// A short message about the last action, with a button to undo it.
import { html, useEffect } from '../../vendor/ui.js';
import { undo } from '../state/decide.js';
import { toast } from '../state/store.js';
import { Dot } from '../shared/words.js';

const SHORT = 2600;
const LONG = 10000;

export function Toast() {
  const now = toast.value;
  useEffect(() => {
    if (!now) return undefined;
    const timer = setTimeout(() => { if (toast.peek() === now) toast.value = null; }, now.bad || now.action ? LONG : SHORT);
    return () => clearTimeout(timer);
  }, [now]);
  const run = () => {
    toast.value = null;
    now.run();
  };
  return html`<div class="toasts" role="status">${now ? html`<div class=${`toast${now.bad ? ' bad' : ''}`}>
    ${now.state ? html`<${Dot} state=${now.state} />` : null}<span>${now.text}</span>
    ${now.undo ? html`<button class="tl" onClick=${undo}>Undo</button>` : null}
    ${now.action ? html`<button class="tl" onClick=${run}>${now.action}</button>` : null}
    ${now.bad ? html`<button class="tl" aria-label="Dismiss" onClick=${() => { toast.value = null; }}>×</button>` : null}</div>` : null}</div>`;
}
