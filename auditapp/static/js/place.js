// Lays out the cards that are far down, once the page can be used (app.css); keeps the place on the screen over that and a reload.
const root = document.getElementById("visit");

const BAR = 124; // pixels
const below = (e) => e.getBoundingClientRect().bottom > BAR;

/** The card (or section) at the top of the screen, and how far down it is. The cards of a section that was never laid out tell lies. */
function place() {
  const section = [...root.children].find(below), top = section && ([...section.querySelectorAll(".q")].find(below) || section);
  return top && [top.id, top.getBoundingClientRect().top];
}

/** As it was at the moment that place() told. */
function goBack([id, top]) {
  const found = document.getElementById(id);
  if (found?.offsetHeight) scrollBy(0, found.getBoundingClientRect().top - top);
}

if (history.state) goBack(history.state);
for (const section of root.children) {
  await new Promise((done) => (self.requestIdleCallback || setTimeout)(done));
  const at = place();
  section.classList.add("whole");
  if (at) goBack(at);
}

/* Kept when it comes to rest: a page that is left has better things to do. */
let rest = 0;
const keep = () => history.replaceState(place(), "");
addEventListener("scroll", () => { clearTimeout(rest); rest = setTimeout(keep, 150); }, { passive: true });
keep();
