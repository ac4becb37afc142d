// Pages of this user, also without signal.
const { user } = document.body.dataset;

const cacheName = "pages-" + user, parsed = async (reply) => new DOMParser().parseFromString(await reply.text(), "text/html");

/** A page of this user from the network, parsed, and then it is kept; null where that fails. */
export async function fresh(path, patience = 3000) {
  try {
    const reply = await fetch(path, { signal: AbortSignal.timeout(patience) });
    if (reply.status !== 200 || reply.redirected || reply.headers.get("X-Auditapp-User") !== user) return null;
    await (await self.caches?.open(cacheName))?.put(path, reply.clone());
    return await parsed(reply);
  } catch { return null; }
}

/** As it was kept, parsed, or null. */
export async function kept(path) {
  const reply = await self.caches?.match(path, { cacheName });
  return reply ? parsed(reply) : null;
}

/** From the network, else as it was kept, or null. */
export const page = async (path, patience) => await fresh(path, patience) || kept(path);
