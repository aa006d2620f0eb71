import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { GridSearch } from "@/app/router";
import { useLive } from "@/api/live";
import { allOf, API, listUrl } from "@/api/odata";
import { fetchCount, fetchTop } from "@/api/records";
import { wireName } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { filterFromText } from "@/filter/urlText";
import { searchFilter, toOData } from "@/filter/toOData";
import { dayAt } from "@/filter/dates";
import { useFilterColumns } from "@/filter/related";
import { useSession } from "@/api/session";
import { useSettings } from "@/lib/settings";
import { columnOf } from "@/api/rows";
import type { GridState } from "./gridState";
import { mapRows } from "./saveCells";
import { usePages } from "./usePages";

/** More changed rows than this at once are not fetched one by one. */
const MANY = 40;
const GATHER_MS = 250;

export interface GridData {
  /** How many rows the list has, as far as is known: exactly, about, or those that were seen. */
  count: number;
  total?: number;
  /** About how many rows there are, while the exact number is being found. */
  about?: number;
  /** The row at a place of the list, if it is at hand. */
  rowAt: (index: number) => Row | undefined;
  /** All rows at hand, in the list's order. */
  loaded: () => Row[];
  /** Says which places are in sight. */
  show: (first: number, last: number) => void;
  /** The rows of a span, fetched where they are not at hand. */
  read: (first: number, last: number) => Promise<Row[]>;
  /** The list's whole question as `$filter` has it. */
  filter: string;
  /** Which rows the list asks for, and in which order: another one begins at its top. Columns are no part of it. */
  question: string;
  /** Rows that came meanwhile and wait behind the pill. */
  fresh: number;
  gone: ReadonlySet<string>;
  loading: boolean;
  stale: boolean;
  /** A part in sight is still being fetched. */
  waiting: boolean;
  error: unknown;
  /** Whether the question is known in full: columns of related tables are, too. */
  ready: boolean;
  /** A part could not be fetched, while others could. */
  broken: boolean;
  retry: () => void;
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
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const selected = useMemo(() => select(table, state), [table, state.columns]);
  const filter = useMemo(
    () => allOf(fixed, state.view?.filter, toOData(filterFromText(search.filter ?? state.view?.model), related.length ? [...table.columns, ...related] : table.columns, { now: new Date(), zone, me }), searchFilter(search.q ?? "", table.columns)),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [table, state.view, search.filter, search.q, fixed, today, zone, me, related],
  );
  const url = useMemo(
    () => (state.view?.whole ? `${API}/${table.entityset}?${state.view.whole}&$count=true` : listUrl(table.entityset, { select: selected, filter, orderby: orderBy(table, state), count: true })),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [table, selected, state.sort, state.view, filter],
  );

  const key = useMemo(() => ["rows", table.logicalname, url], [table.logicalname, url]);
  const pages = usePages(key, url, enabled && ready);
  const { first, rowAt: held, held: heldPages, end, reached } = pages;
  const answer = first.data;
  const about = answer && answer.count === undefined ? answer.about : undefined;
  const exact = useQuery({
    queryKey: [...key, "count"],
    enabled: about !== undefined,
    queryFn: ({ signal }) => fetchCount(table.entityset, filter, signal),
    staleTime: 60_000,
  });
  const total = answer ? (answer.count ?? (about === undefined ? end : exact.data)) : undefined;
  const count = answer ? (end !== undefined && (total === undefined || end > total) ? end : Math.max(total ?? about ?? 0, reached)) : 0;

  // What the last question brought stays in sight until the next one is answered.
  const last = useRef({ rowAt: held, count: 0, total, table });
  const stale = !answer && !first.isError && last.current.count > 0 && last.current.table === table;
  if (answer) last.current = { rowAt: held, count, total, table };
  const rowAt = stale ? last.current.rowAt : held;

  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    setFresh(new Set());
    setGone(new Set());
  }, [url]);

  const isHeld = (id: string) => heldPages().some(([, p]) => p.rows.some((r) => r[table.primaryid] === id));
  const changed = useRef({ kept: new Set<string>(), made: new Set<string>() });
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  /** Fetches the rows that changed and puts them where they stand; of new ones it learns which of them belong to this list. */
  const settle = useCallback(async () => {
    const { kept, made } = changed.current;
    changed.current = { kept: new Set(), made: new Set() };
    const either = (ids: Iterable<string>) => [...ids].map((id) => `${table.primaryid} eq ${id}`).join(" or ");
    if (made.size > 0) {
      const ours = await fetchTop(table.entityset, { select: [table.primaryid], filter: allOf(filter, either(made)) }).catch(() => undefined);
      const ids = ours ? ours.rows.map((r) => String(r[table.primaryid])) : [...made];
      if (ids.length > 0) setFresh((old) => new Set([...old, ...ids]));
    }
    if (kept.size === 0) return;
    const page = await fetchTop(table.entityset, { select: selected, filter: either(kept) }).catch(() => undefined);
    if (!page) return;
    const byId = new Map(page.rows.map((r) => [String(r[table.primaryid]), r]));
    mapRows(client, table.logicalname, (row) => byId.get(String(row[table.primaryid])) ?? row, key);
  }, [client, key, selected, table, filter]);

  useLive(table.logicalname, (change) => {
    const { kept, made } = changed.current;
    if (change.op === "delete") {
      if (isHeld(change.id)) setGone((old) => new Set(old).add(change.id));
      setFresh((old) => (old.has(change.id) ? new Set([...old].filter((id) => id !== change.id)) : old));
      return;
    }
    if (kept.size + made.size >= MANY) return;
    if (isHeld(change.id)) kept.add(change.id);
    else if (change.op === "create") made.add(change.id);
    else return;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void settle(), GATHER_MS);
  });

  const { again } = pages;
  const refresh = useCallback(() => {
    setFresh(new Set());
    setGone(new Set());
    void again();
  }, [again]);
  const loaded = useCallback(() => heldPages().flatMap(([, p]) => p.rows), [heldPages]);

  return {
    rowAt, gone, refresh, filter, loaded,
    question: JSON.stringify([table.entityset, state.view?.whole ?? [filter, orderBy(table, state)]]),
    count: stale ? last.current.count : count,
    total: stale ? last.current.total : total,
    about,
    show: pages.show,
    read: pages.read,
    retry: pages.retry,
    broken: answer !== undefined && pages.failed !== undefined,
    fresh: fresh.size,
    loading: first.isPending && !stale,
    stale,
    waiting: pages.missing,
    error: first.isError && !answer ? first.error : undefined,
    ready,
  };
}

/** What a row of the list is asked for; in which order the columns stand on the screen is no matter of it. */
export function select(table: Table, state: GridState): string[] {
  return [...new Set([table.primaryid, ...state.columns.map(wireName), ...stateColumns(table)])].sort();
}

/** The state decides how a row looks, so it always comes along. */
function stateColumns(table: Table): string[] {
  return table.columns.filter((c) => c.name === "statecode").map((c) => c.name);
}
