// Talks to the image server: the session is a cookie that scripts cannot see, or a key typed in.
import { at } from "./dom.js";
import { facts } from "./facts.js";

/** A failure that a person can read; `title` says what kind it is. */
class Refused extends Error {
  constructor(title, message) {
    super(message);
    this.title = title;
  }
}

const TITLES = {
  400: "The request was refused",
  401: "The key was refused",
  402: "Not enough credits",
  403: "The request was refused",
  413: "The request is too large",
  429: "Too many images at once",
};

function headers(more = {}) {
  const told = { "Content-Type": "application/json", "X-Playground": "1", ...more };
  if (facts.needs_key) told.Authorization = `Bearer ${at("key").value.trim()}`;
  return told;
}

/** The images of a request, and what they cost. Throws Refused. */
export async function generate({ variation, ...request }) {
  const body = JSON.stringify({ model: facts.model, ...request });
  const more = variation ? { "X-Variation": variation } : {};
  let reply;
  try {
    reply = await fetch("/_playground/generate", { method: "POST", headers: headers(more), body });
  } catch {
    throw new Refused("No answer", "The connection broke, or the server has stopped. The server's account knows whether the request was charged.");
  }
  const told = await read(reply);
  const remaining = reply.headers.get("X-Credits-Remaining");
  return {
    urls: told.images.map((image) => image.url),
    missed: told.images[0].understood?.not_understood ?? [],
    credits: Number(reply.headers.get("X-Credits-Charged") ?? 0),
    painter: reply.headers.get("X-Painted-By") ?? "",
    balance: remaining === null ? null : Number(remaining),
  };
}

/** The advice about a prompt; none where the server cannot tell. */
export async function advice(prompt, background, signal) {
  const body = JSON.stringify({ prompt, background });
  const reply = await fetch("/_playground/lint", { method: "POST", headers: headers(), body, signal });
  const told = await reply.json();
  return told.code === 0 ? told.data.advice : [];
}

async function read(reply) {
  let told;
  try {
    told = await reply.json();
  } catch {
    throw new Refused(`The answer was not the API's (${reply.status})`, "The answer is not the documented JSON.");
  }
  if (told.code !== 0) throw new Refused(TITLES[reply.status] ?? "The server could not paint it", wait(reply, told.message));
  if (!Array.isArray(told.data?.images) || told.data.images.length === 0) {
    throw new Refused("No image came back", "The answer says ok and holds no image.");
  }
  return told.data;
}

function wait(reply, message) {
  const seconds = reply.headers.get("Retry-After");
  return seconds ? `${message}. Try again in ${seconds} s.` : message;
}
