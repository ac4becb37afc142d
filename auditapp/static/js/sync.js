// Sends what this phone keeps. Only our server's own JSON counts.
import * as store from "./store.js";

const OUTLIVES = 10000; // characters
const FIRST = 1000, LONGEST = 300000, SLOW = 60000, PATIENCE = 90000;
const listeners = new Set(), tops = new Map(), read = new Set();
let user, device, channel, timer = 0, failures = 0, running = false, again = false, due = false;

/** Records that are kept in this page only, for the phone is full. */
export const spare = new Map();

/** nextAt: when it will be tried again, in ms. */
export const state = { answers: 0, photos: 0, needs: 0, spare: 0, sending: false, failed: false, signedOut: false, savedAt: null, nextAt: 0 };

/** Begin for the signed-in user: open what is kept and send what waits; gives this phone's id. */
export async function begin(uid) {
  user = uid;
  store.use(uid);
  device = await named();
  channel = new BroadcastChannel("auditapp-" + uid);
  channel.onmessage = async ({ data: [kind, detail] }) => { if (kind === "state") await count(); else hear(kind, detail); };
  for (const name of ["online", "pageshow", "focus"]) addEventListener(name, now);
  document.addEventListener("visibilitychange", () => document.hidden || now());
  await count();
  soon(0);
  return device;
}

/** This phone's id. */
const named = async () => (await store.get("meta", "device") || await (await import("./marks.js")).named()).id;

/** Hear of every change: (kind, detail), kinds "state", "saved", "refused", "other", "amended", "photo", "needs", "receipt". */
export const listen = (fn) => listeners.add(fn);
const hear = (kind, detail) => {
  if (kind === "saved" || detail?.state === "server") state.savedAt = new Date(); // perhaps by another tab
  listeners.forEach((fn) => fn(kind, detail));
};
export const tell = (kind, detail) => { hear(kind, detail); channel?.postMessage([kind, detail]); };

/* What is kept */

const raise = (visit, seq) => void tops.set(visit, Math.max(seq, tops.get(visit) || 0));

/** Remember what a page knows of a visit; top is the highest sequence number that it has seen. */
export async function know(visit, { top = 0, ...facts }) {
  raise(visit, top);
  if (!read.has(visit)) for (const r of await store.all("answers", "visit", visit)) raise(visit, top = Math.max(top, r.seq));
  read.add(visit);
  await about(visit, facts, top);
}

/** Note facts of a visit; an answer whose number another tab has used meanwhile gets a new one. */
const about = (visit, facts, top, record) => store.change(["answers", "visits"], (stores) => {
  const asked = stores("visits").get(visit);
  asked.onsuccess = () => {
    const v = asked.result, taken = v?.top || 0, own = stores("answers");
    raise(visit, Math.max(top, taken));
    if (record?.seq <= taken) {
      raise(visit, top = tops.get(visit) + 1);
      own.get(record.key).onsuccess = ({ target }) => { if (target.result?.at === record.at) own.put({ ...record, seq: top }); };
    }
    stores("visits").put({ key: visit, state: "editing", ...v, begun: v?.begun || record?.at, ...facts, top: Math.max(top, taken) });
  };
});

/** Keep one field of a question (null clears it) and facts of its visit. Resolves once it is on the disk, or in this page where that is full. */
export async function answer(visit, question, field, value, facts) {
  const at = new Date().toISOString();
  if (!read.has(visit)) await know(visit, {}).catch(() => 0);
  raise(visit, (tops.get(visit) || 0) + 1);
  const seq = tops.get(visit), record = { key: `${visit}|${question}.${field}`, visit, wait: visit, question, field, value, at, seq };
  try {
    await store.put("answers", record);
    spare.delete(record.key);
  } catch { spare.set(record.key, record); }
  about(visit, facts, seq, record).catch(() => 0).then(() => soon(150)); // by the number that it has then
  await count(true);
}

/* When to send */

/** Try at once. */
export function now() { failures = 0; soon(0); }

/** Hand over the answers that wait: the page may be gone in a moment. */
export async function flush() {
  const waiting = await pending().catch(() => []);
  for (const visit of new Set(waiting.map((r) => r.visit))) {
    sendAnswers(visit, waiting.filter((r) => r.visit === visit)).catch(() => 0); // run tries again where the page stays
  }
}

/** Try in so many milliseconds. */
export function soon(wait) { clearTimeout(timer); due = true; state.nextAt = Date.now() + wait; timer = setTimeout(run, wait); }

const spares = (kind) => [...spare.values()].filter((r) => ("field" in r) === (kind === "answers"));
const pending = async () => [...await store.all("answers", "wait"), ...spares("answers")];

export async function count(told) {
  const lists = [["answers", "wait"], ["photos", "wait"], ["answers", "needs"], ["photos", "needs"], ["visits", "needs"]];
  const [answers, photos, ...needs] = await Promise.all(lists.map((ask) => store.keys(...ask).catch(() => [])));
  const asked = (key) => key.slice(0, key.lastIndexOf(".")); // a note and its answer count as one
  state.answers = new Set([...answers, ...spares("answers").map((r) => r.key)].map(asked)).size;
  state.photos = photos.length + spares("photos").length;
  state.needs = needs.flat().length;
  state.spare = spare.size;
  (told ? tell : hear)("state");
}

async function run() {
  due = false;
  if (running) { again = true; return; }
  running = true;
  state.failed = false;
  try {
    await alone(sendAll);
    failures = 0;
    state.signedOut = false;
  } catch (error) {
    state.failed = true;
    failures += 1;
    state.signedOut = error.status === 401;
  }
  state.sending = false;
  await count(true);
  running = false;
  if (state.failed) soon(Math.min(LONGEST, FIRST * 2 ** (failures - 1)) * (0.5 + Math.random()));
  else if (again) soon(50);
  else if (state.answers + state.photos && !due) soon(SLOW);
  again = false;
}

/** One tab sends at a time. One that sleeps may hold the lock; sending twice does no harm. */
async function alone(work) {
  const { locks } = navigator, name = "auditapp-sync-" + user;
  if (!locks) return work();
  const stop = new AbortController(), clock = setTimeout(() => stop.abort(), PATIENCE);
  try {
    return await locks.request(name, { signal: stop.signal }, () => { clearTimeout(clock); return work(); });
  } catch (error) {
    if (error.name !== "AbortError" || !stop.signal.aborted) throw error;
    return locks.request(name, { steal: true }, work);
  }
}

/** Everything once. */
async function sendAll() {
  const visits = await store.all("visits"), answers = await pending(), photos = await store.keys("photos", "wait");
  state.sending = answers.length + photos.length > 0;
  if (state.sending) hear("state");
  for (const visit of new Set([...answers.map((r) => r.visit), ...visits.map((v) => v.key)])) {
    const mine = answers.filter((r) => r.visit === visit);
    if (mine.length) await sendAnswers(visit, mine);
    const keys = [...await store.keys("photos", "wait", visit), ...spares("photos").filter((r) => r.visit === visit).map((r) => r.key)];
    if (keys.length) await (await import("./upload.js")).upload(keys);
    const v = await store.get("visits", visit);
    if (v?.state === "ready" || Date.parse(v?.until) < Date.now()) await (await import("./send.js")).finish(v);
  }
  if (state.sending) state.savedAt = new Date();
}

/* Calls */

/** What every call carries. */
export const headers = () => ({ "X-Auditapp": "1", "X-Auditapp-User": user });

/** A call about a visit; gives our server's JSON, or rejects. */
export async function call(method, visit, path, body) {
  const stop = new AbortController(), clock = setTimeout(() => stop.abort(), SLOW), text = body && JSON.stringify(body);
  try {
    const reply = await fetch("/api/v1/visits/" + visit + path, {
      method, body: text, keepalive: Boolean(text) && text.length < OUTLIVES, signal: stop.signal, redirect: "error",
      headers: { ...headers(), ...(text && { "Content-Type": "application/json" }) },
    });
    return judge(reply.status, await reply.text());
  } finally { clearTimeout(clock); }
}

/** Our JSON, or an error: `lasting` where our own server refuses for good, anything else is worth another try. */
export function judge(status, text) {
  let json = null;
  try { json = JSON.parse(text); } catch { /* a portal's page */ }
  if (status >= 200 && status < 300 && json) return json;
  const changed = json?.error?.field === "sha256"; // bytes were lost on the way
  const lasting = Boolean(json?.error) && status >= 400 && status < 500 && ![401, 408, 429].includes(status) && !changed;
  throw Object.assign(new Error("refused"), { status, lasting, words: json?.error?.message, missing: json?.error?.missing });
}

async function sendAnswers(visit, records) {
  const answers = {};
  for (const r of records) (answers[r.question] ??= {})[r.field] = [r.seq, r.value, r.at];
  let told;
  device ??= await named();
  try {
    told = await call("PATCH", visit, "/answers", { device, clock: new Date().toISOString(), answers });
  } catch (error) {
    if (!error.lasting) throw error;
    for (const r of records) await settle(r, { needs: visit, words: error.words });
    tell("refused", { visit, words: error.words });
    return;
  }
  if (!told.winners) throw new Error("not ours");
  await know(visit, { top: told.top_seq }).catch(() => 0); // a full phone can't even note what is sent: it goes again
  if (told.amendment) tell("amended", { visit });
  for (const r of records) {
    const words = told.refused?.[r.question]?.[r.field], winner = told.winners[r.question]?.[r.field];
    await settle(r, words ? { needs: visit, words } : { sent: true });
    const won = !winner || (winner[0] === r.seq && winner[1] === device) || told.amendment;
    tell(words ? "refused" : won ? "saved" : "other", { ...r, words });
  }
}

/** What became of an answer, unless it was changed meanwhile. */
async function settle(r, facts) {
  if (spare.get(r.key) === r) spare.delete(r.key);
  await store.update("answers", r.key, (x) => x?.seq === r.seq ? { ...x, wait: undefined, ...facts } : undefined).catch(() => 0);
}
