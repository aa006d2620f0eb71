import { type KeyboardEvent, type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { pressed } from "@/lib/keys";

/** A cell's place: row -1 is the row of heads. */
export interface Place {
  row: number;
  col: number;
}

interface Options {
  rows: number;
  cols: number;
  page: () => number;
  scroller: RefObject<HTMLElement | null>;
  reveal: (row: number) => void;
  onOpen: (row: number) => void;
  onPreview: (row: number) => void;
  onHead: (col: number, menu: boolean) => void;
  /** Keys of the list's own; true when the key was one. */
  onKey?: (event: KeyboardEvent, place: Place) => boolean;
}

/** Where a key leads from a place; undefined when the key moves nothing. */
export function move(place: Place, key: string, mod: boolean, rows: number, cols: number, page: number): Place | undefined {
  const { row, col } = place;
  const last = rows - 1;
  switch (key) {
    case "ArrowDown":
      return { row: Math.min(last, row + 1), col };
    case "ArrowUp":
      return { row: Math.max(-1, row - 1), col };
    case "ArrowRight":
      return { row, col: Math.min(cols - 1, col + 1) };
    case "ArrowLeft":
      return { row, col: Math.max(0, col - 1) };
    case "Home":
      return { row: mod ? 0 : row, col: 0 };
    case "End":
      return { row: mod ? last : row, col: cols - 1 };
    case "PageDown":
      return { row: Math.min(last, Math.max(0, row) + page), col };
    case "PageUp":
      return { row: Math.max(0, row - page), col };
    default:
      return undefined;
  }
}

/** One tab stop for the whole grid; arrow keys move inside (WAI-ARIA grid pattern). */
export function useRoving(options: Options) {
  const [place, setPlace] = useState<Place>({ row: 0, col: 0 });
  const wantsFocus = useRef(false);
  const row = Math.max(-1, Math.min(options.rows - 1, place.row));
  const col = Math.max(0, Math.min(options.cols - 1, place.col));
  const { scroller, reveal } = options;

  useEffect(() => {
    if (!wantsFocus.current) return;
    wantsFocus.current = false;
    if (row >= 0) reveal(row);
    const cell = scroller.current?.querySelector<HTMLElement>(`[data-place="${row}:${col}"]`);
    cell?.focus({ preventScroll: true });
    cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [row, col, place, scroller, reveal]);

  const goTo = useCallback((next: Place, focus = true) => {
    wantsFocus.current = focus;
    setPlace(next);
  }, []);

  function onKeyDown(event: KeyboardEvent) {
    if (event.altKey && event.key !== "ArrowDown") return;
    if (event.target instanceof HTMLInputElement && event.target.type !== "checkbox") return;
    const mod = event.ctrlKey || event.metaKey;
    if (options.onKey?.(event, { row, col })) return event.preventDefault();
    if (row === -1 && (event.key === "Enter" || event.key === " ")) options.onHead(col, false);
    else if (row === -1 && ((event.altKey && event.key === "ArrowDown") || event.key === "ContextMenu" || (event.shiftKey && event.key === "F10"))) options.onHead(col, true);
    else if (event.key === "Enter" && !mod) options.onOpen(row);
    else if (pressed(event, "keys.preview", "space")) options.onPreview(row);
    else {
      const key = pressed(event, "keys.next", "j") ? "ArrowDown" : pressed(event, "keys.previous", "k") && row > 0 ? "ArrowUp" : event.key;
      const next = move({ row, col }, key, mod, options.rows, options.cols, options.page());
      if (!next) return;
      goTo(next);
    }
    event.preventDefault();
  }

  return { row, col, goTo, onKeyDown };
}
