import { Alert, Button, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Said } from "@/i18n/Said";
import { useSaid } from "@/i18n/useSaid";
import { isNumeric } from "@/lib/format";
import { asApiError } from "@/api/errors";
import { useLive } from "@/api/live";
import { useTableMeta } from "@/api/metadata";
import { callBound } from "@/api/records";
import { nameOf } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { recordPath } from "@/lib/paths";
import { recordQuery } from "@/record/recordQuery";
import { Failure } from "@/ui/Calm";
import { Facts } from "@/ui/Facts";
import { Icon } from "@/ui/icons";
import { ItemBar } from "@/ui/ItemBar";
import { leaves, objectOf, type Reason, reasonsOf, shown, typed, withValue } from "./quarantine";
import classes from "./QuarantineItem.module.css";

const TABLE = "rpt_quarantine";

/** An event that intake refused: why, and the way to mend it. */
export function QuarantineItem() {
  const { id = "" } = useParams({ strict: false });
  const meta = useTableMeta(TABLE);
  const lead = useTableMeta("lead");
  const record = useQuery({ ...(meta.data ? recordQuery(meta.data, id) : { queryKey: ["record", TABLE, id] as const }), enabled: meta.data !== undefined });
  useLive(TABLE, (change) => { if (change.id === id) void record.refetch(); });
  const failed = meta.error ?? record.error;
  if (failed && !record.data) return <Failure error={failed} onRetry={() => void record.refetch()} />;
  if (!meta.data || !record.data) return null;
  return <Mend key={id} table={meta.data} lead={lead.data} id={id} row={record.data as Row} />;
}

interface ReplayResult {
  Accepted?: boolean;
  LeadId?: string;
  Reasons?: unknown;
}

function Mend({ table, lead, id, row }: { table: Table; lead?: Table; id: string; row: Row }) {
  const { t } = useTranslation();
  const said = useSaid();
  const client = useQueryClient();
  const original = objectOf(row.rpt_data);
  const [data, setData] = useState(original ?? {});
  const [raw, setRaw] = useState<string | undefined>(original ? undefined : shown(row.rpt_data ?? row.rpt_raw));
  const [broken, setBroken] = useState(false);
  const closed = row.statecode !== undefined && row.statecode !== 0;

  const replay = useMutation({
    mutationFn: async (text: string) => callBound<ReplayResult | undefined>(table.entityset, id, "rpt_ReplayQuarantine", { Data: text }),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ["record", TABLE, id] });
      void client.invalidateQueries({ queryKey: ["home"] });
    },
  });
  const failure = replay.isError ? asApiError(replay.error) : undefined;
  const again = replay.data?.Reasons ? reasonsOf(replay.data.Reasons) : [];
  const named: Reason[] = failure?.fields.map((f) => ({ column: f.name, code: f.code, message: f.message })) ?? [];
  const reasons = failure || again.length ? [...named, ...again] : reasonsOf(row.rpt_reasons);
  const items = leaves(data);
  const of = (path: string[]) => reasons.filter((r) => r.column === path.at(-1) || r.column === path.join("."));
  // A reason may speak of a field that the event does not even have.
  const missing = [...new Set(reasons.flatMap((r) => (r.column && !items.some((x) => of(x.path).some((o) => o.column === r.column)) ? [r.column] : [])))];
  const general = reasons.filter((r) => !r.column);
  const label = (path: string[]) => lead?.columns.find((c) => path.length === 1 && c.name === path[0])?.label ?? path.join(" › ");
  const wants = (name: string) => {
    const type = lead?.columns.find((c) => c.name === name)?.type;
    return type && isNumeric({ type }) ? "number" as const : type === "boolean" ? "boolean" as const : undefined;
  };

  function send() {
    if (raw === undefined) return replay.mutate(JSON.stringify(data));
    if (objectOf(raw) === undefined) return setBroken(true);
    setBroken(false);
    replay.mutate(raw);
  }
  function show(how: string) {
    if (how === "raw") return setRaw(JSON.stringify(data, null, 2));
    const parsed = raw === undefined ? data : objectOf(raw);
    if (!parsed) return setBroken(true);
    setBroken(false);
    setData(parsed);
    setRaw(undefined);
  }

  const fields = [...missing.map((name) => ({ path: [name], value: null as unknown })), ...items];
  fields.sort((a, b) => Number(of(b.path).length > 0) - Number(of(a.path).length > 0));

  return (
    <>
      <ItemBar table={table} row={row} title={nameOf(table, row) || String(row.rpt_eventid ?? id)}
        actions={!closed && (
          <>
            <SegmentedControl size="xs" value={raw === undefined ? "form" : "raw"} onChange={show} aria-label={t("quarantine.how")}
              data={[{ value: "form", label: t("quarantine.form") }, { value: "raw", label: t("quarantine.raw") }]} />
            <Button leftSection={<Icon name="play" size={14} />} loading={replay.isPending} onClick={send}>{t("quarantine.replay")}</Button>
          </>
        )} />
      <div className={classes.body}>
        <div className={classes.main}>
          {replay.isSuccess && again.length === 0 && (
            <Alert data-tone="good" role="status" icon={<Icon name="check" />} title={t("quarantine.doneTitle")}>
              {t("quarantine.done")} {replay.data?.LeadId && <Link className="link" to={recordPath("lead", replay.data.LeadId)}>{t("quarantine.openLead")}</Link>}
            </Alert>
          )}
          {row.statecode === 1 && !replay.isSuccess && <Alert data-tone="good" icon={<Icon name="check" />}>{t("quarantine.replayed")}</Alert>}
          {(failure || again.length > 0) && (
            <Alert data-tone="bad" role="alert" icon={<Icon name="warning" />} title={t("quarantine.refusedTitle")}>
              {failure?.kind === "network" ? t("failure.network") : (failure?.message ?? t("quarantine.refused"))}
            </Alert>
          )}
          {!closed && (
            <header className={classes.intro}>
              <h2>{t("quarantine.why", { count: reasons.length })}</h2>
              <p className="dim">{t("quarantine.lead")}</p>
            </header>
          )}
          {general.length > 0 && <ul className={classes.general}>{general.map((r, i) => <li key={i}><Icon name="warning" size={14} /><Said text={r.message} /></li>)}</ul>}
          {raw !== undefined ? (
            <Textarea autosize minRows={12} maxRows={32} value={raw} readOnly={closed} spellCheck={false} aria-label={t("quarantine.raw")} classNames={{ input: classes.code }}
              error={broken ? t("quarantine.notJson") : undefined} onChange={(e) => setRaw(e.currentTarget.value)} />
          ) : (
            <div className={classes.fields}>
              {fields.map(({ path, value }) => {
                const why = of(path);
                const key = path.join(".");
                return (
                  <div key={key} className={classes.field} data-bad={why.length > 0 || undefined}>
                    <label htmlFor={`q-${key}`} title={key}>{label(path)}</label>
                    <TextInput id={`q-${key}`} value={shown(value)} readOnly={closed} error={why.length > 0 && !closed ? why.map((r) => said(r.message)).join(" ") : undefined}
                      onChange={(e) => setData(withValue(data, path, typed(value, e.currentTarget.value, wants(path.at(-1) ?? ""))))} />
                  </div>
                );
              })}
            </div>
          )}
        </div>
        <aside className={classes.side} aria-label={t("quarantine.event")}><Facts table={table} row={row} title={t("quarantine.event")} names={["rpt_topic", "rpt_source", "rpt_eventid", "rpt_seq", "statecode", "createdon", "modifiedon"]} /></aside>
      </div>
    </>
  );
}
