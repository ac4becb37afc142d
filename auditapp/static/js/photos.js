// A photo on its way: read at once, its capture time told, shrunk to what the server keeps anyway.
import { id, photo, unphoto } from "./sync.js";

const SIDE = 1600, QUALITY = 0.8, SMALL = 400000;

/** Read, shrink and queue a file; gives {uuid, url} for showing it at once. */
export async function take(file, question) {
  const bytes = await file.arrayBuffer();
  const uuid = id();
  const takenAt = captureTime(bytes) || (file.lastModified ? new Date(file.lastModified).toISOString() : "");
  const small = await shrink(file);
  const blob = small || new Blob([bytes], { type: file.type });
  await photo({ uuid, question, bytes: small ? await small.arrayBuffer() : bytes, takenAt });
  return { uuid, url: URL.createObjectURL(blob) };
}

export const drop = unphoto;

/** A JPEG of at most 1600 px, or null where the browser can't read the file or it is small already. */
async function shrink(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = SIDE / Math.max(bitmap.width, bitmap.height);
    if (scale >= 1 && file.size <= SMALL && file.type === "image/jpeg") return null;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * Math.min(scale, 1));
    canvas.height = Math.round(bitmap.height * Math.min(scale, 1));
    const pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  } catch { return null; } finally { bitmap?.close(); }
}

/** DateTimeOriginal of a JPEG's EXIF as ISO text, "" where there is none. Bounded: it looks at one TIFF block. */
function captureTime(bytes) {
  try {
    const v = new DataView(bytes);
    if (v.getUint16(0) !== 0xffd8) return "";
    let at = 2;
    while (at < Math.min(v.byteLength, 262144) && v.getUint16(at) !== 0xffe1) at += 2 + v.getUint16(at + 2);
    const tiff = at + 10, little = v.getUint16(tiff) === 0x4949;
    const short = (o) => v.getUint16(tiff + o, little), long = (o) => v.getUint32(tiff + o, little);
    const find = (ifd, tag) => {
      for (let i = 0, n = short(ifd); i < n; i++) if (short(ifd + 2 + i * 12) === tag) return long(ifd + 2 + i * 12 + 8);
      return 0;
    };
    const exif = find(long(4), 0x8769), text = exif && find(exif, 0x9003);
    if (!text) return "";
    const words = new TextDecoder().decode(bytes.slice(tiff + text, tiff + text + 19));
    const parts = words.match(/^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)$/);
    return parts ? `${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}` : "";
  } catch { return ""; }
}
