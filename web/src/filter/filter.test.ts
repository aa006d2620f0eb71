import { describe, expect, it } from "vitest";
import type { Column, Table } from "@/api/types";
import { parseDay, spanOf } from "./dates";
import { writeFetch } from "./fetchXml";
import { countConditions, type Group, isComplete, nothing } from "./model";
import { pathsOf, resolvePath } from "./related";
import { searchFilter, toOData } from "./toOData";
import { filterFromText, filterToText } from "./urlText";

const columns: Column[] = [
  { name: "fullname", type: "text", label: "Name", searchable: true },
  { name: "companyname", type: "text", label: "Company", searchable: true },
  { name: "numberofemployees", type: "whole", label: "Employees" },
  { name: "estimatedamount", type: "money", label: "Amount" },
  { name: "statecode", type: "choice", label: "Status" },
  { name: "ownerid", type: "lookup", label: "Owner", targets: ["systemuser"] },
  { name: "createdon", type: "datetime", label: "Created" },
  { name: "birthdate", type: "date", label: "Birthday" },
  { name: "donotemail", type: "boolean", label: "No mail" },
];
const now = new Date(2026, 1, 18, 15, 30); // a Wednesday, local time
const all = (...items: Group["items"]): Group => ({ join: "and", items });
const text = (group: Group) => toOData(group, columns, { now, zone: "" });
const id = "0198c1d2-0000-7000-8000-00000000abcd";

describe("filter to OData", () => {
  it.each<[string, Group, string]>([
    ["doubles quotes", all({ column: "fullname", op: "contains", value: "O'Hara" }), "contains(fullname,'O''Hara')"],
    ["negates", all({ column: "fullname", op: "notcontains", value: "x" }), "not contains(fullname,'x')"],
    ["starts and ends", all({ column: "fullname", op: "starts", value: "A" }, { column: "fullname", op: "ends", value: "z" }), "startswith(fullname,'A') and endswith(fullname,'z')"],
    ["takes numbers bare", all({ column: "numberofemployees", op: "gt", value: "100" }), "numberofemployees gt 100"],
    ["takes a decimal comma", all({ column: "estimatedamount", op: "ge", value: "12,5" }), "estimatedamount ge 12.5"],
    ["leaves out what is no number", all({ column: "numberofemployees", op: "gt", value: "1 or 1 eq 1" }), ""],
    ["brackets a span", all({ column: "numberofemployees", op: "between", value: ["10", "20"] }), "(numberofemployees ge 10 and numberofemployees le 20)"],
    ["spells one of many", all({ column: "statecode", op: "in", value: ["0", "2"] }), "(statecode eq 0 or statecode eq 2)"],
    ["spells none of many", all({ column: "statecode", op: "notin", value: ["0", "2"] }), "(statecode ne 0 and statecode ne 2)"],
    ["asks lookups by their wire name", all({ column: "ownerid", op: "in", value: [id] }), `_ownerid_value eq ${id}`],
    ["refuses a lookup that is no id", all({ column: "ownerid", op: "in", value: ["null or true"] }), ""],
    ["asks for emptiness", all({ column: "ownerid", op: "empty" }), "_ownerid_value eq null"],
    ["spells truth", all({ column: "donotemail", op: "eq", value: "true" }), "donotemail eq true"],
    ["keeps a date a day", all({ column: "birthdate", op: "on", value: "2026-02-28" }), "(birthdate ge 2026-02-28 and birthdate lt 2026-03-01)"],
    ["starts «after» on the next day", all({ column: "birthdate", op: "after", value: "2026-12-31" }), "birthdate ge 2027-01-01"],
    ["leaves out an unknown column", all({ column: "password", op: "eq", value: "x" }), ""],
    ["leaves out what is incomplete", all({ column: "fullname", op: "contains", value: "" }, { column: "fullname", op: "eq", value: "A" }), "fullname eq 'A'"],
  ])("%s", (_, group, expected) => {
    expect(text(group)).toBe(expected);
  });

  it("brackets a nested group of several, but not of one", () => {
    const inner: Group = { join: "or", items: [{ column: "fullname", op: "eq", value: "A" }, { column: "fullname", op: "eq", value: "B" }] };
    expect(text(all({ column: "statecode", op: "in", value: ["0"] }, inner))).toBe("statecode eq 0 and (fullname eq 'A' or fullname eq 'B')");
    expect(text(all(inner.items[0]!, { join: "or", items: [inner.items[1]!] }))).toBe("fullname eq 'A' and fullname eq 'B'");
  });

  it("asks today in the person's own time zone", () => {
    const from = new Date(2026, 1, 18).toISOString();
    const until = new Date(2026, 1, 19).toISOString();
    expect(text(all({ column: "createdon", op: "today" }))).toBe(`(createdon ge ${from} and createdon lt ${until})`);
  });
});

describe("the person's time zone", () => {
  const at = new Date("2026-03-28T23:30:00Z");
  const ask = (op: "today" | "olderdays", zone: string, value?: string) => toOData(all({ column: "createdon", op, ...(value ? { value } : {}) }), columns, { now: at, zone });
  it("has its own day", () => {
    expect(ask("today", "UTC")).toBe("(createdon ge 2026-03-28T00:00:00.000Z and createdon lt 2026-03-29T00:00:00.000Z)");
    // In Berlin it is the 29th, whose clocks go forward: the day has 23 hours.
    expect(ask("today", "Europe/Berlin")).toBe("(createdon ge 2026-03-28T23:00:00.000Z and createdon lt 2026-03-29T22:00:00.000Z)");
    expect(ask("today", "Pacific/Kiritimati")).toBe("(createdon ge 2026-03-28T10:00:00.000Z and createdon lt 2026-03-29T10:00:00.000Z)");
  });
  it("counts days back from its midnight", () => {
    expect(ask("olderdays", "America/New_York", "2")).toBe("createdon lt 2026-03-26T04:00:00.000Z");
  });
});

describe("relative dates", () => {
  it("lets weeks begin on Monday, also on a Sunday", () => {
    expect(spanOf("thisweek", undefined, "2026-02-22")).toEqual(["2026-02-16", "2026-02-23"]);
    expect(spanOf("nextweek", undefined, "2026-02-16")).toEqual(["2026-02-23", "2026-03-02"]);
  });
  it("crosses years", () => {
    expect(spanOf("lastmonth", undefined, "2026-01-05")).toEqual(["2025-12-01", "2026-01-01"]);
    expect(spanOf("lastyear", undefined, "2026-01-05")).toEqual(["2025-01-01", "2026-01-01"]);
    expect(spanOf("nextmonth", undefined, "2026-12-31")).toEqual(["2027-01-01", "2027-02-01"]);
  });
  it.each(["0", "-1", "1.5", "x", ""])("refuses %s days", (days) => {
    expect(spanOf("lastdays", days, "2026-02-18")).toBeUndefined();
  });
  it.each(["2026-02-30", "2026-13-01", "18.2.2026", ""])("refuses %s as a day", (day) => {
    expect(parseDay(day)).toBeUndefined();
  });
});

describe("quick search", () => {
  it("wants every word in any searchable column", () => {
    expect(searchFilter("ada o'b", columns)).toBe("(contains(fullname,'ada') or contains(companyname,'ada')) and (contains(fullname,'o''b') or contains(companyname,'o''b'))");
  });
  it("asks nothing for blanks, or where nothing is searchable", () => {
    expect(searchFilter("   ", columns)).toBe("");
    expect(searchFilter("ada", columns.slice(2))).toBe("");
  });
});

describe("the filter in the address", () => {
  const group: Group = { join: "or", items: [{ column: "createdon", op: "today" }, { join: "and", items: [{ column: "statecode", op: "in", value: ["0", "1"] }, { column: "fullname", op: "contains", value: "a\"b" }] }] };
  it("comes back as it went", () => {
    expect(filterFromText(filterToText(group))).toEqual(group);
  });
  it("is absent when empty", () => {
    expect(filterToText(nothing)).toBeUndefined();
  });
  it.each(["", "{", "null", "42", '"and"', '["and",5]', '["fullname","drop table"]', '["fullname"]'])("bears with %s", (broken) => {
    expect(countConditions(filterFromText(broken))).toBe(0);
  });
  it("does not follow endless nesting", () => {
    const deep = `${'["and",'.repeat(40)}["fullname","empty"]${"]".repeat(40)}`;
    expect(countConditions(filterFromText(deep))).toBe(0);
  });
});

it("knows when a condition is complete", () => {
  expect(isComplete({ column: "a", op: "empty" })).toBe(true);
  expect(isComplete({ column: "a", op: "between", value: ["1", ""] })).toBe(false);
  expect(isComplete({ column: "a", op: "in", value: [] })).toBe(false);
});

describe("a view as FetchXML", () => {
  it("says every kind of condition, escaped", () => {
    const filter: Group = { join: "or", items: [
      { column: "companyname", op: "contains", value: '50% of <A&B> "x"' }, { column: "statuscode", op: "in", value: ["1", "2"] }, { column: "createdon", op: "before", value: "2026-03-01" },
      { column: "createdon", op: "lastdays", value: "7" }, { join: "and", items: [{ column: "companyname", op: "empty" }] }, { column: "companyname", op: "eq" },
    ] };
    const fetch = writeFetch("lead", "leadid", ["fullname"], { filter, order: [{ column: "createdon", desc: true }] }, '<filter><condition attribute="statecode" operator="eq" value="0"/></filter>');
    expect(fetch).toBe(
      '<fetch version="1.0" mapping="logical"><entity name="lead"><attribute name="leadid"/><attribute name="fullname"/><order attribute="createdon" descending="true"/><filter type="and"><filter><condition attribute="statecode" operator="eq" value="0"/></filter>' +
      '<filter type="or"><condition attribute="companyname" operator="like" value="%50[%] of &lt;A&amp;B&gt; &quot;x&quot;%"/><condition attribute="statuscode" operator="in"><value>1</value><value>2</value></condition>' +
      '<condition attribute="createdon" operator="on-or-before" value="2026-02-28"/><condition attribute="createdon" operator="last-x-days" value="7"/><filter type="and"><condition attribute="companyname" operator="null"/></filter></filter></filter></entity></fetch>',
    );
  });
});

describe("columns of related tables", () => {
  const of = (name: string, more: Column[]): Table => ({
    logicalname: name, entityset: `${name}s`, label: name, pluralLabel: name, primaryid: `${name}id`, primaryname: "name", views: [], forms: [], related: [],
    privileges: { create: true, read: true, write: true, delete: true, assign: true }, columns: [{ name: "name", type: "text", label: "Name" }, ...more],
  });
  const lead = of("lead", [
    { name: "parentaccountid", type: "lookup", label: "Account", targets: ["account"] }, { name: "customerid", type: "lookup", label: "Customer", targets: ["account", "contact"] },
    { name: "ownerid", type: "lookup", label: "Owner", targets: ["systemuser", "team"] },
  ]);
  const account = of("account", [{ name: "primarycontactid", type: "lookup", label: "Contact", targets: ["contact"] }, { name: "ownerid", type: "lookup", label: "Owner", targets: ["systemuser", "team"] }]);
  const metas: Record<string, Table> = { account, contact: of("contact", [{ name: "birthdate", type: "date", label: "Birthday" }]), systemuser: of("systemuser", []) };
  const path = (p: string) => resolvePath(lead, p, (n) => metas[n]);
  it.each([
    ["parentaccountid/name", "parentaccountid/name", "Account › Name"],
    ["parentaccountid/primarycontactid/birthdate", "parentaccountid/primarycontactid/birthdate", "Account › Contact › Birthday"],
    ["customerid.account/ownerid", "customerid_account/_ownerid_value", "Customer › Owner"],
    ["ownerid.systemuser/name", "owninguser/name", "Owner › Name"],
  ])("%s", (p, wire, label) => {
    expect([path(p)?.wire, path(p)?.label]).toEqual([wire, label]);
  });
  it.each(["parentaccountid/nothing", "nothing/name", "name/name", "customerid/name", "parentaccountid/primarycontactid/parentaccountid/name", "name"])("refuses %s", (p) => {
    expect(path(p)).toBeUndefined();
  });
  it("are asked for in one filter with the table's own", () => {
    const group = all({ column: "name", op: "eq", value: "A" }, { join: "or", items: [{ column: "parentaccountid/name", op: "contains", value: "x" }, { column: "customerid.contact/birthdate", op: "on", value: "2026-02-28" }] });
    expect(pathsOf(group)).toEqual(["customerid.contact/birthdate", "parentaccountid/name"]);
    const known = [...lead.columns, ...pathsOf(group).map((p) => path(p)!)];
    expect(toOData(group, known, { now, zone: "UTC" })).toBe("name eq 'A' and (contains(parentaccountid/name,'x') or (customerid_contact/birthdate ge 2026-02-28 and customerid_contact/birthdate lt 2026-03-01))");
  });
});
