// Stopwatches. What is kept is two clock times, never ticks: a locked phone or a reload loses nothing.

let say, keep, shown = null;
const bar = document.getElementById("clock");

/** Begin; keep(question card, timer, minutes or null) is called for every press. */
export function begin(words, kept) {
  say = words; keep = kept;
  for (const box of document.querySelectorAll(".tm")) {
    box.querySelector("button").addEventListener("click", (event) => { event.preventDefault(); press(box); });
  }
  bar.addEventListener("click", () => shown && !shown.closest("[inert]") && press(shown));
  setInterval(tick, 1000);
  draw();
}

/** Show what the cards say now. */
export function draw() {
  for (const box of document.querySelectorAll(".tm")) label(box);
  tick();
}

/** Start and stop of a card's clock. */
export function times(q) {
  const [start, stop] = (q.querySelector(".tm")?.dataset.t || "|").split("|");
  return { start, stop };
}

function press(box) {
  const q = box.closest(".q"), { start, stop } = times(q), now = new Date().toISOString();
  if (start && !stop) {
    const minutes = String(Math.max(0, Math.round((Date.now() - Date.parse(start)) / 6000) / 10));
    box.dataset.t = start + "|" + now;
    const input = q.querySelector(`[name="${q.dataset.k}.v"]`);
    input.value = minutes;
    keep(q, { start, stop: now }, minutes);
  } else {
    box.dataset.t = now + "|";
    keep(q, { start: now }, null);
  }
  draw();
}

function label(box) {
  const { start, stop } = times(box.closest(".q")), button = box.querySelector("button"), runs = start && !stop;
  button.lastChild.textContent = runs ? say.stop : stop ? say.again : say.start;
  button.classList.toggle("secondary", !runs);
}

function tick() {
  shown = [...document.querySelectorAll(".tm")].find((box) => { const t = times(box.closest(".q")); return t.start && !t.stop; }) || null;
  for (const box of document.querySelectorAll(".tm")) if (box !== shown) box.querySelector("output").textContent = "";
  if (bar.hidden === Boolean(shown)) bar.hidden = !shown;
  if (!shown) return;
  const q = shown.closest(".q"), seconds = Math.max(0, Math.floor((Date.now() - Date.parse(times(q).start)) / 1000));
  const text = `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
  bar.querySelector("b").textContent = text;
  bar.querySelector("small").textContent = say.stop;
  bar.setAttribute("aria-label", `${say.stop}: ${q.querySelector("legend span").textContent}`);
  shown.querySelector("output").textContent = text;
}
