// Sign-in and sign-out: says what waits on this phone and that it is safe; forgets who was here, never what they did.
import { kept } from "./pages.js";
import { count, some } from "./shell.js";
import { all, keys, use } from "./store.js";

const safe = document.getElementById("safe"), cacheName = "who", forget = () => self.caches?.delete(cacheName);
const user = await (await self.caches?.match("/who", { cacheName }))?.text();

const others = document.getElementById("others"), way = document.getElementById("way-out");
const unknown = () => { forget(); safe.hidden = others.hidden = way.hidden = true; };

/** Visits that are not all on the server. */
async function stuck() {
  const kinds = ["answers", "photos"], found = [];
  for (const v of await all("visits")) {
    const waits = await Promise.all(kinds.flatMap((kind) => ["wait", "needs"].map((index) => keys(kind, index, v.key))));
    if (v.state === "ready" || v.needs || waits.flat().length) found.push(v.key);
  }
  return found;
}

/** Whoever gets no sign-in any more gets the work out of the phone all the same. */
function offer(visits, { file, no_file: failed }) {
  const making = import("./rescue.js"), [button, told] = way.querySelectorAll("button, [role=status]");
  way.hidden = false;
  button.onclick = async () => {
    told.textContent = "";
    try {
      await (await making).rescue(visits, (visit) => kept("/visits/" + visit, user));
      told.textContent = file;
    } catch { told.textContent = failed; }
  };
}

if (safe && user) {
  use(user);
  const indexes = document.querySelector("[data-door=out]") ? ["wait", "needs"] : ["wait"]; // what needs somebody does not go by itself
  const found = async (kind) => (await Promise.all(indexes.map((index) => keys(kind, index)))).flat();
  const answers = new Set((await found("answers")).map((key) => key.slice(0, key.lastIndexOf(".")))).size; // a note and its answer count as one
  const words = JSON.parse(safe.dataset.words), lists = (await all("visits")).filter((v) => v.state === "ready").length;
  const text = [count(words, { answers, photos: (await found("photos")).length }), lists ? some(words.lists, lists) : ""].filter(Boolean).join(" ");
  safe.querySelector("span").textContent = text;
  safe.hidden = !text;
  if (others) { others.hidden = false; others.firstChild.onclick = unknown; }
  const visits = way ? await stuck() : [];
  if (visits.length) offer(visits, words);
}

/* The page may have been kept for days, and its form's token with it: a fresh one, and no browser's error page offline. */
for (const form of document.querySelectorAll("form[data-door]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = document.getElementById("no-signal"), token = form.elements.csrf_token;
    problem.hidden = true;
    try {
      const reply = await fetch(location.href, { signal: AbortSignal.timeout(15000) });
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      token.value = page.querySelector("[name=csrf_token]")?.value || token.value;
      if (form.dataset.door === "out") await forget();
      form.submit();
    } catch { problem.hidden = false; }
  });
}
