import { describe, expect, it } from "vitest";
import { ApiError } from "@/api/errors";
import type { Column, Row } from "@/api/types";
import { type Change, runPaste } from "./pasteRun";
import { ClashError, type Values } from "./saveCells";

const change = (id: number, values: Values): Change => ({ row: { id }, values });
const quiet = () => undefined;

/** A server that refuses cells with the value "bad", by name or without. */
function server(named: boolean) {
  const sent: string[] = [];
  const write = async (row: Row, values: Values) => {
    sent.push(`${String(row.id)}:${Object.keys(values).join("+")}`);
    const bad = Object.keys(values).filter((n) => values[n] === "bad");
    if (bad.length > 0) throw new ApiError(400, "bad", "not so", named ? bad.map((name) => ({ name, code: "bad", message: `${name} is wrong` })) : []);
    return row;
  };
  return { sent, write };
}

describe("pasting", () => {
  it("takes a refused cell alone, where the server names it", async () => {
    const { sent, write } = server(true);
    const run = await runPaste([change(1, { a: "x", b: "bad", c: "y" }), change(2, { a: "z" })], write, quiet);
    expect(run.refused).toEqual([{ row: { id: 1 }, column: "b", value: "bad", reason: "b is wrong" }]);
    expect([...sent].sort()).toEqual(["1:a+b+c", "1:a+c", "2:a"]);
    expect(run.written.map((w) => Object.keys(w.values).join()).sort()).toEqual(["a", "a,c"]);
  });
  it("finds the refused cell by itself where the server names none", async () => {
    const run = await runPaste([change(1, { a: "x", b: "bad", c: "y" })], server(false).write, quiet);
    expect(run.refused.map((r) => [r.column, r.reason])).toEqual([["b", "not so"]]);
    expect(run.written.map((w) => w.values)).toEqual([{ a: "x" }, { c: "y" }]);
  });
  it("says which cells somebody else changed, and writes the others on top", async () => {
    const theirs = { id: 1, version: 2 };
    const tried: [Row, Values][] = [];
    const run = await runPaste([change(1, { a: "x", b: "y" })], async (row, values) => {
      tried.push([row, values]);
      if (row !== theirs) throw new ClashError([{ column: { name: "a" } as Column, base: 0, mine: "x", theirs: 1 } as never], { b: "y" }, theirs);
      return row;
    }, quiet);
    expect(run.refused).toEqual([{ row: { id: 1 }, column: "a", value: "x" }]);
    expect(tried[1]).toEqual([theirs, { b: "y" }]);
    expect(run.written).toHaveLength(1);
  });
  it("keeps what could not be sent when the line is gone, and says how far it is", async () => {
    const steps: number[] = [];
    let served = 0;
    const all = Array.from({ length: 20 }, (_, i) => change(i, { a: i }));
    const run = await runPaste(all, async (row) => {
      if (++served > 6) throw new ApiError(0, "network", "gone");
      return row;
    }, (n) => steps.push(n));
    expect(run.written.length).toBe(6);
    expect(run.unsent.length).toBe(14);
    expect(run.refused).toEqual([]);
    expect(new Set([...run.written, ...run.unsent])).toEqual(new Set(all));
    expect(steps.at(-1)).toBe(20);
  });
  it("refuses a whole row that may not be written", async () => {
    const run = await runPaste([change(1, { a: 1, b: 2 })], async () => { throw new ApiError(403, "no", "not allowed"); }, quiet);
    expect(run.refused.map((r) => r.column)).toEqual(["a", "b"]);
  });
});
