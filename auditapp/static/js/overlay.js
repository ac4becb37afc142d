// Lays what this phone holds of a visit over a page that may be older; as on the server, the higher (seq, device) wins.
import * as store from "./store.js";
import { lay } from "./card.js";

/** Over the cards under root (also of a parsed page); gives the answers that the server has refused, or that lost to another phone's. */
export async function overlay(root, visit, device) {
  const seqs = JSON.parse(root.dataset.seqs), cards = new Map([...root.querySelectorAll(".q")].map((q) => [q.dataset.k, q]));
  const kept = await store.all("answers", "visit", visit).catch(() => []);
  for (const r of kept) {
    const q = cards.get(r.question), [seq, by] = seqs[r.question]?.[r.field] || [0, ""];
    if (q && (r.seq > seq || (r.seq === seq && device >= by))) lay(q, r.field, r.value);
  }
  return kept.filter((r) => (r.words || r.lost) && cards.has(r.question));
}
