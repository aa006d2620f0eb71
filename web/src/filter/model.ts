import type { Column, ColumnType } from "@/api/types";

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
  | "today" | "yesterday" | "tomorrow" | "thisweek" | "lastweek" | "nextweek" | "thismonth" | "lastmonth" | "nextmonth" | "thisyear" | "lastyear"
  | "lastdays" | "nextdays" | "olderdays" | "me" | "notme";

const empties: Operator[] = ["empty", "notempty"];
const dates: Operator[] = [
  "today", "yesterday", "tomorrow", "thisweek", "lastweek", "nextweek", "thismonth", "lastmonth", "nextmonth", "thisyear", "lastyear",
  "lastdays", "nextdays", "olderdays", "on", "before", "after", ...empties,
];
const numbers: Operator[] = ["eq", "ne", "gt", "ge", "lt", "le", "between", ...empties];
const words: Operator[] = ["contains", "notcontains", "eq", "ne", "starts", "ends", ...empties];

/** What can be asked of a column, the usual question first. */
export const operators: Record<ColumnType, Operator[]> = {
  text: words,
  memo: ["contains", "notcontains", ...empties],
  whole: numbers,
  bigint: numbers,
  double: numbers,
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
    case "empty": case "notempty": case "today": case "yesterday": case "tomorrow": case "thisweek": case "lastweek": case "nextweek":
    case "thismonth": case "lastmonth": case "nextmonth": case "thisyear": case "lastyear": case "me": case "notme":
      return 0;
    case "between":
      return 2;
    case "in": case "notin":
      return "many";
    default:
      return 1;
  }
}

/** Operators whose value is a number of days. */
export function countsDays(op: Operator): boolean {
  return op === "lastdays" || op === "nextdays" || op === "olderdays";
}

/** Questions about the person who asks. */
export const personal: Operator[] = ["me", "notme"];

/** What can be asked of this very column: users can be asked for as oneself. */
export function operatorsOf(column: Pick<Column, "type" | "targets">): Operator[] {
  return column.type === "lookup" && column.targets?.includes("systemuser") ? ["in", "notin", ...personal, ...empties] : operators[column.type];
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
