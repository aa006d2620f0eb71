import type { GridSearch } from "@/app/router";
import type { Column, Table, View } from "@/api/types";

export interface Sort {
  column: string;
  desc: boolean;
}

export interface GridState {
  view?: View;
  /** The person's own sorting; without one the view's holds. */
  sort: Sort[];
  columns: Column[];
  widths: Record<string, number>;
  /** How many columns, from the first, stay in sight. */
  frozen: number;
  /** The column that rows are brought together by. */
  group?: string;
}

/** In the address: not grouped, though the view is. */
export const UNGROUPED = "-";

/** `-createdon,fullname` and back. */
export function sortFromText(text: string | undefined): Sort[] {
  return (text ?? "").split(",").filter(Boolean).map((part) =>
    part.startsWith("-") ? { column: part.slice(1), desc: true } : { column: part, desc: false });
}

export function sortToText(sort: Sort[]): string | undefined {
  return sort.length ? sort.map((s) => (s.desc ? `-${s.column}` : s.column)).join(",") : undefined;
}

/** `createdon desc, fullname` as views have it. */
export function sortFromOrderBy(orderby: string | undefined): Sort[] {
  return (orderby ?? "").split(",").flatMap((part) => {
    const [column, direction] = part.trim().split(/\s+/);
    return column ? [{ column, desc: direction?.toLowerCase() === "desc" }] : [];
  });
}

/** `fullname.220,companyname.180` and back. */
export function widthsFromText(text: string | undefined): Record<string, number> {
  const widths: Record<string, number> = {};
  for (const part of (text ?? "").split(",")) {
    const at = part.lastIndexOf(".");
    const width = Number(part.slice(at + 1));
    if (at > 0 && width >= MIN_WIDTH && width <= MAX_WIDTH) widths[part.slice(0, at)] = Math.round(width);
  }
  return widths;
}

export function widthsToText(widths: Record<string, number>): string | undefined {
  const parts = Object.entries(widths).map(([name, width]) => `${name}.${Math.round(width)}`);
  return parts.length ? parts.join(",") : undefined;
}

export const MIN_WIDTH = 64;
export const MAX_WIDTH = 900;
const MOST_FROZEN = 6;
const MOST_SORTED = 4;

const usual: Record<Column["type"], number> = {
  text: 180, memo: 240, whole: 96, bigint: 120, double: 104, decimal: 104, money: 120, boolean: 92, date: 118, datetime: 158,
  choice: 140, multichoice: 180, lookup: 168, json: 200, id: 280, file: 160, image: 96,
};

/** Columns that are shown in a way of their own need another width. */
const named: Record<string, number> = { msdyn_leadscore: 136, msdyn_leadgrade: 84, rpt_reasons: 320, rpt_name: 240 };

export function usualWidth(column: Column, isPrimary: boolean): number {
  return isPrimary ? 240 : (named[column.name] ?? usual[column.type]);
}

/** The view the address names, else the table's default. */
export function viewOf(table: Table, search: GridSearch): View | undefined {
  return table.views.find((v) => v.id === search.view) ?? table.views.find((v) => v.default) ?? table.views[0];
}

/** Columns on show, primary name first: it is the row's header and stays in sight. */
export function shownColumns(table: Table, view: View | undefined, search: GridSearch): Column[] {
  const wanted = search.cols ? search.cols.split(",") : view?.columns.length ? view.columns.map((c) => c.name) : fallback(table);
  const names = [table.primaryname, ...wanted.filter((n) => n !== table.primaryname)];
  return [...new Set(names)].flatMap((name) => table.columns.find((c) => c.name === name) ?? []);
}

function fallback(table: Table): string[] {
  return table.columns.filter((c) => c.type !== "id" && c.type !== "json" && c.type !== "memo").slice(0, 7).map((c) => c.name);
}

export function gridState(table: Table, search: GridSearch): GridState {
  const view = viewOf(table, search);
  const columns = shownColumns(table, view, search);
  const own = widthsFromText(search.w);
  const widths: Record<string, number> = {};
  for (const column of columns) {
    const fromView = search.cols ? undefined : view?.columns.find((c) => c.name === column.name)?.width;
    widths[column.name] = own[column.name] ?? fromView ?? usualWidth(column, column.name === table.primaryname);
  }
  const frozen = Math.max(1, Math.min(columns.length - 1, Number(search.fz) || view?.frozen || 1, MOST_FROZEN));
  const group = search.group === UNGROUPED ? undefined : (search.group ?? view?.group);
  return { view, sort: sortFromText(search.sort), columns, widths, frozen, group: table.columns.some((c) => c.name === group) ? group : undefined };
}

/** The next sorting after a press on a column's head: up, down, then the view's own again. */
export function nextSort(sort: Sort[], column: string): Sort[] {
  const current = sort.length === 1 && sort[0]!.column === column ? sort[0] : undefined;
  if (!current) return [{ column, desc: false }];
  return current.desc ? [] : [{ column, desc: true }];
}

/** The next sorting after a press with Shift: the column joins those before it, turns, and leaves again. */
export function addSort(sort: Sort[], column: string): Sort[] {
  const current = sort.find((s) => s.column === column);
  if (!current) return [...sort, { column, desc: false }].slice(-MOST_SORTED);
  return current.desc ? sort.filter((s) => s !== current) : sort.map((s) => (s === current ? { column, desc: true } : s));
}

/** Moves a column before or after its neighbour; the first one stays where it is. */
export function moveColumn(names: string[], name: string, to: number): string[] {
  const from = names.indexOf(name);
  const target = Math.max(1, Math.min(names.length - 1, to));
  if (from < 1 || from === target) return names;
  const next = names.filter((n) => n !== name);
  next.splice(target, 0, name);
  return next;
}
