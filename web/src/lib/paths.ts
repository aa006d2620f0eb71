/** Where a table's list and a record's page are: some tables have pages of their own. */
const own: Record<string, string> = {
  rpt_quarantine: "/quarantine",
  rpt_deadletter: "/dead-letters",
  rpt_flowrun: "/flow-runs",
  rpt_rule: "/rules",
  routingrule: "/routing",
  rpt_modelversion: "/scoring/versions",
  rpt_historyimport: "/history",
};

export function listPath(table: string): string {
  return own[table] ?? `/r/${table}`;
}

export function recordPath(table: string, id: string): string {
  if (table === "import") return `/imports/${id}`;
  return `${listPath(table)}/${id}`;
}
