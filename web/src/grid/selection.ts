import { type ComponentType, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Row, Table } from "@/api/types";
import { toastFailure } from "@/ui/toast";

/** Which rows are chosen: these, or all that match the list's question but these. */
export type Selection = { mode: "rows"; ids: ReadonlySet<string> } | { mode: "all"; except: ReadonlySet<string>; within?: Part };

/** A part of the list, such as a group: all of it, however many they are. */
export interface Part {
  key: string;
  /** `$filter` of its rows, the list's own included. */
  filter: string;
  count: number;
}

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
    : { ...selection, except: withRows(selection.except, ids, !on) };
}

export function countOf(selection: Selection, total: number | undefined): number | undefined {
  if (selection.mode === "rows") return selection.ids.size;
  const all = selection.within?.count ?? total;
  return all === undefined ? undefined : Math.max(0, all - selection.except.size);
}

/** What of a part is chosen, going by its rows that are known. */
export function chosenOf(selection: Selection, part: Part, ids: string[]): "none" | "some" | "all" {
  if (selection.mode === "all") {
    if (selection.within && selection.within.key !== part.key) return "none";
    return ids.some((id) => selection.except.has(id)) || (selection.within && selection.except.size > 0) ? "some" : "all";
  }
  const chosen = ids.filter((id) => selection.ids.has(id)).length;
  return chosen === 0 ? "none" : chosen >= part.count ? "all" : "some";
}

/** More rows than this are not chosen one by one. */
export const MOST_CHOSEN = 5000;

export interface SelectionHandle {
  selection: Selection;
  count?: number;
  /** Chooses the row or lets it go; with `range` all between it and the row before. */
  toggle: (index: number, range: boolean) => void;
  /** Chooses rows or lets them go, wherever they stand. */
  put: (ids: string[], on: boolean) => void;
  /** All rows of the list, or none of them when all are chosen. */
  toggleAll: () => void;
  all: () => void;
  /** All of a part; what was chosen elsewhere is let go. */
  allOf: (part: Part) => void;
  clear: () => void;
  some: "none" | "some" | "all";
}

interface Rows {
  count: number;
  total?: number;
  rowAt: (index: number) => Row | undefined;
  loaded: () => Row[];
  read: (first: number, last: number) => Promise<Row[]>;
}

/** The chosen rows of a list. Another question lets them go: what is chosen is always what was seen. */
export function useSelection(table: Table, rows: Rows, question: string, askable: boolean): SelectionHandle {
  const [selection, setSelection] = useState<Selection>(none);
  const anchor = useRef(0);
  const latest = useRef(rows);
  latest.current = rows;
  const id = table.primaryid;
  const clear = useCallback(() => setSelection(none), []);
  useEffect(clear, [question, clear]);

  const put = useCallback((ids: string[], on: boolean) => setSelection((old) => choose(old, ids, on)), []);
  const toggle = useCallback((index: number, range: boolean) => {
    const { rowAt, read } = latest.current;
    const from = Math.min(anchor.current, index), to = Math.min(Math.max(anchor.current, index), from + MOST_CHOSEN - 1);
    anchor.current = index;
    if (range) return void read(from, to).then((span) => put(span.map((r) => String(r[id])), true), toastFailure);
    const row = rowAt(index);
    if (row) setSelection((old) => choose(old, [String(row[id])], !isChosen(old, String(row[id]))));
  }, [id, put]);
  const all = useCallback(() => setSelection({ mode: "all", except: new Set() }), []);
  const allOf = useCallback((within: Part) => setSelection({ mode: "all", except: new Set(), within }), []);
  const { total, count: length } = rows;
  const count = countOf(selection, total);
  const some = count === 0 ? "none" : selection.mode === "all" ? (selection.except.size || selection.within ? "some" : "all") : count === (total ?? length) ? "all" : "some";
  const toggleAll = useCallback(() => {
    if (some === "all") return setSelection(none);
    const loaded = latest.current.loaded();
    // A view that only the server can ask is chosen row by row: an action on all would not know its condition.
    if (loaded.length >= latest.current.count || !askable) setSelection({ mode: "rows", ids: new Set(loaded.map((r) => String(r[id]))) });
    else all();
  }, [some, id, all, askable]);
  return useMemo(() => ({ selection, count, toggle, put, toggleAll, all, allOf, clear, some }), [selection, count, toggle, put, toggleAll, all, allOf, clear, some]);
}
