import { parseJson } from "@/api/rows";
import type { Column, Row } from "@/api/types";

/** A rule while it is edited: what stands in the fields. */
export interface Draft {
  name: string;
  condition: string;
  points: string;
  setvalues: [string, string][];
  nextaction: number | null;
  category: string;
  order: string;
  reason: string;
}

export const blank: Draft = { name: "", condition: "", points: "0", setvalues: [], nextaction: null, category: "", order: "", reason: "" };

function words(value: unknown): string {
  return value === null || value === undefined ? "" : String(value);
}

export function draftOf(row: Row): Draft {
  const set = parseJson<Record<string, unknown>>(row.rpt_setvalues, {});
  return {
    name: words(row.rpt_name),
    condition: words(row.rpt_condition),
    points: words(row.rpt_points),
    setvalues: Object.entries(set ?? {}).map(([k, v]) => [k, words(v)]),
    nextaction: typeof row.rpt_nextaction === "number" ? row.rpt_nextaction : null,
    category: words(row.rpt_category),
    order: words(row.rpt_order),
    reason: words(row.rpt_reason),
  };
}

function whole(text: string): number | null {
  return /^-?\d+$/.test(text.trim()) ? Number(text) : null;
}

/** A typed value in the form that the lead's column takes; what does not fit is left for the server to refuse. */
function columnValue(column: Column | undefined, text: string): unknown {
  switch (column?.type) {
    case "whole": case "bigint": case "decimal": case "double": case "money": case "choice":
      return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
    case "boolean":
      return /^(true|false)$/i.test(text.trim()) ? text.trim().toLowerCase() === "true" : text;
    default:
      return text;
  }
}

function setObject(draft: Draft, columns: Column[]): Record<string, unknown> {
  return Object.fromEntries(draft.setvalues.filter(([k]) => k !== "").map(([k, v]) => [k, columnValue(columns.find((c) => c.name === k), v)]));
}

/** The draft as columns of the rule's record. */
export function rowOf(draft: Draft, lead: Column[]): Row {
  return {
    rpt_name: draft.name.trim(),
    rpt_condition: draft.condition.trim(),
    rpt_points: whole(draft.points) ?? 0,
    rpt_setvalues: JSON.stringify(setObject(draft, lead)),
    rpt_nextaction: draft.nextaction,
    rpt_category: draft.category.trim() || null,
    rpt_order: whole(draft.order) ?? 0,
    rpt_reason: draft.reason.trim() || null,
  };
}

/** One rule as `rpt_RehearseRules` takes it. */
export function rehearsed(draft: Draft, lead: Column[]) {
  return {
    name: draft.name.trim(),
    condition: draft.condition.trim(),
    points: whole(draft.points) ?? 0,
    setvalues: setObject(draft, lead),
    nextaction: draft.nextaction,
    category: draft.category.trim(),
    order: whole(draft.order) ?? 0,
    reason: draft.reason.trim(),
  };
}

/** The whole set to try: every active rule, the edited one in its new form whatever its state. */
export function rehearsalSet(rows: Row[], id: string | undefined, draft: Draft, lead: Column[]) {
  const others = rows.filter((r) => r.rpt_ruleid !== id && (r.statecode === 0 || r.statecode === undefined)).map((r) => rehearsed(draftOf(r), lead));
  return [...others, rehearsed(draft, lead)].sort((a, b) => a.order - b.order);
}

export function isChanged(draft: Draft, row: Row | undefined): boolean {
  return JSON.stringify(draft) !== JSON.stringify(row ? draftOf(row) : blank);
}
