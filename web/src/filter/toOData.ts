import { text } from "@/api/odata";
import { wireName } from "@/api/rows";
import type { Column } from "@/api/types";
import { addDays, dayAt, parseDay, spanOf, startOf } from "./dates";
import { type Condition, type Group, isComplete, isGroup } from "./model";

/** When and for whom relative conditions hold. */
export interface Asking {
  now: Date;
  /** IANA name; empty is the device's zone. */
  zone?: string;
  /** Id of the user who asks. */
  me?: string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const NUMBER = /^-?\d+([.,]\d+)?$/;
const compare = { eq: "eq", ne: "ne", gt: "gt", ge: "ge", lt: "lt", le: "le" } as const;

/** A typed value as an OData literal; undefined when it is none of the column's type. */
function literal(column: Column, value: string): string | undefined {
  switch (column.type) {
    case "whole": case "bigint": case "choice": case "multichoice":
      return /^-?\d+$/.test(value) ? value : undefined;
    case "decimal": case "double": case "money":
      return NUMBER.test(value) ? value.replace(",", ".") : undefined;
    case "boolean":
      return value === "true" || value === "1" ? "true" : "false";
    case "lookup": case "id":
      return UUID.test(value) ? value : undefined;
    default:
      return text(value);
  }
}

/** A day's beginning as the column has it: days stay days, instants follow the person's time zone. */
function boundary(column: Column, day: string, zone: string | undefined): string {
  return column.type === "date" ? day : startOf(day, zone).toISOString();
}

function oneOf(column: Column, values: string[], not: boolean): string {
  const field = wireName(column);
  const literals = values.flatMap((v) => literal(column, v) ?? []);
  if (literals.length === 0) return "";
  const parts = literals.map((l) => `${field} ${not ? "ne" : "eq"} ${l}`);
  return parts.length === 1 ? parts[0]! : `(${parts.join(not ? " and " : " or ")})`;
}

function dated(condition: Condition, column: Column, { now, zone }: Asking): string {
  const field = wireName(column);
  const single = typeof condition.value === "string" ? condition.value : undefined;
  const today = dayAt(now, zone);
  const span = spanOf(condition.op, single, today);
  if (span) return `(${field} ge ${boundary(column, span[0], zone)} and ${field} lt ${boundary(column, span[1], zone)})`;
  if (condition.op === "olderdays") return /^[1-9]\d{0,4}$/.test(single ?? "") ? `${field} lt ${boundary(column, addDays(today, -Number(single)), zone)}` : "";
  const day = parseDay(single);
  if (!day) return "";
  if (condition.op === "before") return `${field} lt ${boundary(column, day, zone)}`;
  return condition.op === "after" ? `${field} ge ${boundary(column, addDays(day, 1), zone)}` : "";
}

function condition(item: Condition, column: Column, asking: Asking): string {
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
    case "me": case "notme":
      return asking.me && UUID.test(asking.me) ? `${field} ${item.op === "me" ? "eq" : "ne"} ${asking.me}` : "";
    default:
      return dated(item, column, asking);
  }
}

/** A filter as the text of `$filter`; what is incomplete or unknown is left out. */
export function toOData(group: Group, columns: Column[], asking: Asking): string {
  const parts: string[] = [];
  for (const item of group.items) {
    if (isGroup(item)) {
      const inner = toOData(item, columns, asking);
      if (inner) parts.push(item.items.length > 1 ? `(${inner})` : inner);
      continue;
    }
    const column = columns.find((c) => c.name === item.column);
    if (!column || !isComplete(item)) continue;
    const built = condition(item, column, asking);
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
