import type { Table } from "@/api/types";
import type { Condition } from "@/filter/model";
import { filterToText } from "@/filter/urlText";
import type { ChartDefinition } from "./definition";
import type { Mark } from "./useCharts";

/** The filter that leads from a mark to its rows; undefined where no condition says it. */
export function filterOf(chart: ChartDefinition, table: Table, mark: Mark): string | undefined {
  const column = table.columns.find((c) => c.name === chart.column);
  if (!column || chart.part) return undefined;
  let condition: Condition;
  if (mark.key === null || mark.key === undefined) condition = { column: column.name, op: "empty" };
  else if (column.type === "choice" || column.type === "lookup") condition = { column: column.name, op: "in", value: [String(mark.key)] };
  else if (column.type === "boolean" || column.type === "text" || column.type === "whole" || column.type === "bigint") condition = { column: column.name, op: "eq", value: String(mark.key) };
  else return undefined;
  return filterToText({ join: "and", items: [condition] });
}
