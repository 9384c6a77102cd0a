// Name, icon and key of each state, for cards, filters and buttons.
import { html } from '../../vendor/ui.js';
import { Icon } from './icons.js';

export const STATES = {
  undecided: { label: 'Undecided', icon: 'dot', key: 'U' },
  approved: { label: 'Approved', verb: 'Approve', icon: 'check', key: 'P' },
  redo: { label: 'Redo', verb: 'Redo', icon: 'redo', key: 'R' },
  rejected: { label: 'Rejected', verb: 'Reject', icon: 'x', key: 'X' },
  stale: { label: 'Stale', icon: 'stale' },
  rendering: { label: 'Rendering', icon: 'clock' },
  waiting: { label: 'Not rendered', icon: 'clock' },
  failed: { label: 'Failed', icon: 'alert' },
  refused: { label: 'Refused', icon: 'shield' },
  doubt: { label: 'In doubt', icon: 'alert' },
};

// The icon shown if a take has no image.
export const MISSING = { failed: 'alert', refused: 'shield', in_doubt: 'alert', paid_lost: 'alert' };

export const VERBS = ['approved', 'redo', 'rejected'];
export const ALWAYS = ['undecided', 'approved', 'redo', 'rejected'];
export const SOMETIMES = ['stale', 'rendering', 'waiting', 'failed', 'refused', 'doubt'];

// Finals are "accepted"; the verdict is the same as "approved".
export function label(state, stage) {
  return stage === 'final' && state === 'approved' ? 'Accepted' : STATES[state].label;
}
export function verb(state, stage) {
  return stage === 'final' && state === 'approved' ? 'Accept' : STATES[state].verb;
}

export const number = (n) => n.toLocaleString('en-GB');
export const plural = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

export function ago(at) {
  const seconds = Math.max(1, (Date.now() - Date.parse(at)) / 1000);
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${plural(Math.floor(seconds / 86400), 'day')} ago`;
}

export function clock(at) {
  const when = new Date(at);
  const day = when.toDateString() === new Date().toDateString();
  return when.toLocaleString('en-GB', day
    ? { hour: '2-digit', minute: '2-digit' }
    : { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
}

export const Dot = ({ state }) => html`<span class=${`sd ${state}`}>${
  state === 'undecided' ? null : html`<${Icon} n=${STATES[state].icon} s=${11} />`}</span>`;
