// Cover: one tap shows a plain list, its title held for a second goes back. Without script the same links do it.
const cover = document.getElementById("cover"), title = document.getElementById("uncover");
const main = document.getElementById("main");
let hold = 0, from = null;

function set(on) {
  document.body.classList.toggle("covered", on);
  if (on) { from = document.activeElement; title.focus({ preventScroll: true }); }
  else if (from) from.focus({ preventScroll: true });
}
const release = () => clearTimeout(hold);
const press = (event) => {
  if (event.type === "keydown" && (event.repeat || (event.key !== "Enter" && event.key !== " "))) return;
  release(); hold = setTimeout(() => set(false), 1000);
};

if (cover && main) {
  for (const link of document.querySelectorAll('a[href="#cover"]')) {
    link.addEventListener("click", (event) => { event.preventDefault(); set(true); });
  }
  title.addEventListener("click", (event) => event.preventDefault());
  title.addEventListener("contextmenu", (event) => event.preventDefault());
  for (const name of ["pointerdown", "keydown"]) title.addEventListener(name, press);
  for (const name of ["pointerup", "pointerleave", "pointercancel", "keyup"]) title.addEventListener(name, release);
}
