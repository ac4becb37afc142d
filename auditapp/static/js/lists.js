// My visits: what this phone knows of a visit stands over what the page says, which may have been kept for days.
import "./cover.js";
import { fresh, kept, lacking, needed, page, whole } from "./pages.js";
import * as shell from "./shell.js";
import { all } from "./store.js";
import { know, listen } from "./sync.js";

const TRIES = 5;
const find = (box, what) => box.querySelector(what), { words, now } = find(document, "h1").dataset, say = JSON.parse(words);
const at = new Date(now), time = Date.now() - at < 43200000 ? at.toTimeString().slice(0, 5) : at.toLocaleDateString();
let drawing = Promise.resolve();

/** Where the visit is, and where it goes on; `ready`: it can be done without signal. */
function told(v, ready) {
  const home = "/visits/" + v.key;
  if (v.needs) return [say.needs, "/visits/waiting"];
  if (v.state !== "editing") return [say.waiting, home + "/receipt"];
  return v.begun ? [v.asked ? shell.fill(say.progress, v) : say.begun, home] : [ready ? say.ready : say.signal];
}

const rowOf = (v) => find(document, `[data-v="${v.key}"], [data-b="${v.brief}"], [data-sent="${v.key}"]`);

/** What this phone holds; where it has forgotten which visit that was, the kept checklist still knows. */
async function visits() {
  const found = await all("visits");
  for (const v of found.filter((v) => v.begun && !(v.brief && v.list))) {
    const known = (await kept("/visits/" + v.key))?.getElementById("visit")?.dataset;
    if (!known) continue;
    const facts = { brief: known.brief, list: known.list, zone: known.zone };
    Object.assign(v, facts);
    know(v.key, facts).catch(() => 0); // a full phone
  }
  return found;
}

/** A row of its own. */
function row(name, v, text) {
  const made = find(document, `template.${name}`).content.firstElementChild.cloneNode(true);
  find(made, "b").textContent = text;
  made.dataset[name === "sent" ? "sent" : "v"] = v.key;
  return made;
}

/** What has its receipt stands under Sent. */
function sent(v, old) {
  const made = row("sent", v, find(old, ".line b, b").textContent), group = find(document, "#sent");
  find(made, "a").href = `/visits/${v.key}/receipt`;
  group.after(made);
  old.remove();
  for (const title of document.querySelectorAll(".group")) {
    const next = title.nextElementSibling;
    if (next.matches("ul:empty")) next.hidden = true;
    title.hidden = next.hidden || !next.matches(".card");
  }
}

async function show() {
  for (const v of await visits()) {
    let own = rowOf(v);
    if (!own && v.begun && !v.receipt && !v.agreedAt) { // given to somebody else meanwhile; it may be finished all the same
      own = row("more", v, v.list || say.list);
      find(document, "main").append(own);
    }
    if (!own || own.dataset.sent) continue; // the server knows best what it has
    if (v.receipt && !v.needs) { sent(v, own); continue; }
    const ready = v.preparedAt && !v.begun && !(await lacking(needed(v))).length;
    const [text, path] = told(v, ready), link = find(own, "a"), bar = find(own, "progress");
    find(own, ".state").textContent = text;
    if (path) link.href = path;
    if (path && own.matches(".due")) link.firstChild.textContent = v.state === "editing" ? say.go : say.open;
    if (bar && v.asked) [bar.max, bar.value, bar.hidden] = [v.asked, v.answered, false];
  }
}

/** One after the other: both would add the same row. */
const draw = () => drawing = drawing.then(show, show);

/** Brings back what the browser has thrown away of visits that are to be done without signal. */
async function mend(tries = TRIES, pause = 500) {
  const lost = new Set(), there = await whole();
  for (const v of there ? await visits() : []) {
    const open = !v.receipt && (v.preparedAt || v.begun) && rowOf(v);
    for (const path of open ? await lacking(needed(v)) : []) lost.add(path);
  }
  for (const path of lost) await fresh(path, 30000);
  await draw();
  if (tries && (lost.size || !there)) setTimeout(mend, pause, tries - 1, pause * 3);
}

find(document, "#state").textContent = shell.fill(say.fresh, { time });
await shell.begin();
for (const state of document.querySelectorAll("[data-b]:not([data-v]) .state")) state.textContent = say.signal;
await draw();
listen((kind) => {
  if (kind === "receipt") page("/visits");
  if (["receipt", "needs"].includes(kind)) draw();
});
const asked = [...document.querySelectorAll('a[href$="/message"]')].map((link) => link.pathname);
for (const path of ["/visits/waiting", ...asked]) page(path); // to be there without signal
if (navigator.serviceWorker) {
  mend();
  addEventListener("online", () => mend());
}
