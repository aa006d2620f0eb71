import { expect, it } from "vitest";
import { type Board, columnOfRecord, extended, moved, retold, step } from "./arrange";

const column = (key: string, ids: string[], next?: string) => ({ key, name: key, count: ids.length, sum: ids.length * 10, rows: ids.map((id) => ({ id })), next, cards: Object.fromEntries(ids.map((id) => [id, { instance: `i${id}`, state: "active" as const }])) });
const board: Board = { by: "p", ways: [], amounts: [], elsewhere: 0, entityset: "things", primarykey: "id", columns: [column("a", ["1", "2", "3"], "more"), column("b", []), column("c", ["4"])] };

it("moves a card with what it knows of its process", () => {
  const after = moved(board, "2", "c");
  expect(after.columns.map((c) => c.rows.map((r) => r.id).join(""))).toEqual(["13", "", "24"]);
  expect(after.columns.map((c) => c.count)).toEqual([2, 0, 2]);
  expect(after.columns[2]!.cards?.["2"]?.instance).toBe("i2");
  expect(columnOfRecord(after, "2")).toBe(2);
  expect(moved(board, "2", "a")).toBe(board);
  expect(moved(board, "9", "c")).toBe(board);
});

it("takes a further page in, each card once", () => {
  const after = extended(board, column("a", ["3", "5"]));
  expect(after.columns[0]!.rows.map((r) => r.id)).toEqual(["1", "2", "3", "5"]);
  expect(after.columns[0]!.next).toBeUndefined();
});

it("takes totals over and leaves the cards", () => {
  const after = retold(board, { ...board, elsewhere: 4, columns: [column("a", ["1"])] });
  expect(after.columns.map((c) => [c.count, c.rows.length])).toEqual([[1, 3], [0, 0], [0, 1]]);
  expect(after.elsewhere).toBe(4);
});

it("goes from card to card, past empty columns", () => {
  expect(step(board, { column: 0, card: 2 }, "ArrowRight")).toEqual({ column: 2, card: 0 });
  expect(step(board, { column: 0, card: 2 }, "ArrowDown")).toEqual({ column: 0, card: 2 });
  expect(step(board, { column: 2, card: 0 }, "ArrowLeft")).toEqual({ column: 0, card: 0 });
  expect(step(board, { column: 2, card: 0 }, "ArrowRight")).toEqual({ column: 2, card: 0 });
  expect(step(board, { column: 0, card: 0 }, "End")).toEqual({ column: 0, card: 2 });
});
