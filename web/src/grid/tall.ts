/** Browsers bound an element's height, and lose precision before that: a longer list is pressed together into this many pixels. */
const MOST = 6_000_000;
/** So many pixels at both ends are as long as they are. */
const EDGE = 100_000;

/** How the length of a list becomes that of its scrollbar. */
export interface Tall {
  /** Pixels that the rows take. */
  real: number;
  /** Pixels that the element takes. */
  shown: number;
  view: number;
}

export function tall(rows: number, height: number, view: number, most = MOST): Tall {
  const real = rows * height;
  return { real, shown: Math.min(real, most), view };
}

const edgeOf = ({ shown }: Tall) => Math.min(EDGE, shown / 4);
const lastOf = ({ real, view }: Tall) => Math.max(0, real - view);

/** Where in the rows the scrollbar's place is. */
export function toReal(t: Tall, scroll: number): number {
  if (t.real === t.shown) return clamp(t, scroll);
  const edge = edgeOf(t);
  if (scroll <= edge) return clamp(t, scroll);
  if (scroll >= t.shown - edge) return clamp(t, t.real - (t.shown - scroll));
  return clamp(t, edge + ((scroll - edge) * (t.real - 2 * edge)) / (t.shown - 2 * edge));
}

/** Where on the scrollbar a place in the rows is. */
export function toScroll(t: Tall, place: number): number {
  if (t.real === t.shown) return clamp(t, place);
  const edge = edgeOf(t);
  if (place <= edge) return Math.max(0, place);
  if (place >= t.real - edge) return t.shown - (t.real - place);
  return Math.round(edge + ((place - edge) * (t.shown - 2 * edge)) / (t.real - 2 * edge));
}

export function clamp(t: Tall, place: number): number {
  return Math.max(0, Math.min(lastOf(t), place));
}
