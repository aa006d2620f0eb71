import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { tableQuery } from "@/api/metadata";
import { callUnbound } from "@/api/records";
import { columnOf } from "@/api/rows";
import type { Table } from "@/api/types";

export interface Hit {
  Id: string;
  EntityName: string;
  Attributes: Record<string, unknown>;
  Highlights: Record<string, string[]>;
}

interface Answer {
  Value: Hit[];
  Count: number;
  Facets: Record<string, { Value: string; Count: number }[] | undefined>;
}

/** What is searched for, as it stands in the address. */
export interface Asked {
  q: string;
  table?: string;
  owner?: string;
  page: number;
}

export interface Found {
  hits: { hit: Hit; table: Table }[];
  total: number;
  /** How many there are in each table, whichever is shown. */
  of: { table: string; count: number }[];
}

export const PAGE = 25;
const FACET = "@search.entityname";

async function ask(body: Record<string, unknown>, signal: AbortSignal): Promise<Answer> {
  const { response } = await callUnbound<{ response: string }>("searchquery", { count: true, options: "{'searchmode':'all'}", facets: JSON.stringify([FACET]), ...body }, signal);
  return JSON.parse(response) as Answer;
}

/** Searches all tables: counts by table first, then one page of hits with what the filters leave. */
export function useFound({ q, table, owner, page }: Asked) {
  const client = useQueryClient();
  const words = q.trim();
  return useQuery({
    queryKey: ["search", words, table, owner, page],
    enabled: words.length > 0,
    staleTime: 15_000,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<Found> => {
      const meta = (name: string) => client.ensureQueryData(tableQuery(name)).catch(() => undefined);
      let entities: { name: string; filter?: string }[] | undefined;
      let first = await ask({ search: words, top: table || owner ? 1 : PAGE, skip: table || owner ? 0 : page * PAGE }, signal);
      if (owner) {
        // Only tables whose rows belong to somebody can be narrowed by whose they are.
        const metas = await Promise.all((first.Facets[FACET] ?? []).map((f) => meta(f.Value)));
        entities = metas.flatMap((m) => (m && columnOf(m, "ownerid") ? [{ name: m.logicalname, filter: `_ownerid_value eq ${owner}` }] : []));
        first = entities.length ? await ask({ search: words, top: table ? 1 : PAGE, skip: table ? 0 : page * PAGE, entities: JSON.stringify(entities) }, signal) : { Value: [], Count: 0, Facets: {} };
      }
      const of = (first.Facets[FACET] ?? []).map((f) => ({ table: f.Value, count: f.Count }));
      let answer = first;
      if (table) {
        const own = owner ? entities?.filter((e) => e.name === table) : [{ name: table }];
        answer = own?.length ? await ask({ search: words, top: PAGE, skip: page * PAGE, entities: JSON.stringify(own) }, signal) : { Value: [], Count: 0, Facets: {} };
      }
      const hits = await Promise.all(answer.Value.map(async (hit) => ({ hit, table: await meta(hit.EntityName) })));
      return { hits: hits.flatMap((h) => (h.table ? [{ hit: h.hit, table: h.table }] : [])), total: answer.Count, of };
    },
  });
}

/** A text with marks as parts: what was found stands out. */
export function marked(text: string): { text: string; hit: boolean }[] {
  return text.split(/\{crmhit\}(.*?)\{\/crmhit\}/s).map((part, i) => ({ text: part, hit: i % 2 === 1 })).filter((p) => p.text !== "");
}

const AROUND = 90;

/** The part of a long text around its first mark. */
export function excerpt(parts: { text: string; hit: boolean }[]): { text: string; hit: boolean }[] {
  const at = parts.findIndex((p) => p.hit);
  return parts.map((p, i) => {
    if (p.hit || p.text.length <= AROUND) return p;
    if (i < at) return { ...p, text: `… ${p.text.slice(-AROUND)}` };
    return { ...p, text: `${p.text.slice(0, AROUND)} …` };
  });
}
