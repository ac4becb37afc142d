// Sends what waits: answers in one batch, photos one by one. Only the server's own JSON counts as an answer.
import * as store from "./store.js";

const OUTLIVES = 10000; // characters; calls of 64 KB in all may outlive their page
const FIRST = 1000, LONGEST = 300000, SLOW = 60000;
const listeners = new Set();
const device = id();
let visit, seq = 0, running = false, again = false, timer = 0, failures = 0;

export const state = { answers: 0, photos: 0, sending: false, failed: false, signedOut: false, savedAt: null };

/** A random id of version 4; pages served without TLS have no crypto.randomUUID. */
export function id() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 15) | 64; b[8] = (b[8] & 63) | 128;
  const hex = [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

/** Begin for a visit; top is the highest sequence number that the page knows of. */
export function begin(visitId, top) {
  visit = visitId; seq = top;
  for (const name of ["online", "pageshow", "focus"]) addEventListener(name, now);
  document.addEventListener("visibilitychange", now);
  addEventListener("beforeunload", (event) => { if (state.answers + state.photos) event.preventDefault(); });
}

/** Hear of every change: called with (kind, detail), kinds "state", "saved", "refused", "other", "amended", "photo". */
export const listen = (hear) => listeners.add(hear);
const tell = (kind, detail) => listeners.forEach((hear) => hear(kind, detail));

/** Queue one field of a question; null clears it. */
export async function answer(question, field, value) {
  await store.put({ key: question + "." + field, kind: "answer", question, field, seq: ++seq, value });
  await count();
  soon(150);
}

/** Queue a photo: {uuid, question, bytes, takenAt}. */
export async function photo(record) {
  await store.put({ key: record.uuid, kind: "photo", ...record });
  tell("photo", { uuid: record.uuid, state: "retry" });
  await count();
  soon(0);
}

/** Take a photo back, sent or not. */
export async function unphoto(uuid) {
  await store.put({ key: uuid, kind: "photo", uuid, gone: true });
  await count();
  soon(0);
}

/** Try at once. */
export function now() { if (state.answers + state.photos) { failures = 0; soon(0); } }

/** Resolves once nothing waits any more, or once an attempt has failed. */
export const settled = () => new Promise((done) => {
  const hear = () => {
    if (state.answers + state.photos && !state.failed) return;
    listeners.delete(hear);
    done();
  };
  listeners.add(hear);
  hear();
  now();
});

/** Hand over the answers that wait, for the page may be gone in a moment; that `run` may carry them too does no harm. */
export async function flush() {
  const waiting = (await store.all()).filter((r) => r.kind === "answer" && !r.needsYou);
  if (!waiting.length) return;
  try {
    await sendAnswers(waiting);
    state.savedAt = new Date();
  } catch { /* run tries again where the page stays */ }
  await count();
}

function soon(wait) { clearTimeout(timer); timer = setTimeout(run, wait); }

async function count() {
  const records = (await store.all()).filter((r) => !r.needsYou);
  state.answers = records.filter((r) => r.kind === "answer").length;
  state.photos = records.filter((r) => r.kind === "photo").length;
  tell("state");
  return records;
}

async function run() {
  if (running) { again = true; return; }
  running = true;
  let failed = false;
  try {
    const records = await count();
    const answers = records.filter((r) => r.kind === "answer");
    state.sending = records.length > 0; tell("state");
    if (answers.length) await sendAnswers(answers);
    for (const r of records.filter((r) => r.kind === "photo")) await sendPhoto(r);
    if (records.length) { state.savedAt = new Date(); state.signedOut = false; }
    failures = 0;
  } catch (error) {
    failed = true; failures += 1;
    state.signedOut = error.status === 401;
  }
  running = false; state.sending = false; state.failed = failed;
  const left = await count();
  if (failed) soon(Math.min(LONGEST, FIRST * 2 ** (failures - 1)) * (0.5 + Math.random()));
  else if (again || left.length) soon(50);
  again = false;
}

async function call(method, path, body, headers = {}) {
  const stop = new AbortController(), clock = setTimeout(() => stop.abort(), SLOW);
  try {
    const reply = await fetch("/api/v1/visits/" + visit + path, {
      method, body, keepalive: typeof body === "string" && body.length < OUTLIVES, signal: stop.signal, redirect: "error", headers: { "X-Auditapp": "1", ...headers },
    });
    const json = (reply.headers.get("content-type") || "").includes("application/json") ? await reply.json() : null;
    if (reply.ok && json) return json;
    // 4xx with our own error: for good. Anything else, a portal's 200 among it: try again.
    const lasting = json?.error && reply.status >= 400 && reply.status < 500 && ![401, 408, 429].includes(reply.status);
    throw Object.assign(new Error("refused"), { status: reply.status, lasting, words: json?.error?.message });
  } finally { clearTimeout(clock); }
}

async function sendAnswers(records) {
  const answers = {};
  for (const r of records) (answers[r.question] ??= {})[r.field] = [r.seq, r.value];
  const body = JSON.stringify({ device, answers });
  let told;
  try {
    told = await call("PATCH", "/answers", body, { "Content-Type": "application/json" });
  } catch (error) {
    if (error.lasting) tell("refused", { words: error.words });
    throw error;
  }
  if (!told.winners) throw new Error("not ours");
  seq = Math.max(seq, told.top_seq);
  if (told.amendment) tell("amended");
  for (const r of records) {
    const words = told.refused?.[r.question]?.[r.field], winner = told.winners[r.question]?.[r.field];
    if ((await store.get(r.key))?.seq === r.seq) await store.remove(r.key);
    if (words) tell("refused", { ...r, words });
    else if (!winner || (winner[0] === r.seq && winner[1] === device) || told.amendment) tell("saved", r);
    else tell("other", r);
  }
}

async function sendPhoto(r) {
  const path = "/photos/" + r.uuid;
  try {
    if (r.gone) await call("DELETE", path);
    else {
      tell("photo", { uuid: r.uuid, state: "uploading" });
      const hash = await sha256(r.bytes);
      const told = await call("PUT", path, r.bytes, {
        "Content-Type": "application/octet-stream", "X-Question": r.question, "X-Taken-At": r.takenAt,
        ...(hash && { "X-Sha256": hash }),
      });
      if (told.uuid !== r.uuid || (hash && told.state !== "deleted" && told.sha256 !== hash)) throw new Error("not ours");
      tell("photo", { uuid: r.uuid, state: "stored", id: told.id, question: r.question });
    }
  } catch (error) {
    if (!error.lasting) { tell("photo", { uuid: r.uuid, state: "retry" }); throw error; }
    tell("photo", { uuid: r.uuid, state: "refused", words: error.words, question: r.question });
    if ((await store.get(r.key)) === r) await store.put({ ...r, needsYou: true });
    return;
  }
  if ((await store.get(r.key)) === r) await store.remove(r.key);
}

async function sha256(bytes) {
  if (!crypto.subtle) return "";
  return [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((b) => b.toString(16).padStart(2, "0")).join("");
}
