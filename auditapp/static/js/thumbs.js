// The photos on the cards of the checklist: taken, shown with their state, taken back.
import { tab } from "./cover.js";
import { finish, take as keep, url } from "./photos.js";
import { fill } from "./shell.js";
import * as store from "./store.js";
import { listen } from "./sync.js";
import { unphoto } from "./upload.js";

const made = (tag, parts) => Object.assign(document.createElement(tag), parts);
let page;

/** Name the page: {root, visit, say, card(question key), problem(card, words), refresh()}. */
export function use(given) {
  if (page) return;
  page = given;
  page.root.addEventListener("click", remove);
  listen((kind, detail) => { if (kind === "photo" && detail.visit === page.visit) mark(detail); });
}

const kept = () => store.all("photos", "visit", page.visit);
const find = (uuid) => page.root.querySelector(`.th[data-u="${uuid}"]`);

/** Show what this phone keeps of the visit or has taken back. */
export async function show() {
  for (const key of Object.keys(tab || {})) {
    const [kind, visit, question] = key.split("|");
    if (kind !== "taking" || visit !== page.visit) continue;
    tab.removeItem(key);
    page.problem(page.card(question), page.say.cut);
  }
  for (const r of await kept()) {
    const thumb = find(r.key), box = page.card(r.question)?.querySelector("input[type=file]")?.closest(".ev");
    if (r.state === "gone") thumb?.remove();
    else if (thumb) thumb.querySelector("img").src = url(r);
    else if (box) add(box, r.key, url(r));
    if (box) mark({ uuid: r.key, ...r });
  }
}

/** Shrink what another page left as it came. */
export async function finishAll() { for (const r of await kept()) if (r.raw) finish(r); }

/** Keep files that were chosen in an input; each comes as [file, promise of its bytes]. Calls done() for each. */
export function take(input, files, done) {
  const q = input.closest(".q"), left = `taking|${page.visit}|${q.dataset.k}`; // while it stands there, not all are kept
  tab?.setItem(left, files.length + Number(tab.getItem(left)));
  files.forEach(async ([file, bytes]) => {
    try {
      const { uuid, url } = await keep(file, bytes, q.dataset.k, page.visit);
      add(input.closest(".ev"), uuid, url);
      page.refresh();
      if ([page.say.unreadable, page.say.cut].includes(q.querySelector(":scope > .error")?.textContent)) page.problem(q, "");
    } catch { page.problem(q, page.say.unreadable); }
    const n = Number(tab?.getItem(left)) - 1;
    tab?.[n > 0 ? "setItem" : "removeItem"](left, n);
    done();
  });
}

function add(box, uuid, src) {
  if (find(uuid)) return; // show() and take() may meet
  let row = box.querySelector(".ths");
  if (!row) box.prepend(row = made("div", { className: "ths" }));
  const thumb = made("div", { className: "th" });
  thumb.dataset.u = uuid;
  thumb.append(
    Object.assign(new Image(96, 96), { src, alt: page.say.photo }),
    made("span", { textContent: page.say.phone }),
    made("button", { className: "link", name: "remove", value: uuid, textContent: page.say.remove }),
  );
  row.append(thumb);
}

/** What became of a photo. */
function mark({ uuid, question, state, words, part }) {
  const thumb = find(uuid), text = thumb?.querySelector("span"), q = page.card(question);
  if (state === "refused") { if (q) page.problem(q, words); thumb?.classList.add("bad"); page.refresh(); }
  thumb?.style.setProperty("--part", state === "sending" ? part : 0);
  if (text) text.textContent = state === "sending" ? fill(page.say.part, { part: Math.round(100 * part) + " %" }) : page.say[state] || "";
}

function remove(event) {
  const button = event.target.closest("button[name=remove]");
  if (!button) return;
  event.preventDefault();
  const box = button.closest(".ev");
  unphoto(page.visit, button.value);
  button.closest(".th").remove();
  box.querySelector("input").focus();
  page.refresh();
}
