// On every page of a shopper: begins to send, has pages kept for places without signal, says what waits here.
import * as sync from "./sync.js";

const { user, say: words = "{}" } = document.body.dataset, say = JSON.parse(words), workers = navigator.serviceWorker;
const find = (id) => document.getElementById(id);
let begun;

/** Fill the %(name)s of a text. */
export const fill = (text, params) => text.replace(/%\((\w+)\)s/g, (_, name) => params[name]);

/** Words for one and for many. */
export const some = ([one, many], n) => fill(n === 1 ? one : many, { n });

/** "3 answers and 1 photo wait here", by the words' three forms, or "". */
export function count({ answers, photos, both, nouns }, n) {
  if (!n.photos) return n.answers ? some(answers, n.answers) : "";
  if (!n.answers) return some(photos, n.photos);
  return fill(both, { answers: some(nouns.answers, n.answers), photos: some(nouns.photos, n.photos) });
}

/** "3 answers and 1 photo wait here" of all that waits. */
export const waits = () => count(say.wait, sync.state);

/** Begin, once; gives this phone's id. */
export function begin() {
  if (begun) return begun;
  begun = sync.begin(user);
  sync.listen(strip);
  self.caches?.open("who").then((who) => who.put("/who", new Response(user)));
  workers?.register("/sw.js").then(watch).catch(() => 0);
  addEventListener("pageshow", (event) => event.persisted && location.reload()); // what it shows is old
  return begun;
}

/** What waits here, and where to go for it. */
function strip() {
  const box = find("waits"), s = sync.state, n = s.answers + s.photos, out = n && s.signedOut;
  if (!box) return;
  const [text, needs] = box.querySelectorAll("span");
  box.hidden = !n && !s.needs;
  needs.textContent = s.needs ? some(say.needs, s.needs) : "";
  text.textContent = (out ? say.signin : waits()) + (n && s.needs ? say.comma : "");
  box.href = out ? "/sign-in?next=" + location.pathname : "/visits/waiting";
}

/** A new version waits until it is asked for. */
function watch(registration) {
  const look = () => { if (registration.waiting && registration.active) import("./news.js").then((news) => news.tell(registration), () => 0); };
  registration.onupdatefound = () => { registration.installing.onstatechange = look; };
  look();
}

/** Whether this tab edits the visit; else root can only be read, until somebody takes over here. */
export function only(visit, root, before) {
  const { locks } = navigator, name = "auditapp-visit-" + visit;
  const shut = () => {
    const box = document.createElement("p"), button = document.createElement("button");
    box.className = "notice";
    button.className = "link";
    button.textContent = say.here;
    button.onclick = () => locks.request(name, { steal: true }, () => location.reload()); // what it shows is old
    box.append(say.tab, button);
    box.role = "status";
    root.inert = true;
    root.before(box);
  };
  return !locks || new Promise((done) => {
    locks.request(name, { ifAvailable: true }, (lock) => {
      done(Boolean(lock));
      return lock ? new Promise((left) => addEventListener("pagehide", left)) : shut();
    }).catch(() => { before(); shut(); });
  });
}

if (user) begin();
