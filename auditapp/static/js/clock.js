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
    const input = q.querySelector(`[name="${q.dataset.k}.v"]`), past = Date.now() - Date.parse(start);
    const minutes = "hand" in box.dataset || past < 0 ? null : String(Math.round(past / 6000) / 10); // a clock that was set back tells nothing
    box.dataset.t = start + "|" + now;
    if (minutes) input.value = minutes;
    keep(q, { start, stop: now, ...(minutes === null && { corrected: input.value }) }, minutes);
  } else {
    box.dataset.t = now + "|";
    delete box.dataset.hand;
    keep(q, { start: now }, null);
  }
  draw();
}

/** The minutes of a card were entered by hand, which counts also while its clock runs; gives its times. */
export function corrected(q) {
  q.querySelector(".tm").dataset.hand = "";
  return times(q);
}

function label(box) {
  const { start, stop } = times(box.closest(".q")), button = box.querySelector("button"), runs = start && !stop;
  button.lastChild.textContent = runs ? say.stop : stop ? say.again : say.start;
  button.classList.toggle("secondary", !runs);
}

function tick() {
  shown = null;
  for (const box of document.querySelectorAll(".tm")) {
    const { start, stop } = times(box.closest(".q")), runs = start && !stop, seconds = Math.max(0, Math.floor((Date.now() - Date.parse(start)) / 1000));
    box.querySelector("output").textContent = runs ? `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}` : "";
    if (runs) shown ??= box;
  }
  if (bar.hidden === Boolean(shown)) bar.hidden = !shown;
  if (!shown) return;
  bar.querySelector("b").textContent = shown.querySelector("output").textContent;
  bar.querySelector("small").textContent = say.stop;
  bar.setAttribute("aria-label", `${say.stop}: ${shown.closest(".q").querySelector("legend span").textContent}`);
}
