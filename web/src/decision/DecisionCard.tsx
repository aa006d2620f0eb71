import { Badge, Button, Textarea } from "@mantine/core";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTableMeta } from "@/api/metadata";
import { callBound, callUnbound, fetchTop } from "@/api/records";
import { columnOf, parseJson } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { Said } from "@/i18n/Said";
import { useSaid } from "@/i18n/useSaid";
import { formatInstant, optionFor } from "@/lib/format";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { toast, toastFailure } from "@/ui/toast";
import { type Call, type Check, useSets, type Way, words } from "./api";
import classes from "./decision.module.css";

// Dark enough for white text in both themes.
const colors: Record<string, string> = { pass: "#1e6e31", refer: "#8a4b00", fail: "#a51d1d" };
const tones: Record<number, string> = { 1: colors.pass!, 2: colors.refer!, 3: colors.fail! };

/** On a record: what its decision sets decided, why, and what would make it pass. */
export function DecisionCards({ table, id, row, onDone }: { table: Table; id: string; row: Row; onDone: () => void }) {
  const sets = useSets(table.logicalname);
  return <>{(sets.data?.rows ?? []).map((set) => <Card key={String(set.rpt_decisionid)} set={set} table={table} id={id} row={row} onDone={onDone} />)}</>;
}

function Card({ set, table, id, row, onDone }: { set: Row; table: Table; id: string; row: Row; onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const meta = useTableMeta("rpt_decisioncheck");
  const [dialog, setDialog] = useState<"request" | "approve" | "reject">();
  const key = ["decision", "check", String(set.rpt_decisionid), id];
  const checks = useQuery({
    queryKey: [...key, row["@odata.etag"]],
    enabled: meta.data !== undefined,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => fetchTop("rpt_decisionchecks", { filter: `rpt_recordid eq ${id} and _rpt_decisionid_value eq ${String(set.rpt_decisionid)}`, orderby: "rpt_decidedon desc", top: 1 }, signal),
  });
  const refresh = async () => { await client.invalidateQueries({ queryKey: key }); onDone(); };
  const decide = useMutation({
    mutationFn: () => callUnbound("rpt_Decide", { Target: { LogicalName: table.logicalname, Id: id }, Decision: { LogicalName: "rpt_decision", Id: String(set.rpt_decisionid) } }),
    onSuccess: () => void refresh(),
    onError: toastFailure,
  });
  // A set may be for some records alone; the server tells, as it knows the filter's language.
  const condition = String(set.rpt_condition ?? "").trim();
  const concerned = useQuery({
    queryKey: [...key, "concerned", condition, row["@odata.etag"]],
    enabled: condition !== "",
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => fetchTop(table.entityset, { filter: `${table.primaryid} eq ${id} and (${condition})`, top: 1 }, signal),
  });
  if (!meta.data || !checks.data) return null;
  if (condition && !checks.data.rows.length && !concerned.data?.rows.length) return null;
  const check = checks.data.rows[0];
  const current = check && check.statecode !== 1;
  const outcome = columnOf(meta.data, "rpt_outcome");
  const override = Number(check?.rpt_override ?? 0);
  const title = String(set.rpt_name ?? "");

  return (
    <section className={classes.card} aria-label={title} data-outcome={current ? Number(check.rpt_outcome) : undefined}>
      <header className={classes.cardHead}>
        <h2>{title}</h2>
        {current && outcome && <Badge color={override === 2 ? "#1864ab" : tones[Number(check.rpt_outcome)]} variant="filled">{override === 2 ? t("decision.overridden") : optionFor(outcome, check.rpt_outcome)?.label}</Badge>}
        {check && !current && <Badge color="#495057" variant="filled">{t("decision.outdated")}</Badge>}
        <span className="grow" />
        {table.privileges.write && <Button size="compact-sm" variant="default" loading={decide.isPending} onClick={() => decide.mutate()}>{t(check ? "decision.again" : "decision.decide")}</Button>}
      </header>
      {!check && <p className="dim">{t("decision.none")}</p>}
      {check && <p className="faint">{t("decision.by", { version: String(check.rpt_versionnumber ?? ""), when: formatInstant(String(check.rpt_decidedon)) })}</p>}
      {check && !current && <p className={classes.outdated}><Icon name="warning" size={14} /> {t("decision.outdatedHint")}</p>}
      {check && <Reasons check={check} />}
      {current && <Ways check={check} />}
      {current && Number(check.rpt_outcome) !== 1 && (
        <div className={classes.override}>
          {override === 1 && <p><Icon name="info" size={14} /> {t("decision.waits", { reason: String(check.rpt_overridereason ?? "") })}</p>}
          {override === 3 && <p><Icon name="warning" size={14} /> {t("decision.rejected", { note: String(check.rpt_settlenote ?? "") })}</p>}
          {override === 2 && <p><Icon name="check" size={14} /> {t("decision.approved", { reason: String(check.rpt_overridereason ?? "") })}</p>}
          {(override === 0 || override === 3) && table.privileges.write && <Button size="compact-sm" variant="subtle" onClick={() => setDialog("request")}>{t("decision.request")}</Button>}
          {override === 1 && meta.data.privileges.write && (
            <>
              <Button size="compact-sm" variant="default" onClick={() => setDialog("approve")}>{t("decision.approve")}</Button>
              <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setDialog("reject")}>{t("decision.reject")}</Button>
            </>
          )}
        </div>
      )}
      {dialog && check && <OverrideDialog kind={dialog} check={String(check.rpt_decisioncheckid)} onClose={() => setDialog(undefined)} onDone={() => void refresh()} />}
    </section>
  );
}

const icons = { pass: "check", refer: "info", fail: "close" } as const;

function Reasons({ check }: { check: Row }) {
  const { t } = useTranslation();
  const said = useSaid();
  const { checks = [], problems } = parseJson<{ checks?: Check[]; problems?: { formula: string; message: string }[] | null }>(check.rpt_reasons, {});
  const calls = parseJson<Call[]>(check.rpt_calls, []).filter((c) => c.status !== "answered");
  return (
    <ul className={classes.reasons}>
      {checks.map((c) => (
        <li key={c.table} data-outcome={c.outcome}>
          <Icon name={icons[c.outcome]} size={14} />
          <span><strong>{c.label}</strong><span className="sr-only"> ({t(`decision.${c.outcome}`)})</span>{c.reason && <>: <Said text={c.reason} /></>}</span>
        </li>
      ))}
      {(problems ?? []).map((p) => <li key={p.formula} data-outcome="refer"><Icon name="warning" size={14} /><span>{p.formula}: <Said text={p.message} /></span></li>)}
      {calls.map((c) => <li key={c.service} data-outcome="refer"><Icon name="warning" size={14} /><span>{t(c.fallback?.length ? "decision.fallback" : "decision.unasked", { service: c.service, message: said(c.message ?? c.status) })}</span></li>)}
    </ul>
  );
}

function Ways({ check }: { check: Row }) {
  const { t } = useTranslation();
  const ways = parseJson<Way[] | null>(check.rpt_ways, []) ?? [];
  if (Number(check.rpt_outcome) === 1) return null;
  if (ways.length === 0) return <p className="dim">{t("decision.noWay")}</p>;
  return (
    <>
      <h3 className={classes.small}>{t("decision.ways")}</h3>
      <ul className={classes.ways}>
        {ways.map((way) => (
          <li key={JSON.stringify(way)}>{way.changes.map((c) => t("decision.change", { label: c.label, from: words(c.from), to: words(c.to) })).join(` ${t("decision.and")} `)}</li>
        ))}
      </ul>
    </>
  );
}

function OverrideDialog({ kind, check, onClose, onDone }: { kind: "request" | "approve" | "reject"; check: string; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const [words, setWords] = useState("");
  async function run() {
    if (kind === "request") await callBound("rpt_decisionchecks", check, "rpt_RequestOverride", { Reason: words.trim() });
    else await callBound("rpt_decisionchecks", check, "rpt_SettleOverride", { Approve: kind === "approve", Note: words.trim() });
    toast(t(`decision.${kind}Done`));
    onDone();
  }
  return (
    <ConfirmDialog title={t(`decision.${kind}Title`)} confirm={t(`decision.${kind}`)} run={run} onClose={onClose}>
      <Textarea label={t(kind === "request" ? "decision.reason" : "decision.note")} description={t(`decision.${kind}Hint`)} autosize minRows={2} maxRows={8} maxLength={2000} data-autofocus value={words}
        onChange={(e) => setWords(e.currentTarget.value)} />
    </ConfirmDialog>
  );
}
