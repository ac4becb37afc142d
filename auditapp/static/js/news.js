// A new version of the app is on this phone: says so, and takes it on when asked and no checklist is open.
export function tell(registration) {
  const news = document.getElementById("news"), [button, first] = news.children, workers = navigator.serviceWorker;
  const place = () => document.querySelector("main").getBoundingClientRect().top, top = place();
  news.hidden = false;
  if (scrollY) scrollBy(0, place() - top); // nothing moves under a thumb
  button.hidden = Boolean(document.getElementById("visit"));
  button.onclick = async () => {
    const open = await navigator.locks?.query();
    first.hidden = !open?.held.some((lock) => lock.name.startsWith("auditapp-visit"));
    if (!first.hidden) return;
    workers.oncontrollerchange = () => location.reload();
    registration.waiting.postMessage("now");
  };
}
