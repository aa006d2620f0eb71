import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { useLive } from "@/api/live";
import { recordUrl } from "@/api/odata";
import { fetchTop } from "@/api/records";
import { wireName } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { useSettings } from "@/lib/settings";
import type { Process } from "@/process/types";
import { type Board, columnOfRecord, extended, idOfCard, moved, retold } from "./arrange";

export interface Question {
  table: Table;
  select: string[];
  filter: string;
  orderby?: string;
  by?: string;
  amount?: string;
}

function address({ table, select, filter, orderby, by, amount }: Question, more: Record<string, string> = {}): string {
  const all = { $select: select.join(","), $filter: filter, $orderby: orderby ?? "", by: by ?? "", amount: amount ?? "", ...more };
  const text = Object.entries(all).flatMap(([k, v]) => (v ? [`${k}=${encodeURIComponent(v)}`] : [])).join("&");
  return `/api/ui/tables/${table.logicalname}/board?${text}`;
}

/** Tells which version of a row an etag names. */
function versionOf(row: Row | undefined): number {
  return Number(/\d+/.exec(String(row?.["@odata.etag"] ?? ""))?.[0] ?? 0);
}

/** The board of a table: totals and first cards in one request, further cards column by column. */
export function useBoard(question: Question, ready: boolean) {
  const { i18n } = useTranslation();
  const client = useQueryClient();
  useSettings();
  const { table } = question;
  const url = address(question);
  const key = useMemo(() => ["board", table.logicalname, url, i18n.language], [table.logicalname, url, i18n.language]);
  const query = useQuery({
    queryKey: key,
    enabled: ready,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await request<Board>(url, { signal })).data,
  });
  const board = query.data;
  const latest = useRef(board);
  latest.current = board;
  const set = useCallback((change: (old: Board) => Board) => client.setQueryData<Board>(key, (old) => old && change(old)), [client, key]);

  const [changed, setChanged] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => setChanged(new Set()), [url]);
  /** Records that this screen is changing itself; hints about them are no news. */
  const own = useRef(new Map<string, number>());
  useLive(table.logicalname, (change) => {
    const known = own.current.get(change.id);
    if (known !== undefined && (change.version === undefined || change.version <= known)) return;
    setChanged((old) => new Set(old).add(change.id));
  });

  const loading = useRef(new Set<string>());
  const more = useCallback(async (column: string) => {
    const next = latest.current?.columns.find((c) => c.key === column)?.next;
    if (!next || loading.current.has(column)) return;
    loading.current.add(column);
    try {
      const page = (await request<Board>(address(question, { by: latest.current?.by ?? question.by ?? "", column, after: next }))).data.columns[0];
      if (page) set((old) => extended(old, page));
    } finally {
      loading.current.delete(column);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [url, set]);

  /** Counts and sums as they are now; the cards stay where they are. */
  const retell = useCallback(async () => {
    const answer = (await request<Board>(address(question, { size: "1" }))).data;
    set((old) => retold(old, answer));
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [url, set]);

  /** Moves a card; what the server refuses is thrown, and the card is where it was. */
  const move = useCallback(async (id: string, to: string, reason?: string) => {
    const before = latest.current;
    const source = before?.columns[columnOfRecord(before, id)];
    if (!before || !source || source.key === to) return;
    own.current.set(id, Infinity);
    set((old) => moved(old, id, to));
    try {
      if (before.process) {
        // A record that was imported a moment ago has its instance once somebody asks where it stands.
        const instance = source.cards?.[id]?.instance ?? (await request<Process>(`/api/ui/tables/${table.logicalname}/${id}/process`)).data.instance;
        await request(recordUrl(before.process.entityset, instance), { method: "PATCH", headers: { "If-Match": "*" }, body: { "activestageid@odata.bind": `/processstages(${to})`, ...(reason ? { rpt_movereason: reason } : {}) } });
      } else {
        await request(recordUrl(before.entityset, id), { method: "PATCH", headers: { "If-Match": "*" }, body: { [before.by]: to === "none" ? null : Number(to) } });
      }
    } catch (error) {
      own.current.delete(id);
      set((old) => moved(old, id, source.key));
      throw error;
    }
    const page = await fetchTop(table.entityset, { select: question.select, filter: `${before.primarykey} eq ${id}` }).catch(() => undefined);
    const row = page?.rows[0];
    own.current.set(id, versionOf(row));
    set((old) => ({ ...old, columns: old.columns.map((c) => {
      const card = c.cards?.[id];
      return {
        ...c, rows: row ? c.rows.map((r) => (idOfCard(old, r) === id ? row : r)) : c.rows,
        cards: c.key === to && card ? { ...c.cards, [id]: { ...card, enteredon: new Date().toISOString(), stalledon: undefined } } : c.cards,
      };
    }) }));
    void retell().catch(() => undefined);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [set, retell, table.entityset]);

  const refresh = useCallback(() => {
    setChanged(new Set());
    void client.invalidateQueries({ queryKey: key });
  }, [client, key]);

  return { board, error: query.error, failed: query.isError && !board, stale: query.isPlaceholderData, changed: changed.size, more, move, refresh };
}

/** What a card asks of the server beside the columns that it shows. */
export function cardColumns(table: Table, shown: { name: string; type: Table["columns"][number]["type"] }[]): string[] {
  return [...new Set([table.primaryid, table.primaryname, ...shown.map((c) => wireName(c))])];
}
