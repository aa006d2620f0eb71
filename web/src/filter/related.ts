import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { tableQuery, tablesQuery } from "@/api/metadata";
import { columnOf, wireName } from "@/api/rows";
import type { Column, Table } from "@/api/types";
import { type Group, isGroup } from "./model";
import { filterFromText } from "./urlText";

/**
 * Columns of related tables stand in filters as paths through lookups:
 * `parentaccountid/name`; a lookup to several tables names the one that is
 * meant: `customerid.account/name`.
 */
export interface Relation {
  /** The step of the path. */
  step: string;
  column: Column;
  target: string;
  /** Navigation property on the wire. */
  nav: string;
}

/** How many lookups a path may follow. */
export const DEEPEST = 2;

const owners: Record<string, string> = { systemuser: "owninguser", team: "owningteam" };

/** The lookups of a table that lead to tables the person may read. */
export function relationsOf(table: Table, readable: (name: string) => boolean): Relation[] {
  return table.columns.flatMap((column) => {
    if (column.type !== "lookup") return [];
    const targets = column.targets ?? [];
    return targets.filter(readable).flatMap((target): Relation[] => {
      if (column.name === "ownerid") return owners[target] ? [{ step: `ownerid.${target}`, column, target, nav: owners[target] }] : [];
      return targets.length === 1
        ? [{ step: column.name, column, target, nav: column.name }]
        : [{ step: `${column.name}.${target}`, column, target, nav: `${column.name}_${target}` }];
    });
  });
}

/** The path's column as if it were the table's own, with how it is asked for. */
export function resolvePath(table: Table, path: string, meta: (name: string) => Table | undefined): Column | undefined {
  const steps = path.split("/");
  const last = steps.pop() ?? "";
  if (steps.length === 0 || steps.length > DEEPEST) return undefined;
  let at = table;
  const labels: string[] = [];
  const navs: string[] = [];
  const via: NonNullable<Column["via"]> = [];
  for (const step of steps) {
    const relation = relationsOf(at, () => true).find((r) => r.step === step);
    const next = relation && meta(relation.target);
    if (!relation || !next) return undefined;
    labels.push(relation.column.label);
    navs.push(relation.nav);
    via.push({ step, table: next.logicalname, from: next.primaryid, to: relation.column.name });
    at = next;
  }
  const column = columnOf(at, last);
  return column && { ...column, name: path, label: [...labels, column.label].join(" › "), wire: [...navs, wireName(column)].join("/"), via };
}

/** The paths that a filter asks for. */
export function pathsOf(group: Group): string[] {
  const all = group.items.flatMap((item) => (isGroup(item) ? pathsOf(item) : item.column.includes("/") ? [item.column] : []));
  return [...new Set(all)].sort();
}

/** Reads what is needed of the tables that paths lead through. What may not be read gives no column. */
export async function loadPaths(client: QueryClient, table: Table, paths: string[]): Promise<Column[]> {
  const readable = new Set((await client.ensureQueryData(tablesQuery)).map((t) => t.logicalname));
  const known = new Map<string, Table>();
  for (const path of paths) {
    let at: Table | undefined = table;
    for (const step of path.split("/").slice(0, -1).slice(0, DEEPEST)) {
      const relation: Relation | undefined = at && relationsOf(at, (n) => readable.has(n)).find((r) => r.step === step);
      at = relation && (known.get(relation.target) ?? (await client.ensureQueryData(tableQuery(relation.target)).catch(() => undefined)));
      if (at) known.set(at.logicalname, at);
    }
  }
  return paths.flatMap((p) => resolvePath(table, p, (n) => known.get(n)) ?? []);
}

const own: Column[] = [];

/** The columns of related tables that the address's filter asks for; the list waits until they are known. */
export function useFilterColumns(table: Table, filter: string | undefined): { related: Column[]; ready: boolean } {
  const client = useQueryClient();
  const paths = pathsOf(filterFromText(filter));
  const query = useQuery({
    queryKey: ["paths", table.logicalname, paths.join()],
    enabled: paths.length > 0,
    staleTime: 5 * 60_000,
    queryFn: () => loadPaths(client, table, paths),
  });
  if (paths.length === 0) return { related: own, ready: true };
  return { related: query.data ?? own, ready: query.data !== undefined || query.isError };
}
