import { wireName } from "@/api/rows";
import type { Column, Table } from "@/api/types";

/** A list as it is seen. */
export interface Seen {
  table: Table;
  columns: Column[];
  filter: string;
  orderby?: string;
  /** Of a saved view that is asked as it was saved, as the Web API has it. */
  whole?: string;
  /** The column that rows are brought together by. */
  by?: Column;
}

/** The address that gives a list's rows as a file, in the language of the interface. */
export function exportUrl({ table, columns, filter, orderby, whole, by }: Seen, format: string, language: string): string {
  const parts = [`format=${format}`, `language=${language}`];
  if (whole) parts.push(whole, `columns=${encodeURIComponent(columns.map((c) => c.name).join(","))}`);
  else {
    parts.push(`$select=${encodeURIComponent(columns.map(wireName).join(","))}`);
    if (filter) parts.push(`$filter=${encodeURIComponent(filter)}`);
    const order = [...(by ? [`${wireName(by)} asc`] : []), ...(orderby ?? "").split(",").filter((o) => o && o.split(" ")[0] !== (by && wireName(by)))];
    if (order.length) parts.push(`$orderby=${encodeURIComponent(order.join(","))}`);
  }
  return `/api/exports/${table.logicalname}?${parts.join("&")}`;
}
