// The receipt: what is still on its way, and the server's word from the moment that this phone has it, also without signal.
import "./cover.js";
import { hand } from "./hand.js";
import { page } from "./pages.js";
import * as shell from "./shell.js";
import { unsend } from "./send.js";
import * as store from "./store.js";
import * as sync from "./sync.js";

const find = (id) => document.getElementById(id), { visit, zone, due, words } = find("receipt").dataset, say = JSON.parse(words);
const show = (id, text, params = {}) => { find(id).textContent = shell.fill(text, params); };
const { pathname } = location, locale = document.documentElement.lang.replace(/^en$/, "en-GB");
const day = (at, style) => new Date(at).toLocaleDateString(locale, { timeZone: zone, ...style });
const hour = (at) => new Date(at).toLocaleTimeString("en-GB", { timeZone: zone, timeStyle: "short" });
const moment = (at) => `${day(at, { dateStyle: "medium" })} ${hour(at)}`;

find("copy").onclick = async (event) => { // as the server's own copy has it, also without signal
  const { download } = event.currentTarget, text = (id) => find(id)?.textContent;
  event.preventDefault();
  const lines = [`${find("number").parentNode.firstChild.textContent}: ${text("number")}`, text("lead"), text("review")].filter(Boolean);
  await hand([new File([lines.join("\n") + "\n"], download, { type: "text/plain" })]);
};

await shell.begin();
sync.listen((kind, about) => {
  if (kind === "receipt") for (const path of [pathname, "/visits"]) page(path);
  if (kind !== "photo" || !find("wait")) return draw();
  if (about.visit === visit) show("part", about.state === "sending" ? say.part : "", { part: Math.round(100 * about.part) });
  if (about.state !== "sending") draw();
});
await draw();

async function draw() {
  const v = await store.get("visits", visit), waits = v?.state === "ready", s = sync.state;
  find("week").hidden = !v?.agreedAt;
  find("late").hidden = !v?.late && !v?.stays;
  show("late", [v?.late && say.late, v?.stays].filter(Boolean).join(" "));
  if (!find("wait")) return; // the server's own receipt
  if (v?.receipt && find("there").hidden) received(v.receipt);
  find("wait").hidden = !waits;
  find("unsent").hidden = waits || Boolean(v?.receipt);
  if (v?.needs) show("why", v.words || "");
  if (!waits) return;
  find("change").onclick = async () => { await unsend(visit); location.href = pathname.replace("/receipt", ""); };
  const m = Object.keys(v.manifest.photos).length; // only what the server confirmed counts as there
  const n = (await store.all("photos", "visit", visit)).filter((r) => r.state === "server" && r.key in v.manifest.photos).length;
  show("state", s.signedOut ? say.signin : s.failed === "server" ? say.trouble : s.failed ? say.waiting : say.sending);
  find("how").textContent = find("state").textContent;
  show("when", Date.now() < Date.parse(due) ? say.open : say.later, { time: moment(due) });
  find("up").hidden = !m;
  Object.assign(find("bar"), { max: m || 1, value: n });
  show("count", say.photos, { n, m });
}

/** As the server's own page has it. */
function received({ receipt, at, review_by: by, not_done: notDone, answers, photos }) {
  const time = moment(at), { nouns } = say;
  show("state", say.sent, { time });
  show("title", notDone ? say.reported : say.received);
  show("lead", notDone ? say.not_done : photos ? say.full : say.plain,
    { time, answers: shell.some(nouns.answers, answers), photos: shell.some(nouns.photos, photos) });
  show("number", receipt.replace(/(..)(..)(..)(..)/, "$1 $2 · $3 $4"));
  show("review", say.review, { date: day(by, { weekday: "long", day: "numeric", month: "long" }) });
  if (notDone) find("pay")?.remove();
  find("there").hidden = false;
}
