// A photo: the original is kept at once, then shrunk to what the server keeps.
import { look } from "./look.js";
import { id, sha256 } from "./marks.js";
import { photo } from "./upload.js";

const SIDE = 1600, QUALITY = 0.8, SMALL = 400000, JPEG = "image/jpeg";
const PATIENCE = 5000;
let last = Promise.resolve(), originals = last;

/** Keep a file, whose bytes (or their promise) were asked for as it came; {uuid, url, finished} once the original is kept. */
export async function take(file, bytes, question, visit) {
  const kept = original(file, bytes, question, visit);
  originals = Promise.allSettled([originals, kept]);
  const record = await kept;
  return { uuid: record.key, url: url(record), finished: finish(record) };
}

async function original(file, read, question, visit) {
  const bytes = await read, size = bytes.byteLength;
  if (!size) throw new Error("empty");
  const at = new Date().toISOString(), takenAt = clock(file.lastModified);
  const record = { key: id(), visit, question, bytes, size, type: file.type, raw: true, at, takenAt, ...facts(bytes) };
  await photo(record);
  return record;
}

/** Shrink a kept original, one at a time, once all that were chosen with it are kept (one may lie in a cloud); gives the record as it is then, never rejects. */
export const finish = (record) => last = last.then(async () => {
  await Promise.race([originals, new Promise((done) => setTimeout(done, PATIENCE))]);
  const made = { ...record, ...await shrink(record).catch(() => 0), raw: false };
  made.size = made.bytes.byteLength;
  made.hash = await sha256(made.bytes);
  await photo(made);
  return made;
}).catch(() => record);

const blob = ({ bytes, type }) => new Blob([bytes], { type });

/** To show a record. */
export const url = (record) => URL.createObjectURL(blob(record));

async function shrink(record) {
  const picture = await createImageBitmap(blob(record), { imageOrientation: "from-image" }).catch(() => load(url(record)));
  const { width, height } = picture, scale = Math.min(1, SIDE / Math.max(width, height)), canvas = document.createElement("canvas");
  try {
    if (scale === 1 && record.size <= SMALL && record.type === JPEG) return { looks: look(picture) };
    const w = canvas.width = Math.round(width * scale), h = canvas.height = Math.round(height * scale), pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, w, h);
    pen.drawImage(picture, 0, 0, w, h);
    const made = await new Promise((done) => canvas.toBlob(done, JPEG, QUALITY));
    return { bytes: await made.arrayBuffer(), type: JPEG, looks: look(canvas) };
  } finally { picture.close?.(); canvas.width = 0; } // WebKit frees them late
}

/** Where createImageBitmap fails. */
async function load(src) {
  const image = new Image();
  image.src = src;
  await image.decode().finally(() => URL.revokeObjectURL(src));
  return image;
}

/** What a JPEG's EXIF tells. */
function facts(bytes) {
  const told = {}, tags = {}, v = new DataView(bytes), short = (o) => v.getUint16(o, little), long = (o) => v.getUint32(o, little);
  let tiff = 12, little;
  try {
    if (short(0) !== 0xffd8) return told;
    while (long(tiff - 6) !== 0x45786966) tiff += 2 + short(tiff - 8); // "Exif"
    little = short(tiff) === 0x4949;
    const place = (tag) => tiff + long(tags[tag] || -1);
    const read = (o) => { for (let n = Math.min(short(o), 512); n--; o += 12) tags[short(o + 2)] ??= o + 10; };
    const text = (tag) => {
      const o = tags[tag], n = o && long(o - 4);
      return o ? String.fromCharCode(...new Uint8Array(bytes, n > 4 ? place(tag) : o, Math.min(n, 80))).match(/^[ -~]*/)[0].trim() : "";
    };
    const degrees = (tag) => {
      const part = (i) => long(place(tag) + i) / long(place(tag) + i + 4);
      return +(part(0) + part(8) / 60 + part(16) / 3600).toFixed(7) * (/[SW]/.test(text(tag - 1)) ? -1 : 1);
    };
    read(tiff + long(tiff + 4));
    for (const below of [0x8769, 0x8825]) if (tags[below]) read(place(below));
    told.camera = (text(0x10f) + " " + text(0x110)).replace(/^(\S+) \1/i, "$1").trim();
    const time = text(0x9003).replace(/^(\d+):(\d+):(\d+) /, "$1-$2-$3T"), full = time + text(0x9011);
    if (Date.parse(time)) told.takenAt = full !== time && Date.parse(full) ? full : clock(time);
    const latitude = degrees(2), longitude = degrees(4);
    if (Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && (latitude || longitude)) Object.assign(told, { latitude, longitude });
  } catch { /* cut off, or a lie */ }
  return told;
}

/** By this phone's clock, with its offset. */
function clock(moment) {
  const date = new Date(moment);
  return new Date(date - date.getTimezoneOffset() * 60000).toISOString().slice(0, 19) + String(date).replace(/.*GMT(...)(..).*/, "$1:$2");
}
