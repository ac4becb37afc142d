// What waits to be sent, by key. In memory for now: the same four calls will speak to IndexedDB.
const kept = new Map();

/** Keep a record: {key, kind: "answer" | "photo", …}. Resolves once it is kept. */
export const put = async (record) => void kept.set(record.key, record);

/** The record under a key, or undefined. */
export const get = async (key) => kept.get(key);

/** All records, the oldest first. */
export const all = async () => [...kept.values()];

/** Forget a record. */
export const remove = async (key) => void kept.delete(key);
