import type { Operator } from "./model";

/** The half-open span [from, until) of local days that a relative date means. */
export function spanOf(op: Operator, value: string | undefined, now: Date): [Date, Date] | undefined {
  const day = (offset: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + offset);
  // Weeks begin on Monday, as ISO 8601 has it.
  const monday = -((now.getDay() + 6) % 7);
  switch (op) {
    case "today":
      return [day(0), day(1)];
    case "yesterday":
      return [day(-1), day(0)];
    case "thisweek":
      return [day(monday), day(monday + 7)];
    case "lastweek":
      return [day(monday - 7), day(monday)];
    case "thismonth":
      return [new Date(now.getFullYear(), now.getMonth(), 1), new Date(now.getFullYear(), now.getMonth() + 1, 1)];
    case "lastmonth":
      return [new Date(now.getFullYear(), now.getMonth() - 1, 1), new Date(now.getFullYear(), now.getMonth(), 1)];
    case "lastdays": {
      const days = Number(value);
      return Number.isInteger(days) && days > 0 && days < 36_600 ? [day(-days), day(1)] : undefined;
    }
    case "on": {
      const start = parseDay(value);
      return start && [start, new Date(start.getFullYear(), start.getMonth(), start.getDate() + 1)];
    }
    default:
      return undefined;
  }
}

/** Reads a local calendar day such as 2026-02-28. */
export function parseDay(value: string | undefined): Date | undefined {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value ?? "");
  if (!parts) return undefined;
  const [y, m, d] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const date = new Date(y, m - 1, d);
  return date.getMonth() === m - 1 && date.getDate() === d ? date : undefined;
}

/** The local calendar day of an instant. */
export function dayText(date: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
