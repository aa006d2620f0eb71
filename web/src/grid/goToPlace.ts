import { allOf, text } from "@/api/odata";
import { wireName } from "@/api/rows";
import type { Column } from "@/api/types";
import type { Sort } from "./gridState";

/** Columns along whose order one can look something up. */
export function jumpable(column: Column | undefined): boolean {
  return column !== undefined && ["text", "date", "datetime", "whole", "bigint", "decimal", "double", "money"].includes(column.type);
}

/**
 * The condition of the rows that stand before a value in the list's order: as many
 * as there are is the value's place. Undefined where the text is no such value.
 */
export function before(column: Column, sort: Sort, raw: string, dayStart: (day: string) => string): string | undefined {
  const typed = raw.trim();
  const wire = wireName(column);
  if (typed === "") return undefined;
  let literal: string;
  if (column.type === "text") literal = text(typed);
  else if (column.type === "date" || column.type === "datetime") {
    const day = /^\d{4}(-\d{2}(-\d{2})?)?$/.test(typed) ? `${typed}-01-01`.slice(0, 10) : undefined;
    if (!day || Number.isNaN(Date.parse(day))) return undefined;
    const whole = typed.length === 7 ? `${typed}-01` : typed.length === 4 ? `${typed}-01-01` : typed;
    literal = column.type === "date" ? whole : dayStart(whole);
  } else {
    if (!/^-?\d+([.,]\d+)?$/.test(typed)) return undefined;
    literal = typed.replace(",", ".");
  }
  // Empty values come first upward and last downward.
  if (!sort.desc) return `${wire} lt ${literal} or ${wire} eq null`;
  return column.type === "text" ? allOf(`${wire} gt ${literal}`, `not startswith(${wire},${literal})`) : `${wire} gt ${literal}`;
}
