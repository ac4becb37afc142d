// What to say of a visit's photos before it is sent. It informs, it never blocks.
const ALIKE = 6, GRACE = 15 * 60000; // as services/reviews/flags.py

const apart = (a, b) => (BigInt("0x" + a) ^ BigInt("0x" + b)).toString(2).replace(/0/g, "").length;

/** [{uuid, question, kind: "dark" | "blurred" | "twice" | "old", other?: question}] for records as they are kept; arrived: when, in ms. */
export const warnings = (photos, arrived) => photos.flatMap(({ key: uuid, question, looks = {}, hash, takenAt, at }) => {
  const alike = ({ looks: its }) => looks.print && !looks.dark && its?.print && !its.dark && apart(its.print, looks.print) <= ALIKE; // what is dark is all alike
  const twin = photos.find((r) => r.at + r.key < at + uuid && ((hash && r.hash === hash) || alike(r)));
  const old = arrived - Date.parse(takenAt) > GRACE;
  return [["dark", looks.dark], ["blurred", looks.blurred], ["twice", twin], ["old", old]]
    .flatMap(([kind, is]) => is ? { uuid, question, kind, ...(twin === is && { other: twin.question }) } : []);
});
