import { settings } from "./settings";

/** Milliseconds that the wall clock of a time zone is ahead of UTC at an instant. */
export function offsetAt(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" }).formatToParts(at);
  const of = (type: string) => Number(parts.find((p) => p.type === type)?.value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second")) - Math.floor(at / 1000) * 1000;
}

/** An instant as the wall clock of the person's time zone has it: 2026-02-28T17:30. */
export function toWall(at: Date, zone = settings().timeZone): string {
  const ahead = zone ? offsetAt(at.getTime(), zone) : -at.getTimezoneOffset() * 60_000;
  return new Date(at.getTime() + ahead).toISOString().slice(0, 16);
}

/** The instant that a wall clock's text means in the person's time zone; invalid when it is none. */
export function fromWall(text: string, zone = settings().timeZone): Date {
  if (!zone) return new Date(text);
  const wall = Date.parse(`${text}Z`);
  if (Number.isNaN(wall)) return new Date(Number.NaN);
  // The offset is that of the instant itself, which lies near the wall's; twice is enough beside a change of the clock.
  const near = wall - offsetAt(wall, zone);
  return new Date(wall - offsetAt(near, zone));
}
