// What goes over the line. Only our server's own JSON counts.
import * as store from "./store.js";
import { hear, know, named, pending, spare, spares, state, tell, user } from "./sync.js";

const OUTLIVES = 10000; // characters
const SLOW = 60000;

/** Everything once. */
export async function sendAll() {
  const visits = await store.all("visits").catch(() => []), answers = await pending(), photos = await store.keys("photos", "wait").catch(() => []);
  let failed;
  state.sending = answers.length + photos.length + spares("photos").length > 0;
  if (state.sending) hear("state");
  for (const visit of new Set([...answers, ...spares("photos")].map((r) => r.visit).concat(visits.map((v) => v.key)))) {
    try {
      await sendVisit(visit, answers.filter((r) => r.visit === visit));
    } catch (error) { // of one visit, it holds up no other
      if (endsAll(error)) throw error;
      failed ??= error;
    }
  }
  if (failed) throw failed;
}

/** Without a line, or a signed-in user, nothing else would go either. */
export const endsAll = ({ status = 0 }) => status < 400 || status === 401;

async function sendVisit(visit, answers) {
  if (answers.length) await sendAnswers(visit, answers);
  const keys = [...await store.keys("photos", "wait", visit).catch(() => []), ...spares("photos").filter((r) => r.visit === visit).map((r) => r.key)];
  if (keys.length) await (await import("./upload.js")).upload(keys);
  const v = await store.get("visits", visit).catch(() => 0);
  if (v?.state === "ready" || Date.parse(v?.until) < Date.now()) await (await import("./send.js")).finish(v);
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

/** Send answers of a visit, and note what became of each. */
export async function sendAnswers(visit, records) {
  const answers = {};
  for (const r of records) (answers[r.question] ??= {})[r.field] = [r.seq, r.value, r.at];
  const device = await named();
  let told;
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
  if (told.amendment && records.some((r) => r.field !== "reply")) {
    await store.update("visits", visit, (v) => v && { ...v, late: true }).catch(() => 0);
    tell("amended", { visit });
  }
  for (const r of records) {
    const words = told.refused?.[r.question]?.[r.field], winner = told.winners[r.question]?.[r.field];
    const won = !winner || (winner[0] === r.seq && winner[1] === device) || told.amendment;
    await settle(r, words ? { needs: visit, words } : { sent: true, lost: !won });
    tell(words ? "refused" : won ? "saved" : "other", { ...r, words });
  }
}

/** What became of an answer, unless it was changed meanwhile. */
async function settle(r, facts) {
  if (spare.get(r.key) === r) spare.delete(r.key);
  await store.update("answers", r.key, (x) => x?.seq === r.seq ? { ...x, wait: undefined, early: undefined, ...facts } : undefined).catch(() => 0);
}
