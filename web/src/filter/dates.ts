import { fromWall, toWall } from "@/lib/zone";
import type { Operator } from "./model";

/** Calendar days are texts such as 2026-02-28: they belong to no time zone until an instant is asked of them. */
type Span = [from: string, until: string];

const two = (n: number) => String(n).padStart(2, "0");

function text(year: number, month: number, day: number): string {
  const date = new Date(Date.UTC(year, month, day));
  return `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
}

/** Reads a calendar day; undefined when there is none such. */
export function parseDay(value: string | undefined): string | undefined {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value ?? "");
  if (!parts) return undefined;
  return text(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3])) === value ? value : undefined;
}

export function addDays(day: string, by: number): string {
  const [y, m, d] = day.split("-").map(Number) as [number, number, number];
  return text(y, m - 1, d + by);
}

/** The calendar day that it is at an instant in the person's time zone. */
export function dayAt(at: Date, zone?: string): string {
  return toWall(at, zone).slice(0, 10);
}

/** The instant at which a day begins in the person's time zone. */
export function startOf(day: string, zone?: string): Date {
  return fromWall(`${day}T00:00`, zone);
}

/** The half-open span [from, until) of days that a relative date means on the given day. */
export function spanOf(op: Operator, value: string | undefined, today: string): Span | undefined {
  const [y, m, d] = today.split("-").map(Number) as [number, number, number];
  const days = (from: number, until: number): Span => [addDays(today, from), addDays(today, until)];
  const months = (from: number): Span => [text(y, m - 1 + from, 1), text(y, m + from, 1)];
  // Weeks begin on Monday, as ISO 8601 has it.
  const monday = -((new Date(Date.UTC(y, m - 1, d)).getUTCDay() + 6) % 7);
  const count = Number(value);
  const counted = Number.isInteger(count) && count > 0 && count < 36_600;
  switch (op) {
    case "today":
      return days(0, 1);
    case "yesterday":
      return days(-1, 0);
    case "tomorrow":
      return days(1, 2);
    case "thisweek":
      return days(monday, monday + 7);
    case "lastweek":
      return days(monday - 7, monday);
    case "nextweek":
      return days(monday + 7, monday + 14);
    case "thismonth":
      return months(0);
    case "lastmonth":
      return months(-1);
    case "nextmonth":
      return months(1);
    case "thisyear":
      return [text(y, 0, 1), text(y + 1, 0, 1)];
    case "lastyear":
      return [text(y - 1, 0, 1), text(y, 0, 1)];
    case "lastdays":
      return counted ? days(-count, 1) : undefined;
    case "nextdays":
      return counted ? days(0, count + 1) : undefined;
    case "on": {
      const day = parseDay(value);
      return day === undefined ? undefined : [day, addDays(day, 1)];
    }
    default:
      return undefined;
  }
}
