import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { tableQuery } from "@/api/metadata";
import { text } from "@/api/odata";
import { fetchTop } from "@/api/records";
import type { Reference } from "@/api/types";

const FEW = 12;

/** Records of the lookup's tables whose name holds the words. */
export function useLookupSearch(targets: string[], words: string, enabled: boolean): { results: Reference[]; busy: boolean } {
  const client = useQueryClient();
  const query = useQuery<Reference[]>({
    queryKey: ["lookup", targets.join(","), words],
    enabled: enabled && targets.length > 0,
    staleTime: 30_000,
    placeholderData: (previous) => previous,
    queryFn: async ({ signal }) => {
      const lists = await Promise.allSettled(
        targets.map(async (target) => {
          const table = await client.ensureQueryData(tableQuery(target));
          const page = await fetchTop(table.entityset, {
            select: [table.primaryid, table.primaryname],
            filter: words.trim() ? `contains(${table.primaryname},${text(words.trim())})` : undefined,
            orderby: `${table.primaryname} asc`,
            top: FEW,
          }, signal);
          return page.rows.map((row): Reference => ({ id: String(row[table.primaryid]), table: target, name: String(row[table.primaryname] ?? "") }));
        }),
      );
      return lists.flatMap((l) => (l.status === "fulfilled" ? l.value : []));
    },
  });
  return { results: query.data ?? [], busy: query.isFetching };
}

/** The names of referenced records, as far as they may be read. */
export function useLookupNames(targets: string[], ids: string[]): Record<string, string> {
  const client = useQueryClient();
  const found = useQueries({
    queries: ids.map((id) => ({
      queryKey: ["name", targets.join(","), id],
      staleTime: 5 * 60_000,
      queryFn: async () => {
        for (const target of targets) {
          const table = await client.ensureQueryData(tableQuery(target));
          const page = await fetchTop(table.entityset, { select: [table.primaryid, table.primaryname], filter: `${table.primaryid} eq ${id}`, top: 1 });
          const row = page.rows[0];
          if (row) return { id, name: String(row[table.primaryname] ?? "") };
        }
        return { id, name: "" };
      },
    })),
  });
  return Object.fromEntries(found.flatMap((f) => (f.data ? [[f.data.id, f.data.name]] : [])));
}
