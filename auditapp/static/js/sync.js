// Keeps what the shopper gives, and says when it is sent (calls.js sends it).
import * as store from "./store.js";

const FIRST = 2000, LONGEST = 300000, AGAIN = 60000, PATIENCE = 90000;
const listeners = new Set(), tops = new Map(), read = new Set();
let device, channel, timer = 0, failures = 0, running = false, again = false, due = false;

/** The id of the signed-in user. */
export let user;

/** Records that are kept in this page only, for the phone is full. */
export const spare = new Map();

/** failed: "" or what the last try met, "line", "server" or "signedOut"; nextAt: when it will be tried again, in ms. */
export const state = { answers: 0, photos: 0, needs: 0, spare: 0, sending: false, failed: "", signedOut: false, savedAt: null, nextAt: 0 };

/** Begin for the signed-in user: open what is kept and send what waits; gives this phone's id. */
export async function begin(uid) {
  user = uid;
  store.use(uid);
  await named();
  channel = new BroadcastChannel("auditapp-" + uid);
  channel.onmessage = async ({ data: [kind, detail] }) => { if (kind === "state") await count(); else hear(kind, detail); };
  for (const name of ["online", "pageshow", "focus"]) addEventListener(name, now);
  document.addEventListener("visibilitychange", () => document.hidden || now());
  await count();
  soon(0);
  return device;
}

/** This phone's id. */
export const named = async () => device ??= (await store.get("meta", "device").catch(() => 0) || await (await import("./marks.js")).named()).id;

/** Hear of every change: (kind, detail), kinds "state", "saved", "refused", "other", "amended", "photo", "needs", "receipt". */
export const listen = (fn) => listeners.add(fn);
export const hear = (kind, detail) => {
  if (["saved", "other"].includes(kind) || detail?.state === "server") state.savedAt = new Date(); // perhaps by another tab
  listeners.forEach((fn) => fn(kind, detail));
};
export const tell = (kind, detail) => { hear(kind, detail); channel?.postMessage([kind, detail]); };

/* What is kept */

const raise = (visit, seq) => void tops.set(visit, Math.max(seq, tops.get(visit) || 0));

/** Remember what a page knows of a visit; top is the highest sequence number that it has seen. */
export async function know(visit, { top = 0, ...facts }) {
  raise(visit, top);
  const kept = read.has(visit) ? [] : await store.all("answers", "visit", visit), early = kept.filter((r) => r.early);
  for (const r of kept) raise(visit, top = Math.max(top, r.seq));
  read.add(visit);
  await about(visit, facts, top);
  for (const r of early) await about(visit, {}, top, r); // its page was gone before it knew better
}

/** Note facts of a visit; an answer whose number another tab has used meanwhile gets a new one. */
const about = (visit, facts, top, record) => store.change(["answers", "visits"], (stores) => {
  const asked = stores("visits").get(visit);
  asked.onsuccess = () => {
    const v = asked.result, taken = v?.top || 0, own = stores("answers");
    raise(visit, Math.max(top, taken));
    if (record?.seq <= taken) {
      raise(visit, top = tops.get(visit) + 1);
      own.get(record.key).onsuccess = ({ target }) => { if (target.result?.at === record.at) own.put({ ...record, seq: top, early: undefined }); };
    }
    stores("visits").put({ key: visit, state: "editing", ...v, begun: v?.begun || record?.at, ...facts, top: Math.max(top, taken) });
  };
});

/** Keep one field of a question (null clears it) and facts of its visit. Resolves once it is on the disk, or in this page where that is full. */
export async function answer(visit, question, field, value, facts) {
  const at = new Date().toISOString(), early = !read.has(visit) || undefined; // the number is a guess then
  raise(visit, (tops.get(visit) || 0) + 1);
  const seq = tops.get(visit), record = { key: `${visit}|${question}.${field}`, visit, wait: visit, question, field, value, at, seq, early };
  try {
    await store.put("answers", record);
    spare.delete(record.key);
  } catch { spare.set(record.key, record); }
  (early ? know(visit, {}) : Promise.resolve()).catch(() => 0).then(() => about(visit, facts, seq, record)).catch(() => 0)
    .then(() => soon(150)); // by the number that it has then
  await count(true);
}

/* When to send */

/** Try at once. */
export function now() { failures = 0; soon(0); }

/** Hand over the answers that wait: the page may be gone in a moment. */
export async function flush() {
  const waiting = await pending();
  if (!waiting.length) return;
  const { sendAnswers } = await import("./calls.js");
  for (const visit of new Set(waiting.map((r) => r.visit))) {
    sendAnswers(visit, waiting.filter((r) => r.visit === visit)).catch(() => 0); // run tries again where the page stays
  }
}

/** Try in so many milliseconds. */
export function soon(wait) { clearTimeout(timer); due = true; state.nextAt = Date.now() + wait; timer = setTimeout(run, wait); }

/** What could only be kept in this page, of "answers" or "photos". */
export const spares = (kind) => [...spare.values()].filter((r) => ("field" in r) === (kind === "answers"));
/** Answers to be sent; of a phone that can't be read, those of this page. */
export const pending = async () => [...await store.all("answers", "wait").catch(() => []), ...spares("answers")];

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
  try {
    const { sendAll } = await import("./calls.js");
    await alone(sendAll);
    failures = 0;
    state.failed = "";
  } catch (error) {
    failures += 1;
    state.failed = error.status >= 500 || error.status === 409 ? "server" : "line";
    if (error.status === 401) state.failed = "signedOut";
  }
  state.signedOut = state.failed === "signedOut";
  state.sending = false;
  await count(true);
  running = false;
  if (state.failed) soon(Math.min(LONGEST, FIRST * 2 ** (failures - 1)) * (1 + Math.random()) / 2);
  else if (again) soon(50);
  else if (state.answers + state.photos && !due) soon(AGAIN);
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
