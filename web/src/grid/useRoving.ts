import { type KeyboardEvent, type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { isRtl } from "@/lib/direction";
import { pressed } from "@/lib/keys";
import { move, type Place } from "./move";

interface Options {
  rows: number;
  cols: number;
  /** Where the cursor is at first. */
  begin?: Place;
  page: () => number;
  scroller: RefObject<HTMLElement | null>;
  reveal: (row: number) => void;
  onOpen: (row: number) => void;
  onPreview: (row: number) => void;
  onHead: (col: number, menu: boolean, more: boolean) => void;
  /** Keys of the list's own; true when the key was one. */
  onKey?: (event: KeyboardEvent, place: Place) => boolean;
}

/** Keys that point sideways, by the direction of reading. */
function alongReading(key: string): string {
  if (!isRtl()) return key;
  return key === "ArrowLeft" ? "ArrowRight" : key === "ArrowRight" ? "ArrowLeft" : key;
}

/** One tab stop for the whole grid; arrow keys move inside (WAI-ARIA grid pattern). */
export function useRoving(options: Options) {
  const [place, setPlace] = useState<Place>(options.begin ?? { row: 0, col: 0 });
  /** The place that is to have the focus as soon as it is drawn. */
  const wanted = useRef<Place>(undefined);
  const row = Math.max(-1, Math.min(options.rows - 1, place.row));
  const col = Math.max(0, Math.min(options.cols - 1, place.col));
  const { scroller, reveal } = options;

  useLayoutEffect(() => {
    if (wanted.current && row >= 0) reveal(row);
  }, [row, place, reveal]);
  // After every picture: the row may still be on its way. Until it comes the list itself keeps the keys.
  useEffect(() => {
    // A picture of before the place was chosen has another element there.
    if (!wanted.current || wanted.current !== place) return;
    const cell = scroller.current?.querySelector<HTMLElement>(`[data-place="${row}:${col}"]`);
    if (!cell) return void (scroller.current?.contains(document.activeElement) && document.activeElement !== scroller.current && scroller.current.focus({ preventScroll: true }));
    wanted.current = undefined;
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  const goTo = useCallback((next: Place, focus = true) => {
    wanted.current = focus ? next : undefined;
    setPlace(next);
  }, []);

  function onKeyDown(event: KeyboardEvent) {
    if (event.altKey && event.key !== "ArrowDown") return;
    if (event.target instanceof HTMLInputElement && event.target.type !== "checkbox") return;
    const mod = event.ctrlKey || event.metaKey;
    if (options.onKey?.(event, { row, col })) return event.preventDefault();
    if (row === -1 && (event.key === "Enter" || event.key === " ")) options.onHead(col, false, event.shiftKey);
    else if (row === -1 && ((event.altKey && event.key === "ArrowDown") || event.key === "ContextMenu" || (event.shiftKey && event.key === "F10"))) options.onHead(col, true, false);
    else if (event.key === "Enter" && !mod) options.onOpen(row);
    else if (pressed(event, "keys.preview", "space")) options.onPreview(row);
    else {
      const key = pressed(event, "keys.next", "j") ? "ArrowDown" : pressed(event, "keys.previous", "k") && row > 0 ? "ArrowUp" : alongReading(event.key);
      const next = move({ row, col }, key, mod, options.rows, options.cols, options.page());
      if (!next) return;
      goTo(next);
    }
    event.preventDefault();
  }

  return { row, col, goTo, onKeyDown };
}
