import { Button, Modal } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/errors";
import { tableQuery } from "@/api/metadata";
import { formatInstant } from "@/lib/format";
import classes from "@/scoring/scoring.module.css";
import { Failure } from "@/ui/Calm";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { toast, toastFailure } from "@/ui/toast";
import { recordAsOf, revertChange, revertRecord } from "./api";

interface Props { table: string; id: string; at: string; audit?: string; onDone: () => void }

/** What can be done about one change of a record: take it back, or look at the record as it was just after it. */
export function ChangeActions({ table, id, at, audit, onDone }: Props) {
  const { t } = useTranslation();
  const [overlap, setOverlap] = useState<ApiError>();
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);

  async function put(overwrite: boolean) {
    await revertChange(audit!, overwrite);
    toast(t("audit.reverted"));
    onDone();
  }

  async function tryPut() {
    setBusy(true);
    try {
      await put(false);
    } catch (error) {
      if (error instanceof ApiError && error.code === "revert.overlap") setOverlap(error);
      else toastFailure(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <div style={{ display: "flex", gap: 6, marginBlockStart: 4 }}>
      {audit && <Button size="compact-xs" variant="subtle" color="gray" loading={busy} onClick={() => void tryPut()}>{t("audit.revert")}</Button>}
      <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setOpen(true)}>{t("audit.asOf")}</Button>
      {open && <AsOfDialog table={table} id={id} at={at} onClose={() => setOpen(false)} onDone={onDone} />}
      {overlap && (
        <ConfirmDialog title={t("audit.overlap")} confirm={t("audit.overwrite")} run={() => put(true)} onClose={() => setOverlap(undefined)}>
          <p>{t("audit.overlapHint", { columns: overlap.fields.map((f) => f.name).join(", ") })}</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

function AsOfDialog({ table, id, at, onClose, onDone }: { table: string; id: string; at: string; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const query = useQuery({
    queryKey: ["asof", table, id, at],
    queryFn: async ({ signal }) => {
      const meta = await client.ensureQueryData(tableQuery(table));
      return { meta, then: await recordAsOf(meta.entityset, id, at, signal) };
    },
  });

  async function back() {
    setBusy(true);
    try {
      await revertRecord(query.data!.meta.entityset, id, at);
      toast(t("audit.reverted"));
      onDone();
      onClose();
    } catch (error) {
      toastFailure(error);
    } finally {
      setBusy(false);
    }
  }

  const format = "@OData.Community.Display.V1.FormattedValue";
  const shown = (name: string) => {
    const row = query.data!.then.Record;
    const key = name in row ? name : `_${name}_value`;
    const value = row[key + format] ?? row[key];
    return value === null || value === undefined || value === "" ? t("value.empty") : String(value);
  };
  const changed = new Set(query.data?.then.ChangedSince ?? []);
  const columns = (query.data?.meta.columns ?? []).filter((c) => changed.has(c.name) || (c.type !== "id" && shown(c.name) !== t("value.empty")));
  return (
    <Modal opened onClose={onClose} size="lg" closeButtonProps={{ "aria-label": t("audit.close") }} title={t("audit.asOfTitle", { at: formatInstant(at) })}>
      {query.isError && <Failure small error={query.error} />}
      {query.data && (
        <>
          <p className="faint">{t("audit.asOfHint", { count: changed.size })}</p>
          <div className={classes.tableBox} tabIndex={0} role="region" aria-label={t("audit.asOfTitle", { at: formatInstant(at) })}>
            <table className={classes.table}>
              <thead><tr><th scope="col">{t("audit.column")}</th><th scope="col">{t("audit.value")}</th><th scope="col">{t("audit.since")}</th></tr></thead>
              <tbody>
                {columns.map((c) => (
                  <tr key={c.name}>
                    <th scope="row">{c.label}</th>
                    <td className={classes.wide}>{shown(c.name)}</td>
                    <td>{changed.has(c.name) && <span className={classes.pill} data-tone="warn">{t("audit.changed")}</span>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <div className={classes.end} style={{ marginBlockStart: 12 }}>
            <Button variant="default" onClick={onClose}>{t("audit.close")}</Button>
            <Button loading={busy} disabled={changed.size === 0} onClick={() => void back()}>{t("audit.putBack")}</Button>
          </div>
        </>
      )}
    </Modal>
  );
}
