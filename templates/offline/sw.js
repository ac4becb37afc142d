// Opens the shopper's pages where there is no signal. Only GET, only our own pages; it holds no answer and sends nothing.
const ASSETS = "assets-{{ version }}", PATIENCE = 3000, USER = "X-Auditapp-User";
const FILES = {{ files|tojson }};

const MANIFEST = "/manifest.webmanifest";
/* What looks the same to everybody, and must not come out of the browser's own cache. */
const open = ["/sign-in", "/offline", MANIFEST].map((path) => new Request(path, { cache: "reload", credentials: "omit" }));
const match = (path, cacheName) => caches.match(path, { cacheName });

/* All of them or none: else this version is not installed. Browsers throw them away later, too. */
let filling = 0;
const fill = (anew) => filling ||= (async () => {
  const cache = await caches.open(ASSETS), all = [...FILES, ...open];
  if (anew || (await cache.keys()).length < all.length) await cache.addAll(all);
})().finally(() => { filling = 0; });

addEventListener("install", (event) => event.waitUntil(fill(true)));

/* An old version's files stay as long as a kept page names them; a page without its style would be of no use. */
addEventListener("activate", (event) => event.waitUntil((async () => {
  await clients.claim();
  const names = await caches.keys(), wanted = [ASSETS];
  for (const name of names.filter((n) => n.startsWith("pages-"))) {
    for (const page of await (await caches.open(name)).matchAll()) {
      wanted.push("assets-" + (await page.text()).match(/\/static\/(\w+)\//)?.[1]);
    }
  }
  if (registration.installing) return; // its files are not named by any page yet
  await Promise.all(names.filter((n) => n.startsWith("assets-") && !wanted.includes(n)).map((n) => caches.delete(n)));
})()));

/* The page asks: for the new version, when no checklist is open, or for files that are gone. */
addEventListener("message", (event) => { if (event.data === "now") skipWaiting(); else event.waitUntil(fill().catch(() => 0)); });

addEventListener("fetch", (event) => {
  const { request } = event, { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname.startsWith("/static/")) event.respondWith(caches.match(request).then((kept) => kept || fetch(request)));
  else if (pathname === MANIFEST) event.respondWith(fetch(request).catch(() => match(MANIFEST, ASSETS)));
  else if (request.mode === "navigate") event.respondWith(page(event, pathname === "/" ? "/visits" : pathname));
});

/* The network for three seconds, then what is kept; a late answer still refreshes that. */
async function page(event, path) {
  const network = fetch(event.request).then((reply) => keep(event, path, reply));
  event.waitUntil(network.catch(() => 0));
  const first = await Promise.race([network, new Promise((late) => setTimeout(late, PATIENCE))]).catch(() => 0);
  if (first && first.status < 500) return first;
  const user = await (await match("/who", "who"))?.text();
  return await match(path, "pages-" + user) || first || await network.catch(() => 0)
    || match(user && path !== "/sign-in" ? "/offline" : "/sign-in", ASSETS);
}

/* Only a page that the server itself calls this user's: no redirect, no error, no portal's page. */
function keep(event, path, reply) {
  const user = reply.status === 200 && !reply.redirected && reply.headers.get(USER), copy = user && reply.clone();
  if (user === "-") event.waitUntil(caches.delete("who"));
  else if (user) {
    event.waitUntil((async () => {
      const version = (await copy.clone().text()).match(/\/static\/(\w+)\//)?.[1];
      await fill().catch(() => 0);
      if (await match("/offline", "assets-" + version)) await (await caches.open("pages-" + user)).put(path, copy); // else it had no style
      await (await caches.open("who")).put("/who", new Response(user));
    })());
  }
  return reply;
}
