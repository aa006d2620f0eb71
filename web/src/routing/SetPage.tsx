import { Alert, Button, Select } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { callBound, patchRecord } from "@/api/records";
import type { Row, Table } from "@/api/types";
import { formatAgo } from "@/lib/format";
import classes from "@/scoring/scoring.module.css";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { toast, toastFailure } from "@/ui/toast";
import { Check } from "./Check";
import { Rehearsal } from "./Rehearsal";
import type { Choice } from "./RuleForm";
import { RuleTable } from "./RuleTable";
import { type Checked, stateOf } from "./types";

/** One version of the rules of a table, and what can be done with it. */
export function SetPage({ table, rules, row, queues, teams, onChanged }: { table: Table; rules: Table; row: Row; queues: Choice[]; teams: Choice[]; onChanged: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const id = String(row.routingruleid);
  const state = stateOf(row);
  const writable = table.privileges.write;
  const editable = writable && state === "draft";
  const [checked, setChecked] = useState<Checked>();
  const [busy, setBusy] = useState("");
  const [asking, setAsking] = useState<"activate" | "back" | "off">();
  const [failure, setFailure] = useState<string[]>();

  async function act(what: string, run: () => Promise<void>) {
    setBusy(what);
    setFailure(undefined);
    try {
      await run();
    } catch (error) {
      const e = asApiError(error);
      setFailure([e.message, ...e.fields.map((f) => `${f.name}: ${f.message}`)]);
    } finally {
      setBusy("");
    }
  }
  const check = () => act("check", async () => setChecked(await callBound<Checked>("routingrules", id, "rpt_CheckRouting")));
  const draft = () => act("draft", async () => {
    const made = await callBound<{ RoutingRuleId: string }>("routingrules", id, "rpt_DraftRouting");
    await onChanged();
    await navigate({ to: "/routing/{-$id}", params: { id: made.RoutingRuleId } });
  });
  async function change(body: Row) {
    try {
      await patchRecord(table, id, body);
      setChecked(undefined);
      await onChanged();
    } catch (error) {
      toastFailure(error);
    }
  }
  async function activate() {
    await callBound("routingrules", id, "rpt_ActivateRouting", { AcceptWarnings: true });
    toast(t("routing.activated"));
    await onChanged();
  }
  async function back() {
    await callBound("routingrules", id, "rpt_RollBackRouting");
    toast(t("routing.rolledBack"));
    await onChanged();
  }
  async function off() {
    await callBound("routingrules", id, "rpt_DeactivateRouting");
    await onChanged();
  }

  return (
    <div className={classes.inner} style={{ maxWidth: 1240 }}>
      <div className="row" style={{ flexWrap: "wrap" }}>
        <h2 style={{ flex: "1 1 260px" }}>{String(row.name)} <span className="faint">{t("routing.versionOf", { number: String(row.rpt_version ?? ""), table: String(row.rpt_table ?? "") })}</span></h2>
        <span className={classes.pill} data-tone={state === "active" ? "good" : state === "draft" ? "warn" : undefined}>{t(`routing.state.${state}`)}</span>
        <Button variant="default" leftSection={<Icon name="check" size={15} />} loading={busy === "check"} onClick={() => void check()}>{t("routing.check")}</Button>
        {table.privileges.create && <Button variant="default" loading={busy === "draft"} onClick={() => void draft()}>{t("routing.draft")}</Button>}
        {writable && state === "active" && <Button variant="default" onClick={() => setAsking("back")}>{t("routing.rollBack")}</Button>}
        {writable && state === "active" && <Button variant="default" onClick={() => setAsking("off")}>{t("routing.deactivate")}</Button>}
        {writable && state !== "active" && <Button onClick={() => setAsking("activate")}>{t("routing.activate")}</Button>}
      </div>
      {row.rpt_activatedon ? <p className="faint">{t("routing.activatedOn", { when: formatAgo(String(row.rpt_activatedon)) })}</p> : null}
      {failure && <Alert data-tone="bad" role="alert"><ul>{failure.map((f, i) => <li key={i}>{f}</li>)}</ul></Alert>}
      {checked && <Check result={checked} />}
      <section className={classes.card} aria-labelledby="routing-settings">
        <h2 id="routing-settings">{t("routing.settings")}</h2>
        <div className={classes.fields}>
          <Select label={t("routing.field.rpt_allocation")} disabled={!editable} allowDeselect={false} value={String(row.rpt_allocation ?? 1)} data={["0", "1", "2"].map((v) => ({ value: v, label: t(`routing.allocation.${v}`) }))}
            onChange={(v) => void change({ rpt_allocation: Number(v) })} />
          <Select label={t("routing.field.fallback")} description={t("routing.fallbackHint")} disabled={!editable} searchable clearable value={row._rpt_fallbackqueueid_value ? String(row._rpt_fallbackqueueid_value) : null} data={queues}
            onChange={(v) => void change(v ? { "rpt_fallbackqueueid@odata.bind": `/queues(${v})` } : { rpt_fallbackqueueid: null })} />
          <Select label={t("routing.field.oncreate")} disabled={!editable} allowDeselect={false} value={row.rpt_oncreate ? "1" : "0"} data={[{ value: "0", label: t("routing.byFlow") }, { value: "1", label: t("routing.onCreate") }]}
            onChange={(v) => void change({ rpt_oncreate: v === "1" })} />
        </div>
      </section>
      <RuleTable table={rules} set={id} editable={editable} queues={queues} teams={teams} onChanged={() => setChecked(undefined)} />
      <Rehearsal set={id} table={String(row.rpt_table)} />
      {asking === "activate" && (
        <ConfirmDialog title={t("routing.activateTitle")} confirm={t("routing.activate")} run={activate} onClose={() => { setAsking(undefined); void client.invalidateQueries({ queryKey: ["routing"] }); }}>{t("routing.activateText")}</ConfirmDialog>
      )}
      {asking === "back" && <ConfirmDialog title={t("routing.backTitle")} confirm={t("routing.rollBack")} run={back} onClose={() => setAsking(undefined)}>{t("routing.backText")}</ConfirmDialog>}
      {asking === "off" && <ConfirmDialog title={t("routing.offTitle")} confirm={t("routing.deactivate")} run={off} onClose={() => setAsking(undefined)}>{t("routing.offText")}</ConfirmDialog>}
    </div>
  );
}
