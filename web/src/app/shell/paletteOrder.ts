/** The order of what the palette offers, and what Enter runs in it. */
import type { Entry } from "./paletteEntries";

/** So many letters must be typed before a command can stand above what is found. */
const SURE = 3;

function matches(entry: Entry, words: string[]): boolean {
  const text = `${entry.label} ${entry.hint ?? ""}`.toLocaleLowerCase();
  return words.every((word) => text.includes(word));
}

/**
 * Commands whose name begins with what was typed come first, whatever is found
 * later; then what was found, the way to all of it, and further commands.
 */
export function arrange(query: string, commands: Entry[], found: Entry[], all: Entry | undefined): Entry[] {
  const typed = query.trim().toLocaleLowerCase();
  const words = typed.split(/\s+/).filter(Boolean);
  const fitting = commands.filter((c) => matches(c, words));
  if (!words.length) return fitting;
  const named = fitting.filter((c) => isNamed(c, query));
  return [...named, ...found, ...(all ? [all] : []), ...fitting.filter((c) => !named.includes(c))];
}

/** A command that was named by what was typed: it stays first when something is found. */
export function isNamed(entry: Entry, query: string): boolean {
  const typed = query.trim().toLocaleLowerCase();
  return typed.length >= SURE && entry.label.toLocaleLowerCase().startsWith(typed);
}
