import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Column } from "@/api/types";
import { applyRules, type BusinessRule, missing } from "./rules";
import { holds, type Tree, type Values } from "./tree";

interface Vectors {
  columns: Record<string, Column["type"]>;
  rows: Values[];
  filters: { text: string; tree: Tree; match: boolean[] }[];
  rules: { view: BusinessRule; outcomes: { set: Values; errors: Record<string, string> }[] }[];
}

// The file that the Go tests run, too: the form and the store come to the same answers.
const vectors = JSON.parse(readFileSync(new URL("../../../internal/platform/businessrule/testdata/vectors.json", import.meta.url), "utf8")) as Vectors;
const columns = Object.entries(vectors.columns).map(([name, type]) => ({ name, type, label: name })) satisfies Column[];

describe("conditions", () => {
  it.each(vectors.filters)("$text", ({ tree, match }) => {
    expect(vectors.rows.map((row) => holds(tree, columns, row))).toEqual(match);
  });
});

describe("rules", () => {
  it.each(vectors.rules)("$view.name", ({ view, outcomes }) => {
    const got = vectors.rows.map((row) => {
      const state = applyRules([view], columns, row, true);
      const errors = Object.fromEntries([...missing(state, row).map((c) => [c, "required"] as const), ...Object.keys(state.errors).map((c) => [c, "rule"] as const)]);
      // The store puts nothing in where it refuses.
      return { set: Object.keys(errors).length > 0 ? {} : state.values, errors };
    });
    expect(got).toEqual(outcomes);
  });

  it("shows, hides, locks and asks for columns", () => {
    const budget = vectors.rules[0]!.view;
    expect([...applyRules([budget], columns, vectors.rows[0]!, true).hidden]).toEqual(["qualificationcomments"]);
    const second = applyRules([budget], columns, vectors.rows[1]!, false);
    expect([...second.hidden]).toEqual([]);
    expect([...second.required].sort()).toEqual(["description", "jobtitle"]);
    expect([...applyRules([budget], columns, vectors.rows[2]!, false).locked]).toEqual(["companyname"]);
    expect([...applyRules([vectors.rules[1]!.view], columns, {}, false).recommended]).toEqual(["subject"]);
  });
});
