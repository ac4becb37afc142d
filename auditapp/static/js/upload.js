// Photos: kept on this phone, and on their way to the server, two at a time.
import * as store from "./store.js";
import { call, endsAll, headers, judge } from "./calls.js";
import { count, soon, spare, tell } from "./sync.js";

const SLOW = 60000;

/** Keep a photo: the original first (raw), then what will be sent, if it still waits for that. Tells where it lies: "phone" or "page". */
export async function photo(record) {
  const kept = { ...record, wait: record.visit, state: "phone" };
  try {
    if (kept.raw) await store.put("photos", kept);
    else await store.update("photos", kept.key, (known) => (known?.raw && known.wait) || spare.has(kept.key) ? kept : undefined);
    spare.delete(kept.key);
  } catch { spare.set(kept.key, kept); }
  const where = spare.has(kept.key) ? "page" : "phone";
  tell("photo", { uuid: kept.key, visit: kept.visit, question: kept.question, state: where, at: kept.at });
  await count(true);
  if (!kept.raw) soon(0);
  return where;
}

/** Take a photo back, sent or not. */
export async function unphoto(visit, uuid) {
  const gone = { key: uuid, visit, wait: visit, state: "gone" };
  spare.delete(uuid);
  await store.put("photos", gone).catch(() => spare.set(uuid, gone));
  await count(true);
  soon(0);
}

/** Send, or take back, the photos under these keys. Rejects where one could not go; the others go on where they can. */
export async function upload(waiting) {
  let failed;
  const hand = async () => {
    for (let key; (key = waiting.shift());) {
      await sendPhoto(spare.get(key) || await store.get("photos", key)).catch((error) => {
        failed ??= error;
        if (endsAll(error)) waiting.length = 0;
      });
    }
  };
  await Promise.all([hand(), hand()]);
  if (failed) throw failed;
}

/** A page may have been left before it had shrunk its photos; the visit's own page does that itself. */
async function shrink(r) {
  const open = await navigator.locks?.query();
  if (!open?.held.some((lock) => lock.name === "auditapp-visit-" + r.visit)) (await import("./photos.js")).finish(r);
}

async function sendPhoto(r) {
  if (!r) return;
  if (r.raw) return await shrink(r);
  const about = { uuid: r.key, visit: r.visit, question: r.question }, path = "/photos/" + r.key;
  try {
    if (r.state === "gone") {
      await call("DELETE", r.visit, path);
      spare.delete(r.key);
      return await store.update("photos", r.key, (x) => x && { ...x, wait: undefined }); // a kept page may still show it
    }
    const told = await put(r, (part) => tell("photo", { ...about, state: "sending", part }));
    if (told.uuid !== r.key || (told.state !== "deleted" && r.hash && told.sha256 !== r.hash)) throw new Error("not ours");
    spare.delete(r.key);
    await store.update("photos", r.key, (x) => x?.state === "phone" ? { ...x, state: "server", wait: undefined, id: told.id, hash: told.sha256 } : undefined).catch(() => 0);
    tell("photo", { ...about, state: "server", id: told.id });
  } catch (error) {
    if (!error.lasting) { tell("photo", { ...about, state: "phone" }); throw error; }
    if (r.state === "gone") return await stays(r, error.words);
    await store.update("photos", r.key, (x) => x && { ...x, state: "refused", wait: undefined, needs: r.visit, words: error.words }).catch(() => 0);
    spare.delete(r.key); // sent again, it would be refused again
    tell("photo", { ...about, state: "refused", words: error.words });
  }
}

/** What was taken back too late: the visit had been sent. Told on the checklist, and later on the receipt. */
async function stays({ key, visit }, words) {
  spare.delete(key);
  await store.update("photos", key, () => null);
  await store.update("visits", visit, (v) => v && { ...v, stays: words });
  tell("refused", { visit, words });
}

/** fetch tells no progress of an upload. Given up a minute after the last sign of life. */
function put(r, progress) {
  return new Promise((done, fail) => {
    const xhr = new XMLHttpRequest();
    let clock;
    const alive = () => { clearTimeout(clock); clock = setTimeout(() => xhr.abort(), SLOW); };
    xhr.open("PUT", `/api/v1/visits/${r.visit}/photos/${r.key}`);
    const told = { ...headers(), "Content-Type": "application/octet-stream", "X-Question": r.question, "X-Sha256": r.hash, "X-Taken-At": r.takenAt,
      "X-Latitude": r.latitude, "X-Longitude": r.longitude, "X-Camera": r.camera, "X-Clock": new Date().toISOString(), "X-Given-At": r.at };
    for (const [name, value] of Object.entries(told)) if (value != null && value !== "") xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = (event) => { alive(); progress(event.loaded / (event.total || 1)); };
    xhr.onload = () => { try { done(judge(xhr.status, xhr.responseText)); } catch (error) { fail(error); } };
    xhr.onerror = xhr.onabort = () => fail(new Error("network"));
    xhr.onloadend = () => clearTimeout(clock);
    alive();
    xhr.send(r.bytes);
  });
}

