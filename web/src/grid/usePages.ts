import { type QueryClient, type QueryKey, useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { fetchPage } from "@/api/records";
import type { Page, Row } from "@/api/types";

export const PAGE = 100;
/** Pages that stay at hand; those furthest away are forgotten. */
const KEPT = 40;
/** A list that flies by asks for nothing until it slows down. */
const SETTLE_MS = 90;

const at = (row: number) => Math.floor(row / PAGE);

interface PageQuery {
  queryKey: QueryKey;
  queryFn: (c: { signal?: AbortSignal }) => Promise<Page>;
  staleTime: number;
}

/** How one page of a list is asked for. A jump wants two or three that follow each other: the database walks to the first alone, the others go on from it. */
export function pageQuery(client: QueryClient, key: QueryKey, url: string, n: number): PageQuery {
  return {
    queryKey: [...key, n],
    queryFn: async ({ signal }) => {
      let before = n > 0 ? client.getQueryData<Page>([...key, n - 1]) : undefined;
      if (!before && n > 0 && client.getQueryState([...key, n - 1])?.fetchStatus === "fetching") {
        before = await client.ensureQueryData(pageQuery(client, key, url, n - 1)).catch(() => undefined);
        signal?.throwIfAborted();
      }
      if (before) return before.next ? fetchPage(before.next, PAGE, signal) : { rows: [] };
      return fetchPage(n === 0 ? url : url.replace("&$count=true", ""), PAGE, signal, n * PAGE);
    },
    staleTime: 60_000,
  };
}

/** The pages of a list of which any part can be wanted: asked for by their number, from the page before where that is known. */
export function usePages(key: QueryKey, url: string, enabled: boolean) {
  const client = useQueryClient();
  const [wanted, setWanted] = useState<{ key: QueryKey; from: number; to: number }>({ key, from: 0, to: 0 });
  const { from, to } = wanted.key === key ? wanted : { from: 0, to: 0 };
  const numbers = useMemo(() => [...new Set([0, ...Array.from({ length: to - from + 1 }, (_, i) => from + i)])], [from, to]);

  const query = useCallback((n: number) => pageQuery(client, key, url, n), [client, key, url]);

  const results = useQueries({ queries: numbers.map((n) => ({ ...query(n), enabled })) });
  const first = results[0]!;
  const stamp = results.map((r) => r.dataUpdatedAt).join();
  const pages = useMemo(() => {
    const map = new Map<number, Page>();
    numbers.forEach((n, i) => { const data = results[i]?.data; if (data) map.set(n, data); });
    return map;
    // A result that has not been renewed is the same.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [numbers, stamp]);

  const rowAt = useCallback((row: number): Row | undefined => {
    const page = pages.get(at(row)) ?? client.getQueryData<Page>([...key, at(row)]);
    return page?.rows[row % PAGE];
  }, [pages, client, key]);

  /** All pages at hand, in order. */
  const held = useCallback((): [number, Page][] => client.getQueriesData<Page>({ queryKey: key })
    .flatMap(([k, page]): [number, Page][] => (page?.rows && typeof k.at(-1) === "number" && k.length === key.length + 1 ? [[k.at(-1) as number, page]] : []))
    .sort((a, b) => a[0] - b[0]), [client, key]);

  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  /** Says which rows are in sight. */
  const show = useCallback((firstRow: number, lastRow: number) => {
    clearTimeout(timer.current);
    const next = { key, from: Math.max(0, at(firstRow - PAGE / 2)), to: Math.max(0, at(lastRow + PAGE)) };
    const set = () => setWanted((old) => (old.key === key && old.from === next.from && old.to === next.to ? old : next));
    const near = next.from <= to + 1 && next.to >= from - 1;
    if (near) set();
    else timer.current = setTimeout(set, SETTLE_MS);
  }, [key, from, to]);

  useEffect(() => {
    const middle = (from + to) / 2;
    const far = held().map(([n]) => n).filter((n) => n !== 0 && (n < from || n > to)).sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle)).slice(KEPT);
    for (const n of far) client.removeQueries({ queryKey: [...key, n], exact: true });
  }, [client, key, from, to, held, stamp]);

  /** Rows of a span, fetched where they are not at hand. */
  const read = useCallback(async (firstRow: number, lastRow: number): Promise<Row[]> => {
    const out: Row[] = [];
    for (let n = at(firstRow); n <= at(lastRow); n++) {
      const page = await client.ensureQueryData(query(n));
      out.push(...page.rows.slice(n === at(firstRow) ? firstRow % PAGE : 0, n === at(lastRow) ? (lastRow % PAGE) + 1 : PAGE));
    }
    return out;
  }, [client, query]);

  /** Where the list ends, if a page says so. */
  const end = [...pages].reduce<number | undefined>((found, [n, p]) => (p.next === undefined && (p.rows.length > 0 || n === 0) ? n * PAGE + p.rows.length : found), undefined);
  const reached = [...pages].reduce((most, [n, p]) => (p.rows.length > 0 ? Math.max(most, n * PAGE + p.rows.length) : most), 0);
  const failed = results.find((r) => r.isError && !r.data);
  const again = useCallback(() => {
    client.removeQueries({ queryKey: key, type: "inactive" });
    return client.invalidateQueries({ queryKey: key });
  }, [client, key]);
  const retry = useCallback(() => void client.refetchQueries({ queryKey: key, type: "active", predicate: (q) => q.state.status === "error" }), [client, key]);
  return { first, rowAt, held, show, read, end, reached, again, retry, failed, missing: results.some((r) => r.isPending) };
}
