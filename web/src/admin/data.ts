import { useQuery, useQueryClient } from "@tanstack/react-query";
import { request } from "@/api/http";
import { API, listUrl, type Query, recordUrl } from "@/api/odata";
import type { Row } from "@/api/types";

const NAMES = 'odata.include-annotations="OData.Community.Display.V1.FormattedValue", odata.maxpagesize=5000';

/** All rows of a short list: users, teams, roles and what belongs to them. */
export function useRows<S extends string>(entityset: S, query: Query<S>, enabled = true) {
  return useQuery({
    queryKey: ["admin", entityset, query], enabled,
    queryFn: async ({ signal }) => (await request<{ value: Row[] }>(listUrl(entityset, query), { headers: { Prefer: NAMES }, signal })).data.value,
  });
}

/** Reads every list of these pages again. */
export function useRefresh() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: ["admin"] });
}

export function nameOf(row: Row, column: string): string {
  return String(row[`${column}@OData.Community.Display.V1.FormattedValue`] ?? row[column] ?? "");
}

export async function patch(entityset: string, id: string, body: Row): Promise<void> {
  await request(recordUrl(entityset, id), { method: "PATCH", body, headers: { "If-Match": "*" } });
}

export async function associate(entityset: string, id: string, nav: string, target: string, other: string): Promise<void> {
  await request(`${recordUrl(entityset, id)}/${nav}/$ref`, { method: "POST", body: { "@odata.id": `${location.origin}${API}/${target}(${other})` } });
}

export async function disassociate(entityset: string, id: string, nav: string, other: string): Promise<void> {
  await request(`${recordUrl(entityset, id)}/${nav}(${other})/$ref`, { method: "DELETE" });
}
