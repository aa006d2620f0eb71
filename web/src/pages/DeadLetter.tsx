import { Alert, Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { useLive } from "@/api/live";
import { useTableMeta } from "@/api/metadata";
import { callBound } from "@/api/records";
import { nameOf } from "@/api/rows";
import type { Row } from "@/api/types";
import { Said } from "@/i18n/Said";
import { recordQuery } from "@/record/recordQuery";
import { Failure } from "@/ui/Calm";
import { Facts } from "@/ui/Facts";
import { Icon } from "@/ui/icons";
import { ItemBar } from "@/ui/ItemBar";
import { JsonView } from "@/ui/JsonView";
import { toast } from "@/ui/toast";
import classes from "./QuarantineItem.module.css";

const TABLE = "rpt_deadletter";

/** An event whose last attempt failed: what it was, why, and another try. */
export function DeadLetter() {
  const { t } = useTranslation();
  const { id = "" } = useParams({ strict: false });
  const meta = useTableMeta(TABLE);
  const record = useQuery({ ...(meta.data ? recordQuery(meta.data, id) : { queryKey: ["record", TABLE, id] as const }), enabled: meta.data !== undefined });
  useLive(TABLE, (change) => { if (change.id === id) void record.refetch(); });
  const replay = useMutation({
    mutationFn: () => callBound(meta.data!.entityset, id, "rpt_ReplayDeadLetter"),
    onSuccess: () => { toast(t("deadLetter.sent")); void record.refetch(); },
  });
  const failed = meta.error ?? record.error;
  if (failed && !record.data) return <Failure error={failed} onRetry={() => void record.refetch()} />;
  if (!meta.data || !record.data) return null;
  const row = record.data as Row;
  const open = row.statecode === 0 || row.statecode === undefined;

  return (
    <>
      <ItemBar table={meta.data} row={row} title={nameOf(meta.data, row) || String(row.rpt_eventid ?? id)}
        actions={open && <Button leftSection={<Icon name="play" size={14} />} loading={replay.isPending} onClick={() => replay.mutate()}>{t("deadLetter.replay")}</Button>} />
      <div className={classes.body}>
        <div className={classes.main}>
          {replay.isError && <Alert data-tone="bad" role="alert">{asApiError(replay.error).message}</Alert>}
          {row.rpt_reason ? (
            <Alert data-tone={open ? "bad" : undefined} icon={<Icon name="warning" />} title={t("deadLetter.reason", { count: Number(row.rpt_attempts ?? 0) })}>
              <Said text={row.rpt_reason} />
            </Alert>
          ) : null}
          <h2 className="dim" style={{ fontSize: 12.5, fontWeight: 600 }}>{t("deadLetter.data")}</h2>
          <JsonView value={row.rpt_data} label={t("deadLetter.data")} />
        </div>
        <aside className={classes.side} aria-label={t("quarantine.event")}><Facts table={meta.data} row={row} title={t("quarantine.event")} names={["rpt_consumer", "rpt_topic", "rpt_source", "rpt_eventid", "rpt_seq", "rpt_attempts", "createdon"]} /></aside>
      </div>
    </>
  );
}
