import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError, type FieldError } from "@/api/errors";
import { useLive } from "@/api/live";
import { entitySets } from "@/api/metadata";
import { patchRecord } from "@/api/records";
import { applyValues, columnOf, etagOf, payload, valueOf } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { toastFailure, toastUndo } from "@/ui/toast";
import { type Clash, merge } from "./merge";
import { recordKey, recordQuery } from "./recordQuery";

/** A value that the server refused: it stays in its editor, with the reason. */
export interface Refused {
  value: unknown;
  message: string;
}

export interface Conflict {
  clashes: Clash[];
  clean: Record<string, unknown>;
  theirs: Row;
}

/** Values that would make the record one like others; the person says whether they are saved all the same. */
export interface AlikeValues {
  found: FieldError[];
  values: Record<string, unknown>;
}

type Values = Record<string, unknown>;

/**
 * A record under editing. Saves show at once, go to the server one after the
 * other under `If-Match`, and are taken back when they are refused.
 */
export function useRecord(table: Table, id: string) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const query = useQuery(recordQuery(table, id));
  const key = recordKey(table.logicalname, id);
  const [pending, setPending] = useState<ReadonlySet<string>>(new Set());
  const [refused, setRefused] = useState<Record<string, Refused>>({});
  const [conflict, setConflict] = useState<Conflict>();
  const [alike, setAlike] = useState<AlikeValues>();
  const [deleted, setDeleted] = useState(false);
  const queue = useRef<Promise<unknown>>(Promise.resolve());
  /** The row as the server last gave it, without optimistic changes. */
  const server = useRef<Row>(undefined);
  const waiting = useRef(0);
  useEffect(() => {
    if (query.data && waiting.current === 0) server.current = query.data;
  }, [query.data]);

  useLive(table.logicalname, (change) => {
    if (change.id !== id) return;
    if (change.op === "delete") setDeleted(true);
    // An own save answers with the row itself; nothing is to be fetched then.
    else if (waiting.current === 0) void client.invalidateQueries({ queryKey: key });
    void client.invalidateQueries({ queryKey: ["timeline", table.logicalname, id] });
  });

  const finish = useCallback((row: Row) => {
    server.current = row;
    client.setQueryData(key, row);
    void client.invalidateQueries({ queryKey: ["timeline", table.logicalname, id] });
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [client, table.logicalname, id]);

  const send = useCallback(async (values: Values, detect: boolean): Promise<void> => {
    const sets = entitySets(client);
    for (let attempt = 0; attempt < 4; attempt++) {
      const base = server.current;
      try {
        finish(await patchRecord(table, id, payload(table, values, sets), base && etagOf(base), detect));
        return;
      } catch (error) {
        if (asApiError(error).kind !== "conflict" || !base) throw error;
      }
      // Somebody was faster. What does not clash is simply put on top.
      const theirs = await client.fetchQuery({ ...recordQuery(table, id), staleTime: 0 });
      const merged = merge(table.columns, values, base, theirs);
      server.current = theirs;
      if (merged.clashes.length > 0) {
        setConflict({ ...merged, theirs });
        return;
      }
      if (Object.keys(merged.clean).length === 0) return finish(theirs);
      values = merged.clean;
    }
  }, [client, finish, id, table]);

  const save = useCallback((values: Values, undoable = true, detect = undoable): Promise<void> => {
    const before = server.current;
    const names = Object.keys(values);
    setPending((old) => new Set([...old, ...names]));
    setRefused((old) => Object.fromEntries(Object.entries(old).filter(([n]) => !names.includes(n))));
    client.setQueryData<Row>(key, (row) => row && applyValues(table, row, values));
    waiting.current += 1;
    const run = queue.current.then(async () => {
      try {
        await send(values, detect);
        if (undoable && before) offerUndo(before, values);
      } catch (error) {
        const failure = asApiError(error);
        if (server.current) client.setQueryData(key, server.current);
        if (failure.code === "duplicate.found") {
          setAlike({ found: failure.fields, values });
          return;
        }
        const own = (name: string) => failure.fields.find((f) => f.name === name)?.message;
        const text = failure.kind === "network" ? t("record.notSaved") : failure.message;
        setRefused((old) => ({ ...old, ...Object.fromEntries(names.map((n) => [n, { value: values[n], message: own(n) ?? text }])) }));
        if (failure.kind === "forbidden") toastFailure(failure);
      } finally {
        waiting.current -= 1;
        setPending((old) => new Set([...old].filter((n) => !names.includes(n))));
      }
    });
    queue.current = run;
    return run;

    function offerUndo(old: Row, changed: Values) {
      const back = Object.fromEntries(names.flatMap((n) => {
        const column = columnOf(table, n);
        return column ? [[n, valueOf(column, old)]] : [];
      }));
      const label = names.map((n) => columnOf(table, n)?.label ?? n).join(", ");
      if (Object.keys(changed).length > 0) toastUndo(t("record.saved", { what: label }), { label, run: () => saveRef.current(back, false) });
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [client, send, table, id, t]);
  const saveRef = useRef(save);
  saveRef.current = save;

  const resolve = useCallback(async (chosen: Values | undefined) => {
    const open = conflict;
    setConflict(undefined);
    if (!open) return;
    client.setQueryData(key, open.theirs);
    const values = { ...open.clean, ...chosen };
    if (Object.keys(values).length > 0) await save(values, false);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [conflict, save, client]);

  /** Saves values all the same though there are others like it, or leaves the record as it is. */
  const resolveAlike = useCallback(async (anyway: boolean) => {
    const open = alike;
    setAlike(undefined);
    if (open && anyway) await saveRef.current(open.values, true, false);
  }, [alike]);

  useEffect(() => {
    const guard = (event: BeforeUnloadEvent) => {
      if (waiting.current > 0) event.preventDefault();
    };
    addEventListener("beforeunload", guard);
    return () => removeEventListener("beforeunload", guard);
  }, []);

  return {
    row: query.data, error: query.error, refetch: () => void query.refetch(), save, pending, refused, conflict, resolve, alike, resolveAlike, deleted,
    forget: (name: string) => setRefused((old) => Object.fromEntries(Object.entries(old).filter(([n]) => n !== name))),
  };
}

export type RecordHandle = ReturnType<typeof useRecord>;
