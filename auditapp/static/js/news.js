// A new version of the app is on this phone: says so, and takes it on when asked and no checklist is open.
export function tell(registration) {
  const news = document.getElementById("news"), button = news.firstElementChild, workers = navigator.serviceWorker;
  news.hidden = false;
  button.hidden = Boolean(document.getElementById("visit"));
  button.onclick = async () => {
    const open = await navigator.locks?.query();
    if (open?.held.some((lock) => lock.name.startsWith("auditapp-visit"))) return;
    workers.oncontrollerchange = () => location.reload();
    registration.waiting.postMessage("now");
  };
}
