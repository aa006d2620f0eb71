import { payload, valueOf, wireName } from "@/api/rows";
import type { Column, Reference, Row, Table } from "@/api/types";

const FORMATTED = "@OData.Community.Display.V1.FormattedValue";
const CHOSEN = new Set(["text", "memo", "choice", "multichoice", "boolean", "whole", "decimal", "money", "double", "date", "datetime", "lookup"]);

/** Which record's value counts. */
export type Side = "stays" | "goes";

/** A value as people read it. */
export function shown(row: Row, column: Column): string {
  const wire = wireName(column);
  return String(row[wire + FORMATTED] ?? row[wire] ?? "");
}

function key(column: Column, row: Row): unknown {
  const value = valueOf(column, row);
  return column.type === "lookup" ? ((value as Reference | null)?.id ?? null) : value;
}

/** Whether the record has no value in the column. */
export const blank = (column: Column, row: Row): boolean => key(column, row) === null;

/** The columns of which somebody has to say whose value counts. */
export function differing(columns: Column[], a: Row, b: Row): Column[] {
  return columns.filter((c) => CHOSEN.has(c.type) && !c.readonly && c.name !== "statecode" && c.name !== "statuscode" && c.name !== "masterid" && key(c, a) !== key(c, b));
}

/** What the record that stays takes over from the one that goes, as the Web API wants it. */
export function taken(table: Table, columns: Column[], goes: Row, pick: (column: Column) => Side, sets: Record<string, string>): Row {
  return payload(table, Object.fromEntries(columns.filter((c) => pick(c) === "goes").map((c) => [c.name, valueOf(c, goes)])), sets);
}
