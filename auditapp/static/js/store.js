// What this phone keeps, in IndexedDB: one database per user, so that nobody sees what another has entered.
const INDEXES = { answers: ["visit", "wait", "needs"], photos: ["visit", "wait", "needs"], visits: ["needs"], meta: [] };
const HANGS = 3000;
const underway = new Set();
let name = "", opened = null, db = null, left = false;

/* A page that is left may be put aside as it is, in the middle of a transaction; every later page would wait for that. */
addEventListener("pagehide", () => {
  left = true;
  for (const all of underway) try { all.abort(); } catch { /* it is being committed */ }
});
addEventListener("pageshow", () => { left = false; });

/** Name the user whose records are meant. */
export function use(user) { name = "auditapp-" + user; opened = db = null; }

const open = () => opened ??= new Promise((done, fail) => {
  const asked = indexedDB.open(name, 1);
  asked.onupgradeneeded = () => {
    for (const [kind, indexes] of Object.entries(INDEXES)) {
      const made = asked.result.createObjectStore(kind, { keyPath: "key" });
      for (const index of indexes) made.createIndex(index, index);
    }
  };
  const clock = setTimeout(() => { opened = null; fail(new Error("hangs")); }, HANGS); // WebKit after a restart, now and then
  asked.onsuccess = () => {
    clearTimeout(clock);
    const made = db = asked.result;
    made.onversionchange = made.onclose = () => { made.close(); opened = db = null; };
    done();
  };
  asked.onerror = asked.onblocked = () => { opened = null; fail(asked.error || new Error("blocked")); };
});

/** Run work(kind → object store) in one transaction; resolves with what it returned once all of it is on the disk. `ends`: work asks for nothing more later. */
export async function change(kinds, work, mode = "readwrite", ends = false) {
  if (!db) await open().catch(open); // else the transaction begins at once
  return new Promise((done, fail) => {
    if (left && !ends) throw new Error("left");
    const all = db.transaction(kinds, mode, { durability: "strict" });
    let result;
    underway.add(all);
    all.oncomplete = () => { underway.delete(all); done(result); };
    all.onabort = () => { underway.delete(all); fail(all.error || new Error("aborted")); };
    result = work((kind) => all.objectStore(kind));
    if (ends) all.commit(); // not only when the page has heard of it
  });
}

const read = async (kind, ask) => (await change(kind, (stores) => ask(stores(kind)), "readonly")).result;
const by = (store, index) => index ? store.index(index) : store;

/** The record under a key, or undefined. */
export const get = (kind, key) => read(kind, (store) => store.get(key));

/** All records, or those that an index names: "visit"; "wait" (to be sent) and "needs" (somebody must look) by visit. */
export const all = (kind, index, value) => read(kind, (store) => by(store, index).getAll(value));

/** Their keys alone; photos are large. */
export const keys = (kind, index, value) => read(kind, (store) => by(store, index).getAllKeys(value));

/** Keep a record; resolves once it is on the disk, rejects where the phone is full. */
export const put = (kind, record) => change(kind, (stores) => stores(kind).put(record), "readwrite", true);

/** Change the record under a key with nobody in between: fn gives the new one, null to forget it, undefined to leave it. */
export const update = (kind, key, fn) => change(kind, (stores) => {
  const store = stores(kind), asked = store.get(key);
  asked.onsuccess = () => {
    const made = fn(asked.result);
    if (made === null) store.delete(key); else if (made) store.put(made);
  };
});
