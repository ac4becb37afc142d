// Cover: one tap shows a plain list, its title held for a second goes back. It outlives a reload (by the address) and stays on
// the tab's other pages (by its storage). A page that leaves the screen covers itself, for the app switcher takes its picture.
const cover = document.getElementById("cover"), title = document.getElementById("uncover"), KEY = "covered";
/** The tab's storage, where there is any. */
export const tab = (() => { try { return sessionStorage; } catch { return null; } })();
let hold = 0, from = null, itself = false, leaving = false;

function set(on) {
  document.body.classList.toggle("covered", on);
  if (on) { from = document.activeElement; title.focus({ preventScroll: true }); }
  else if (from) from.focus({ preventScroll: true });
}
function keep(on) {
  const { scrollY: top } = self, { pathname, search } = location;
  tab?.[on ? "setItem" : "removeItem"](KEY, 1);
  if (!on && cover.matches(":target")) { location.replace("#main"); scrollTo({ top, behavior: "instant" }); } // else the style sheet keeps it
  history.replaceState(history.state, "", pathname + search + (on ? "#cover" : ""));
  set(on);
}
const release = () => clearTimeout(hold);
const press = (event) => {
  if (event.type === "keydown" && (event.repeat || (event.key !== "Enter" && event.key !== " "))) return;
  release(); hold = setTimeout(() => keep(false), 1000);
};

if (cover) {
  for (const link of document.querySelectorAll('a[href="#cover"]')) {
    link.addEventListener("click", (event) => { event.preventDefault(); keep(true); });
  }
  title.addEventListener("click", (event) => event.preventDefault());
  title.addEventListener("contextmenu", (event) => event.preventDefault());
  for (const name of ["pointerdown", "keydown"]) title.addEventListener(name, press);
  for (const name of ["pointerup", "pointerleave", "pointercancel", "keyup"]) title.addEventListener(name, release);
  for (const name of ["pagehide", "pageshow"]) addEventListener(name, () => { leaving = name === "pagehide"; });
  document.addEventListener("visibilitychange", () => {
    const { hidden, body } = document;
    if (leaving) return; // for another page, which need not wait for this
    if (hidden ? body.classList.contains("covered") : !itself) return;
    itself = hidden;
    set(hidden);
  });
  if (tab?.getItem(KEY)) keep(true);
}
