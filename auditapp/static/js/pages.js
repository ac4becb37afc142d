// Pages of this user, also without signal.
const { user } = document.body.dataset;

const cacheOf = (whose) => "pages-" + whose, parsed = async (reply) => new DOMParser().parseFromString(await reply.text(), "text/html");

/** A page of this user from the network, parsed, and then it is kept; null where that fails. */
export async function fresh(path, patience = 3000) {
  try {
    const reply = await fetch(path, { signal: AbortSignal.timeout(patience) });
    if (reply.status !== 200 || reply.redirected || reply.headers.get("X-Auditapp-User") !== user) return null;
    await (await self.caches?.open(cacheOf(user)))?.put(path, reply.clone());
    return await parsed(reply);
  } catch { return null; }
}

const found = (path, cacheName) => self.caches?.match(path, { cacheName });

/** As it was kept for this user (or, at the door, for the one before), parsed, or null. */
export async function kept(path, whose = user) {
  const reply = await found(path, cacheOf(whose));
  return reply ? parsed(reply) : null;
}

/** From the network, else as it was kept, or null. */
export const page = async (path, patience) => await fresh(path, patience) || kept(path);

/** Whether the files of a version of the app are on this phone, this page's own if none is named; if not, the worker is asked to fetch them. */
export async function whole(version = import.meta.url.split("/")[4]) {
  if (await found("/offline", "assets-" + version)) return true;
  const here = await navigator.serviceWorker?.getRegistration();
  for (const worker of [here?.active, here?.waiting]) worker?.postMessage("fill");
  return false;
}

/** What a visit needs to be done without signal. */
export const needed = ({ key, brief }) => ["/visits", "/visits/waiting", ...brief ? [brief] : [], ...["", "/check", "/receipt"].map((end) => `/visits/${key}${end}`)];

/** Those of the pages that would not open without signal: the browser may have thrown them away, or the files they need. */
export async function lacking(paths) {
  const there = await Promise.all(paths.map(async (path) => {
    const text = await (await found(path, cacheOf(user)))?.text();
    return text && whole(text.match(/\/static\/(\w+)\//)?.[1]);
  }));
  return paths.filter((_, i) => !there[i]);
}
