// Ids and hashes.
import * as store from "./store.js";

/** A random id of version 4; pages served without TLS have no crypto.randomUUID. */
export function id() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 15) | 64; b[8] = (b[8] & 63) | 128;
  const hex = [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

/** In hex; "" where the page has no TLS. */
export async function sha256(bytes) {
  if (!crypto.subtle) return "";
  return [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

/** The record that names this phone, made at its first start; one of this page alone where nothing can be kept. */
export async function named() {
  const made = { key: "device", id: id() };
  try {
    await store.update("meta", "device", (known) => known ? undefined : made);
    return await store.get("meta", "device");
  } catch { return made; }
}
