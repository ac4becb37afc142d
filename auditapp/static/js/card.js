// What a card says at this moment, read from its inputs; the page is the only model there is.

const known = new WeakMap();

/** A card's inputs by the end of their names, looked up once. */
function inputs(q, end) {
  let ends = known.get(q);
  if (!ends) {
    known.set(q, ends = {});
    for (const input of q.elements) (ends[input.name.slice(q.dataset.k.length + 1)] ??= []).push(input);
  }
  return ends[end] || [];
}
const checked = (list) => list.filter((input) => input.checked).map((input) => input.value);

/** The answer as the server takes it: text, a list for multi, or null. */
export function value(q) {
  if (checked(inputs(q, "x")).length) return "na";
  const own = inputs(q, "v");
  if (!own.length) return null;
  if (own[0].type === "checkbox") {
    const chosen = checked(own);
    return chosen.includes("na") ? "na" : chosen.length ? chosen : null;
  }
  if (own[0].type === "radio") return checked(own)[0] || null;
  const text = own[0].inputMode === "decimal" ? own[0].value.replace(/^(\s*[+-]?\d+),(?=\d+\s*$)/, "$1.") : own[0].value;
  return text === "" ? null : text;
}

/** A field of the card other than its answer. */
export function field(q, name) {
  if (name === "note") return inputs(q, "n")[0]?.value.trim() || null;
  if (name === "reasons") { const chosen = checked(inputs(q, "r")); return chosen.length ? chosen : null; }
  return checked(inputs(q, "y"))[0] || null;
}

export const hasPhoto = (q) => q.querySelector(".th:not(.bad)") !== null;
const takesOnlyPhotos = (q) => !inputs(q, "v").length;

/** Whether the shopper has dealt with the question. */
export const answered = (q) => value(q) !== null || "c" in q.dataset || (takesOnlyPhotos(q) && hasPhoto(q));

/** Keys of the questions that are asked, given what stands in the cards (in page order). */
export function asked(cards) {
  const found = new Map();
  for (const q of cards) {
    const [any, ...conditions] = q.dataset.if ? JSON.parse(q.dataset.if) : [0];
    const hits = conditions.map(([key, words]) => {
      const given = found.has(key) ? value(found.get(key)) : null;
      return given !== null && [].concat(given).some((word) => words.includes(word));
    });
    if (!conditions.length || (any ? hits.some(Boolean) : hits.every(Boolean))) found.set(q.dataset.k, q);
  }
  return found;
}

/** Whether the answer fails, by the options' marks or by the rule for sums and bounds. */
export function fails(q) {
  if (q.querySelector(".f:checked")) return true;
  const given = value(q);
  if (!q.dataset.f || given === null || given === "na") return false;
  const rule = JSON.parse(q.dataset.f);
  if (!Array.isArray(rule)) {
    const sum = given.reduce((total, key) => total + rule.v[key], 0);
    return sum < rule.b && sum <= rule.b / 2;
  }
  const amount = Number(given);
  const step = rule.slice(0, -1).find(([bound]) => amount <= bound);
  return !Number.isNaN(amount) && Boolean(step ? step[1] : rule.at(-1));
}

/** What an asked card still owes before sending, as `missing` in domain/visit.py has it: [{lack, least}], or that the server refused something. */
export function lacks(q) {
  if ("r" in q.dataset) return [{ lack: "refused" }];
  if ("c" in q.dataset) return [];
  const given = value(q), needs = (q.dataset.need || "").split(" ");
  if (given === null && !(takesOnlyPhotos(q) && hasPhoto(q))) return needs.includes("opt") ? [] : [{ lack: "answer" }];
  if (given === "na") return field(q, "na_reason") ? [] : [{ lack: "na_reason" }];
  return needs.flatMap((need) => {
    const [, kind, onFail, least] = need.match(/^([pn])(f?)(\d*)$/) || [];
    if (!kind || (onFail && !fails(q))) return [];
    if (kind === "p") return hasPhoto(q) ? [] : [{ lack: "photo" }];
    return [...(field(q, "note") || "")].length < least ? [{ lack: "note", least }] : [];
  });
}

/** Show a field's value on the card, as if it had just been entered. */
export function lay(q, name, what) {
  const given = [].concat(what ?? []).map(String);
  const set = (end) => {
    for (const input of inputs(q, end)) {
      if (["radio", "checkbox"].includes(input.type)) input.checked = given.includes(input.value);
      else input.value = given[0] === "na" && end === "v" ? "" : given[0] ?? "";
    }
  };
  if (name === "value") { set("v"); set("x"); }
  else if (name === "note") set("n");
  else if (name === "reasons") set("r");
  else if (name === "na_reason") set("y");
  else if (name === "cant") q.toggleAttribute("data-c", what !== null);
  else if (name === "timer") {
    const box = q.querySelector(".tm"), why = inputs(q, "w")[0];
    if (!box) return;
    box.dataset.t = `${what?.start || ""}|${what?.stop || ""}`;
    if (what?.corrected) box.dataset.hand = "";
    why.value = what?.why || "";
    why.closest("label").hidden = !what?.stop;
  }
}
