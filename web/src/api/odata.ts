/** The small part of the OData URL language that the interface speaks. */
import type { Rows } from "./generated/rows";

export const API = "/api/data/v9.2";

/** A text literal: single quotes are doubled. */
export function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** Joins conditions, leaving out empty ones and bracketing the rest. */
export function allOf(...parts: (string | undefined | null | false)[]): string {
  const kept = parts.filter((p): p is string => Boolean(p && p.trim()));
  if (kept.length <= 1) return kept[0] ?? "";
  return kept.map((p) => `(${p})`).join(" and ");
}

/** The columns of an entity set that the interface knows by name; any text of another. */
export type Columns<S extends string> = S extends keyof Rows ? Extract<keyof Rows[S], string> : string;

export interface Query<S extends string = string> {
  select?: Columns<S>[];
  filter?: string;
  orderby?: string;
  top?: number;
  count?: boolean;
}

export function listUrl<S extends string>(entityset: S, query: Query<S>): string {
  const parts: string[] = [];
  if (query.select?.length) parts.push(`$select=${query.select.map(encodeURIComponent).join(",")}`);
  if (query.filter) parts.push(`$filter=${encodeURIComponent(query.filter)}`);
  if (query.orderby) parts.push(`$orderby=${encodeURIComponent(query.orderby)}`);
  if (query.top !== undefined) parts.push(`$top=${query.top}`);
  if (query.count) parts.push("$count=true");
  return `${API}/${entityset}${parts.length ? `?${parts.join("&")}` : ""}`;
}

export function recordUrl(entityset: string, id: string): string {
  return `${API}/${entityset}(${encodeURIComponent(id)})`;
}

/** Next links may name another host behind a proxy: only their path is used. */
export function sameOrigin(link: string): string {
  const url = new URL(link, "http://self.invalid");
  return url.pathname + url.search;
}
