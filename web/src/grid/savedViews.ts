import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useTables } from "@/api/metadata";
import { text } from "@/api/odata";
import { callUnbound, createRecord, deleteRecord, fetchTop } from "@/api/records";
import { request } from "@/api/http";
import { recordUrl } from "@/api/odata";
import { useSession } from "@/api/session";
import type { Reference, Row, Table, View } from "@/api/types";
import { filtersOf, possiblePaths, readArrangement, readFetch, readLayout, writeFetch, writeLayout } from "@/filter/fetchXml";
import { loadPaths, pathsOf } from "@/filter/related";
import type { Group } from "@/filter/model";
import { filterToText } from "@/filter/urlText";
import { type GridState, sortFromOrderBy, sortToText } from "./gridState";

/** Whose view it is: from the definition, everybody's, mine, or another's who shares it. */
export type ViewKind = "system" | "organisation" | "mine" | "shared";

const sets = { userquery: "userqueries", savedquery: "savedqueries" } as const;

async function read(table: Table, kind: keyof typeof sets, signal: AbortSignal): Promise<Row[]> {
  const filter = `returnedtypecode eq ${text(table.logicalname)} and statecode eq 0${kind === "savedquery" ? " and ismanaged ne true and querytype eq 0" : ""}`;
  const select = [`${kind}id`, "name", "fetchxml", "layoutxml", ...(kind === "userquery" ? ["_ownerid_value"] : [])];
  return (await fetchTop(sets[kind], { select, filter, orderby: "name asc", top: 200 }, signal)).rows;
}

async function toView(client: QueryClient, table: Table, row: Row, kind: ViewKind): Promise<View> {
  const own = kind === "organisation" ? "savedquery" : "userquery";
  const fetch = String(row.fetchxml ?? "");
  const parsed = readFetch(fetch, [...table.columns, ...(await loadPaths(client, table, possiblePaths(fetch)))]);
  const id = String(row[`${own}id`]);
  return {
    id: `${own === "savedquery" ? "s" : "u"}-${id}`, name: String(row.name ?? ""), kind, row: id, columns: readLayout(String(row.layoutxml ?? "")), ...readArrangement(String(row.layoutxml ?? "")),
    model: parsed ? (filterToText(parsed.filter) ?? EMPTY) : undefined,
    orderby: parsed?.order.map((o) => `${o.column} ${o.desc ? "desc" : "asc"}`).join(",") || undefined,
    // What the filter builder can't show is asked as it was saved.
    whole: parsed ? undefined : `${own === "savedquery" ? "savedQuery" : "userQuery"}=${id}`,
  };
}

/** The filter that asks nothing, said outright. */
export const EMPTY = '["and"]';

/** The table with the views that people have saved beside those of its definition. */
export function useSavedViews(table: Table): { table: Table; again: () => void; saveable: Record<"mine" | "organisation", boolean>; ready: boolean } {
  const client = useQueryClient();
  const { session } = useSession();
  const { data: tables } = useTables();
  const known = (name: string) => tables?.some((x) => x.logicalname === name) ?? false;
  const me = session?.user.systemuserid;
  const key = ["views", table.logicalname];
  const query = useQuery({
    queryKey: key,
    enabled: tables !== undefined,
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const [own, all] = await Promise.all([known("userquery") ? read(table, "userquery", signal) : [], known("savedquery") ? read(table, "savedquery", signal) : []]);
      return Promise.all([...own.map((r) => toView(client, table, r, r._ownerid_value === me ? "mine" : "shared")), ...all.map((r) => toView(client, table, r, "organisation"))]);
    },
  });
  const whole = useMemo(() => (query.data?.length ? { ...table, views: [...table.views, ...query.data] } : table), [table, query.data]);
  const again = useCallback(() => void client.invalidateQueries({ queryKey: ["views", table.logicalname] }), [client, table.logicalname]);
  const mine = known("userquery"), organisation = known("savedquery");
  const saveable = useMemo(() => ({ mine, organisation }), [mine, organisation]);
  return { table: whole, again, ready: !query.isLoading || query.isError, saveable };
}

/** The filters of a view of the definition, from its row. */
async function baseOf(view: View | undefined): Promise<string> {
  if (!view?.filter || !view.row) return "";
  const page = await fetchTop("savedqueries", { select: ["fetchxml"], filter: `savedqueryid eq ${view.row}`, top: 1 });
  return filtersOf(String(page.rows[0]?.fetchxml ?? ""));
}

/** What stands on the screen as the body of a saved view. */
async function bodyOf(client: QueryClient, table: Table, state: GridState, filter: Group): Promise<Record<string, unknown>> {
  const base = await baseOf(state.view);
  const order = state.sort.length ? state.sort : sortFromOrderBy(state.view?.orderby).filter((s) => table.columns.some((c) => c.name === s.column));
  return {
    returnedtypecode: table.logicalname,
    fetchxml: writeFetch(table.logicalname, table.primaryid, state.columns.map((c) => c.name), { filter, order }, base, await loadPaths(client, table, pathsOf(filter))),
    layoutxml: writeLayout(table.primaryid, table.primaryname, state.columns.map((c) => ({ name: c.name, width: state.widths[c.name] ?? 160 })), { group: state.group, frozen: state.frozen }),
  };
}

export async function saveView(client: QueryClient, table: Table, state: GridState, filter: Group, name: string, everybody: boolean): Promise<string> {
  const body = { ...(await bodyOf(client, table, state, filter)), name, querytype: 0 };
  const kind = everybody ? "savedquery" : "userquery";
  return `${everybody ? "s" : "u"}-${await createRecord(sets[kind], `${kind}id`, body)}`;
}

function place(view: View): { set: string; kind: keyof typeof sets; id: string } {
  const kind = view.kind === "organisation" ? "savedquery" : "userquery";
  return { set: sets[kind], kind, id: view.row ?? "" };
}

export async function updateView(client: QueryClient, table: Table, state: GridState, filter: Group): Promise<void> {
  const at = place(state.view!);
  await request(recordUrl(at.set, at.id), { method: "PATCH", body: await bodyOf(client, table, state, filter), headers: { "If-Match": "*" } });
}

export async function renameView(view: View, name: string): Promise<void> {
  await request(recordUrl(place(view).set, place(view).id), { method: "PATCH", body: { name }, headers: { "If-Match": "*" } });
}

export async function deleteView(view: View): Promise<void> {
  await deleteRecord(place(view).set, place(view).id);
}

/** Lets a person or a team use a view of one's own. */
export async function shareView(view: View, who: Reference): Promise<void> {
  await callUnbound("GrantAccess", {
    Target: { "@odata.type": "Microsoft.Dynamics.CRM.userquery", userqueryid: view.row },
    PrincipalAccess: { Principal: { "@odata.type": `Microsoft.Dynamics.CRM.${who.table}`, [`${who.table}id`]: who.id }, AccessMask: "ReadAccess" },
  });
}

/** Whether the screen differs from what the view was saved as. */
export function differs(state: GridState, search: { filter?: string; sort?: string; cols?: string; w?: string; fz?: string; group?: string }): boolean {
  if (search.group !== undefined && (state.group ?? "") !== (state.view?.group ?? "")) return true;
  if (search.fz !== undefined && state.frozen !== (state.view?.frozen ?? 1)) return true;
  return Boolean((search.filter !== undefined && search.filter !== (state.view?.model ?? "")) || (search.sort && search.sort !== sortToText(sortFromOrderBy(state.view?.orderby))) || search.cols || search.w);
}
