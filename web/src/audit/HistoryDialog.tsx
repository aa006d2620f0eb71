import { Button, Modal, TextInput } from "@mantine/core";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { tableQuery } from "@/api/metadata";
import type { Table } from "@/api/types";
import { formatInstant } from "@/lib/format";
import { fromWall, toWall } from "@/lib/zone";
import { useLookupNames } from "@/record/lookupSearch";
import { Failure } from "@/ui/Calm";
import { AsOfView } from "./AsOfView";
import { type Change, changesOf } from "./api";
import classes from "./HistoryDialog.module.css";

const FORMATTED = "@OData.Community.Display.V1.FormattedValue";

interface Props {
  table: string;
  id: string;
  name: string;
  onClose: () => void;
  onDone?: () => void;
}

/** All changes of a record, who made them, for whom and from where, and the record as of any moment; of a deleted one as well. */
export default function HistoryDialog({ table, id, name, onClose, onDone }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const meta = useQuery(tableQuery(table)).data;
  const [typed, setTyped] = useState(() => toWall(new Date()));
  const [at, setAt] = useState<string>();
  const query = useInfiniteQuery({
    queryKey: ["history", table, id],
    staleTime: 0,
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => changesOf((await client.ensureQueryData(tableQuery(table))).entityset, id, pageParam, signal),
    getNextPageParam: (last) => (last.MoreRecords ? last.PagingCookie : undefined),
  });
  const changes = query.data?.pages.flatMap((p) => p.AuditDetails) ?? [];
  const people = [...new Set(changes.flatMap((c) => [c.AuditRecord._userid_value, c.AuditRecord._callinguserid_value ?? ""]))].filter(Boolean);
  const names = useLookupNames(["systemuser"], people);
  const moment = fromWall(typed);
  const known = !Number.isNaN(moment.getTime());
  return (
    <Modal opened onClose={onClose} size="xl" closeButtonProps={{ "aria-label": t("audit.close") }} title={at ? t("audit.asOfTitle", { at: formatInstant(at) }) : t("audit.historyOf", { name: name || t("value.unnamed") })}>
      {at ? (
        <AsOfView table={table} id={id} at={at} close={t("audit.back")} onClose={() => setAt(undefined)} onDone={() => { void query.refetch(); onDone?.(); }} />
      ) : (
        <>
          <form className={classes.asked} onSubmit={(e) => { e.preventDefault(); if (known) setAt(moment.toISOString()); }}>
            <TextInput type="datetime-local" label={t("audit.moment")} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} />
            <Button type="submit" variant="default" disabled={!known}>{t("audit.showAsOf")}</Button>
          </form>
          {query.isError && <Failure small error={query.error} onRetry={() => void query.refetch()} />}
          <ol className={classes.changes} aria-busy={query.isLoading || !meta}>
            {meta && changes.map((c) => <OneChange key={c.AuditRecord.auditid} change={c} table={meta} names={names} onLook={() => setAt(c.AuditRecord.createdon)} />)}
          </ol>
          {query.hasNextPage && <Button variant="subtle" color="gray" fullWidth loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{t("timeline.older")}</Button>}
        </>
      )}
    </Modal>
  );
}

const operations: Record<number, "made" | "changed" | "removed"> = { 1: "made", 2: "changed", 3: "removed" };

function OneChange({ change, table, names, onLook }: { change: Change; table: Table; names: Record<string, string>; onLook: () => void }) {
  const { t } = useTranslation();
  const { AuditRecord: r, OldValue, NewValue } = change;
  const who = (id: string) => names[id] || t("audit.unknownUser");
  const said = (row: Record<string, unknown> | null, name: string) => {
    const key = row && (name in row ? name : `_${name}_value`);
    const value = key ? (row[key + FORMATTED] ?? row[key]) : undefined;
    return value === null || value === undefined ? "" : String(value);
  };
  // Of a record that was made or deleted, what it held; of a change, what became of each column.
  const lines = table.columns.flatMap((c) => {
    const [was, is] = [said(OldValue, c.name), said(NewValue, c.name)];
    return c.type === "id" || (!was && !is) || was === is ? [] : [{ name: c.name, label: c.label, was, is }];
  });
  const from = [t(`audit.channel.${r.rpt_channel.replaceAll(" ", "_")}`, { defaultValue: r.rpt_channel }), r.rpt_address].filter(Boolean).join(", ");
  return (
    <li className={classes.change}>
      <div className={classes.head}>
        <strong>{who(r._userid_value)}</strong>
        <span>{t(`audit.op.${operations[r.operation] ?? "changed"}`)}</span>
        <time dateTime={r.createdon}>{formatInstant(r.createdon)}</time>
        <Button size="compact-xs" variant="subtle" color="gray" onClick={onLook}>{t("audit.asOf")}</Button>
      </div>
      <p className={classes.from}>
        {t("audit.byWay", { from })}
        {r._callinguserid_value && <> · {t("audit.behalf", { caller: who(r._callinguserid_value), user: who(r._userid_value) })}</>}
        {r.rpt_erased && <> · {t("audit.erasedHere")}</>}
      </p>
      {lines.length > 0 && (
        <details open={r.operation === 2}>
          <summary>{t("audit.columns", { count: lines.length })}</summary>
          <dl className={classes.values}>
            {lines.map((l) => <div key={l.name}><dt>{l.label}</dt><dd>{l.was && <s>{l.was}</s>} <span>{l.is || (r.operation === 2 ? t("value.empty") : "")}</span></dd></div>)}
          </dl>
        </details>
      )}
    </li>
  );
}
