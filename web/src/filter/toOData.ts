import { text } from "@/api/odata";
import { wireName } from "@/api/rows";
import type { Column } from "@/api/types";
import { dayText, parseDay, spanOf } from "./dates";
import { type Condition, type Group, isComplete, isGroup } from "./model";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const NUMBER = /^-?\d+([.,]\d+)?$/;
const compare = { eq: "eq", ne: "ne", gt: "gt", ge: "ge", lt: "lt", le: "le" } as const;

/** A typed value as an OData literal; undefined when it is none of the column's type. */
function literal(column: Column, value: string): string | undefined {
  switch (column.type) {
    case "whole": case "choice": case "multichoice":
      return /^-?\d+$/.test(value) ? value : undefined;
    case "decimal": case "money":
      return NUMBER.test(value) ? value.replace(",", ".") : undefined;
    case "boolean":
      return value === "true" || value === "1" ? "true" : "false";
    case "lookup": case "id":
      return UUID.test(value) ? value : undefined;
    default:
      return text(value);
  }
}

function instant(column: Column, date: Date): string {
  return column.type === "date" ? dayText(date) : date.toISOString();
}

function oneOf(column: Column, values: string[], not: boolean): string {
  const field = wireName(column);
  const literals = values.flatMap((v) => literal(column, v) ?? []);
  if (literals.length === 0) return "";
  const parts = literals.map((l) => `${field} ${not ? "ne" : "eq"} ${l}`);
  return parts.length === 1 ? parts[0]! : `(${parts.join(not ? " and " : " or ")})`;
}

function dated(condition: Condition, column: Column, now: Date): string {
  const field = wireName(column);
  const single = typeof condition.value === "string" ? condition.value : undefined;
  const span = spanOf(condition.op, single, now);
  if (span) return `(${field} ge ${instant(column, span[0])} and ${field} lt ${instant(column, span[1])})`;
  const day = parseDay(single);
  if (!day) return "";
  if (condition.op === "before") return `${field} lt ${instant(column, day)}`;
  if (condition.op !== "after") return "";
  const next = new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1);
  return `${field} ge ${instant(column, next)}`;
}

function condition(item: Condition, column: Column, now: Date): string {
  const field = wireName(column);
  const single = typeof item.value === "string" ? item.value : "";
  const many = Array.isArray(item.value) ? item.value : [];
  switch (item.op) {
    case "empty":
      return `${field} eq null`;
    case "notempty":
      return `${field} ne null`;
    case "contains":
      return `contains(${field},${text(single)})`;
    case "notcontains":
      return `not contains(${field},${text(single)})`;
    case "starts":
      return `startswith(${field},${text(single)})`;
    case "ends":
      return `endswith(${field},${text(single)})`;
    case "in":
      return oneOf(column, many, false);
    case "notin":
      return oneOf(column, many, true);
    case "between": {
      const [low, high] = many.map((v) => literal(column, v));
      return low && high ? `(${field} ge ${low} and ${field} le ${high})` : "";
    }
    case "eq": case "ne": case "gt": case "ge": case "lt": case "le": {
      const value = literal(column, single);
      return value === undefined ? "" : `${field} ${compare[item.op]} ${value}`;
    }
    default:
      return dated(item, column, now);
  }
}

/** A filter as the text of `$filter`; what is incomplete or unknown is left out. */
export function toOData(group: Group, columns: Column[], now: Date): string {
  const parts: string[] = [];
  for (const item of group.items) {
    if (isGroup(item)) {
      const inner = toOData(item, columns, now);
      if (inner) parts.push(item.items.length > 1 ? `(${inner})` : inner);
      continue;
    }
    const column = columns.find((c) => c.name === item.column);
    if (!column || !isComplete(item)) continue;
    const built = condition(item, column, now);
    if (built) parts.push(built);
  }
  return parts.join(` ${group.join} `);
}

/** Quick search: the words, each in any of the searchable columns. */
export function searchFilter(query: string, columns: Column[]): string {
  const fields = columns.filter((c) => c.searchable && (c.type === "text" || c.type === "memo"));
  const words = query.trim().split(/\s+/).filter(Boolean).slice(0, 6);
  if (fields.length === 0) return "";
  return words.map((word) => `(${fields.map((f) => `contains(${f.name},${text(word)})`).join(" or ")})`).join(" and ");
}
