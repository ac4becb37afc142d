// Sign-in and sign-out: says what waits on this phone and that it is safe; forgets who was here, never what they did.
import { count } from "./shell.js";
import { keys, use } from "./store.js";

const safe = document.getElementById("safe"), cacheName = "who", forget = () => self.caches?.delete(cacheName);
const user = await (await self.caches?.match("/who", { cacheName }))?.text();

const others = document.getElementById("others"), unknown = () => { forget(); safe.hidden = others.hidden = true; };

if (safe && user) {
  use(user);
  const much = async (kind) => (await Promise.all(["wait", "needs"].map((index) => keys(kind, index)))).flat().length;
  const text = count(JSON.parse(safe.dataset.words), { answers: await much("answers"), photos: await much("photos") });
  safe.querySelector("span").textContent = text;
  safe.hidden = !text;
  if (others) { others.hidden = false; others.firstChild.onclick = unknown; }
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
