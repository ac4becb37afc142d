// A way out of everything: one file of a visit, readable in any browser without us, that a reviewer can load.
import { asked } from "./card.js";
import { hand } from "./hand.js";
import { overlay } from "./overlay.js";
import { page as kept } from "./pages.js";
import * as store from "./store.js";

const STYLE = "body{max-width:44em;margin:auto;padding:1em;font:1em/1.5 system-ui}p{margin:0;white-space:pre-line}img{max-width:100%}";
const safe = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt()};`);
const line = (tag, text) => text ? `<${tag}>${safe(text)}</${tag}>\n` : "";

/** Hand over a file of each visit; page(visit) gives its checklist page. */
export async function rescue(visits, page = (visit) => kept("/visits/" + visit)) {
  const files = [];
  for (const visit of [].concat(visits)) files.push(await make(visit, (await page(visit))?.getElementById("visit")));
  await hand(files);
}

async function make(visit, root) {
  const v = await store.get("visits", visit), device = (await store.get("meta", "device")).id, answers = await store.all("answers", "visit", visit);
  const photos = [], images = {}, time = (moment) => moment && new Date(moment).toLocaleString([], { timeZone: v.zone });
  for (const key of await store.keys("photos", "visit", visit)) { // one by one: together they may be more than a phone can hold
    const { bytes, ...record } = await store.get("photos", key);
    photos.push(record);
    if (bytes) images[key] = new Blob([`<img data-photo="${safe(key)}" alt="" src="${await url(bytes)}">\n`]);
  }
  const facts = JSON.stringify({ format: 1, savedAt: new Date(), device, visit: v, answers, photos }).replace(/</g, "\\u003c");
  const parts = [`<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>${STYLE}</style>
<script type="application/json" id="auditapp-visit">${facts}</script>\n`, line("title", v.list), line("h1", v.list), line("p", v.notDone || v.arrived && `${v.arrived} – ${v.left}`)];
  if (root) await overlay(root, visit, device);
  const cards = asked(root ? [...root.querySelectorAll(".q")] : []);
  for (const key of new Set([...cards.keys(), ...[...answers, ...photos].map((r) => r.question)])) {
    const q = cards.get(key), mine = (r) => r.question === key, given = answers.filter(mine);
    parts.push(line("h3", q ? q.id.slice(1) + " " + q.querySelector("legend span").textContent : key));
    for (const i of q?.querySelectorAll("input:not([type=file]), textarea") || []) {
      parts.push(line("p", /radio|checkbox/.test(i.type) ? i.checked && i.value && i.nextElementSibling.textContent : i.value));
    }
    for (const { field, value } of given) {
      if (value?.start) parts.push(line("p", `${time(value.start)} – ${time(value.stop) || ""}`));
      else if (!q || field === "cant") parts.push(line("p", value));
    }
    parts.push(line("small", time(given.map((r) => r.at).sort().pop())), ...photos.filter(mine).map((r) => images[r.key] || ""));
  }
  return new File(parts, `list-${/\d+/.exec(v.list) || "00"}-rescue.html`, { type: "text/html" });
}

const url = (bytes) => new Promise((done, fail) => {
  const reader = Object.assign(new FileReader(), { onload: () => done(reader.result), onerror: fail });
  reader.readAsDataURL(new Blob([bytes], { type: "image/jpeg" })); // browsers look at the bytes; the true type stands in the facts
});
