// What to say of a visit's photos before it is sent. It informs, it never blocks.
const ALIKE = 6, EARLY = 2 * 3600000;

const apart = (a, b) => (BigInt("0x" + a) ^ BigInt("0x" + b)).toString(2).replace(/0/g, "").length;

/** [{uuid, question, kind: "dark" | "blurred" | "twice" | "old", other?: question}] for records as they are kept; begun: ISO, if known. */
export const warnings = (photos, begun) => photos.flatMap(({ key: uuid, question, looks = {}, takenAt, at }) => {
  const same = ({ looks: its }) => its && !its.dark && apart(its.print, looks.print) <= ALIKE; // what is dark is all alike
  const twin = looks.print && !looks.dark && photos.find((r) => r.at + r.key < at + uuid && same(r));
  const old = Date.parse(begun) - Date.parse(takenAt) > EARLY;
  return [["dark", looks.dark], ["blurred", looks.blurred], ["twice", twin], ["old", old]]
    .flatMap(([kind, is]) => is ? { uuid, question, kind, ...(twin === is && { other: twin.question }) } : []);
});
