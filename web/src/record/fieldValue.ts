import i18next, { type TFunction } from "i18next";
import type { Column } from "@/api/types";
import { fromWall, toWall } from "@/lib/zone";

/** How a value stands in a text field while it is edited. */
export function toInput(column: Column, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (column.type === "date") return String(value).slice(0, 10);
  if (column.type === "datetime") {
    const at = new Date(String(value));
    if (Number.isNaN(at.getTime())) return "";
    return toWall(at);
  }
  if (column.type === "json") return readable(value);
  return String(value);
}

/** Structured data as people can read and change it. */
function readable(value: unknown): string {
  try {
    return JSON.stringify(typeof value === "string" ? JSON.parse(value) : value, null, 2);
  } catch {
    return String(value);
  }
}

export type Parsed = { value: unknown; problem?: undefined } | { problem: string; value?: undefined };

const LARGEST = 2 ** 31 - 1;

/** Reads what was typed; the server checks again, this only answers sooner. */
export function fromInput(column: Column, typed: string, t: TFunction): Parsed {
  const text = column.type === "memo" ? typed : typed.trim();
  if (text === "") return column.required ? { problem: t("field.required") } : { value: null };
  switch (column.type) {
    case "whole": case "bigint": {
      const plain = text.replace(/[\s'’.,](?=\d{3}(\D|$))/g, "");
      const number = Number(plain);
      if (!/^-?\d+$/.test(plain) || Math.abs(number) > (column.type === "whole" ? LARGEST : Number.MAX_SAFE_INTEGER)) return { problem: t("field.whole") };
      return { value: number };
    }
    case "decimal": case "double": case "money": {
      const number = readDecimal(text);
      return number === undefined ? { problem: t("field.number") } : { value: number };
    }
    case "datetime": {
      const at = fromWall(text);
      return Number.isNaN(at.getTime()) ? { problem: t("field.date") } : { value: at.toISOString() };
    }
    case "date":
      return /^\d{4}-\d\d-\d\d$/.test(text) ? { value: text } : { problem: t("field.date") };
    case "json":
      try {
        return { value: JSON.stringify(JSON.parse(text)) };
      } catch {
        return { problem: t("field.json") };
      }
    default:
      if (column.maxlength && [...text].length > column.maxlength) return { problem: t("field.long", { count: column.maxlength }) };
      return { value: text };
  }
}

/** The mark that the person's language puts before fractions. */
function decimalMark(): string {
  return new Intl.NumberFormat(i18next.language || "en").formatToParts(1.5).find((p) => p.type === "decimal")?.value ?? ".";
}

/**
 * Takes 1,234.5 as well as 1.234,5. A lone mark before exactly three digits is
 * doubtful: it groups thousands unless the language has it before fractions.
 */
export function readDecimal(text: string, mark = decimalMark()): number | undefined {
  const bare = text.replace(/[\s'’]/g, "");
  if (!/^-?[\d.,]*\d[\d.,]*$/.test(bare)) return undefined;
  const last = Math.max(bare.lastIndexOf("."), bare.lastIndexOf(","));
  if (last < 0) return Number(bare);
  const symbol = bare[last]!;
  const repeated = bare.indexOf(symbol) !== last;
  const lone = !bare.includes(symbol === "." ? "," : ".");
  const groups = repeated || (lone && symbol !== mark && bare.length - last - 1 === 3);
  const number = groups ? Number(bare.replace(/[.,]/g, "")) : Number(`${bare.slice(0, last).replace(/[.,]/g, "")}.${bare.slice(last + 1)}`);
  return Number.isFinite(number) ? number : undefined;
}
