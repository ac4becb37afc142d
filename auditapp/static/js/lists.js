// My visits: what this phone knows of a visit stands over what the page says, which may have been kept for days.
import "./cover.js";
import { page } from "./pages.js";
import * as shell from "./shell.js";
import { all } from "./store.js";
import { listen } from "./sync.js";

const find = (box, what) => box.querySelector(what), { words, now } = find(document, "h1").dataset, say = JSON.parse(words);
const at = new Date(now), time = Date.now() - at < 43200000 ? at.toTimeString().slice(0, 5) : at.toLocaleDateString();

/** Where the visit is, and where it goes on. */
function told(v) {
  const home = "/visits/" + v.key;
  if (v.needs) return [say.needs, "/visits/waiting"];
  if (v.state !== "editing") return [v.receipt ? say.sent : say.waiting, home + "/receipt"];
  return v.begun ? [v.asked ? shell.fill(say.progress, v) : say.begun, home] : [v.preparedAt ? say.ready : say.signal];
}

async function draw() {
  for (const v of await all("visits")) {
    let row = find(document, `[data-v="${v.key}"], [data-b="${v.brief}"], [data-sent="${v.key}"]`);
    if (!row && v.begun && !v.receipt && !v.agreedAt) { // given to somebody else meanwhile; it may be finished all the same
      row = find(document, "template").content.firstElementChild.cloneNode(true);
      row.dataset.v = v.key;
      find(row, "b").textContent = v.list;
      find(document, "main").append(row);
    }
    if (!row || row.dataset.sent) continue; // the server knows best what it has
    const [text, path] = told(v), link = find(row, "a"), bar = find(row, "progress");
    find(row, ".state").textContent = text;
    if (path) link.href = path;
    if (path && link.dataset.go) link.firstChild.textContent = link.dataset.go;
    if (bar && v.asked) [bar.max, bar.value, bar.hidden] = [v.asked, v.answered, false];
  }
}

find(document, "#state").textContent = shell.fill(say.fresh, { time });
await shell.begin();
for (const state of document.querySelectorAll("[data-b]:not([data-v]) .state")) state.textContent = say.signal;
await draw();
listen((kind) => ["receipt", "needs"].includes(kind) && draw());
const asked = [...document.querySelectorAll('a[href$="/message"]')].map((link) => link.pathname);
for (const path of ["/visits/waiting", ...asked]) page(path); // to be there without signal
