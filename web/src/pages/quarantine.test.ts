import { describe, expect, it } from "vitest";
import { leadScore } from "@/lead/leadScore";
import { isChanged, draftOf, rehearsalSet, rowOf } from "@/rules/draft";
import { leaves, objectOf, reasonsOf, typed, withValue } from "./quarantine";

describe("a quarantined event as a form", () => {
  const data = { firstname: "Ada", tags: ["a"], context: { page: "/x", utm: { source: "n" } } };
  it("finds every value with its path", () => {
    expect(leaves(data).map((l) => l.path.join("."))).toEqual(["firstname", "tags", "context.page", "context.utm.source"]);
  });
  it("sets one value and leaves the original alone", () => {
    const next = withValue(data, ["context", "utm", "source"], "mail");
    expect(next).toMatchObject({ firstname: "Ada", context: { page: "/x", utm: { source: "mail" } } });
    expect(data.context.utm.source).toBe("n");
    expect(withValue({}, ["context", "page"], "/y")).toEqual({ context: { page: "/y" } });
  });
  it("keeps numbers numbers, and text that looks like one text", () => {
    expect(typed(12, "13")).toBe(13);
    expect(typed("12", "013")).toBe("013");
    expect(typed("many", "220", "number")).toBe(220);
    expect(typed("many", "about 220", "number")).toBe("about 220");
    expect(typed(true, "FALSE")).toBe(false);
    expect(typed("x", "")).toBeNull();
  });
  it("reads reasons in any shape the store may hold", () => {
    expect(reasonsOf('[{"column":"emailaddress1","code":"email.syntax","message":"No."},"plain",7,null]')).toEqual([
      { column: "emailaddress1", code: "email.syntax", message: "No." }, { code: "", message: "plain" },
    ]);
    expect(reasonsOf("{broken")).toEqual([]);
  });
  it("tells an object from what is none", () => {
    expect(objectOf("[1]")).toBeUndefined();
    expect(objectOf("{")).toBeUndefined();
    expect(objectOf('{"a":1}')).toEqual({ a: 1 });
  });
});

describe("a lead's score", () => {
  it("orders reasons by weight and says when rules scored", () => {
    const score = leadScore({ msdyn_leadscore: 61, rpt_reasons: '[{"text":"a","points":3},{"text":"b","points":-9,"kind":"rule"},{"nothing":1}]', rpt_rulehits: ["Big", { name: "US", points: 8 }], rpt_modelversion: "rules-7" });
    expect(score.reasons.map((r) => r.text)).toEqual(["b", "a"]);
    expect(score.hits.map((h) => h.name)).toEqual(["Big", "US"]);
    expect(score.byRules).toBe(true);
    expect(leadScore({ rpt_modelversion: "gbdt-2026-02" }).byRules).toBe(false);
  });
  it("bears with a lead that was never scored", () => {
    expect(leadScore({})).toMatchObject({ reasons: [], hits: [], byRules: true });
  });
});

describe("a rule's draft", () => {
  const row = { rpt_ruleid: "1", rpt_name: "Big", rpt_condition: "numberofemployees > 100", rpt_points: 18, rpt_setvalues: '{"rpt_routingteam":"Enterprise"}', rpt_nextaction: 1, rpt_order: 10, statecode: 0 };
  it("comes back as it went", () => {
    expect(rowOf(draftOf(row), [])).toMatchObject({ rpt_name: "Big", rpt_points: 18, rpt_setvalues: '{"rpt_routingteam":"Enterprise"}', rpt_nextaction: 1, rpt_order: 10 });
    expect(isChanged(draftOf(row), row)).toBe(false);
    expect(isChanged({ ...draftOf(row), points: "19" }, row)).toBe(true);
  });
  it("sets values in the type of their column", () => {
    const draft = { ...draftOf(row), setvalues: [["leadqualitycode", "1"], ["donotemail", "TRUE"], ["rpt_routingteam", "7"], ["revenue", "lots"], ["", "x"]] as [string, string][] };
    const lead = [
      { name: "leadqualitycode", type: "choice", label: "" }, { name: "donotemail", type: "boolean", label: "" }, { name: "rpt_routingteam", type: "text", label: "" }, { name: "revenue", type: "money", label: "" },
    ] as const;
    expect(JSON.parse(String(rowOf(draft, [...lead]).rpt_setvalues))).toEqual({ leadqualitycode: 1, donotemail: true, rpt_routingteam: "7", revenue: "lots" });
  });
  it("rehearses active rules in order, with the draft in place of its own", () => {
    const off = { ...row, rpt_ruleid: "2", rpt_name: "Off", statecode: 1 };
    const later = { ...row, rpt_ruleid: "3", rpt_name: "Later", rpt_order: 30 };
    const set = rehearsalSet([row, off, later], "1", { ...draftOf(row), points: "25", order: "40" }, []);
    expect(set.map((r) => [r.name, r.points])).toEqual([["Later", 18], ["Big", 25]]);
    expect(rehearsalSet([off], "2", draftOf(off), []).map((r) => r.name)).toEqual(["Off"]);
  });
});
