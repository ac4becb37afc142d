// Pages of this user, also without signal.
const { user } = document.body.dataset;

/** A page of this user, parsed: from the network, and then it is kept; else as it was kept, or null. */
export async function page(path, patience = 3000) {
  const cacheName = "pages-" + user;
  let reply;
  try {
    reply = await fetch(path, { signal: AbortSignal.timeout(patience) });
    if (reply.status !== 200 || reply.redirected || reply.headers.get("X-Auditapp-User") !== user) throw 0;
    await (await self.caches?.open(cacheName))?.put(path, reply.clone());
  } catch { reply = await self.caches?.match(path, { cacheName }); }
  return reply ? new DOMParser().parseFromString(await reply.text(), "text/html") : null;
}

