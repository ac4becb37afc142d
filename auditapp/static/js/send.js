// The end of a visit on this phone: frozen, sent, the receipt, read back, and after a week forgotten.
import * as store from "./store.js";
import { sha256 } from "./marks.js";
import { call } from "./calls.js";
import { named, now, tell } from "./sync.js";
import { photo } from "./upload.js";

const KEPT = 7 * 86400000, after = (ms) => new Date(Date.now() + ms).toISOString();

/** Freeze a visit and send it when there is signal: {arrived, left} by the store's clock, or {notDone: reason}. */
export async function send(visit, facts) {
  for (const r of await store.all("photos", "visit", visit)) if (r.raw) await photo({ ...r, raw: false, hash: await sha256(r.bytes) });
  const manifest = { answers: {}, photos: {}, refused: [] };
  for (const r of await store.all("answers", "visit", visit)) if (!r.words) (manifest.answers[r.question] ??= {})[r.field] = r.seq;
  for (const r of await store.all("photos", "visit", visit)) if (r.state !== "gone") manifest.photos[r.key] = r.hash;
  await store.update("visits", visit, (v) => v?.receipt ? undefined
    : { key: visit, ...v, notDone: undefined, ...facts, manifest, state: "ready", readyAt: after(0), needs: undefined, words: undefined });
  now();
}

/** Thaw a visit that has no receipt yet, to change something. */
export const unsend = (visit) => store.update("visits", visit, (v) => v?.state === "ready" ? { ...v, state: "editing" } : undefined);

/** Take a visit as far as it goes now: sent, read back, forgotten. */
export async function finish(v) {
  if (v.state === "ready") await submit(v);
  else if (v.agreedAt) await forget(v.key);
  else await agree(v);
}

const refusedOf = async (visit) => (await store.all("photos", "visit", visit)).filter((r) => r.state === "refused").map((r) => r.key);

async function submit(v) {
  if ((await store.keys("photos", "wait", v.key)).length + (await store.keys("answers", "wait", v.key)).length) return;
  const [wrong] = v.notDone ? [] : await store.all("answers", "needs", v.key); // the shopper can put it right
  if (wrong) return thaw(v.key, wrong.words);
  const refused = await refusedOf(v.key), photos = v.manifest.photos;
  for (const uuid in photos) photos[uuid] ||= (await store.get("photos", uuid))?.hash; // no TLS, no hash before the server's
  const body = v.notDone ? { not_done: v.notDone } : { manifest: { ...v.manifest, refused }, arrived: v.arrived, left: v.left };
  try {
    const receipt = await call("POST", v.key, "/submit", body);
    if (!receipt.receipt) throw new Error("not ours");
    await store.update("visits", v.key, (x) => ({ ...x, state: "receipted", receipt, until: after(0) }));
    tell("receipt", { visit: v.key });
    await agree(await store.get("visits", v.key));
  } catch (error) {
    if (!error.lasting) throw error;
    if (await resend(v, error.missing || [])) throw error;
    await thaw(v.key, error.words);
  }
}

/** Back to the shopper, with what stands in the way. */
async function thaw(visit, words) {
  await store.update("visits", visit, (x) => ({ ...x, state: "editing", needs: visit, words }));
  tell("needs", { visit, words });
}

/** Mark as not sent what the server lacks; whether there was anything of ours among it. */
async function resend(v, missing) {
  let found = false;
  for (const lack of missing) {
    const [kind, key] = lack.photo ? ["photos", lack.photo] : ["answers", `${v.key}|${lack.question}.${lack.field}`];
    await store.update(kind, key, (r) => {
      if (!r || r.state === "gone") return undefined;
      found = true;
      return { ...r, wait: v.key, sent: false, ...(lack.photo && { state: "phone", needs: undefined }) };
    });
  }
  return found;
}

/** A second reading of what the server holds; only then, and a week later, the phone forgets. */
async function agree(v) {
  const held = await call("GET", v.key, "/manifest");
  if (!held.visit) throw new Error("not ours");
  const { answers = {}, photos = {} } = v.manifest || {}, refused = await refusedOf(v.key), device = await named();
  const there = (question, field) => Math.max(held.answers[question]?.[field]?.[0] || 0, held.late?.[question]?.[field]?.[device] || 0);
  const lacks = [
    ...Object.entries(photos).filter(([uuid, hash]) => !refused.includes(uuid) && !held.deleted.includes(uuid) && held.photos[uuid]?.sha256 !== hash)
      .map(([photo]) => ({ photo })),
    ...Object.entries(answers).flatMap(([question, fields]) => Object.entries(fields)
      .filter(([field, seq]) => there(question, field) < seq).map(([field]) => ({ question, field }))),
  ];
  if (held.receipt !== v.receipt.receipt || await resend(v, lacks)) throw Object.assign(new Error("not all there"), { status: 409 });
  const late = Object.values(held.late || {}).flatMap(Object.values).some((of) => device in of)
    || Object.keys(photos).some((uuid) => held.photos[uuid]?.amendment);
  await store.update("visits", v.key, (x) => ({ ...x, agreedAt: after(0), until: after(KEPT), ...(late && { late }) }));
  if (late) tell("receipt", { visit: v.key }); // another phone had sent before
}

/** Unless there is something here that the server never took; the shopper may say that it can go. */
async function forget(visit) {
  if ((await store.keys("answers", "needs", visit)).length) return;
  if ((await store.all("photos", "visit", visit)).some((r) => r.needs || r.kept)) return;
  for (const kind of ["answers", "photos"]) for (const key of await store.keys(kind, "visit", visit)) await store.update(kind, key, () => null);
  await store.update("visits", visit, () => null);
  await store.update("meta", "reason|" + visit, () => null);
  if (self.caches) {
    const pages = await caches.open("pages-" + document.body.dataset.user);
    for (const page of await pages.keys()) if (new URL(page.url).pathname.startsWith("/visits/" + visit)) await pages.delete(page);
  }
}

