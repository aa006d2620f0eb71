import i18next from "i18next";
import { settings } from "./settings";
import { formattedOf, parseJson, valueOf } from "@/api/rows";
import type { Column, Option, Reference, Row } from "@/api/types";

const cache = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>();

/** The device's own variant of the language, where it has one: British dates for a British browser. */
function regional(language: string): string {
  return navigator.languages.find((l) => l.toLowerCase().startsWith(`${language.toLowerCase()}-`)) ?? language;
}

function memo<T extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(key: string, make: (lng: string) => T): T {
  const locale = settings().formats || regional(i18next.language);
  const full = `${locale}:${settings().timeZone}:${key}`;
  let made = cache.get(full);
  if (!made) {
    made = make(locale);
    cache.set(full, made);
  }
  return made as T;
}

/** The person's time zone; undefined is the device's. */
function zone(): string | undefined {
  return settings().timeZone || undefined;
}

/** An estimate to three digits: more would promise too much. */
export function roughly(value: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 2);
  return Math.round(value / step) * step;
}

export function formatNumber(value: number, fraction = 0): string {
  return memo(`n${fraction}`, (l) => new Intl.NumberFormat(l, { minimumFractionDigits: fraction, maximumFractionDigits: fraction })).format(value);
}

/** An amount in a currency, in whole units: for totals, which are read at a glance. */
export function formatCurrency(value: number, currency: string): string {
  return memo(`cur${currency}`, (l) => new Intl.NumberFormat(l, { style: "currency", currency, maximumFractionDigits: 0 })).format(value);
}

export function formatPercent(value: number): string {
  return memo("pct", (l) => new Intl.NumberFormat(l, { style: "percent", maximumFractionDigits: 0 })).format(value);
}

/** A date without a time is a calendar day: it must not move with the time zone. */
export function formatDay(value: string): string {
  const day = new Date(`${value.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(day.getTime())) return value;
  return memo("day", (l) => new Intl.DateTimeFormat(l, { dateStyle: "medium", timeZone: "UTC" })).format(day);
}

export function formatInstant(value: string): string {
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return value;
  return memo("instant", (l) => new Intl.DateTimeFormat(l, { dateStyle: "medium", timeStyle: "short", timeZone: zone() })).format(at);
}

export function formatTime(value: string): string {
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return value;
  return memo("time", (l) => new Intl.DateTimeFormat(l, { timeStyle: "short", timeZone: zone() })).format(at);
}

/** Heads the days of a timeline. */
export function formatDayHeading(value: string): string {
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return value;
  return memo("heading", (l) => new Intl.DateTimeFormat(l, { weekday: "short", day: "numeric", month: "long", year: "numeric", timeZone: zone() })).format(at);
}

/** Today, as the person's calendar has it. */
export function formatToday(): string {
  return memo("today", (l) => new Intl.DateTimeFormat(l, { weekday: "long", day: "numeric", month: "long", timeZone: zone() })).format(new Date());
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000], ["month", 2_592_000], ["week", 604_800], ["day", 86_400], ["hour", 3_600], ["minute", 60],
];

/** «5 minutes ago». */
export function formatAgo(value: string, now = Date.now()): string {
  const seconds = (new Date(value).getTime() - now) / 1000;
  if (Number.isNaN(seconds)) return value;
  const format = memo("ago", (l) => new Intl.RelativeTimeFormat(l, { numeric: "auto", style: "short" }));
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit);
  }
  return format.format(0, "minute");
}

/** Milliseconds as people read a duration. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${formatNumber(ms, ms < 10 && !Number.isInteger(ms) ? 1 : 0)} ms`;
  if (ms < 60_000) return `${formatNumber(ms / 1000, 1)} s`;
  const minutes = Math.floor(ms / 60_000);
  return `${formatNumber(minutes)} min ${formatNumber(Math.round((ms % 60_000) / 1000))} s`;
}

/** Bytes as people read the size of a file. */
export function formatBytes(bytes: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const at = bytes > 0 ? Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10)) : 0;
  return memo(`bytes${at}`, (l) => new Intl.NumberFormat(l, { style: "unit", unit: units[at], unitDisplay: "short", maximumFractionDigits: at > 1 ? 1 : 0 })).format(bytes / 1024 ** at);
}

const spans: [Intl.NumberFormatOptions["unit"], number][] = [["day", 86_400], ["hour", 3_600], ["minute", 60]];

/** Seconds as a rough span: 3 days, 5 hours, 12 minutes. */
export function formatSpan(seconds: number): string {
  const [unit, size] = spans.find(([, s]) => seconds >= s) ?? spans[2]!;
  return memo(`span${unit}`, (l) => new Intl.NumberFormat(l, { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 })).format(Math.max(0, Math.floor(seconds / size)));
}

/** Whether a column holds numbers. */
export function isNumeric(column: Pick<Column, "type">): boolean {
  return ["whole", "bigint", "decimal", "double", "money"].includes(column.type);
}

export function optionsOf(column: Column): Option[] {
  if (column.options?.length) return column.options;
  if (column.type !== "boolean") return [];
  return [{ value: 1, label: i18next.t("value.yes") }, { value: 0, label: i18next.t("value.no") }];
}

export function optionFor(column: Column, value: unknown): Option | undefined {
  const key = typeof value === "boolean" ? Number(value) : value;
  return optionsOf(column).find((o) => o.value === key);
}

/** Values of a multi-choice column: a list, or text with commas between. */
export function manyOf(value: unknown): number[] {
  if (Array.isArray(value)) return value.map(Number);
  if (typeof value === "string" && value !== "") return value.split(",").map(Number);
  return typeof value === "number" ? [value] : [];
}

/** A column's value as plain words; empty text when there is none. */
export function display(column: Column, row: Row): string {
  return displayValue(column, valueOf(column, row), formattedOf(column, row));
}

export function displayValue(column: Column, value: unknown, formatted?: string): string {
  if (value === null || value === undefined || value === "") return "";
  switch (column.type) {
    case "lookup":
      return (value as Reference).name || i18next.t("value.unnamed");
    case "choice":
    case "boolean":
      return optionFor(column, value)?.label ?? formatted ?? String(value);
    case "multichoice":
      return manyOf(value).map((v) => optionFor(column, v)?.label ?? String(v)).join(", ");
    case "date":
      return formatDay(String(value));
    case "datetime":
      return formatInstant(String(value));
    case "whole": case "bigint":
      return formatNumber(Number(value));
    case "decimal": case "double":
      return formatNumber(Number(value), column.precision ?? 2);
    case "money":
      return formatMoney(Number(value), column.precision ?? 2, formatted);
    case "json":
      return typeof value === "string" ? value : JSON.stringify(parseJson(value, value));
    default:
      return String(value);
  }
}

/** An amount as the person's formats write it, with the sign of the currency that the server put to it. */
export function formatMoney(value: number, fraction: number, formatted = ""): string {
  const sign = formatted.replace(/[-−\d.,'\s]/g, "");
  const style = { minimumFractionDigits: fraction, maximumFractionDigits: fraction };
  if (!sign) return formatNumber(value, fraction);
  // Where the sign stands is a matter of the language, and not of the currency.
  const currencyDisplay = /\p{L}/u.test(sign) ? "code" : "narrowSymbol"; // letters are set off by a space
  const parts = memo(`m${fraction}${currencyDisplay}`, (l) => new Intl.NumberFormat(l, { style: "currency", currency: "EUR", currencyDisplay, ...style })).formatToParts(value);
  return parts.map((p) => (p.type === "currency" ? sign : p.value)).join("");
}

/** Up to two letters that stand for a name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  return ((words[0]?.[0] ?? "") + (words.length > 1 ? (words.at(-1)?.[0] ?? "") : "")).toUpperCase();
}
