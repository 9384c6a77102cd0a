// Talking to the server: reading, writing, and hearing what others do.
import { batch } from '../vendor/ui.js';
import {
  board, complaint, decode, load, offline, peek, recount, redrawn, running, setStage, sideSignal, figures, stage, stick, toast, trouble,
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
    trouble.value = index.message || 'The board cannot be read.';
    return false;
  }
  last = index.event;
  trouble.value = '';
  load(index);
  return true;
}

// Rows of cells that changed, ours or another reviewer's.
export function applyRows(changes) {
  let moved = false;
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
}

// Cells whose verdict is on its way: what we show is newer than what we hear.
export const pending = new Map();

const HEARD = {
  rows: applyRows,
  reload: () => read(),
  figures: (news) => { figures.value = news; },
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

// A stream that the server closed for good (it was started anew, with another link) is asked for
// again by hand; a stream that merely broke comes back by itself.
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

// HTTP/1.1 gives a browser six connections to one host: only one tab may hold the stream, the
// others hear it second hand.
export async function boot() {
  const channel = new BroadcastChannel(`review-${RUN}`);
  const early = [];
  let open = false;
  const receive = ({ kind, id, data }) => (open ? hear(kind, id, data) : early.push([kind, id, data]));
  channel.onmessage = (event) => receive(event.data);
  if (!await read()) return;
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
