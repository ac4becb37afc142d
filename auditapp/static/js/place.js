// Lays out the cards that are far down, once the page can be used (app.css); keeps the place on the screen over that and a reload.
const root = document.getElementById("visit");

/** The card at the top of the screen, and how far down it is. */
function place() {
  const q = [...root.querySelectorAll(".q")].find((card) => card.getBoundingClientRect().bottom > 124); // the bar's height
  return q && [q.id, q.getBoundingClientRect().top];
}

/** As it was at the moment that place() told. */
function goBack([id, top]) {
  const q = document.getElementById(id);
  if (q?.offsetHeight) scrollBy(0, q.getBoundingClientRect().top - top);
}

let at = history.state;
for (const section of root.children) {
  await new Promise((done) => (self.requestIdleCallback || setTimeout)(done));
  at ||= place();
  section.classList.add("whole");
  if (at) goBack(at);
  at = null;
}

/** Another app may be the last that this page hears of. */
const keep = () => history.replaceState(place(), "");
for (const name of ["beforeunload", "pagehide"]) addEventListener(name, keep);
document.addEventListener("visibilitychange", () => document.hidden && keep());
