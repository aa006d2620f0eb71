import { type InfiniteData, keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { GridSearch } from "@/app/router";
import { useLive } from "@/api/live";
import { allOf, API, listUrl } from "@/api/odata";
import { fetchCount, fetchPage, fetchTop } from "@/api/records";
import { wireName } from "@/api/rows";
import type { Page, Row, Table } from "@/api/types";
import { filterFromText } from "@/filter/urlText";
import { searchFilter, toOData } from "@/filter/toOData";
import { dayAt } from "@/filter/dates";
import { useFilterColumns } from "@/filter/related";
import { useSession } from "@/api/session";
import { useSettings } from "@/lib/settings";
import { columnOf } from "@/api/rows";
import type { GridState } from "./gridState";

const PAGE = 100;
/** More changed rows than this at once are not fetched one by one. */
const MANY = 40;
const GATHER_MS = 250;

export interface GridData {
  rows: Row[];
  total?: number;
  /** About how many rows there are, while the exact number is being found. */
  about?: number;
  /** The list's whole question as `$filter` has it. */
  filter: string;
  /** Rows that came meanwhile and wait behind the pill. */
  fresh: number;
  gone: ReadonlySet<string>;
  loading: boolean;
  stale: boolean;
  error: unknown;
  more: boolean;
  /** Whether the question is known in full: columns of related tables are, too. */
  ready: boolean;
  loadMore: () => void;
  refresh: () => void;
}

export function orderBy(table: Table, state: GridState): string | undefined {
  const own = state.sort.flatMap((s) => {
    const column = columnOf(table, s.column);
    return column ? [`${wireName(column)} ${s.desc ? "desc" : "asc"}`] : [];
  });
  return own.length ? own.join(",") : state.view?.orderby;
}

/** The list's rows, page by page, kept current without ever shifting under the cursor. */
export function useGridData(table: Table, state: GridState, search: GridSearch, fixed?: string, enabled = true): GridData {
  const client = useQueryClient();
  // Relative dates mean other instants tomorrow: the day is part of the question.
  const { timeZone: zone } = useSettings();
  const today = dayAt(new Date(), zone);
  const me = useSession().session?.user.systemuserid;
  const { related, ready } = useFilterColumns(table, search.filter ?? state.view?.model);
  const select = useMemo(
    () => [...new Set([table.primaryid, ...state.columns.map(wireName), ...stateColumns(table)])],
    [table, state.columns],
  );
  const filter = useMemo(
    () => allOf(fixed, state.view?.filter, toOData(filterFromText(search.filter ?? state.view?.model), related.length ? [...table.columns, ...related] : table.columns, { now: new Date(), zone, me }), searchFilter(search.q ?? "", table.columns)),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [table, state.view, search.filter, search.q, fixed, today, zone, me, related],
  );
  const url = useMemo(
    () => (state.view?.whole ? `${API}/${table.entityset}?${state.view.whole}&$count=true` : listUrl(table.entityset, { select, filter, orderby: orderBy(table, state), count: true })),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [table, select, state.sort, state.view, filter],
  );

  const key = useMemo(() => ["rows", table.logicalname, url], [table.logicalname, url]);
  const query = useInfiniteQuery({
    queryKey: key,
    enabled: enabled && ready,
    queryFn: ({ pageParam, signal }) => fetchPage(pageParam, PAGE, signal),
    initialPageParam: url,
    getNextPageParam: (last: Page) => last.next,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });

  const about = query.data?.pages[0]?.count === undefined ? query.data?.pages[0]?.about : undefined;
  const exact = useQuery({
    queryKey: [...key, "count"],
    enabled: about !== undefined && !query.isPlaceholderData,
    queryFn: ({ signal }) => fetchCount(table.entityset, filter, signal),
    staleTime: 60_000,
  });

  const rows = useMemo(() => query.data?.pages.flatMap((p) => p.rows) ?? [], [query.data]);
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    setFresh(new Set());
    setGone(new Set());
  }, [url]);

  const shown = useRef(new Set<string>());
  useEffect(() => {
    shown.current = new Set(rows.map((r) => String(r[table.primaryid])));
  }, [rows, table.primaryid]);

  const changed = useRef(new Set<string>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  /** Fetches the rows that changed, in one request, and puts them where they stand. */
  const settle = useCallback(async () => {
    const ids = [...changed.current];
    changed.current = new Set();
    const filter = ids.map((id) => `${table.primaryid} eq ${id}`).join(" or ");
    const page = await fetchTop(table.entityset, { select, filter }).catch(() => undefined);
    if (!page) return;
    const byId = new Map(page.rows.map((r) => [String(r[table.primaryid]), r]));
    client.setQueryData<InfiniteData<Page>>(key, (data) => data && {
      ...data,
      pages: data.pages.map((p) => ({ ...p, rows: p.rows.map((r) => byId.get(String(r[table.primaryid])) ?? r) })),
    });
  }, [client, key, select, table]);

  useLive(table.logicalname, (change) => {
    if (change.op === "delete") {
      if (shown.current.has(change.id)) setGone((old) => new Set(old).add(change.id));
    } else if (!shown.current.has(change.id)) {
      if (change.op === "create") setFresh((old) => new Set(old).add(change.id));
    } else if (changed.current.size < MANY) {
      changed.current.add(change.id);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => void settle(), GATHER_MS);
    }
  });

  const { fetchNextPage, hasNextPage, isFetchingNextPage, isFetchNextPageError } = query;
  const loadMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage, isFetchNextPageError]);
  const refresh = useCallback(() => {
    setFresh(new Set());
    setGone(new Set());
    void client.resetQueries({ queryKey: key });
  }, [client, key]);

  return {
    rows, gone, loadMore, refresh, filter,
    total: query.data?.pages[0]?.count ?? (about === undefined ? undefined : exact.data),
    about,
    fresh: fresh.size,
    loading: query.isPending,
    stale: query.isPlaceholderData,
    error: query.isError && rows.length === 0 ? query.error : undefined,
    more: hasNextPage,
    ready,
  };
}

/** The state decides how a row looks, so it always comes along. */
function stateColumns(table: Table): string[] {
  return table.columns.filter((c) => c.name === "statecode").map((c) => c.name);
}
