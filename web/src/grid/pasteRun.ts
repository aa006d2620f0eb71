import { asApiError } from "@/api/errors";
import type { Row } from "@/api/types";
import { ClashError, type Values } from "./saveCells";

export interface Change {
  row: Row;
  values: Values;
}

/** A cell that was not taken, with the reason. */
export interface Refusal {
  row: Row;
  column: string;
  value: unknown;
  /** What the server says; absent when somebody else changed the cell meanwhile. */
  reason?: string;
}

export interface PasteRun {
  /** What stands in the records now. */
  written: Change[];
  refused: Refusal[];
  /** What never reached the server: it can be sent again as it is. */
  unsent: Change[];
}

/** Rows under way at once: enough to hide the way to the server, few enough to leave it to others. */
const AT_ONCE = 4;

/**
 * Writes pasted cells row by row. A row that is refused is tried without the
 * cells that the server named, or cell by cell if it named none: one wrong cell
 * takes no other with it. When the line is gone, the rest is kept.
 */
export async function runPaste(changes: Change[], write: (row: Row, values: Values) => Promise<Row>, tell: (done: number) => void): Promise<PasteRun> {
  const run: PasteRun = { written: [], refused: [], unsent: [] };
  let next = 0;
  let done = 0;
  let down = false;

  async function attempt(change: Change): Promise<void> {
    const { row, values } = change;
    const names = Object.keys(values);
    if (down) return void run.unsent.push(change);
    try {
      await write(row, values);
      run.written.push(change);
    } catch (error) {
      if (error instanceof ClashError) {
        for (const { column } of error.clashes) run.refused.push({ row, column: column.name, value: values[column.name] });
        return Object.keys(error.clean).length > 0 ? attempt({ row: error.theirs, values: error.clean }) : undefined;
      }
      const failure = asApiError(error);
      if (failure.kind === "network" || failure.kind === "busy" || failure.kind === "server") {
        down = true;
        run.unsent.push(change);
        return;
      }
      const named = failure.fields.filter((f) => names.includes(f.name));
      const wrong = named.length > 0 ? named.map((f) => f.name) : failure.kind === "invalid" && names.length > 1 ? [] : names;
      for (const column of wrong) run.refused.push({ row, column, value: values[column], reason: named.find((f) => f.name === column)?.message ?? failure.message });
      const rest = names.filter((n) => !wrong.includes(n));
      if (wrong.length > 0 && rest.length > 0) await attempt({ row, values: Object.fromEntries(rest.map((n) => [n, values[n]])) });
      // Each by itself, one after the other: they go to the same row.
      else for (const n of rest) await attempt({ row, values: { [n]: values[n] } });
    }
  }

  async function worker(): Promise<void> {
    for (let change = changes[next++]; change; change = changes[next++]) {
      await attempt(change);
      tell(++done);
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, changes.length) }, worker));
  const place = new Map(changes.map(({ row }, i) => [row, i]));
  const order = (a: { row: Row }, b: { row: Row }) => (place.get(a.row) ?? 0) - (place.get(b.row) ?? 0);
  run.refused.sort(order);
  run.unsent.sort(order);
  return run;
}
