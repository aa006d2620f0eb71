import { describe, expect, it } from "vitest";
import { applyValues, payload, valueOf } from "@/api/rows";
import type { Column, Row, Table } from "@/api/types";
import { fromInput, readDecimal } from "./fieldValue";
import { fromWall, toWall } from "@/lib/zone";
import { merge, same } from "./merge";

const F = "@OData.Community.Display.V1.FormattedValue";
const owner: Column = { name: "ownerid", type: "lookup", label: "Owner", targets: ["systemuser"] };
const columns: Column[] = [
  { name: "companyname", type: "text", label: "Company", maxlength: 5 }, { name: "jobtitle", type: "text", label: "Job" }, owner,
  { name: "lastname", type: "text", label: "Last name", required: true }, { name: "numberofemployees", type: "whole", label: "Employees" }, { name: "revenue", type: "money", label: "Revenue" },
];
const table = { columns, primaryid: "leadid", primaryname: "fullname" } as Table;
const anna = { id: "1", table: "systemuser", name: "Anna" };
const ben = { id: "2", table: "team", name: "Ben" };
const base: Row = { companyname: "Old", jobtitle: "CFO", _ownerid_value: "1", [`_ownerid_value${F}`]: "Anna" };

describe("merging after a conflict", () => {
  it("lets through what only I changed", () => {
    const result = merge(columns, { companyname: "Mine" }, base, { ...base, jobtitle: "CEO" });
    expect(result).toEqual({ clean: { companyname: "Mine" }, clashes: [] });
  });
  it("asks where both changed the same field differently", () => {
    const result = merge(columns, { companyname: "Mine", jobtitle: "COO" }, base, { ...base, companyname: "Theirs" });
    expect(result.clean).toEqual({ jobtitle: "COO" });
    expect(result.clashes).toMatchObject([{ base: "Old", mine: "Mine", theirs: "Theirs" }]);
  });
  it("needs nothing where both meant the same", () => {
    expect(merge(columns, { companyname: "Same" }, base, { ...base, companyname: "Same" })).toEqual({ clean: {}, clashes: [] });
  });
  it("compares lookups by id, not by name", () => {
    const renamed = { ...base, [`_ownerid_value${F}`]: "Anna Renamed" };
    expect(merge(columns, { ownerid: ben }, base, renamed).clean).toEqual({ ownerid: ben });
    expect(merge(columns, { ownerid: ben }, base, { ...base, _ownerid_value: "3" }).clashes).toHaveLength(1);
  });
  it("takes nothing, empty text and absence for the same", () => {
    expect(same(null, "")).toBe(true);
    expect(same(undefined, null)).toBe(true);
    expect(same(0, null)).toBe(false);
    expect(same([1, 2], [1, 2])).toBe(true);
  });
});

describe("rows", () => {
  it("writes lookups as bindings to the reference's own table", () => {
    expect(payload(table, { ownerid: ben, companyname: "" }, { team: "teams", systemuser: "systemusers" })).toEqual({ "ownerid@odata.bind": "/teams(2)", companyname: null });
    expect(payload(table, { ownerid: null }, {})).toEqual({ "ownerid@odata.bind": null });
  });
  it("shows an optimistic lookup with its name at once, without touching the old row", () => {
    const next = applyValues(table, base, { ownerid: ben });
    expect(valueOf(owner, next)).toEqual(ben);
    expect(valueOf(owner, base)).toEqual(anna);
  });
});

describe("reading what was typed", () => {
  const t = ((key: string) => key) as never;
  const read = (name: string, text: string) => fromInput(columns.find((c) => c.name === name)!, text, t);
  it("wants required fields and keeps to their length", () => {
    expect(read("lastname", "  ")).toEqual({ problem: "field.required" });
    expect(read("companyname", "sixsix")).toEqual({ problem: "field.long" });
    expect(read("companyname", " five5 ")).toEqual({ value: "five5" });
    expect(read("companyname", "")).toEqual({ value: null });
  });
  it.each([["1200", 1200], ["1,200", 1200], ["1.200", 1200], ["-7", -7]])("reads %s as a whole number", (text, value) => {
    expect(read("numberofemployees", text)).toEqual({ value });
  });
  it.each(["12.5", "1e9", "99999999999", "abc", "0x10"])("refuses %s as a whole number", (text) => {
    expect(read("numberofemployees", text)).toEqual({ problem: "field.whole" });
  });
  it.each([["1,234.5", 1234.5], ["1.234,5", 1234.5], ["12,5", 12.5], ["12.5", 12.5], ["1,234", 1234], ["1.234.567", 1234567], ["1 234,50", 1234.5], ["-3", -3]])("reads %s as money", (text, value) => {
    expect(readDecimal(text, ".")).toBe(value);
  });
  it("settles doubtful thousands by the language", () => {
    expect([readDecimal("1.234", "."), readDecimal("1.234", ","), readDecimal("1,234", ",")]).toEqual([1.234, 1234, 1.234]);
  });
  it.each(["", "abc", "1-2", "--1", "."])("refuses «%s» as money", (text) => {
    expect(readDecimal(text)).toBeUndefined();
  });
});

describe("the wall clock of another time zone", () => {
  it.each([
    ["2026-01-15T09:00", "America/New_York", "2026-01-15T14:00:00.000Z"], ["2026-07-15T09:00", "America/New_York", "2026-07-15T13:00:00.000Z"], ["2026-03-29T03:30", "Europe/Zurich", "2026-03-29T01:30:00.000Z"],
    ["2026-10-25T04:00", "Europe/Zurich", "2026-10-25T03:00:00.000Z"], ["2026-11-22T00:15", "Asia/Kolkata", "2026-11-21T18:45:00.000Z"],
  ])("reads %s in %s and writes it back", (wall, zone, instant) => {
    expect(fromWall(wall, zone).toISOString()).toBe(instant);
    expect(toWall(new Date(instant), zone)).toBe(wall);
  });
  it("bears with what is no time", () => {
    expect(Number.isNaN(fromWall("soon", "Europe/Zurich").getTime())).toBe(true);
  });
});
