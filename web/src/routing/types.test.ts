import { expect, it } from "vitest";
import { blankRule, listOf, ruleBody, ruleDraftOf, stateOf } from "./types";

it("writes what a rule leads to by reference, and clears what was taken out", () => {
  const body = ruleBody({ ...blankRule, name: " Berlin ", rpt_postalcode: "10*", queue: "q1" }, undefined);
  expect(body).toMatchObject({ name: "Berlin", sequencenumber: 100, rpt_postalcode: "10*", rpt_city: null, rpt_allocation: null, "routedqueueid@odata.bind": "/queues(q1)" });
  expect(Object.keys(body)).not.toContain("assignobjectid_team");
  expect(ruleBody({ ...blankRule, name: "x" }, { _routedqueueid_value: "q1", _assignobjectid_value: "t1" })).toMatchObject({ routedqueueid: null, assignobjectid_team: null });
});

it("reads a row into the form and back without loss", () => {
  const row = { name: "A", sequencenumber: 5, rpt_country: "DE", rpt_allocation: 0, _routedqueueid_value: "q" };
  expect(ruleBody(ruleDraftOf(row), row)).toMatchObject({ name: "A", sequencenumber: 5, rpt_country: "DE", rpt_allocation: 0, "routedqueueid@odata.bind": "/queues(q)" });
});

it("tells drafts, the active version and former ones apart", () => {
  expect([stateOf({ statecode: 0 }), stateOf({ statecode: 1, rpt_activatedon: "x" }), stateOf({ statecode: 0, rpt_activatedon: "x" })]).toEqual(["draft", "active", "former"]);
});

it("takes lists as values and as text", () => {
  expect(listOf<number>("[1,2]")).toEqual([1, 2]);
  expect(listOf<number>([3])).toEqual([3]);
  expect(listOf<number>(undefined)).toEqual([]);
});
