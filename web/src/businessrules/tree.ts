import type { Column } from "@/api/types";

/**
 * A condition over one row, as the server sends it. It has the answers of the
 * server's own evaluation: vectors.test.ts runs what the Go tests run.
 */
export type Tree =
  | { and: Tree[] }
  | { or: Tree[] }
  | { not: Tree }
  | { const: boolean }
  | { column: string; op: Op; value: Scalar }
  | { column: string; op: Op; other: string }
  | { column: string; in: Scalar[]; negate: boolean }
  | { column: string; text: "contains" | "startswith" | "endswith"; part: string }
  | { column: string; null: true; negate: boolean };

export type Op = "eq" | "ne" | "lt" | "le" | "gt" | "ge";
export type Scalar = string | number | boolean;

/** Values by column: wire values, of lookups the id; what is missing is null. */
export type Values = Record<string, unknown>;

/** Three-valued logic: no, unknown, yes. */
type Truth = -1 | 0 | 1;

const truth = (holds: boolean): Truth => (holds ? 1 : -1);

/** The form of a text by which it is compared: NFKC and full case folding. */
export function fold(text: string): string {
  return text.normalize("NFKC").split("ı").map((s) => s.toUpperCase().toLowerCase()).join("ı").replaceAll("ς", "σ").normalize("NFKC");
}

function compareText(a: string, b: string): number {
  const x = [...a];
  const y = [...b];
  for (let i = 0; i < x.length && i < y.length; i++) {
    const difference = x[i]!.codePointAt(0)! - y[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}

/** A value in the form in which the column's values are compared. */
function comparable(type: Column["type"] | undefined, value: unknown): string | number | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  switch (type) {
    case "whole": case "bigint": case "decimal": case "double": case "money": case "choice":
      return Number(value);
    case "boolean":
      return value === true ? 1 : 0;
    case "datetime":
      return Date.parse(String(value));
    case "date":
      return String(value).slice(0, 10);
    case "lookup": case "id":
      return String(value).toLowerCase();
    case "memo":
      return String(value);
    default:
      return fold(String(value));
  }
}

function compare(op: Op, a: string | number, b: string | number): boolean {
  const c = typeof a === "string" ? compareText(a, String(b)) : a - Number(b);
  switch (op) {
    case "eq": return c === 0;
    case "ne": return c !== 0;
    case "lt": return c < 0;
    case "le": return c <= 0;
    case "gt": return c > 0;
    case "ge": return c >= 0;
  }
}

function evaluate(tree: Tree, columns: Map<string, Column["type"]>, row: Values): Truth {
  if ("and" in tree) return Math.min(1, ...tree.and.map((t) => evaluate(t, columns, row))) as Truth;
  if ("or" in tree) return Math.max(-1, ...tree.or.map((t) => evaluate(t, columns, row))) as Truth;
  if ("not" in tree) return -evaluate(tree.not, columns, row) as Truth;
  if ("const" in tree) return truth(tree.const);
  const type = columns.get(tree.column);
  const value = comparable(type, row[tree.column]);
  if ("null" in tree) return truth((value === undefined) !== tree.negate);
  if ("text" in tree) {
    if (value === undefined) return 0;
    const part = type === "memo" ? tree.part : fold(tree.part);
    const whole = String(value);
    if (tree.text === "startswith") return truth(whole.startsWith(part));
    return truth(tree.text === "endswith" ? whole.endsWith(part) : whole.includes(part));
  }
  if ("in" in tree) {
    if (value === undefined) return tree.negate ? 1 : 0;
    return truth(tree.in.some((v) => compare("eq", value, comparable(type, v) ?? "")) !== tree.negate);
  }
  const right = "other" in tree ? comparable(columns.get(tree.other), row[tree.other]) : comparable(type, tree.value);
  if (value !== undefined && right !== undefined) return truth(compare(tree.op, value, right));
  if (tree.op !== "ne") return 0;
  return truth(value !== undefined || right !== undefined);
}

/** Whether the condition holds for the row. */
export function holds(tree: Tree, columns: readonly Pick<Column, "name" | "type">[], row: Values): boolean {
  return evaluate(tree, new Map(columns.map((c) => [c.name, c.type])), row) === 1;
}
