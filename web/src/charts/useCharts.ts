import { useQuery } from "@tanstack/react-query";
import { useTables } from "@/api/metadata";
import { request } from "@/api/http";
import { API, text } from "@/api/odata";
import { fetchTop } from "@/api/records";
import { wireName } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { displayValue } from "@/lib/format";
import i18next from "i18next";
import { type ChartDefinition, readChart } from "./definition";

/** The charts of a table: those of its definition, everybody's, and one's own. */
export function useCharts(table: string) {
  const { data: tables } = useTables();
  const known = (name: string) => tables?.some((x) => x.logicalname === name) ?? false;
  return useQuery({
    queryKey: ["charts", table],
    enabled: tables !== undefined && table !== "",
    staleTime: 5 * 60_000,
    queryFn: async ({ signal }) => {
      const read = async (kind: "savedqueryvisualization" | "userqueryvisualization") => {
        if (!known(kind)) return [];
        const page = await fetchTop(`${kind}s`, { filter: `primaryentitytypecode eq ${text(table)}`, orderby: "name asc", top: 100 }, signal);
        return page.rows.flatMap((r) => readChart(r, `${kind}id`) ?? []);
      };
      return (await Promise.all([read("savedqueryvisualization"), read("userqueryvisualization")])).flat();
    },
  });
}

export interface Mark {
  label: string;
  value: number;
  /** What is grouped by, as the row has it, for going on to its rows. */
  key: unknown;
  color?: string;
}

const FORMATTED = "@OData.Community.Display.V1.FormattedValue";

function markOf(chart: ChartDefinition, table: Table, row: Row): Mark {
  const column = table.columns.find((c) => c.name === chart.column);
  const key = row[chart.group] ?? (column ? row[wireName(column)] : undefined) ?? null;
  const formatted = row[chart.group + FORMATTED];
  const option = column?.options?.find((o) => o.value === key);
  let label = key === null ? i18next.t("group.none") : option?.label ?? (typeof formatted === "string" ? formatted : column && column.type !== "lookup" && !chart.part ? displayValue(column, key) : String(key));
  if (chart.part) {
    const year = row.groupby_year;
    const month = row.groupby_month;
    if (chart.part === "month" && key !== null) label = new Intl.DateTimeFormat(i18next.language, { month: "short", year: year === undefined ? undefined : "numeric" }).format(new Date(Number(year ?? 2000), Number(key) - 1, 1));
    else if (year !== undefined) label = [label, month, year].filter((x) => x !== undefined).join(" / ");
  }
  return { label, value: Number(row[chart.value] ?? 0), key, color: option?.color };
}

/** What a chart shows just now. */
export function useChartData(chart: ChartDefinition, table: Table) {
  return useQuery({
    queryKey: ["chart", chart.id, chart.fetch],
    staleTime: 30_000,
    queryFn: async ({ signal }) => {
      const url = `${API}/${table.entityset}?fetchXml=${encodeURIComponent(chart.fetch)}`;
      const answer = await request<{ value: Row[] }>(url, { signal, headers: { Prefer: 'odata.include-annotations="*"' } });
      return answer.data.value.map((row) => markOf(chart, table, row));
    },
  });
}
