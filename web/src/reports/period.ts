/** Periods that are asked for by a name; days as YYYY-MM-DD, both belonging to the period. */
export const PERIODS = ["month", "lastMonth", "days30", "days90", "quarter", "year"] as const;
export type Period = (typeof PERIODS)[number];

const text = (d: Date) => d.toISOString().slice(0, 10);

/** The days of a period, as seen from a day. */
export function daysOf(period: Period, today: string): { from: string; to: string } {
  const now = new Date(`${today}T00:00:00Z`);
  const [y, m] = [now.getUTCFullYear(), now.getUTCMonth()];
  const span = (from: Date, to: Date) => ({ from: text(from), to: text(to) });
  switch (period) {
    case "month": return span(new Date(Date.UTC(y, m, 1)), new Date(Date.UTC(y, m + 1, 0)));
    case "lastMonth": return span(new Date(Date.UTC(y, m - 1, 1)), new Date(Date.UTC(y, m, 0)));
    case "quarter": return span(new Date(Date.UTC(y, m - (m % 3), 1)), new Date(Date.UTC(y, m - (m % 3) + 3, 0)));
    case "year": return span(new Date(Date.UTC(y, 0, 1)), new Date(Date.UTC(y, 12, 0)));
    case "days30": return span(new Date(now.getTime() - 29 * 86_400_000), now);
    case "days90": return span(new Date(now.getTime() - 89 * 86_400_000), now);
  }
}

/** A line of CSV. What a spreadsheet would take for a formula is led by an apostrophe. */
export function csvLine(cells: (string | number | undefined)[]): string {
  return cells.map((c) => {
    const value = c === undefined ? "" : String(c);
    const safe = typeof c === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }).join(",");
}
