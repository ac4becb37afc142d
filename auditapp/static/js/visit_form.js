// The checklist page: keeps every change at once, follows show_if, counts, jumps.
import "./cover.js";
import { answered, asked, fails, field, lacks, value } from "./card.js";
import * as clock from "./clock.js";
import { overlay } from "./overlay.js";
import * as shell from "./shell.js";
import * as store from "./store.js";
import * as sync from "./sync.js";

const root = document.getElementById("visit"), say = JSON.parse(root.dataset.words), visit = root.dataset.visit;
const cards = [...root.querySelectorAll(".q")], byKey = new Map(cards.map((q) => [q.dataset.k, q]));
const next = document.getElementById("next"), strip = document.getElementById("strip");
const picked = new Map(), typing = new Map(), told = new Map();
const FIELDS = { v: "value", x: "value", n: "note", r: "reasons", y: "na_reason", w: "why" };
const state = document.getElementById("state"), again = document.getElementById("again");
const tabs = [...document.querySelectorAll(".tabs a")].map((tab) => [tab, cards.filter((q) => q.parentElement.id === "s-" + tab.dataset.s)]);
const stands = new Map(), progress = {}, refused = new Set();
let here = null, note = "", keptAt = null, before = state.textContent, busy = 0, taking = 0, handed = 0;

/* Saving */

function send(q, name, what) {
  const key = q.dataset.k + "." + name, text = JSON.stringify(what);
  if (!visit || told.get(key) === text) return;
  told.set(key, text);
  if (refused.has(key)) judged(q, name, "");
  busy += 1;
  sync.answer(visit, q.dataset.k, name, what, progress).then(() => { busy -= 1; keptAt = new Date(); draw(); });
  draw();
}

function save(q, name) {
  if (name === "why" || (name === "value" && clock.times(q).start)) {
    const { start, stop } = clock.corrected(q), why = q.querySelector(`[name="${q.dataset.k}.w"]`);
    if (name === "value") { why.closest("label").hidden = false; send(q, "value", value(q)); }
    send(q, "timer", { start, ...(stop && { stop }), corrected: String(value(q) ?? ""), ...(why.value && { why: why.value }) });
  } else send(q, name, name === "value" ? value(q) : field(q, name));
}

function changed(input) {
  const q = input.closest(".q"), end = input.name.slice(q.dataset.k.length + 1), name = FIELDS[end];
  if (!name) return;
  here = q;
  if (name === "value") sole(q, input, end);
  save(q, name); // before all else: it has to be on the disk soon
  const wasBad = q.classList.contains("bad"), extra = q.querySelector(".ex");
  refresh([q]);
  if (name === "value" && extra && !wasBad && q.classList.contains("bad")) extra.open = true;
}

/** N/A and another answer exclude each other where both are inputs of their own. */
function sole(q, input, end) {
  for (const other of q.querySelectorAll(`[name="${q.dataset.k}.v"], [name="${q.dataset.k}.x"]`)) {
    if (other === input || other.type === "radio") continue;
    const na = (i) => i.value === "na" && i.type === "checkbox";
    if (end === "x" && input.checked && other.type !== "checkbox") other.value = "";
    else if (input.type !== "checkbox" ? na(other) : input.checked && na(input) !== na(other)) other.checked = false;
  }
}

root.addEventListener("click", (event) => {
  const input = event.target;
  if (input.type !== "radio") return;
  if (picked.get(input.name) === input) unpick(input);
  else picked.set(input.name, input);
});
/** The space bar gives no click on a chosen radio. */
root.addEventListener("keyup", (event) => {
  const input = event.target;
  if (event.key !== " " || input.type !== "radio" || !input.checked || picked.get(input.name) !== input) return;
  event.preventDefault();
  unpick(input);
});
function unpick(input) { input.checked = false; picked.delete(input.name); changed(input); }
root.addEventListener("change", (event) => {
  const input = event.target;
  if (input.type === "file") return take(input);
  settle(input);
  changed(input);
  draw();
});
root.addEventListener("input", (event) => {
  const input = event.target;
  if (["radio", "checkbox", "file"].includes(input.type)) return;
  settle(input);
  typing.set(input, setTimeout(() => { typing.delete(input); changed(input); draw(); }, 700));
  draw();
});
const settle = (input) => { clearTimeout(typing.get(input)); typing.delete(input); };
const settleAll = () => { for (const input of [...typing.keys()]) { settle(input); changed(input); } };
/** There may be no other moment; a page that leaves tells so up to three times. */
const handOver = () => {
  settleAll();
  if (Date.now() - handed > 500) sync.flush();
  handed = Date.now();
};
for (const name of ["beforeunload", "pagehide"]) addEventListener(name, handOver);
addEventListener("beforeunload", (event) => { if (sync.spare.size || taking) event.preventDefault(); }); // it is nowhere else
document.addEventListener("visibilitychange", () => document.hidden && handOver());
root.addEventListener("submit", (event) => event.preventDefault());

/* Photos */

async function thumbs() {
  const them = await import("./thumbs.js");
  them.use({ root, visit, say, problem, refresh, card: (key) => byKey.get(key) });
  return them;
}

function take(input) {
  const files = [...input.files].map((file) => [file, file.arrayBuffer()]); // at once: the camera's file may go
  input.value = "";
  if (!visit) return;
  const done = () => { busy -= 1; taking -= 1; draw(); };
  busy += files.length;
  taking += files.length;
  draw();
  thumbs().then((them) => them.take(input, files, done), () => { problem(input.closest(".q"), say.unreadable); files.forEach(done); });
}

/* What the server said */

sync.listen((kind, detail) => {
  if (detail && detail.visit !== visit) return;
  const q = byKey.get(detail?.question);
  if (kind === "saved") { if (q) judged(q, detail.field, ""); }
  else if (kind === "refused") { if (q) judged(q, detail.field, detail.words); else note = detail.words || ""; }
  else if (kind === "other") { told.delete(`${detail.question}.${detail.field}`); problem(q, say.other, "moved"); }
  else if (kind === "amended") note = say.sent;
  else if (detail?.state === "phone" && detail.at) keptAt = new Date(detail.at);
  draw();
});

/** What the server says of a field of a question; "" where that is right, or to be asked anew. */
function judged(q, name, words) {
  refused[words ? "add" : "delete"](q.dataset.k + "." + name);
  problem(q, words);
  const was = "r" in q.dataset, is = q.toggleAttribute("data-r", [...refused].some((key) => key.startsWith(q.dataset.k + ".")));
  if (was !== is) refresh([q]);
}

function problem(q, words, className = "error") {
  let line = q?.querySelector(":scope > :is(.error, .moved)");
  if (!q || !words) return line?.remove();
  if (!line) q.querySelector("legend").after(line = document.createElement("p"));
  Object.assign(line, { className, role: "alert" });
  line.textContent = words;
}

const time = (moment) => moment.toTimeString().slice(0, 5);
function draw() {
  const s = sync.state, waits = s.answers + s.photos, entering = busy + typing.size;
  if (s.sending || (visit && (entering || (waits && !keptAt)))) state.textContent = say.sending;
  else if (visit && waits && !s.spare) state.textContent = shell.fill(say.kept, { time: time(keptAt) });
  else state.textContent = s.savedAt ? shell.fill(say.saved, { time: time(s.savedAt) }) : before;
  const words = s.spare ? say.full : s.signedOut ? say.signin : s.failed && waits ? shell.fill(s.failed === "server" ? say.trouble : say.waiting, { what: shell.waits() }) : note;
  if (!visit) return;
  if (strip.textContent !== words) {
    const { top } = root.getBoundingClientRect();
    strip.textContent = words;
    if (scrollY) scrollBy(0, root.getBoundingClientRect().top - top); // nothing moves under a thumb
  }
  if (again.hidden === s.signedOut) again.hidden = !s.signedOut;
}

/* Showing, counting, moving */

/** Asks the cards that may have changed; the rest is known, but before the first time. */
function refresh(some) {
  const open = asked(cards);
  for (const q of (stands.size && some) || cards) {
    const more = q.querySelector(".more");
    q.classList.toggle("bad", fails(q) || Boolean(more?.querySelector(".th") || more?.querySelector("textarea")?.value));
    stands.set(q, [answered(q), lacks(q).length > 0]);
  }
  for (const q of cards) q.classList.toggle("shut", !open.has(q.dataset.k));
  let answers = 0, owing = 0;
  for (const [tab, mine] of tabs) {
    const found = mine.filter((q) => open.has(q.dataset.k)).map((q) => stands.get(q));
    const given = found.filter(([is]) => is).length, owed = found.filter(([, is]) => is).length;
    answers += given; owing += owed;
    tab.querySelector("small").textContent = shell.fill(say.of, { answered: given, asked: found.length });
    tab.classList.toggle("done", given === found.length && !owed);
  }
  Object.assign(progress, { answered: answers, asked: open.size });
  if (next) {
    const [word, small] = owing ? [say.next, shell.fill(say.left, { n: owing })] : [say.check, say.done];
    next.querySelector("span").firstChild.textContent = word;
    next.querySelector("small").textContent = small;
  }
}

next?.addEventListener("click", (event) => {
  settleAll();
  if (!stands.size) refresh();
  const open = cards.filter((q) => !q.classList.contains("shut") && stands.get(q)[1]);
  if (!open.length) { if (visit) { event.preventDefault(); location.href = document.getElementById("all").href; } return; }
  event.preventDefault();
  const from = here ? cards.indexOf(here) : -1;
  here = open.find((q) => cards.indexOf(q) > from) || open[0];
  here.querySelector("input, textarea, button").focus({ preventScroll: true });
  here.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches || root.querySelector(".sec:not(.whole)") ? "auto" : "smooth" });
});

const inView = new Set(), seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) inView[isIntersecting ? "add" : "delete"](target);
  const first = [...root.children].find((section) => inView.has(section));
  for (const [tab] of first ? tabs : []) {
    if ("s-" + tab.dataset.s !== first.id) { tab.removeAttribute("aria-current"); continue; }
    tab.setAttribute("aria-current", "true");
    tab.closest("nav").scrollTo({ left: tab.offsetLeft - 24 });
  }
}, { rootMargin: "-160px 0px -60% 0px" });

/* Begin */

document.documentElement.classList.add("js");
for (const input of root.querySelectorAll("input[type=radio]:checked")) picked.set(input.name, input);
for (const section of root.querySelectorAll(".sec")) seen.observe(section);
clock.begin(say, (q, timer, minutes) => {
  here = q;
  send(q, "timer", timer);
  if (minutes !== null) send(q, "value", minutes);
  q.querySelector(`[name="${q.dataset.k}.w"]`).closest("label").hidden = !timer.stop;
  refresh();
});
if (location.hash.length > 2) document.getElementById(location.hash.slice(1))?.scrollIntoView();
if (visit) await begin().finally(laidOut);
else { refresh(); laidOut(); }

/** Until then what is far down has no place yet (app.css). */
function laidOut() { import("./place.js").catch(() => 0); }

async function begin() {
  thumbs(); // to have it when a photo comes
  const { top, list, zone } = root.dataset, ready = shell.begin(), known = sync.know(visit, { top: Number(top), list, zone });
  const mine = shell.only(visit, root, settleAll), device = await ready;
  await known.catch(() => 0); // a full phone can note nothing
  for (const i of root.querySelectorAll("input, textarea")) if (i.checked !== i.defaultChecked || (i.type !== "file" && i.value !== i.defaultValue)) changed(i); // was there before this script
  if (["ready", "receipted"].includes((await store.get("visits", visit).catch(() => 0))?.state)) return location.replace(location.pathname + "/receipt");
  for (const r of await overlay(root, visit, device)) {
    if (r.words) judged(byKey.get(r.question), r.field, r.words); else problem(byKey.get(r.question), say.moved, "moved");
  }
  picked.clear();
  for (const input of root.querySelectorAll("input[type=radio]:checked")) picked.set(input.name, input);
  clock.draw();
  const last = (await store.all("answers", "visit", visit).catch(() => [])).map((r) => r.at).sort().pop();
  if (last) { keptAt ??= new Date(last); before = shell.fill(say.saved, { time: time(keptAt) }); }
  refresh();
  const { show, finishAll } = await thumbs();
  await show();
  refresh();
  if (await mine) finishAll();
}
