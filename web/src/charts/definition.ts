/** A chart as its row describes it: what is asked, and how it is drawn. */
export interface ChartDefinition {
  id: string;
  name: string;
  table: string;
  description?: string;
  isDefault: boolean;
  fetch: string;
  group: string;
  value: string;
  type: ChartType;
  column?: string;
  part?: string;
}

export type ChartType = "column" | "bar" | "line" | "area" | "pie" | "doughnut" | "funnel";

const types: Record<string, ChartType> = {
  column: "column", stackedcolumn: "column", bar: "bar", stackedbar: "bar", line: "line", spline: "line", area: "area", pie: "pie", doughnut: "doughnut", donut: "doughnut", funnel: "funnel",
};

/** Reads a chart's row; undefined when its description is not understood. */
export function readChart(row: Record<string, unknown>, key: string): ChartDefinition | undefined {
  const data = new DOMParser().parseFromString(String(row.datadescription ?? ""), "text/xml");
  const fetch = data.querySelector("fetchcollection > fetch");
  const group = data.querySelector("category")?.getAttribute("alias");
  const value = data.querySelector("measure")?.getAttribute("alias");
  if (!fetch || !group || !value) return undefined;
  const look = new DOMParser().parseFromString(String(row.presentationdescription ?? ""), "text/xml");
  const type = types[look.querySelector("Series > Series")?.getAttribute("ChartType")?.toLowerCase() ?? ""] ?? "column";
  const attribute = fetch.querySelector(`attribute[alias="${CSS.escape(group)}"]`);
  return {
    id: String(row[key] ?? ""), name: String(row.name ?? ""), table: String(row.primaryentitytypecode ?? ""), description: row.description ? String(row.description) : undefined, isDefault: row.isdefault === true,
    fetch: new XMLSerializer().serializeToString(fetch), group, value, type, column: attribute?.getAttribute("name") ?? undefined, part: attribute?.getAttribute("dategrouping") ?? undefined,
  };
}
