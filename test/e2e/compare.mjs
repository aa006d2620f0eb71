// Compares a picture of a screen with its reference, with tolerance for how
// letters are drawn on another machine: both are averaged over squares of four
// pixels, and what differs then must be rare, and nowhere dense.
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";

const CELL = 4;
const WINDOW = 24; // cells: 96 pixels
const STEP = 8;
export const limits = { share: 0.0075, worst: 0.22 };

function averaged(png) {
  const width = Math.floor(png.width / CELL), height = Math.floor(png.height / CELL);
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sum = [0, 0, 0];
      for (let dy = 0; dy < CELL; dy++) {
        for (let dx = 0; dx < CELL; dx++) {
          const at = ((y * CELL + dy) * png.width + x * CELL + dx) * 4;
          for (let c = 0; c < 3; c++) sum[c] += png.data[at + c];
        }
      }
      const to = (y * width + x) * 4;
      for (let c = 0; c < 3; c++) data[to + c] = sum[c] / (CELL * CELL);
      data[to + 3] = 255;
    }
  }
  return { width, height, data };
}

/** How far a picture is from its reference: the share of squares that differ, and the densest place. */
export function compare(before, after) {
  const a = PNG.sync.read(before), b = PNG.sync.read(after);
  if (a.width !== b.width || a.height !== b.height) return { share: 1, worst: 1, at: `${b.width}×${b.height} and not ${a.width}×${a.height}` };
  const one = averaged(a), two = averaged(b);
  const diff = new Uint8Array(one.data.length);
  const count = pixelmatch(one.data, two.data, diff, one.width, one.height, { threshold: 0.06, includeAA: true, diffMask: true });
  const rows = Array.from({ length: one.height + 1 }, () => new Uint32Array(one.width + 1));
  for (let y = 0; y < one.height; y++) {
    for (let x = 0; x < one.width; x++) rows[y + 1][x + 1] = rows[y][x + 1] + rows[y + 1][x] - rows[y][x] + (diff[(y * one.width + x) * 4 + 3] > 0 ? 1 : 0);
  }
  let worst = 0, at = "";
  for (let y = 0; y + WINDOW <= one.height; y += STEP) {
    for (let x = 0; x + WINDOW <= one.width; x += STEP) {
      const density = (rows[y + WINDOW][x + WINDOW] - rows[y][x + WINDOW] - rows[y + WINDOW][x] + rows[y][x]) / (WINDOW * WINDOW);
      if (density > worst) [worst, at] = [density, `around ${(x + WINDOW / 2) * CELL}, ${(y + WINDOW / 2) * CELL}`];
    }
  }
  return { share: count / (one.width * one.height), worst, at };
}

export const differs = ({ share, worst }) => share > limits.share || worst > limits.worst;
