// What a small gray copy of a photo tells; warnings.js makes words of it.
const W = 288, H = 256, SHARP = 0.03, DIM = 28, BRIGHT = 90;

/** {dark, blurred, print} of anything that can be drawn; print: the dHash of photos/cleaning.py, in hex. */
export function look(picture) {
  const pen = Object.assign(document.createElement("canvas"), { width: W, height: H }).getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, 0, 0, W, H);
  const { data } = pen.getImageData(0, 0, W, H), gray = new Float32Array(W * H), most = (list) => Math.max(...list);
  for (let i = 0; i < W * H; i++) gray[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  const [count, light, square, ...edges] = [1, 2, 3, 4, 5].map(() => Array(72).fill(0)); // sums over 9 × 8 cells
  for (let y = 1; y < H - 1; y++) for (let x = 1; x < W - 1; x++) {
    const i = y * W + x, cell = (y >> 5) * 9 + (x >> 5), g = gray[i];
    count[cell] += 1;
    light[cell] += g;
    square[cell] += g * g;
    edges[0][cell] += (gray[i - 1] + gray[i + 1] - 2 * g) ** 2; // each way by itself: a shaken hand blurs only one
    edges[1][cell] += (gray[i - W] + gray[i + W] - 2 * g) ** 2;
  }
  const mean = light.map((sum, n) => sum / count[n]), contrast = most(square.map((sum, n) => sum - light[n] * mean[n]));
  const dark = most(mean) < BRIGHT && mean.reduce((a, b) => a + b) < 72 * DIM;
  const bits = mean.map((m, n) => n % 9 < 8 ? +(m > mean[n + 1]) : "").join("");
  return {
    dark, blurred: !dark && Math.min(...edges.map(most)) < SHARP * contrast,
    print: BigInt("0b" + bits).toString(16).padStart(16, "0"),
  };
}
