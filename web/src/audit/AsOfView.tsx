import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/errors";
import { tableQuery } from "@/api/metadata";
import { formatInstant } from "@/lib/format";
import classes from "@/scoring/scoring.module.css";
import { Calm, Failure } from "@/ui/Calm";
import { toast, toastFailure } from "@/ui/toast";
import { recordAsOf, revertRecord } from "./api";

/** Why there is nothing to show of a moment: the record was not made yet, or deleted then. */
const toldOf = (error: unknown) => (error instanceof ApiError && error.code.startsWith("audit.") ? error.message : undefined);

interface Props {
  table: string;
  id: string;
  at: string;
  /** What the way back is called. */
  close: string;
  onClose: () => void;
  onDone: () => void;
}

/** A record as it was at a moment, and the way to put it back to that. */
export function AsOfView({ table, id, at, close, onClose, onDone }: Props) {
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
    <>
      {query.isLoading && <p className="faint" aria-busy="true">{t("palette.searching")}</p>}
      {query.isError && (toldOf(query.error) ? <Calm small icon="history" title={toldOf(query.error)!} /> : <Failure small error={query.error} />)}
      {query.data && (
        <>
          <p className="faint">{query.data.then.DeletedOn ? t("audit.goneSince", { at: formatInstant(query.data.then.DeletedOn) }) : t("audit.asOfHint", { count: changed.size })}</p>
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
        </>
      )}
      <div className={classes.end} style={{ marginBlockStart: 12 }}>
        <Button variant="default" onClick={onClose}>{close}</Button>
        {query.data && !query.data.then.DeletedOn && <Button loading={busy} disabled={changed.size === 0} onClick={() => void back()}>{t("audit.putBack")}</Button>}
      </div>
    </>
  );
}
