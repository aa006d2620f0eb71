import { valueOf } from "@/api/rows";
import type { Column, Reference, Row } from "@/api/types";

/** A column that both sides changed to different values. */
export interface Clash {
  column: Column;
  base: unknown;
  mine: unknown;
  theirs: unknown;
}

export interface Merged {
  /** My changes that can be written as they are. */
  clean: Record<string, unknown>;
  clashes: Clash[];
}

export function same(a: unknown, b: unknown): boolean {
  const x = plain(a);
  const y = plain(b);
  return x === y || JSON.stringify(x) === JSON.stringify(y);
}

/** Empty text and nothing mean the same; a reference is its id. */
function plain(value: unknown): unknown {
  if (value === undefined || value === "") return null;
  if (value !== null && typeof value === "object" && "id" in value) return (value as Reference).id;
  return value;
}

/**
 * Compares field by field what I changed with what happened meanwhile: columns
 * that only I touched go through, and those set to the same value need nothing.
 */
export function merge(columns: Column[], mine: Record<string, unknown>, base: Row, theirs: Row): Merged {
  const result: Merged = { clean: {}, clashes: [] };
  for (const [name, value] of Object.entries(mine)) {
    const column = columns.find((c) => c.name === name);
    if (!column) {
      result.clean[name] = value;
      continue;
    }
    const before = valueOf(column, base);
    const now = valueOf(column, theirs);
    if (same(now, value)) continue;
    if (same(now, before)) result.clean[name] = value;
    else result.clashes.push({ column, base: before, mine: value, theirs: now });
  }
  return result;
}
