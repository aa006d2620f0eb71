import { type RefObject, useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { clamp, tall, toReal, toScroll } from "./tall";

const OVERSCAN = 8;
/** Rows come and go so many at a time: scrolling a little draws nothing. */
const STEP = 4;
const IDLE_MS = 140;

interface Window {
  first: number;
  last: number;
  /** By how much a row's place is beyond that of the scrollbar. */
  shift: number;
}

interface Options {
  count: number;
  /** Of each row, in pixels. */
  height: number;
  /** Of what stands above the rows and stays in sight. */
  head: number;
  scroller: RefObject<HTMLElement | null>;
  /** A row that stays in the page wherever the list is. */
  keep?: number;
}

/** Rows of one height, of which only those in sight are in the page; as many as one likes (tall.ts). */
export function useTall({ count, height, head, scroller, keep }: Options) {
  const [at, setAt] = useState<Window>({ first: 0, last: 30, shift: 0 });
  const [view, setView] = useState(600);
  const shape = useMemo(() => tall(count, height, view), [count, height, view]);
  const now = useRef({ shape, height, shift: 0, scroll: 0, at });
  now.current.shape = shape;
  now.current.height = height;
  now.current.at = at;

  const windowAt = useCallback((place: number): Window => {
    const { shape, height, shift } = now.current;
    const rows = Math.round(shape.real / height);
    const first = Math.max(0, Math.floor((place / height - OVERSCAN) / STEP) * STEP);
    const last = Math.min(rows - 1, Math.ceil(((place + shape.view) / height + OVERSCAN) / STEP) * STEP);
    return { first, last, shift };
  }, []);

  /** Draws what is in sight; at once where it would be blank otherwise. */
  const show = useCallback((place: number, urgent: boolean) => {
    const next = windowAt(place);
    const old = now.current.at;
    if (next.first === old.first && next.last === old.last && next.shift === old.shift) return;
    const { height, shape } = now.current;
    if (urgent || place / height < old.first || (place + shape.view) / height > old.last + 1) flushSync(() => setAt(next));
    else setAt(next);
  }, [windowAt]);

  const settle = useCallback(() => {
    const { shape, scroll, shift } = now.current;
    const place = scroll + shift;
    const ideal = toScroll(shape, place);
    if (Math.abs(ideal - scroll) < 1 || !scroller.current) return;
    now.current.scroll = ideal;
    now.current.shift = place - ideal;
    scroller.current.scrollTop = ideal;
    show(place, true);
  }, [scroller, show]);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let timer: ReturnType<typeof setTimeout>;
    const onScroll = () => {
      const { shape, scroll, shift } = now.current;
      const next = element.scrollTop;
      const by = next - scroll;
      if (by === 0) return;
      now.current.scroll = next;
      const far = Math.abs(by) > 2 * shape.view;
      const place = far || shape.real === shape.shown ? toReal(shape, next) : clamp(shape, next + shift);
      now.current.shift = shape.real === shape.shown ? 0 : place - next;
      show(place, now.current.shift !== shift);
      clearTimeout(timer);
      timer = setTimeout(settle, IDLE_MS);
    };
    const resized = new ResizeObserver(() => setView(Math.max(1, element.clientHeight - head)));
    resized.observe(element);
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      clearTimeout(timer);
      resized.disconnect();
      element.removeEventListener("scroll", onScroll);
    };
  }, [scroller, head, show, settle]);

  // Another length, height or screen: what is in sight is another part of the rows. The first row stays the first.
  const before = useRef(height);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const place = clamp(shape, ((now.current.scroll + now.current.shift) * height) / before.current);
    before.current = height;
    const to = toScroll(shape, place);
    now.current.shift = place - to;
    now.current.scroll = to;
    if (Math.abs(element.scrollTop - to) >= 1) element.scrollTop = to;
    setAt(windowAt(place));
  }, [shape, height, scroller, windowAt]);

  const placeNow = useCallback(() => now.current.scroll + now.current.shift, []);
  const goTo = useCallback((place: number) => {
    const { shape, shift, scroll } = now.current;
    const element = scroller.current;
    const wanted = clamp(shape, place);
    if (!element || wanted === scroll + shift) return;
    const near = Math.abs(wanted - scroll - shift) < 2 * shape.view && wanted - shift >= 0 && wanted - shift <= shape.shown - shape.view;
    const to = near ? wanted - shift : toScroll(shape, wanted);
    now.current.shift = wanted - to;
    now.current.scroll = to;
    element.scrollTop = to;
    setAt(windowAt(wanted));
  }, [scroller, windowAt]);
  /** Brings a row into sight, by the shortest way or to the middle. */
  const reveal = useCallback((row: number, middle = false) => {
    const { height, shape } = now.current;
    const top = row * height;
    const place = placeNow();
    if (middle) goTo(top - (shape.view - height) / 2);
    else if (top < place) goTo(top);
    else if (top + height > place + shape.view) goTo(top + height - shape.view);
  }, [goTo, placeNow]);

  const rows: number[] = [];
  const last = Math.min(at.last, count - 1);
  if (keep !== undefined && keep >= 0 && keep < Math.min(at.first, count)) rows.push(keep);
  for (let i = at.first; i <= last; i++) rows.push(i);
  if (keep !== undefined && keep > last && keep < count) rows.push(keep);
  const topOf = (row: number) => Math.max(0, Math.min(shape.shown - height, row * height - at.shift));
  return { rows, first: at.first, last, height: shape.shown, topOf, reveal, goTo, placeNow };
}
