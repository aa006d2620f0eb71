import type { Row } from "@/api/types";

export const FORMATTED = "@OData.Community.Display.V1.FormattedValue";

export interface Problem {
  level: "fault" | "warning";
  code: string;
  ruleid: string;
  rule: string;
  message: string;
}

export interface Checked {
  Faults: number;
  Warnings: number;
  Rules: number;
  Problems: Problem[];
}

export interface Share {
  name: string;
  before: number;
  after: number;
}

export interface Whither {
  rule?: string;
  queue?: string;
  person?: string;
  reason: string;
}

export interface Rehearsed {
  Checked: number;
  Changed: number;
  Failed: number;
  Waiting: number;
  Unruled: number;
  Queues: Share[];
  People: Share[];
  Samples: { id: string; name: string; now: string; before: Whither; after: Whither }[];
}

/** Where a version stands: a draft may change, what was active once may not. */
export function stateOf(row: Row): "active" | "draft" | "former" {
  if (row.statecode === 1) return "active";
  return row.rpt_activatedon ? "former" : "draft";
}

/** Actions answer lists as values or as JSON text, as their columns are declared. */
export function listOf<T>(value: unknown): T[] {
  if (typeof value === "string") return JSON.parse(value) as T[];
  return (value as T[] | undefined) ?? [];
}

/** A rule as it stands in the form: texts, and ids of what it leads to. */
export interface RuleDraft {
  name: string;
  sequencenumber: string;
  rpt_country: string;
  rpt_city: string;
  rpt_postalcode: string;
  rpt_condition: string;
  rpt_skills: string;
  rpt_allocation: string;
  queue: string;
  team: string;
}

export const blankRule: RuleDraft = { name: "", sequencenumber: "100", rpt_country: "", rpt_city: "", rpt_postalcode: "", rpt_condition: "", rpt_skills: "", rpt_allocation: "", queue: "", team: "" };

const words = (v: unknown) => (v === null || v === undefined ? "" : String(v));

export function ruleDraftOf(row: Row): RuleDraft {
  return {
    name: words(row.name), sequencenumber: words(row.sequencenumber), rpt_country: words(row.rpt_country), rpt_city: words(row.rpt_city), rpt_postalcode: words(row.rpt_postalcode),
    rpt_condition: words(row.rpt_condition), rpt_skills: words(row.rpt_skills), rpt_allocation: words(row.rpt_allocation), queue: words(row._routedqueueid_value), team: words(row._assignobjectid_value),
  };
}

/** The body that writes a rule; what a rule leads to is bound by name of its set. */
export function ruleBody(draft: RuleDraft, was: Row | undefined): Row {
  const text = (v: string) => v.trim() || null;
  const body: Row = {
    name: draft.name.trim(), sequencenumber: /^-?\d+$/.test(draft.sequencenumber.trim()) ? Number(draft.sequencenumber) : null, rpt_country: text(draft.rpt_country), rpt_city: text(draft.rpt_city),
    rpt_postalcode: text(draft.rpt_postalcode), rpt_condition: text(draft.rpt_condition), rpt_skills: text(draft.rpt_skills), rpt_allocation: draft.rpt_allocation === "" ? null : Number(draft.rpt_allocation),
  };
  if (draft.queue) body["routedqueueid@odata.bind"] = `/queues(${draft.queue})`;
  else if (was?._routedqueueid_value) body.routedqueueid = null;
  const before = words(was?._assignobjectid_value);
  if (draft.team && draft.team !== before) body["assignobjectid_team@odata.bind"] = `/teams(${draft.team})`;
  else if (!draft.team && before) body.assignobjectid_team = null;
  return body;
}
