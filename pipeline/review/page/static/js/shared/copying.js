// Copying to the clipboard; over plain http from another machine browsers offer only the older way.
import { toast } from '../state/store.js';

function theOlderWay(text) {
  const field = document.createElement('textarea');
  field.value = text;
  field.style.position = 'fixed';
  (document.querySelector('dialog[open]') ?? document.body).append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  return copied;
}

export async function copy(text, words) {
  const back = document.activeElement;
  const copied = await navigator.clipboard?.writeText(text).then(() => true, () => false) || theOlderWay(text);
  back?.focus?.({ preventScroll: true });
  toast.value = copied ? { text: words } : { text: 'This browser does not let the page copy.', bad: true };
}
