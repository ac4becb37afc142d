// The brief: brings all that the visit needs onto this phone, and judges the three questions here, without signal.
import "./cover.js";
import { lacking, needed, page, whole } from "./pages.js";
import * as shell from "./shell.js";
import { all } from "./store.js";
import { know } from "./sync.js";

const LONGEST = 15000;
const card = document.getElementById("phone"), form = document.getElementById("ready"), { words, prepare, size } = card.dataset;
const say = JSON.parse(words), title = document.title, brief = location.pathname, { user } = document.body.dataset;
let record, timer, ready = false, pause = 150;

await shell.begin();
await look();
if (navigator.serviceWorker) {
  card.hidden = false;
  fetchAll();
  addEventListener("online", fetchAll);
}

async function look() {
  record = (await all("visits")).find((v) => v.brief === brief);
  ready = Boolean(record?.preparedAt) && !(await lacking(needed(record))).length;
  if (ready) show(say.ready, shell.fill(say.size, { mb: (record.bytes / 1e6).toFixed(1) }));
  if (form) form.hidden = Boolean(record?.begun);
}

function show(first, second) {
  card.querySelector("b").textContent = first;
  card.querySelector("small").textContent = second;
}

async function fetchAll() {
  clearTimeout(timer);
  try {
    if (!await whole()) throw 0; // being installed, or fetched again
    const reply = await fetch(prepare, { method: "POST", headers: { "X-Auditapp": "1", "X-Auditapp-User": user }, redirect: "error" });
    const { visit, list, zone, due_at: dueAt, pages, top_seq: top } = await reply.json();
    navigator.storage?.persist?.();
    let bytes = Number(size);
    for (const path of pages) bytes += (await page(path, 30000)).body.innerHTML.length;
    await know(visit, { top, list, zone, dueAt, brief, bytes, preparedAt: new Date().toISOString() });
    await look();
    if (!ready) throw 0;
  } catch (error) {
    pause = error ? LONGEST : Math.min(LONGEST, pause * 2);
    if (pause === LONGEST && !ready) show(say.signal, say.once);
    timer = setTimeout(fetchAll, pause);
  }
}

form?.addEventListener("submit", async (event) => {
  if (!record?.preparedAt) return; // the server judges
  event.preventDefault();
  let wrong = false;
  for (const q of record.begun ? [] : form.querySelectorAll("fieldset")) {
    const right = q.querySelector(":checked")?.value === q.dataset.right;
    q.querySelector(".error").hidden = right;
    wrong ||= !right;
  }
  const problem = document.getElementById("wrong");
  problem.hidden = !wrong;
  document.title = wrong ? form.dataset.error : title;
  if (wrong) return problem.focus();
  await know(record.key, { begun: record.begun || new Date().toISOString() }).catch(() => 0); // a full phone
  location.href = "/visits/" + record.key;
});
