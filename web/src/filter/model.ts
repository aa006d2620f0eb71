import type { ColumnType } from "@/api/types";

/** A condition on one column. Values are what the person typed or picked. */
export interface Condition {
  column: string;
  op: Operator;
  value?: string | string[];
}

export interface Group {
  join: "and" | "or";
  items: (Condition | Group)[];
}

export type Operator =
  | "contains" | "notcontains" | "starts" | "ends" | "eq" | "ne" | "gt" | "ge" | "lt" | "le" | "between"
  | "in" | "notin" | "empty" | "notempty" | "on" | "before" | "after"
  | "today" | "yesterday" | "thisweek" | "lastweek" | "thismonth" | "lastmonth" | "lastdays" | "me";

const empties: Operator[] = ["empty", "notempty"];
const dates: Operator[] = [
  "today", "yesterday", "thisweek", "lastweek", "thismonth", "lastmonth", "lastdays", "on", "before", "after", ...empties,
];
const numbers: Operator[] = ["eq", "ne", "gt", "ge", "lt", "le", "between", ...empties];
const words: Operator[] = ["contains", "notcontains", "eq", "ne", "starts", "ends", ...empties];

/** What can be asked of a column, the usual question first. */
export const operators: Record<ColumnType, Operator[]> = {
  text: words,
  memo: ["contains", "notcontains", ...empties],
  whole: numbers,
  decimal: numbers,
  money: numbers,
  boolean: ["eq"],
  date: dates,
  datetime: dates,
  choice: ["in", "notin", ...empties],
  multichoice: empties,
  lookup: ["in", "notin", ...empties],
  json: ["contains", ...empties],
  id: ["eq"],
  file: empties,
  image: empties,
};

/** How many values an operator takes. */
export function arity(op: Operator): 0 | 1 | 2 | "many" {
  switch (op) {
    case "empty": case "notempty": case "today": case "yesterday": case "thisweek": case "lastweek":
    case "thismonth": case "lastmonth": case "me":
      return 0;
    case "between":
      return 2;
    case "in": case "notin":
      return "many";
    default:
      return 1;
  }
}

export function isGroup(item: Condition | Group): item is Group {
  return "items" in item;
}

export const nothing: Group = { join: "and", items: [] };

/** Whether the condition says enough to be asked. */
export function isComplete(condition: Condition): boolean {
  const need = arity(condition.op);
  if (need === 0) return true;
  if (need === "many") return Array.isArray(condition.value) && condition.value.length > 0;
  if (need === 2) return Array.isArray(condition.value) && condition.value.length === 2 && condition.value.every((v) => v !== "");
  return typeof condition.value === "string" && condition.value !== "";
}

/** The number of complete conditions, for the button's badge. */
export function countConditions(group: Group): number {
  return group.items.reduce((n, item) => n + (isGroup(item) ? countConditions(item) : Number(isComplete(item))), 0);
}
