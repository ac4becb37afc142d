// The reply to the reviewer's question: kept on this phone while it is typed, and sent by itself when there is signal.
import "./cover.js";
import * as shell from "./shell.js";
import * as store from "./store.js";
import * as sync from "./sync.js";

const form = document.getElementById("reply"), told = document.getElementById("told"), { text } = form.elements;
const { visit, top, list, zone, words } = form.dataset, say = JSON.parse(words), key = visit + "|.reply", draft = "draft|" + visit;
const WEEK = 7 * 86400000, after = (ms) => new Date(Date.now() + ms).toISOString();
let typing = 0, keeping = Promise.resolve(), given = true;

/** What is typed is a draft until Reply is tapped. */
const keep = () => given || (keeping = store.put("meta", { key: draft, text: text.value }).catch(() => 0));

text.addEventListener("input", () => { given = false; clearTimeout(typing); typing = setTimeout(keep, 400); });
for (const name of ["pagehide", "beforeunload"]) addEventListener(name, keep);
document.addEventListener("visibilitychange", () => document.hidden && keep());

function tell(what, wrong = false) {
  told.textContent = what;
  told.className = wrong ? "error" : "hint";
}

async function draw() {
  const kept = sync.spare.get(key) || await store.get("answers", key).catch(() => 0), s = sync.state;
  if (kept?.words) return tell(kept.words, true);
  if (!kept?.wait) return;
  const time = new Date(kept.at).toTimeString().slice(0, 5);
  tell(s.spare ? say.full : s.signedOut ? say.signin : s.failed ? shell.fill(say.kept, { time }) : say.sending);
}

async function begin() {
  await shell.begin();
  const [known, typed, kept] = await Promise.all([store.get("visits", visit), store.get("meta", draft), store.get("answers", key)]);
  await sync.know(visit, { top: Number(top), ...(!known && { state: "receipted", agreedAt: after(0), until: after(WEEK), list, zone }) });
  text.value ||= typed?.text || (kept?.sent ? "" : kept?.value) || "";
  sync.listen(async (kind, about) => {
    if (kind !== "saved" || about.visit !== visit || about.field !== "reply") return draw();
    await forget();
    location.href = location.pathname.replace("/message", "/receipt");
  });
  draw();
}

/** From here on what stands in the field is no draft, until it is changed. */
async function forget() {
  given = true;
  await store.update("meta", draft, () => null).catch(() => 0);
}

const ready = begin();
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearTimeout(typing);
  if (!text.value.trim()) { tell(say.empty, true); text.focus(); return; }
  try { await ready; } catch { return form.submit(); } // a phone that keeps nothing sends it as it is
  await keeping;
  await sync.answer(visit, "", "reply", text.value);
  if (!sync.spare.has(key)) await forget();
  draw();
});
await ready;
