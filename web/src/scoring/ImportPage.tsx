import { Alert, Button, Checkbox, NumberInput, Progress, Select, TextInput } from "@mantine/core";
import type { Actions } from "@/api/generated/webapi";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { request } from "@/api/http";
import { useLive } from "@/api/live";
import { useTableMeta } from "@/api/metadata";
import { callBound } from "@/api/records";
import type { Row } from "@/api/types";
import { Said } from "@/i18n/Said";
import { formatNumber } from "@/lib/format";
import { recordQuery } from "@/record/recordQuery";
import { Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { PageBar } from "@/ui/PageBar";
import { toastFailure } from "@/ui/toast";
import classes from "./scoring.module.css";
import { importStatus } from "./types";

interface Mapping {
  delimiter?: string; decimal?: string; key?: string[]; columns?: Record<string, string>; unmapped?: string;
  outcome: { column?: string; positive?: string[] }; time: { column?: string; format?: string }; horizon?: number;
}

interface Preview {
  encoding: string; delimiter: string;
  columns: { name: string; numeric: boolean; distinct: number; missing: number; values: string[] }[];
  records: string[][]; suggestion: { mapping: Mapping }; bad: { line: number; reasons: string }[]; good: number;
}

const TABLE = "rpt_historyimport";
const empty: Mapping = { outcome: {}, time: {} };

/** A file of history: what its columns mean, and how its import fares. */
export function ImportPage() {
  const { t } = useTranslation();
  const { id = "" } = useParams({ strict: false });
  const meta = useTableMeta(TABLE);
  const record = useQuery({ ...(meta.data ? recordQuery(meta.data, id) : { queryKey: ["record", TABLE, id] as const }), enabled: meta.data !== undefined });
  useLive(TABLE, (change) => { if (change.id === id) void record.refetch(); });
  const failed = meta.error ?? record.error;
  if (failed && !record.data) return <Failure error={failed} onRetry={() => void record.refetch()} />;
  if (!meta.data || !record.data) return null;
  const row = record.data as Row;
  const state = Number(row.rpt_status);
  const call = async (action: keyof Actions, body?: unknown) => {
    try {
      await callBound(meta.data!.entityset, id, action, body);
      void record.refetch();
    } catch (error) {
      toastFailure(error);
    }
  };
  const again = state === importStatus.uploaded || state === importStatus.failed || state === importStatus.cancelled;

  return (
    <>
      <PageBar title={<h1>{String(row.rpt_name ?? "")}</h1>} actions={(state === importStatus.waiting || state === importStatus.running) && (
        <Button variant="default" onClick={() => void call("rpt_CancelHistoryImport")}>{t("history.cancel")}</Button>
      )} />
      <div className={classes.page}>
        <div className={classes.inner}>
          <State row={row} state={state} id={id} />
          {again && <Mapper id={id} onStart={(mapping) => call("rpt_StartHistoryImport", { Mapping: JSON.stringify(mapping) })} />}
        </div>
      </div>
    </>
  );
}

function State({ row, state, id }: { row: Row; state: number; id: string }) {
  const { t } = useTranslation();
  const counts = { read: formatNumber(Number(row.rpt_read ?? 0)), good: formatNumber(Number(row.rpt_good ?? 0)), bad: formatNumber(Number(row.rpt_bad ?? 0)) };
  if (state === importStatus.waiting || state === importStatus.running) {
    return (
      <section className={classes.card} aria-live="polite">
        <h2>{t("history.running")}</h2>
        <p className={classes.hint}>{t("history.progress", counts)}</p>
        <Progress value={100} animated aria-label={t("history.running")} />
      </section>
    );
  }
  if (state === importStatus.done) {
    return (
      <Alert data-tone="good" icon={<Icon name="check" />} title={t("history.done")}>
        {t("history.doneText", counts)} {Number(row.rpt_bad ?? 0) > 0 && <a href={`/api/scoring/imports/${id}/refused`} download>{t("history.refused")}</a>}{" "}
        <Link to="/scoring">{t("history.toModel")}</Link>
      </Alert>
    );
  }
  if (state === importStatus.failed) return <Alert data-tone="bad" icon={<Icon name="warning" />} title={t("history.failed")}><Said text={row.rpt_error} /></Alert>;
  if (state === importStatus.cancelled) return <Alert icon={<Icon name="info" />} title={t("history.cancelled")}>{t("history.cancelledText")}</Alert>;
  return null;
}

function Mapper({ id, onStart }: { id: string; onStart: (m: Mapping) => Promise<void> }) {
  const { t } = useTranslation();
  const lead = useTableMeta("lead");
  const [mapping, setMapping] = useState<Mapping>();
  const [busy, setBusy] = useState(false);
  const look = useQuery({
    queryKey: ["history", id, mapping ?? null], retry: false,
    queryFn: async ({ signal }) => (await request<Preview>(`/api/scoring/imports/${id}/preview`, { method: "POST", body: mapping ?? empty, signal })).data,
  });
  const [seen, setSeen] = useState<Preview>();
  useEffect(() => {
    if (look.data) setSeen(look.data);
    if (!mapping && look.data) setMapping({ ...empty, ...look.data.suggestion.mapping, unmapped: "keep", horizon: 90 });
  }, [look.data, mapping]);
  if (look.isError && !seen) return <Failure error={look.error} onRetry={() => void look.refetch()} />;
  if (!seen || !mapping) return null;
  const { columns } = seen;
  const names = columns.map((c) => c.name);
  const change = (part: Partial<Mapping>) => setMapping({ ...mapping, ...part });
  const outcome = columns.find((c) => c.name === mapping.outcome.column);
  const targets = [{ value: "keep", label: t("history.keep") }, { value: "skip", label: t("history.skip") },
    ...(lead.data?.columns ?? []).filter((c) => !c.readonly && c.type !== "json" && c.type !== "id").map((c) => ({ value: c.name, label: c.label }))];

  return (
    <>
      <section className={classes.card}>
        <h2>{t("history.mean")}</h2>
        <p className={classes.hint}>{t("history.found", { encoding: seen.encoding, delimiter: seen.delimiter === "\t" ? "Tab" : seen.delimiter, columns: columns.length })}</p>
        <div className={classes.fields}>
          <Select label={t("history.outcome")} clearable data={names} value={mapping.outcome.column ?? null} onChange={(v) => change({ outcome: { column: v ?? undefined, positive: [] } })} />
          <TextInput label={t("history.positive")} description={outcome ? outcome.values.join(", ") : undefined} disabled={!outcome} value={(mapping.outcome.positive ?? []).join(", ")}
            onChange={(e) => change({ outcome: { ...mapping.outcome, positive: e.currentTarget.value.split(",").map((s) => s.trim()).filter((s) => s !== "") } })} />
          <Select label={t("history.time")} clearable placeholder={t("history.fileOrder")} data={names} value={mapping.time.column ?? null} onChange={(v) => change({ time: { column: v ?? undefined } })} />
          <Select label={t("history.key")} clearable placeholder={t("history.noKey")} data={names} value={mapping.key?.[0] ?? null} onChange={(v) => change({ key: v ? [v] : undefined })} />
          <NumberInput label={t("history.horizon")} min={0} max={3650} value={mapping.horizon ?? 0} onChange={(v) => change({ horizon: Number(v) || 0 })} />
          <Select label={t("history.decimal")} data={[{ value: ".", label: "1.5" }, { value: ",", label: "1,5" }]} allowDeselect={false} value={mapping.decimal || "."} onChange={(v) => change({ decimal: v ?? "." })} />
        </div>
        <Checkbox label={t("history.keepOthers")} checked={mapping.unmapped === "keep"} onChange={(e) => change({ unmapped: e.currentTarget.checked ? "keep" : "skip" })} />
      </section>
      <section className={classes.card}>
        <h2>{t("history.columns")}</h2>
        <div className={classes.tableBox} tabIndex={0} role="region" aria-label={t("history.columns")}>
          <table className={classes.table}>
            <thead><tr><th scope="col">{t("history.col.file")}</th><th scope="col">{t("history.col.examples")}</th><th scope="col">{t("history.col.becomes")}</th></tr></thead>
            <tbody>
              {columns.map((c) => {
                const special = c.name === mapping.outcome.column ? t("history.outcome") : c.name === mapping.time.column ? t("history.time") : undefined;
                return (
                  <tr key={c.name}>
                    <th scope="row">{c.name}</th>
                    <td className="wide">{c.values.join(", ")}</td>
                    <td>{special ?? (
                      <Select aria-label={t("history.becomes", { name: c.name })} size="xs" searchable allowDeselect={false} data={targets} value={mapping.columns?.[c.name] ?? (mapping.unmapped === "keep" ? "keep" : "skip")}
                        onChange={(v) => change({ columns: { ...mapping.columns, [c.name]: v ?? "skip" } })} />
                    )}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </section>
      {look.isError && <Alert data-tone="bad" role="alert">{asApiError(look.error).message}</Alert>}
      {seen.bad.length > 0 && !look.isError && (
        <Alert data-tone="warn" icon={<Icon name="warning" />} title={t("history.wouldRefuse")}>
          <ul className={classes.list}>{seen.bad.slice(0, 5).map((b) => <li key={b.line}>{t("history.line", { line: b.line })}: <Said text={b.reasons} /></li>)}</ul>
        </Alert>
      )}
      <div className={classes.end}>
        <Button loading={busy} disabled={look.isError || (mapping.outcome.column !== undefined && (mapping.outcome.positive ?? []).length === 0)}
          onClick={() => { setBusy(true); void onStart(mapping).finally(() => setBusy(false)); }}>{t("history.start")}</Button>
      </div>
    </>
  );
}
