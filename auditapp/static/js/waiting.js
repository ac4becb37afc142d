// What waits here, from what this phone holds and what sync tells. Only what the server has confirmed counts as there.
import "./cover.js";
import { page as kept } from "./pages.js";
import * as shell from "./shell.js";
import * as store from "./store.js";
import * as sync from "./sync.js";

const $ = (id) => document.getElementById(id), say = JSON.parse($("waiting").dataset.words), { fill } = shell, { lang } = document.documentElement;
const moving = new Map(), urls = {}, asked = {}, docs = {}, title = $("head").textContent;
const some = ([one, many], n, facts) => fill(n === 1 ? one : many, { n, ...facts });
const put = (node, words) => { if (node.textContent !== words) node.textContent = words; };
let lists = [], reading = false, pending = false;

const page = (visit) => asked[visit] ??= kept("/visits/" + visit).then((doc) => { docs[visit] = doc; draw(); return doc; });
const sending = (r) => r.wait && Date.now() - moving.get(r.key)?.at < 70000; // a tab that was closed tells no end
const where = (r) => r.state === "server" ? "server" : r.state === "refused" && !r.kept ? "needs" : sending(r) ? "sending" : "here";
const count = (list) => new Set(list.map((r) => r.visit + r.question)).size;

/** What the phone holds of visits that are not all on the server; of photos without their bytes. */
async function read() {
  if (reading) { pending = true; return; }
  reading = true;
  const [visits, answers, photos] = await Promise.all(["visits", "answers", "photos"].map((kind) => store.all(kind)));
  lists = visits.flatMap((v) => {
    const given = answers.filter((r) => r.visit === v.key), taken = photos.filter((r) => r.visit === v.key);
    if (v.state !== "ready" && !v.needs && ![...given, ...taken].some((r) => r.wait || r.needs || r.kept)) return [];
    page(v.key);
    const urgent = v.needs || [...given, ...taken].some((r) => r.needs && !r.kept);
    return { ...v, urgent, given, taken: taken.filter((r) => r.bytes).map(({ bytes, ...r }) => {
      urls[r.key] ??= URL.createObjectURL(new Blob([bytes], { type: r.type }));
      return { size: bytes.byteLength, ...r };
    }) };
  }).sort((a, b) => !a.urgent - !b.urgent);
  reading = false;
  draw();
  if (pending) { pending = false; read(); }
}

/** What was refused goes once more; it may have been the server's mistake. */
const again = ({ needs, words, ...r } = { kept: true }) => r.kept ? undefined : { ...r, wait: r.visit, ...(r.state && { state: "phone" }) };

const copy = (id, name) => Object.assign($(name).content.firstElementChild.cloneNode(true), { id });

/** Update the elements that are there already: nothing moves under a thumb, and focus stays. */
function fit(box, made) {
  if (made.length !== box.children.length || made.some((x, i) => x !== box.children[i])) box.replaceChildren(...made);
}

function item(v, r, at, way, words, text) {
  const made = $("i-" + r.key) || copy("i-" + r.key, "item"), [image, said, ways] = made.children, [, name, state] = said.children, [link, keep] = ways.children;
  const q = [...docs[v.key]?.querySelectorAll(".q") || []].find((x) => x.dataset.k === r.question);
  made.className = r.kept ? "own" : at;
  image.onerror = () => image.removeAttribute("src"); // no picture at all
  if (urls[r.key]) { if (!made.isConnected) image.src = urls[r.key]; } else image.hidden = keep.hidden = true;
  put(name, text || (q ? fill(say.question, { text: q.querySelector("legend span").textContent, number: q.id.slice(1) }) : r.question || (r.field && say.reply)));
  put(state, words);
  put(link, say[way]);
  link.hidden = Boolean(v.receipt && urls[r.key]);
  link.href = `/visits/${v.key}` + (way === "check" ? "/check" : r.field === "reply" ? "/message" : q ? "#" + q.id : "");
  if (r.kept) put(keep, say.remove);
  keep.onclick = () => store.update("photos", r.key, (x) => r.kept ? null : x && { ...x, kept: true, needs: undefined }).then(read);
  return made;
}

function told(r, at) {
  const s = sync.state, n = Math.ceil((s.nextAt - Date.now()) / 1000), part = Math.round(100 * moving.get(r.key)?.part) + " %";
  if (at === "needs") return fill(say.kept, r);
  if (at === "sending") return fill(say.part, { part, size: r.size < 1e6 ? Math.ceil(r.size / 1e3) + " kB" : (r.size / 1e6).toFixed(1) + " MB" });
  return r.kept ? say.as_it_is : s.failed && !s.signedOut && n > 0 ? fill(say.later, { n }) : say.here;
}

function list(v) {
  const made = $("v-" + v.key) || copy("v-" + v.key, "list"), [name, bar, legend, items] = made.children;
  const at = v.taken.map(where), photos = v.taken.map((r, i) => at[i] !== "server" && item(v, r, at[i], "again", told(r, at[i])));
  put(name, lists.length > 1 ? v.list : "");
  bar.replaceChildren(...["server", "sending", "here", "needs"].flatMap((kind, i) => {
    const n = at.filter((x) => x === kind).length, line = legend.children[i];
    put(line.querySelector("b"), String(n));
    line.hidden = !n;
    return Array.from({ length: n }, () => Object.assign(document.createElement("i"), { className: kind }));
  }));
  fit(items, [v.needs && item(v, v, "needs", "check", v.words, say.unsent), ...v.given.map((r) => r.needs && item(v, r, "needs", r.field === "reply" ? "write" : "change", r.words)),
    ...["needs", "sending", "here"].flatMap((kind) => photos.filter((_, i) => at[i] === kind))].filter(Boolean));
  return made;
}

function draw() {
  const s = sync.state, time = (moment) => moment?.toTimeString().slice(0, 5), at = { time: time(s.savedAt) };
  const taken = lists.flatMap((v) => v.taken), given = lists.flatMap((v) => v.given), due = lists.filter((v) => v.dueAt).sort((a, b) => a.dueAt < b.dueAt ? -1 : 1)[0];
  const wait = count(given.filter((r) => r.wait)), all = given.some((r) => r.needs) ? 0 : count(given.filter((r) => r.value !== null));
  fit($("lists"), lists.map(list));
  $("nothing").hidden = lists.length > 0;
  put($("head"), taken.length ? some(say.photos, taken.length, { n: taken.filter((r) => r.state === "server").length, all: taken.length }) : title);
  put($("answers"), wait ? some(say.answers, wait) : all ? some(s.savedAt ? say.saved_at : say.saved, all, at) : "");
  if (s.savedAt) put($("state"), fill(say.last, at));
  $("sign-in").hidden = !s.signedOut;
  if (!s.sending && $("told").textContent === say.trying) put($("told"), "");
  put($("hint"), s.signedOut || lists.some((v) => v.urgent) || ![...given, ...taken].some((r) => r.wait) && !lists.some((v) => v.state === "ready") ? "" : !due || Date.parse(due.dueAt) < Date.now() ? say.leave : fill(say.before, {
    time: new Date(due.dueAt).toLocaleString(lang, { weekday: "long", hour: "2-digit", minute: "2-digit", hour12: false, timeZone: due.zone }) }));
}

document.documentElement.classList.add("js");
sync.listen((kind, detail) => {
  const known = moving.has(detail?.uuid);
  if (kind === "photo" && detail.state === "sending") moving.set(detail.uuid, { part: detail.part, at: Date.now() });
  else if (kind === "photo") moving.delete(detail.uuid);
  if (known && moving.has(detail.uuid)) draw(); else read();
});
$("now").onclick = async () => {
  put($("told"), say.trying);
  for (const kind of ["answers", "photos"]) for (const key of await store.keys(kind, "needs")) await store.update(kind, key, again);
  sync.now();
};
$("rescue").onclick = async () => {
  const visits = lists.length ? lists.map((v) => v.key) : await store.keys("visits");
  try {
    if (visits.length) await (await import("./rescue.js")).rescue(visits, page);
    put($("told"), visits.length ? say.file : say.empty);
  } catch { put($("told"), say.no_file); }
};
await shell.begin();
await read();
setInterval(draw, 1000);
