import { describe, expect, it } from "vitest";
import type { Column, Table } from "@/api/types";
import { blank, differing, taken } from "./choice";

const columns = [
  { name: "jobtitle", type: "text", label: "Job title" },
  { name: "parentcustomerid", type: "lookup", label: "Company", targets: ["account", "contact"] },
  { name: "ownerid", type: "lookup", label: "Owner", targets: ["systemuser", "team"] },
  { name: "createdby", type: "lookup", label: "Created by", targets: ["systemuser"], readonly: true },
  { name: "masterid", type: "lookup", label: "Master", targets: ["contact"] },
  { name: "statecode", type: "choice", label: "State" },
] as Column[];
const table = { columns } as Table;
const company = (id: string, kind = "account") => ({ _parentcustomerid_value: id, "_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname": kind, "_parentcustomerid_value@OData.Community.Display.V1.FormattedValue": "Nordwind" });
const sets = { account: "accounts", contact: "contacts", systemuser: "systemusers" };

describe("merging two records", () => {
  const a = { jobtitle: "Baker", _ownerid_value: "1", _createdby_value: "1", _masterid_value: null, statecode: 0 };
  const b = { jobtitle: "Baker", ...company("7"), _ownerid_value: "2", _createdby_value: "2", _masterid_value: "3", statecode: 1 };

  it("asks about lookups, too, and not about what nobody sets", () => {
    expect(differing(columns, a, b).map((c) => c.name)).toEqual(["parentcustomerid", "ownerid"]);
    expect(differing(columns, b, { ...b, ...company("7") })).toEqual([]);
    expect(differing(columns, b, { ...b, ...company("8") }).map((c) => c.name)).toEqual(["parentcustomerid"]);
    expect([blank(columns[1]!, a), blank(columns[1]!, b)]).toEqual([true, false]);
  });

  it("takes over what was chosen of the record that goes", () => {
    const asked = differing(columns, a, b);
    expect(taken(table, asked, b, () => "goes", sets)).toEqual({ "parentcustomerid_account@odata.bind": "/accounts(7)", "ownerid@odata.bind": "/systemusers(2)" });
    expect(taken(table, asked, a, (c) => (c.name === "parentcustomerid" ? "goes" : "stays"), sets)).toEqual({ "parentcustomerid@odata.bind": null });
    expect(taken(table, asked, b, () => "stays", sets)).toEqual({});
  });
});
