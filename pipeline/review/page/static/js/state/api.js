// Requests to the server, and the stream of changes that it sends.
import { batch } from '../../vendor/ui.js';
import {
  applyAdFiles, board, comments, complaint, current, decode, light, load, offline, peek, recount, redrawn, running, setStage, sideSignal, figures, stage, stick, toast, trouble,
} from './store.js';

const RUN = document.documentElement.dataset.campaign;
const BASE = `/api/runs/${RUN}`;

async function told(response) {
  const body = await response.json().catch(() => ({ message: `The server could not answer (${response.status}).` }));
  return { ok: response.ok, status: response.status, ...body };
}

export async function get(path) {
  try {
    return await told(await fetch(BASE + path));
  } catch {
    return { ok: false, status: 0, message: 'The server does not answer. Is `pipeline review` still running?' };
  }
}

export async function post(path, body) {
  try {
    return await told(await fetch(BASE + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Review': '1' },
      body: JSON.stringify(body),
    }));
  } catch {
    return { ok: false, status: 0, message: 'Not saved: the server does not answer.' };
  }
}

let last = '';

async function read() {
  const index = await get('/cells');
  if (!index.ok) {
    trouble.value = index.message || 'The cells cannot be loaded.';
    return false;
  }
  last = index.event;
  trouble.value = '';
  load(index);
  return true;
}

// Apply rows of changed cells, from this page or another reviewer's.
export function applyRows(changes) {
  let moved = false;
  const lit = current();
  batch(() => {
    for (const { i, stage, row } of changes) {
      const one = sideSignal(i, stage);
      const fresh = decode(board, row);
      const now = one?.peek();
      if (!one || (now && fresh && fresh.revision < now.revision)) continue;
      if (pending.has(`${stage}/${i}`) && now && fresh && fresh.revision === now.revision) continue;
      if (!now !== !fresh) moved = true;
      stick(i);
      one.value = fresh;
    }
    if (moved) redrawn.value += 1;
    recount();
  });
  // Cells that come or go before the lit one must not move the light to another cell.
  if (moved && lit !== undefined) light(lit);
}

// Cells whose verdict is being sent: the page shows newer values than the stream.
export const pending = new Map();

const HEARD = {
  rows: applyRows,
  adfiles: applyAdFiles,
  reload: () => read(),
  figures: (news) => { figures.value = news; },
  comments: (news) => { comments.value = { ...news, changes: comments.peek().changes + 1 }; },
  complaint: ({ message }) => { complaint.value = message; },
  launch: (news) => {
    running.value = news.state === 'running' ? news : null;
    if (news.state === 'done') toast.value = finished(news);
  },
};

function finished(news) {
  const what = news.stage === 'final' ? 'Finals' : 'Drafts';
  if (news.exit === 0) {
    const show = stage.peek() === news.stage ? {} : { action: `See the ${what.toLowerCase()}`, run: () => setStage(news.stage) };
    return { text: `${what} are done`, state: 'approved', ...show };
  }
  return { text: news.message || `${what}: the run ended with code ${news.exit}. See \`pipeline status\`.`, bad: true };
}

function hear(kind, id, data) {
  last = id;
  HEARD[kind]?.(data);
}

const PATIENCE = 3000;

// The browser reopens a broken stream by itself, but not one that the server refused (after a
// restart with another link); that one is opened again here.
function listen(receive) {
  const source = new EventSource(`${BASE}/events?after=${last}`);
  source.onopen = () => { offline.value = false; };
  source.onerror = () => {
    offline.value = true;
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(async () => {
      if (await read() || !trouble.value) listen(receive);
    }, PATIENCE);
  };
  for (const kind of Object.keys(HEARD)) {
    source.addEventListener(kind, (event) => receive({ kind, id: event.lastEventId, data: JSON.parse(event.data) }));
  }
}

// With HTTP/1.1 a browser opens six connections to a host, so only one tab opens the stream and
// passes its messages on to the others.
export async function boot(ready) {
  const channel = new BroadcastChannel(`review-${RUN}`);
  const early = [];
  let open = false;
  const receive = ({ kind, id, data }) => (open ? hear(kind, id, data) : early.push([kind, id, data]));
  channel.onmessage = (event) => receive(event.data);
  if (!await read()) return;
  ready();
  open = true;
  for (const message of early) hear(...message);
  const lead = () => new Promise(() => listen((message) => {
    receive(message);
    channel.postMessage(message);
  }));
  if (navigator.locks) navigator.locks.request(`review-events-${RUN}`, lead);
  else lead();
}

export const revision = (i, stage) => peek(i, stage)?.revision ?? 0;
