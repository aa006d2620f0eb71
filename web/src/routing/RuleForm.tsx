import { Alert, Button, Modal, Select, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { createRecord, patchRecord } from "@/api/records";
import type { Row, Table } from "@/api/types";
import { blankRule, ruleBody, ruleDraftOf } from "./types";

export interface Choice {
  value: string;
  label: string;
}

/** One rule of a draft: which records, where to, and who may get them. */
export function RuleForm({ table, set, row, queues, teams, onClose, onSaved }: {
  table: Table; set: string; row?: Row; queues: Choice[]; teams: Choice[]; onClose: () => void; onSaved: () => void;
}) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(row ? ruleDraftOf(row) : blankRule);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ReturnType<typeof asApiError>>();
  const put = (part: Partial<typeof draft>) => setDraft((old) => ({ ...old, ...part }));
  const problem = (name: string) => failure?.fields.find((f) => f.name === name)?.message;
  const known = ["name", "sequencenumber", "rpt_country", "rpt_city", "rpt_postalcode", "rpt_condition", "rpt_skills"];

  async function save() {
    setBusy(true);
    setFailure(undefined);
    try {
      const body = ruleBody(draft, row);
      if (row) await patchRecord(table, String(row.routingruleitemid), body);
      else await createRecord(table.entityset, table.primaryid, { ...body, "routingruleid@odata.bind": `/routingrules(${set})` });
      onSaved();
      onClose();
    } catch (error) {
      setFailure(asApiError(error));
    } finally {
      setBusy(false);
    }
  }

  const text = (name: "name" | "sequencenumber" | "rpt_country" | "rpt_skills", hint?: string) => (
    <TextInput label={t(`routing.field.${name}`)} description={hint} value={draft[name]} error={problem(name)} onChange={(e) => put({ [name]: e.currentTarget.value })} />
  );
  const area = (name: "rpt_postalcode" | "rpt_city" | "rpt_condition", hint: string) => (
    <Textarea label={t(`routing.field.${name}`)} description={hint} autosize minRows={1} maxRows={8} spellCheck={false} value={draft[name]} error={problem(name)} onChange={(e) => put({ [name]: e.currentTarget.value })} />
  );
  return (
    <Modal opened onClose={onClose} size="lg" title={row ? t("routing.editRule") : t("routing.newRule")} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); if (draft.name.trim()) void save(); }}>
        {failure && <Alert data-tone="bad" role="alert">{[failure.message, ...failure.fields.filter((f) => !known.includes(f.name)).map((f) => f.message)].join(" · ")}</Alert>}
        {text("name")}
        {text("sequencenumber", t("routing.sequenceHint"))}
        {area("rpt_postalcode", t("routing.postalHint"))}
        {area("rpt_city", t("routing.listHint"))}
        {text("rpt_country", t("routing.countryHint"))}
        {area("rpt_condition", t("routing.conditionHint"))}
        <Select label={t("routing.field.queue")} data={queues} value={draft.queue || null} searchable clearable onChange={(v) => put({ queue: v ?? "" })} />
        <Select label={t("routing.field.team")} description={t("routing.teamHint")} data={teams} value={teams.some((x) => x.value === draft.team) ? draft.team : null} searchable clearable onChange={(v) => put({ team: v ?? "" })} />
        {text("rpt_skills", t("routing.skillsHint"))}
        <Select label={t("routing.field.rpt_allocation")} clearable placeholder={t("routing.asSet")} value={draft.rpt_allocation || null} onChange={(v) => put({ rpt_allocation: v ?? "" })}
          data={["0", "1", "2"].map((v) => ({ value: v, label: t(`routing.allocation.${v}`) }))} />
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" loading={busy} disabled={!draft.name.trim()}>{t("common.save")}</Button>
        </div>
      </form>
    </Modal>
  );
}
