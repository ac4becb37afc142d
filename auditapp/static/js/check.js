// Check your answers, with script: made from the checklist page (fresh, or as it is kept) and what this phone holds.
import "./cover.js";
import { answered, asked, fails, field, hasPhoto, lacks, value } from "./card.js";
import { overlay } from "./overlay.js";
import { fresh, kept } from "./pages.js";
import * as shell from "./shell.js";
import { send } from "./send.js";
import * as store from "./store.js";
import * as sync from "./sync.js";
import { warnings } from "./warnings.js";

const form = document.getElementById("send"), { visit, zone } = form.dataset, say = JSON.parse(form.dataset.words), { fill } = shell;
const problem = document.getElementById("problem"), owed = problem.querySelector("ul"), cants = document.getElementById("cants");
const some = ([one, many], n, facts) => fill(n === 1 ? one : many, { n, ...facts });
const home = location.pathname.replace(/\/check$/, ""), title = document.title;
const small = document.querySelector("[form=send] small");
const typing = new Map(), told = new Map(), refused = new Map(), { reason } = document.querySelector("#not-done form").elements, draft = "reason|" + visit;
let page = null, tried = false, shots = [], sizes = [], load = small.textContent, keeping = Promise.resolve();

const ready = begin();

async function begin() {
  const device = await shell.begin(), newest = fresh(home);
  if (["ready", "receipted"].includes((await store.get("visits", visit).catch(() => 0))?.state)) return location.replace(home + "/receipt");
  await times();
  reason.value ||= (await store.get("meta", draft))?.text || "";
  const found = await kept(home) || await newest;
  if (!found) return;
  await show(found, device);
  newest.then((newer) => { if (newer && newer !== found) show(newer, device); });
}

/** The checklist with what this phone holds. */
async function show(found, device) {
  refused.clear();
  for (const r of await overlay(found.getElementById("visit"), visit, device)) if (r.words) refused.set(r.question, r);
  const photos = await store.all("photos", "visit", visit);
  for (const [key, text] of told) mark(found, key, text);
  page = found;
  for (const q of page.querySelectorAll(".q")) q.toggleAttribute("data-r", refused.has(q.dataset.k));
  shown(photos);
  draw();
  for (const r of await store.all("answers", "visit", visit)) {
    const input = r.field === "cant" && form.elements["cant." + r.question];
    if (!input || !r.value || told.has(r.question)) continue;
    input.value ||= r.value;
    told.set(r.question, r.value);
  }
}

/** The photos of this phone on the parsed page; without their bytes they stay in mind. */
function shown(photos) {
  for (const r of photos) photo(page, r);
  shots = photos.filter((r) => r.state !== "gone").map(({ bytes, ...r }) => ({ ...r, held: bytes?.byteLength }));
  sizes = shots.filter((r) => r.held && r.state !== "refused").map((r) => r.held);
  looks();
}

/** Whether a question is excused. */
const mark = (page, key, text) => page?.querySelector(`.q[data-k="${key}"]`)?.toggleAttribute("data-c", text !== null);

/** A photo of this phone on the parsed page. */
function photo(page, r) {
  const box = page.querySelector(`.q[data-k="${r.question}"] .ev:has(input[type=file])`);
  page.querySelector(`.th[data-u="${r.key}"]`)?.remove();
  if (r.state === "gone" || !box) return;
  const made = page.createElement("div");
  made.className = r.state === "refused" ? "th bad" : "th";
  made.dataset.u = r.key;
  box.append(made);
}

/** What may be wrong with photos, in words that stop nobody. */
function looks() {
  const number = (key) => page.querySelector(`.q[data-k="${key}"]`)?.id.slice(1), box = document.getElementById("looks");
  const found = warnings(shots, moment(form.elements.arrived.value));
  box.hidden = !found.length;
  box.querySelector("ul").replaceChildren(...found.map(({ question, other, kind }) => (
    line(number(question), fill(say[kind], { number: number(question), other: number(other) })))));
}

/** A moment by the store's clock, and the moment (in ms) that such a clock told. */
const local = (moment) => new Date(moment).toLocaleString("sv-SE", { timeZone: zone }).replace(" ", "T").slice(0, 16);
const moment = (text) => { const guess = Date.parse(text + "Z"); return guess ? 2 * guess - Date.parse(local(guess) + "Z") : NaN; };

/** Arrival and leaving by the store's clock: as entered before, else the first and the last answer. */
async function times() {
  const v = await store.get("visits", visit), given = (await store.all("answers", "visit", visit)).map((r) => r.at).sort();
  const { arrived, left } = form.elements;
  if (given.length) {
    const [first, last] = [local(given[0]), local(given.at(-1))];
    arrived.value = v?.arrived || (arrived.value && arrived.value < first ? arrived.value : first);
    left.value = v?.left || (left.value > last ? left.value : last);
  }
  for (const input of [arrived, left]) {
    input.addEventListener("change", () => { if (page) looks(); sync.know(visit, { [input.name]: input.value }).catch(() => 0); });
  }
}

function draw() {
  const cards = [...page.querySelectorAll(".q")], open = [...asked(cards).values()], problems = [];
  const number = (q) => q.id.slice(1), text = (q) => q.querySelector("legend span").textContent;
  for (const q of open) for (const { lack, least } of lacks(q)) {
    problems.push([q, lack, fill(say[least > 1 ? "long_note" : lack], { number: number(q), text: text(q), least, words: refused.get(q.dataset.k)?.words })]);
  }
  const unanswered = problems.filter(([, lack]) => lack === "answer"), early = !tried && unanswered.length > 5;
  const bad = tell([
    ...(early ? [line(number(unanswered[0][0]), some(say.unanswered, unanswered.length))] : []),
    ...problems.filter(([, lack]) => !(early && lack === "answer")).map(([q, , words]) => line(number(q), words)),
  ]);
  excuses(new Map([...open.filter((q) => "c" in q.dataset), ...problems.filter(([, lack]) => lack !== "refused").map(([q]) => q)].map((q) => [q, number(q)])));
  const given = open.filter(answered).length, photos = page.querySelectorAll(".q:not(.shut) .th:not(.bad)").length;
  document.getElementById("state").textContent = fill(say.of, { answered: given, asked: open.length });
  load = !photos ? some(say.answers, given) : photos !== sizes.length ? some(say.photos, photos)
    : some(say.load, photos, { mb: (Math.ceil(sizes.reduce((sum, size) => sum + size) / 1e5) / 10).toFixed(1) });
  button();
  for (const row of form.querySelectorAll("[data-s]")) {
    const mine = open.filter((q) => q.closest("form").id === "s-" + row.dataset.s);
    const count = (test) => mine.filter(test).length, photos = mine.reduce((n, q) => n + q.querySelectorAll(".th:not(.bad)").length, 0);
    const parts = [[count((q) => value(q) === "na"), say.na], [photos, say.photos], [count((q) => field(q, "note")), say.notes],
      [count((q) => lacks(q).some((l) => l.lack === "photo")), say.photos_missing]];
    row.hidden = !mine.length;
    row.querySelector("small").textContent = [fill(say.of, { answered: count(answered), asked: mine.length }),
      ...parts.filter(([n]) => n).map(([n, words]) => some(words, n))].join(say.comma);
    const critical = row.querySelector(".crit"), failed = count((q) => q.querySelector("legend em") && fails(q));
    critical.hidden = !failed;
    critical.lastChild.textContent = some(say.critical, failed);
  }
  for (const row of form.querySelectorAll("[data-q]")) {
    const minutes = value(page.getElementById("q" + row.dataset.q));
    row.hidden = !(Number(minutes) >= 0) || minutes === null;
    row.querySelector("small").textContent = fill(say.minutes, { minutes });
  }
  return bad;
}

/** What stands in the way of sending; gives how much. */
function tell(lines) {
  const { arrived, left } = form.elements;
  const slips = !tried ? [] : [!arrived.value && ["arrived", say.time], !left.value && ["left", say.time],
    arrived.value && left.value && left.value <= arrived.value && ["left", say.order]].filter(Boolean);
  owed.replaceChildren(...lines, ...slips.map(([id, words]) => line(0, words, "#" + id)));
  const bad = owed.children.length;
  problem.hidden = !bad;
  document.title = tried && bad ? fill(say.error, { title }) : title;
  return bad;
}

function line(number, words, href = `${home}#q${number}`) {
  const item = document.createElement("li"), link = Object.assign(document.createElement("a"), { className: "line", href });
  link.append(Object.assign(document.createElement("span"), { textContent: words }));
  item.append(link);
  return item;
}

/** A box for a reason at each question that lacks something, made once. */
function excuses(wanted) {
  const box = cants.querySelector(".form"), names = [...wanted.keys()].map((q) => "cant." + q.dataset.k);
  for (const [q, number] of wanted) {
    const name = "cant." + q.dataset.k;
    if (form.elements[name]) continue;
    const made = Object.assign(document.createElement("div"), { className: "field" }), label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { id: "cant-" + number, name, maxLength: 500, autocomplete: "off" });
    label.htmlFor = input.id;
    label.textContent = fill(say.cant, { number });
    made.append(label, input);
    box.append(made);
  }
  for (const input of box.querySelectorAll("input")) input.closest(".field").hidden = !names.includes(input.name);
  cants.hidden = !wanted.size;
}
/** Keep why something can't be given; on the disk before it is needed, also where the page is left in the middle of a word. */
function excuse(input) {
  clearTimeout(typing.get(input));
  typing.delete(input);
  const key = input.name.slice(5), text = input.value.trim() || null;
  if ((told.has(key) ? told.get(key) : input.defaultValue.trim() || null) === text) return;
  told.set(key, text);
  keeping = Promise.all([keeping, sync.answer(visit, key, "cant", text)]);
  mark(page, key, text);
  if (page) draw();
}
const keepReason = () => reason.value && store.put("meta", { key: draft, text: reason.value }).catch(() => 0);
const keepAll = () => { [...typing.keys()].forEach(excuse); keepReason(); };
form.addEventListener("change", ({ target }) => target.name.startsWith("cant.") && excuse(target));
form.addEventListener("input", ({ target }) => {
  if (!target.name.startsWith("cant.")) return;
  clearTimeout(typing.get(target));
  typing.set(target, setTimeout(excuse, 700, target));
});
reason.addEventListener("change", keepReason);
for (const name of ["beforeunload", "pagehide"]) addEventListener(name, keepAll);
document.addEventListener("visibilitychange", () => document.hidden && keepAll());
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  await ready.catch(() => 0);
  if (!page && !await waits()) return form.submit();
  keepAll();
  tried = true;
  const bad = page ? draw() : tell([]); // without the checklist the server will say what is missing
  if (bad) { cants.open = true; problem.focus({ preventScroll: true }); problem.scrollIntoView(); return; }
  await keeping;
  await leave(form, { arrived: form.elements.arrived.value, left: form.elements.left.value });
});
document.querySelector("#not-done form").addEventListener("submit", async (event) => {
  const own = event.target, why = reason.value.trim();
  event.preventDefault();
  if (!why) { reason.value = ""; return reason.reportValidity(); }
  await ready.catch(() => 0);
  if (page || await waits()) leave(own, { notDone: why }); else own.submit();
});

/** Whether this phone has something that the server has not. */
const waits = async () => (await Promise.all(["answers", "photos"].map((kind) => store.keys(kind, "wait", visit).catch(() => [])))).flat().length > 0;

async function leave(own, facts) {
  const asks = page ? asked([...page.querySelectorAll(".q")]) : refused; // what is wrong in a question that is not asked is in nobody's way
  try {
    for (const r of refused.values()) if (!asks.has(r.question)) await store.update("answers", r.key, (x) => x && { ...x, needs: undefined });
    await send(visit, facts);
  } catch { // the phone is full
    if (!await waits()) return own.submit();
    owed.append(line(0, say.full, "/visits/waiting"));
    problem.hidden = false;
    return problem.scrollIntoView();
  }
  location.href = home + "/receipt";
}

/** What Send sends; offline, that it will. */
function button() { small.textContent = sync.state.failed && !sync.state.signedOut ? say.later : load; }
sync.listen(async (kind, about) => {
  button();
  if (kind !== "photo" || about.visit !== visit || !["phone", "page", "refused"].includes(about.state)) return;
  const photos = await store.all("photos", "visit", visit); // perhaps it has just been looked at
  if (page) { shown(photos); draw(); }
});
