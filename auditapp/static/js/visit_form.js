// The checklist page with script: saves every change at once, follows show_if, counts, jumps. Without it the forms post.
import "./cover.js";
import { answered, asked, fails, field, hasPhoto, value } from "./card.js";
import * as clock from "./clock.js";
import * as photos from "./photos.js";
import * as sync from "./sync.js";

const root = document.getElementById("visit"), say = JSON.parse(root.dataset.words), visit = root.dataset.visit;
const cards = [...root.querySelectorAll(".q")], byKey = new Map(cards.map((q) => [q.dataset.k, q]));
const next = document.getElementById("next"), strip = document.getElementById("strip");
const picked = new Map(), typing = new Map(), told = new Map();
const FIELDS = { v: "value", x: "value", n: "note", r: "reasons", y: "na_reason", w: "why" };
const state = document.getElementById("state"), before = state.textContent;
let here = null, note = "";

const fill = (text, params) => text.replace(/%\((\w+)\)s/g, (_, name) => params[name]);

/* Saving */

function send(q, name, what) {
  const key = q.dataset.k + "." + name, text = JSON.stringify(what);
  if (!visit || told.get(key) === text) return;
  told.set(key, text);
  sync.answer(q.dataset.k, name, what);
}

function save(q, name) {
  if (name === "why" || (name === "value" && clock.times(q).stop)) {
    const { start, stop } = clock.times(q), why = q.querySelector(`[name="${q.dataset.k}.w"]`);
    if (name === "value") { why.closest("label").hidden = false; send(q, "value", value(q)); }
    send(q, "timer", { start, stop, corrected: String(value(q) ?? ""), ...(why.value && { why: why.value }) });
  } else send(q, name, name === "value" ? value(q) : field(q, name));
}

function changed(input) {
  const q = input.closest(".q"), end = input.name.slice(q.dataset.k.length + 1), name = FIELDS[end];
  if (!name) return;
  here = q;
  if (name === "value") {
    sole(q, input, end);
    const wasBad = q.classList.contains("bad");
    refresh();
    const extra = q.querySelector(".ex");
    if (extra && !wasBad && q.classList.contains("bad")) extra.open = true;
  }
  save(q, name);
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
/** Browsers give no click for the space bar on a chosen radio, so the second press clears it here. */
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
/** Links of our own pages wait for what is still on its way; if that fails, the browser asks before leaving. */
async function leave(href) {
  settleAll();
  await sync.settled();
  location.href = href;
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]"), s = sync.state;
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link.pathname === location.pathname || !(s.answers + s.photos + typing.size)) return;
  event.preventDefault();
  leave(link.href);
});
/** Reloaded, swiped away or put to sleep: there may be no other moment. A reload asks for the page before pagehide. */
const handOver = () => { settleAll(); sync.flush(); };
for (const name of ["beforeunload", "pagehide"]) addEventListener(name, handOver);
document.addEventListener("visibilitychange", () => document.hidden && handOver());
root.addEventListener("submit", (event) => event.preventDefault());

/* Photos */

async function take(input) {
  const q = input.closest(".q"), files = [...input.files];
  input.value = "";
  if (!visit) return;
  for (const file of files) {
    try {
      const { uuid, url } = await photos.take(file, q.dataset.k);
      thumb(input.closest(".ev"), uuid, url);
    } catch { problem(q, say.unreadable); }
  }
  refresh();
}

function thumb(box, uuid, url) {
  let row = box.querySelector(".ths");
  if (!row) box.prepend(row = Object.assign(document.createElement("div"), { className: "ths" }));
  const made = Object.assign(document.createElement("div"), { className: "th" });
  const button = Object.assign(document.createElement("button"), { className: "link", name: "remove", value: uuid, textContent: say.remove });
  made.dataset.u = uuid;
  made.append(
    Object.assign(new Image(96, 96), { src: url, alt: say.photo }),
    Object.assign(document.createElement("span"), { textContent: say.retry }), button,
  );
  row.append(made);
}

root.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=remove]");
  if (!button) return;
  event.preventDefault();
  const box = button.closest(".ev");
  photos.drop(button.value);
  button.closest(".th").remove();
  box.querySelector("input").focus();
  refresh();
});

/* What the server said */

sync.listen((kind, detail) => {
  if (kind === "state") return draw();
  const q = byKey.get(detail?.question);
  if (kind === "saved") { rebase(q, detail.field, detail.value); problem(q, ""); }
  else if (kind === "refused") { if (q) problem(q, detail.words); else note = detail.words || ""; }
  else if (kind === "other") { told.delete(detail.key); problem(q, say.other); }
  else if (kind === "amended") note = say.sent;
  else if (kind === "photo") pictured(q, detail);
  draw();
});

function pictured(q, { uuid, state, words }) {
  const made = root.querySelector(`.th[data-u="${uuid}"]`), text = made?.querySelector("span");
  if (state === "refused") { problem(q, words); made?.classList.add("bad"); refresh(); }
  if (text) text.textContent = state === "refused" ? say.refused : say[state] || "";
}

/** A form that posts later must not send again what is saved already. */
function rebase(q, name, what) {
  const hidden = q.closest("form").querySelector("[name=base]"), base = JSON.parse(hidden.value);
  const fields = (base[q.dataset.k] ??= {});
  if (what === null) delete fields[name]; else fields[name] = what;
  hidden.value = JSON.stringify(base);
}

function problem(q, words) {
  let line = q.querySelector(":scope > .error");
  if (!words) return line?.remove();
  if (!line) q.querySelector("legend").after(line = Object.assign(document.createElement("p"), { className: "error" }));
  line.setAttribute("role", "alert");
  line.textContent = words;
}

function draw() {
  const s = sync.state;
  if (s.failed) state.textContent = say.failed;
  else if (visit && s.answers + s.photos + typing.size) state.textContent = say.sending;
  else state.textContent = s.savedAt ? fill(say.saved, { time: s.savedAt.toTimeString().slice(0, 5) }) : before;
  const words = s.signedOut ? say.signin : s.failed ? fill(say.waiting, s) : note;
  if (visit && strip.textContent !== words) strip.textContent = words;
}

/* Showing, counting, moving */

function refresh() {
  const open = asked(cards);
  let left = 0;
  for (const q of cards) {
    q.classList.toggle("shut", !open.has(q.dataset.k));
    const more = q.querySelector(".more");
    q.classList.toggle("bad", fails(q) || Boolean(more && (more.querySelector(".th") || more.querySelector("textarea")?.value)));
  }
  for (const tab of document.querySelectorAll(".tabs a")) {
    const mine = [...document.getElementById("s-" + tab.dataset.s).querySelectorAll(".q:not(.shut)")];
    const done = mine.filter(answered).length;
    left += mine.length - done;
    tab.querySelector("small").textContent = fill(say.of, { answered: done, asked: mine.length });
    tab.classList.toggle("done", done === mine.length);
  }
  if (next) {
    const [word, small] = left ? [say.next, fill(say.left, { n: left })] : [say.check, say.done];
    next.querySelector("span").firstChild.textContent = word;
    next.querySelector("small").textContent = small;
  }
}

next?.addEventListener("click", (event) => {
  const open = cards.filter((q) => !q.classList.contains("shut") && !answered(q));
  if (!open.length) { if (visit) { event.preventDefault(); leave(document.getElementById("all").href); } return; }
  event.preventDefault();
  const from = here ? cards.indexOf(here) : -1;
  here = open.find((q) => cards.indexOf(q) > from) || open[0];
  here.querySelector("input, textarea, button").focus({ preventScroll: true });
  here.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
});

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) mark(entry.target.id.slice(2));
}, { rootMargin: "-124px 0px -65% 0px" });
function mark(key) {
  for (const tab of document.querySelectorAll(".tabs a")) {
    if (tab.dataset.s !== key) { tab.removeAttribute("aria-current"); continue; }
    tab.setAttribute("aria-current", "true");
    tab.closest("nav").scrollTo({ left: tab.offsetLeft - 24 });
  }
}

/* Begin */

document.documentElement.classList.add("js");
for (const clear of root.querySelectorAll(".clr")) clear.remove();
for (const input of root.querySelectorAll("input[type=radio]:checked")) picked.set(input.name, input);
for (const section of root.querySelectorAll(".sec")) seen.observe(section);
clock.begin(say, (q, timer, minutes) => {
  here = q;
  send(q, "timer", timer);
  if (minutes !== null) send(q, "value", minutes);
  q.querySelector(`[name="${q.dataset.k}.w"]`).closest("label").hidden = !timer.stop;
  refresh();
});
refresh();
if (visit) sync.begin(visit, Number(root.dataset.top));
if (location.hash.length > 2) document.getElementById(location.hash.slice(1))?.scrollIntoView();
