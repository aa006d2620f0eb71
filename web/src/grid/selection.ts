import { useCallback, useEffect, useMemo, useState } from "react";
import type { ComponentType } from "react";
import type { Table } from "@/api/types";

/** Which rows are chosen: these, or all that match the list's question but these. */
export type Selection = { mode: "rows"; ids: ReadonlySet<string> } | { mode: "all"; except: ReadonlySet<string> };

/** What an action on chosen rows is given. */
export interface SelectionContext {
  table: Table;
  selection: Selection;
  /** How many rows are chosen; undefined while the total is not known. */
  count?: number;
  /** `$filter` of all rows that match, for actions on the server; empty when nothing narrows the list. */
  filter: string;
  clear: () => void;
  /** Reads the list again, after an action has changed it. */
  refresh: () => void;
}

/** Buttons that stand in the bar of chosen rows; other folders put theirs here. */
export const bulkActions: ComponentType<SelectionContext>[] = [];

export const none: Selection = { mode: "rows", ids: new Set() };

export function isChosen(selection: Selection, id: string): boolean {
  return selection.mode === "rows" ? selection.ids.has(id) : !selection.except.has(id);
}

function withRows(set: ReadonlySet<string>, ids: string[], put: boolean): ReadonlySet<string> {
  const next = new Set(set);
  for (const id of ids) {
    if (put) next.add(id);
    else next.delete(id);
  }
  return next;
}

/** Chooses rows or lets them go, whichever way the selection is kept. */
export function choose(selection: Selection, ids: string[], on: boolean): Selection {
  return selection.mode === "rows"
    ? { mode: "rows", ids: withRows(selection.ids, ids, on) }
    : { mode: "all", except: withRows(selection.except, ids, !on) };
}

export function countOf(selection: Selection, total: number | undefined): number | undefined {
  if (selection.mode === "rows") return selection.ids.size;
  return total === undefined ? undefined : Math.max(0, total - selection.except.size);
}

export interface SelectionHandle {
  selection: Selection;
  count?: number;
  /** Chooses the row or lets it go; with `range` all between it and the row before. */
  toggle: (index: number, range: boolean) => void;
  /** The rows that are loaded, or none of them when all are chosen. */
  toggleLoaded: () => void;
  all: () => void;
  clear: () => void;
  loaded: "none" | "some" | "all";
}

/** The chosen rows of a list. Another question lets them go: what is chosen is always what was seen. */
export function useSelection(ids: string[], total: number | undefined, question: string): SelectionHandle {
  const [selection, setSelection] = useState<Selection>(none);
  const [anchor, setAnchor] = useState(0);
  const clear = useCallback(() => setSelection(none), []);
  useEffect(clear, [question, clear]);

  const toggle = useCallback((index: number, range: boolean) => {
    setSelection((old) => {
      const id = ids[index];
      if (id === undefined) return old;
      const span = range ? ids.slice(Math.min(anchor, index), Math.max(anchor, index) + 1) : [id];
      return choose(old, span, range || !isChosen(old, id));
    });
    setAnchor(index);
  }, [ids, anchor]);
  const chosen = useMemo(() => ids.filter((id) => isChosen(selection, id)).length, [ids, selection]);
  const loaded = chosen === 0 ? "none" : chosen === ids.length ? "all" : "some";
  const toggleLoaded = useCallback(() => setSelection(loaded === "all" ? none : { mode: "rows", ids: new Set(ids) }), [ids, loaded]);
  const all = useCallback(() => setSelection({ mode: "all", except: new Set() }), []);
  const count = countOf(selection, total);
  return useMemo(() => ({ selection, count, toggle, toggleLoaded, all, clear, loaded }), [selection, count, toggle, toggleLoaded, all, clear, loaded]);
}
