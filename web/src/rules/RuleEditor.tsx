import { Alert, Button, Select, Switch, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { createRecord, patchRecord } from "@/api/records";
import { columnOf, etagOf } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { Timeline } from "@/timeline/Timeline";
import { Icon } from "@/ui/icons";
import { toast, toastFailure, toastUndo } from "@/ui/toast";
import { ConditionEditor, useConditionCheck } from "./ConditionEditor";
import { type Draft, isChanged, rowOf } from "./draft";
import { Rehearsal } from "./Rehearsal";
import classes from "./Rules.module.css";
import { SetValues } from "./SetValues";

interface Props {
  table: Table;
  lead?: Table;
  /** Absent while the rule is new. */
  row?: Row;
  rows: Row[];
  draft: Draft;
  onDraft: (draft: Draft) => void;
  onForget: () => void;
  onSaved: (id: string | undefined) => void;
  onRefresh: () => Promise<void>;
}

/** One rule: when it applies, what it does, and how it would have done in the past. */
export function RuleEditor({ table, lead, row, rows, draft, onDraft, onForget, onSaved, onRefresh }: Props) {
  const { t } = useTranslation();
  const id = row ? String(row.rpt_ruleid) : undefined;
  const check = useConditionCheck(draft.condition);
  const changed = isChanged(draft, row);
  const active = row !== undefined && (row.statecode === 0 || row.statecode === undefined);
  const put = (part: Partial<Draft>) => onDraft({ ...draft, ...part });
  const writable = row ? table.privileges.write : table.privileges.create;

  const save = useMutation({
    mutationFn: async () => {
      if (!id || !row) return createRecord(table.entityset, table.primaryid, rowOf(draft, lead?.columns ?? []));
      await patchRecord(table, id, rowOf(draft, lead?.columns ?? []), etagOf(row));
      return id;
    },
    onSuccess: (made) => { toast(t("rules.saved")); onSaved(made); },
    // Somebody was faster: their version is read, the text here stays, and saving again is a choice.
    onError: (error) => { if (asApiError(error).kind === "conflict") void onRefresh(); },
  });
  const failure = save.isError ? asApiError(save.error) : undefined;
  const problem = (name: string) => failure?.fields.find((f) => f.name === name)?.message;

  async function setActive(on: boolean) {
    if (!id) return;
    try {
      await patchRecord(table, id, { statecode: on ? 0 : 1 });
      const label = t(on ? "rules.activated" : "rules.deactivated", { name: draft.name });
      toastUndo(label, { label, run: async () => { await patchRecord(table, id, { statecode: on ? 1 : 0 }); await onRefresh(); } });
      await onRefresh();
    } catch (error) {
      toastFailure(error);
    }
  }

  const actions = (lead && columnOf(lead, "rpt_nextaction")?.options) ?? columnOf(table, "rpt_nextaction")?.options ?? [];
  const complete = draft.name.trim() !== "" && draft.condition.trim() !== "" && check.state !== "bad";

  return (
    <form className={classes.form} onSubmit={(e) => { e.preventDefault(); if (complete) save.mutate(); }}
      onKeyDown={(e) => { if ((e.ctrlKey || e.metaKey) && e.key === "s") { e.preventDefault(); if (complete && changed) save.mutate(); } }}>
      <div className={classes.formHead}>
        <Link to="/rules/{-$id}" params={{}} className={classes.back}><Icon name="arrowLeft" size={16} />{t("rules.back")}</Link>
        <h2 className="clip">{row ? String(row.rpt_name ?? "") : t("rules.newTitle")}</h2>
        {row && <span className="faint">{t("rules.version", { number: String(row.rpt_version ?? 1) })}</span>}
        {row && <Switch checked={active} disabled={!writable} label={t(active ? "rules.on" : "rules.off")} onChange={(e) => void setActive(e.currentTarget.checked)} />}
        {changed && row && <Button variant="subtle" color="gray" onClick={onForget}>{t("rules.revert")}</Button>}
        <Button type="submit" loading={save.isPending} disabled={!changed || !complete || !writable}>{t("common.save")}</Button>
      </div>

      {failure && (
        <Alert data-tone={failure.kind === "conflict" ? "warn" : "bad"} role="alert" icon={<Icon name="warning" />}>
          {failure.kind === "conflict" ? t("rules.conflict") : failure.kind === "network" ? t("failure.network") : failure.message}
        </Alert>
      )}
      <div className={classes.pair}>
        <TextInput label={t("rules.name")} value={draft.name} required withAsterisk={false} error={problem("rpt_name")} readOnly={!writable} onChange={(e) => put({ name: e.currentTarget.value })} />
        <TextInput label={t("rules.points")} value={draft.points} inputMode="numeric" readOnly={!writable}
          error={/^-?\d*$/.test(draft.points.trim()) ? problem("rpt_points") : t("field.whole")} onChange={(e) => put({ points: e.currentTarget.value })} />
        <TextInput label={t("rules.order")} value={draft.order} inputMode="numeric" readOnly={!writable}
          error={/^-?\d*$/.test(draft.order.trim()) ? problem("rpt_order") : t("field.whole")} onChange={(e) => put({ order: e.currentTarget.value })} />
      </div>
      <ConditionEditor value={draft.condition} check={check} lead={lead} readOnly={!writable} onChange={(condition) => put({ condition })} />
      <div className={classes.two}>
        <Select label={t("rules.next")} description={t("rules.nextHint")} data={actions.map((o) => ({ value: String(o.value), label: o.label }))} clearable disabled={!writable}
          value={draft.nextaction === null ? null : String(draft.nextaction)} placeholder={t("rules.unchanged")} onChange={(v) => put({ nextaction: v === null ? null : Number(v) })} />
        <TextInput label={t("rules.category")} description={t("rules.categoryHint")} value={draft.category} readOnly={!writable} onChange={(e) => put({ category: e.currentTarget.value })} />
      </div>
      <SetValues lead={lead} values={draft.setvalues} readOnly={!writable} onChange={(setvalues) => put({ setvalues })} />
      <Textarea label={t("rules.reason")} description={t("rules.reasonHint")} autosize minRows={1} maxRows={4} value={draft.reason} readOnly={!writable} onChange={(e) => put({ reason: e.currentTarget.value })} />

      <Rehearsal rows={rows} id={id} draft={draft} lead={lead} disabled={!complete} />
      {id && <div className={classes.history}><Timeline table={table.logicalname} id={id} title={t("rules.history")} /></div>}
    </form>
  );
}
