// Preferences stored in this browser; private windows may refuse to store them.
import { signal } from '../../vendor/ui.js';

export function recall(name) {
  try {
    return localStorage.getItem(`review.${name}`);
  } catch {
    return null;
  }
}

export function forget(name) {
  try {
    localStorage.removeItem(`review.${name}`);
  } catch {
    // Nothing was stored either.
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`review.${name}`, value);
  } catch {
    // Not stored: the preference lasts until the page is closed.
  }
}

function parsed(text, fallback, parse) {
  if (text === null) return fallback;
  try {
    return parse(text);
  } catch {
    return fallback;
  }
}

function kept(name, fallback, parse) {
  const one = signal(parsed(recall(name), fallback, parse));
  one.keep = (value) => {
    one.value = value;
    remember(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  };
  return one;
}

export const density = kept('density', 1, (text) => Math.min(2, Math.max(0, Number(text) || 0)));
export const singleKeys = kept('keys', true, (text) => text === 'true');
export const autoNext = kept('next', true, (text) => text === 'true');
export const reviewer = kept('reviewer', '', String);
const LAYERS = { safe: true, extended: true, boxes: false };
// What is drawn over ad files.
export const marks = kept('marks', LAYERS, (text) => ({ ...LAYERS, ...JSON.parse(text) }));

export function toggleMarks() {
  const none = !Object.values(marks.value).some(Boolean);
  marks.keep(none ? { safe: true, extended: true, boxes: true } : { safe: false, extended: false, boxes: false });
}

// Draft and final, or two rounds, over each other instead of side by side.
export const wiping = kept('wipe', false, (text) => text === 'true');

export const GROUNDS = ['checks', 'white', 'black'];
// What lies behind pictures with transparent parts.
export const ground = kept('ground', 'checks', (text) => (GROUNDS.includes(text) ? text : 'checks'));

export const theme = kept('theme', '', String);

export function showTheme() {
  if (theme.value === 'light' || theme.value === 'dark') document.documentElement.dataset.theme = theme.value;
}

export function switchTheme() {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const now = document.documentElement.dataset.theme || (dark ? 'dark' : 'light');
  theme.keep(now === 'dark' ? 'light' : 'dark');
  showTheme();
}
