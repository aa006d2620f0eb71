import { describe, expect, it } from "vitest";
import type { Column } from "@/api/types";
import { readArrangement, writeLayout } from "@/filter/fetchXml";
import { before } from "./goToPlace";
import { gridState, UNGROUPED } from "./gridState";
import { differs } from "./savedViews";
import { choose, chosenOf, countOf, type Part, type Selection } from "./selection";
import { tall, toReal, toScroll } from "./tall";

describe("the scrollbar of a long list", () => {
  it("is as long as the rows while a browser bears it", () => {
    const t = tall(100_000, 38, 700);
    expect(t.shown).toBe(3_800_000);
    expect(toReal(t, 1_234_567)).toBe(1_234_567);
    expect(toScroll(t, 1_234_567)).toBe(1_234_567);
    expect(toReal(t, 9e9)).toBe(3_800_000 - 700);
  });
  it("leads to every place of a million rows, and a pixel is a pixel near the ends", () => {
    const t = tall(1_000_000, 38, 700);
    expect(t.shown).toBe(6_000_000);
    expect(toReal(t, 5_000)).toBe(5_000);
    expect(toReal(t, t.shown - t.view)).toBe(t.real - t.view);
    expect(toScroll(t, t.real - t.view - 38)).toBe(t.shown - t.view - 38);
    let last = -1;
    for (let place = 0; place <= t.real - t.view; place += 99_991) {
      const scroll = toScroll(t, place);
      expect(scroll).toBeGreaterThanOrEqual(last);
      last = scroll;
      expect(Math.abs(toReal(t, scroll) - place)).toBeLessThan(8);
    }
  });
  it("has no place where all rows are in sight", () => {
    expect(toReal(tall(3, 38, 700), 50)).toBe(0);
    expect(toScroll(tall(0, 38, 700), 50)).toBe(0);
  });
});

const name: Column = { name: "fullname", type: "text", label: "Name" };
const start = (day: string) => `${day}T00:00:00Z`;

describe("the way to a value in a sorted list", () => {
  it("counts what stands before it, empty values where they are", () => {
    expect(before(name, { column: "fullname", desc: false }, "O'M", start)).toBe("fullname lt 'O''M' or fullname eq null");
    expect(before(name, { column: "fullname", desc: true }, "M", start)).toBe("(fullname gt 'M') and (not startswith(fullname,'M'))");
  });
  it("takes a day, a month or a year, and numbers, and nothing else", () => {
    const made: Column = { name: "createdon", type: "datetime", label: "Created" };
    expect(before(made, { column: "createdon", desc: true }, "2026-03", start)).toBe("createdon gt 2026-03-01T00:00:00Z");
    expect(before(made, { column: "createdon", desc: true }, "March", start)).toBeUndefined();
    expect(before(made, { column: "createdon", desc: true }, "2026-13-45", start)).toBeUndefined();
    const score: Column = { name: "score", type: "whole", label: "Score" };
    expect(before(score, { column: "score", desc: true }, "50", start)).toBe("score gt 50");
    expect(before(score, { column: "score", desc: true }, "1 or true", start)).toBeUndefined();
  });
});

const part: Part = { key: "a", filter: "x eq 1", count: 3 };
const rows = (...ids: string[]): Selection => ({ mode: "rows", ids: new Set(ids) });

describe("rows chosen in groups", () => {
  it("tells none, some and all of a group", () => {
    expect(chosenOf(rows("9"), part, ["1", "2", "3"])).toBe("none");
    expect(chosenOf(rows("1"), part, ["1", "2", "3"])).toBe("some");
    expect(chosenOf(rows("1", "2", "3"), part, ["1", "2", "3"])).toBe("all");
    expect(chosenOf(rows("1", "2"), part, ["1", "2"])).toBe("some");
  });
  it("counts a part by itself and keeps it when rows are left out", () => {
    const all: Selection = { mode: "all", except: new Set(), within: part };
    expect(countOf(all, 100)).toBe(3);
    const less = choose(all, ["1"], false);
    expect(countOf(less, 100)).toBe(2);
    expect(chosenOf(less, part, ["1"])).toBe("some");
    expect(chosenOf(less, { ...part, key: "b" }, ["7"])).toBe("none");
  });
});

describe("what a saved view keeps", () => {
  const table = {
    logicalname: "lead", entityset: "leads", label: "Lead", pluralLabel: "Leads", primaryid: "leadid", primaryname: "fullname",
    privileges: { create: true, read: true, write: true, delete: true, assign: true }, forms: [], related: [],
    columns: [name, { ...name, name: "city" }, { ...name, name: "state" }], views: [{ id: "u-1", name: "Mine", kind: "mine" as const, columns: [{ name: "fullname" }, { name: "city" }, { name: "state" }], group: "city", frozen: 2 }],
  };
  it("writes grouping and frozen columns into its layout and reads them again", () => {
    const text = writeLayout("leadid", "fullname", [{ name: "city", width: 120 }], { group: "city", frozen: 2 });
    expect(text).toContain('rpt_group="city" rpt_frozen="2"');
    expect(writeLayout("leadid", "fullname", [], { frozen: 1 })).not.toContain("rpt_");
    if (typeof DOMParser !== "undefined") expect(readArrangement(text)).toEqual({ group: "city", frozen: 2 });
  });
  it("shows them, lets the address say otherwise, and marks that as changed", () => {
    expect(gridState(table, { view: "u-1" })).toMatchObject({ group: "city", frozen: 2 });
    expect(gridState(table, { view: "u-1", group: UNGROUPED, fz: "1" })).toMatchObject({ group: undefined, frozen: 1 });
    expect(gridState(table, { view: "u-1", group: "gone" }).group).toBeUndefined();
    for (const [search, changed] of [[{}, false], [{ group: "city" }, false], [{ group: UNGROUPED }, true], [{ fz: "2" }, false], [{ fz: "1" }, true]] as const) {
      expect(differs(gridState(table, { view: "u-1", ...search }), search)).toBe(changed);
    }
  });
});
