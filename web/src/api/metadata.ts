import { queryOptions, useQuery, type QueryClient } from "@tanstack/react-query";
import { request } from "./http";
import type { Table, TableSummary } from "./types";

const FRESH = 5 * 60_000;

export const tablesQuery = queryOptions({
  queryKey: ["meta"],
  queryFn: async ({ signal }) => (await request<TableSummary[]>("/api/ui/tables", { signal })).data,
  staleTime: FRESH,
});

export function tableQuery(logicalname: string) {
  return queryOptions({
    queryKey: ["meta", logicalname],
    queryFn: async ({ signal }) => {
      const { data } = await request<Table>(`/api/ui/tables/${encodeURIComponent(logicalname)}`, { signal });
      return normalise(data);
    },
    staleTime: FRESH,
    enabled: logicalname !== "",
  });
}

/** Empty lists may arrive as null; everything else relies on them being there. */
function normalise(table: Table): Table {
  return {
    ...table,
    columns: (table.columns ?? []).map((c) => ({ ...c, options: c.options ?? undefined, targets: c.targets ?? undefined })),
    related: table.related ?? [],
    views: (table.views ?? []).map((v) => ({ ...v, columns: v.columns ?? [] })),
    forms: (table.forms ?? []).map((f) => ({
      ...f,
      header: f.header ?? [],
      tabs: (f.tabs ?? []).map((t) => ({
        ...t,
        sections: (t.sections ?? []).map((s) => ({ ...s, columns: s.columns ?? [] })),
      })),
    })),
  };
}

/** The tables that the signed-in person may read. */
export function useTables() {
  return useQuery(tablesQuery);
}

export function useTableMeta(logicalname: string) {
  return useQuery(tableQuery(logicalname));
}

/** Entity set names by logical name, as far as they are known. */
export function entitySets(client: QueryClient): Record<string, string> {
  const known = client.getQueryData(tablesQuery.queryKey) ?? [];
  return Object.fromEntries(known.map((t) => [t.logicalname, t.entityset]));
}
