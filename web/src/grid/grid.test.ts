import { describe, expect, it } from "vitest";
import type { Table } from "@/api/types";
import { addSort, gridState, moveColumn, nextSort, shownColumns, sortFromOrderBy, sortFromText, sortToText, widthsFromText, widthsToText } from "./gridState";
import { move } from "./move";
import { choose, countOf, isChosen, none } from "./selection";
import { readTable } from "./tableText";

const table: Table = {
  logicalname: "lead", entityset: "leads", label: "Lead", pluralLabel: "Leads", primaryid: "leadid", primaryname: "fullname",
  privileges: { create: true, read: true, write: true, delete: true, assign: true }, forms: [], related: [],
  columns: [
    { name: "leadid", type: "id", label: "Lead" }, { name: "fullname", type: "text", label: "Name" }, { name: "companyname", type: "text", label: "Company" },
    { name: "createdon", type: "datetime", label: "Created" }, { name: "rpt_reasons", type: "json", label: "Reasons" },
  ],
  views: [
    { id: "a", name: "All", columns: [{ name: "companyname", width: 300 }, { name: "fullname" }, { name: "gone" }], orderby: "createdon desc" },
    { id: "o", name: "Open", default: true, columns: [{ name: "fullname" }, { name: "createdon" }] },
  ],
};

describe("the grid's state in the address", () => {
  it("takes the default view without one, and the named one with it", () => {
    expect(gridState(table, {}).view?.id).toBe("o");
    expect(gridState(table, { view: "a" }).view?.id).toBe("a");
    expect(gridState(table, { view: "nonsense" }).view?.id).toBe("o");
  });
  it("puts the primary name first and leaves out columns that are gone", () => {
    expect(gridState(table, { view: "a" }).columns.map((c) => c.name)).toEqual(["fullname", "companyname"]);
    expect(shownColumns(table, undefined, { cols: "createdon,createdon,nope" }).map((c) => c.name)).toEqual(["fullname", "createdon"]);
  });
  it("shows readable columns where there is no view", () => {
    expect(shownColumns({ ...table, views: [] }, undefined, {}).map((c) => c.name)).toEqual(["fullname", "companyname", "createdon"]);
  });
  it("prefers the person's width to the view's, and the view's to the usual", () => {
    expect(gridState(table, { view: "a" }).widths.companyname).toBe(300);
    expect(gridState(table, { view: "a", w: "companyname.222" }).widths.companyname).toBe(222);
    expect(gridState(table, {}).widths.fullname).toBe(240);
  });
  it("brings sorting and widths there and back", () => {
    expect(sortToText(sortFromText("-createdon,fullname"))).toBe("-createdon,fullname");
    expect(sortToText([])).toBeUndefined();
    expect(widthsToText(widthsFromText("fullname.220,companyname.180"))).toBe("fullname.220,companyname.180");
  });
  it("bears with broken widths", () => {
    expect(widthsFromText("fullname.9999,companyname,x.NaN,.80,createdon.-5")).toEqual({});
  });
  it("reads a view's order", () => {
    expect(sortFromOrderBy("createdon desc, fullname")).toEqual([{ column: "createdon", desc: true }, { column: "fullname", desc: false }]);
  });
});

describe("a press on a head", () => {
  it("goes up, down, and back to the view", () => {
    const up = nextSort([], "a");
    const down = nextSort(up, "a");
    expect([up, down, nextSort(down, "a")]).toEqual([[{ column: "a", desc: false }], [{ column: "a", desc: true }], []]);
  });
  it("joins what is sorted by with Shift, turns, and leaves", () => {
    const one = addSort([{ column: "a", desc: true }], "b");
    const turned = addSort(one, "b");
    expect([sortToText(one), sortToText(turned), sortToText(addSort(turned, "b"))]).toEqual(["-a,b", "-a,-b", "-a"]);
    expect(addSort(sortFromText("a,b,c,d"), "e").map((s) => s.column)).toEqual(["b", "c", "d", "e"]);
  });
  it("starts anew on another column", () => {
    expect(nextSort([{ column: "a", desc: true }], "b")).toEqual([{ column: "b", desc: false }]);
  });
});

describe("moving a column", () => {
  it.each([
    ["c", 1, "a,c,b,d"], ["b", 3, "a,c,d,b"], ["b", 99, "a,c,d,b"], ["c", 0, "a,c,b,d"], ["a", 2, "a,b,c,d"], ["x", 2, "a,b,c,d"],
  ])("puts %s at %i", (name, to, expected) => {
    expect(moveColumn(["a", "b", "c", "d"], name, to).join()).toBe(expected);
  });
});

describe("keys in the grid", () => {
  const at = (row: number, col: number, key: string, mod = false) => move({ row, col }, key, mod, 10, 4, 5);
  it.each<[number, number, string, boolean, number, number]>([
    [0, 0, "ArrowUp", false, -1, 0], [-1, 2, "ArrowUp", false, -1, 2], [9, 0, "ArrowDown", false, 9, 0], [3, 1, "ArrowDown", false, 4, 1],
    [3, 3, "ArrowRight", false, 3, 3], [3, 2, "Home", false, 3, 0], [3, 2, "Home", true, 0, 0], [3, 2, "End", true, 9, 3], [-1, 1, "PageDown", false, 5, 1], [7, 1, "PageDown", false, 9, 1], [2, 1, "PageUp", false, 0, 1],
  ])("from %i:%i %s (mod %s) to %i:%i", (row, col, key, mod, toRow, toCol) => {
    expect(at(row, col, key, mod)).toEqual({ row: toRow, col: toCol });
  });
  it("leaves other keys alone", () => {
    expect(at(0, 0, "x")).toBeUndefined();
  });
});

describe("chosen rows", () => {
  it("are these rows, or all but those", () => {
    const two = choose(none, ["a", "b"], true);
    expect([isChosen(two, "a"), isChosen(two, "c"), countOf(two, 9)]).toEqual([true, false, 2]);
    const allBut = choose({ mode: "all", except: new Set() }, ["a"], false);
    expect([isChosen(allBut, "a"), isChosen(allBut, "c"), countOf(allBut, 9), countOf(allBut, undefined)]).toEqual([false, true, 8, undefined]);
    expect(countOf(choose(allBut, ["a"], true), 9)).toBe(9);
  });
});

describe("cells from a spreadsheet", () => {
  it.each([
    ["a\tb\nc\td\n", [["a", "b"], ["c", "d"]]],
    ["a\t\r\n\tb", [["a", ""], ["", "b"]]],
    ['"two\nlines"\t"say ""hi"""\tx', [["two\nlines", 'say "hi"', "x"]]],
    ['5" pipe\tb', [['5" pipe', "b"]]],
    ['"never closed', [["never closed"]]],
  ])("are read from %j", (text, cells) => {
    expect(readTable(text)).toEqual(cells);
  });
});
