import { Alert, Button, Checkbox, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link, useBlocker } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { callBound, patchRecord } from "@/api/records";
import { etagOf } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { Icon } from "@/ui/icons";
import { toast, toastFailure } from "@/ui/toast";
import { type Definition, type DecisionTable, definitionOf, useExamination } from "./api";
import classes from "./decision.module.css";
import { Findings } from "./Findings";
import { FormulaRows, InputRows } from "./Inputs";
import { Rehearsal } from "./Rehearsal";
import { TableEditor } from "./TableEditor";

const DRAFT = 1;
const local = (v: unknown) => (typeof v === "string" ? v.slice(0, 16) : "");
const instant = (v: string) => (v ? `${v}:00Z` : null);

interface Props {
  meta: Table;
  set: Row;
  version: Row;
  onRefresh: () => Promise<unknown>;
  onOpen: (id: string) => void;
}

/** One version of a decision set: a draft is written, examined, rehearsed and activated here. */
export function VersionEditor({ meta, set, version, onRefresh, onOpen }: Props) {
  const { t } = useTranslation();
  const id = String(version.rpt_decisionversionid);
  const kept = definitionOf(version);
  const [definition, setDefinition] = useState<Definition>(kept);
  const [from, setFrom] = useState(local(version.rpt_validfrom));
  const [to, setTo] = useState(local(version.rpt_validto));
  const [accept, setAccept] = useState(false);
  const draft = version.rpt_status === DRAFT && meta.privileges.write;
  const changed = JSON.stringify(definition) !== JSON.stringify(kept) || from !== local(version.rpt_validfrom) || to !== local(version.rpt_validto);
  const found = useExamination(String(set.rpt_table ?? ""), definition);
  const warned = found.findings.some((f) => f.severity === "warning");
  const refused = found.findings.some((f) => f.severity === "error");
  useBlocker({ shouldBlockFn: () => changed && !confirm(t("record.leave")), enableBeforeUnload: () => changed });

  const save = useMutation({
    mutationFn: () => patchRecord(meta, id, { rpt_definition: JSON.stringify(definition), rpt_validfrom: instant(from), rpt_validto: instant(to) }, etagOf(version)),
    onSuccess: async () => { await onRefresh(); toast(t("decision.saved")); },
  });
  async function run(action: () => Promise<unknown>, done: string) {
    try {
      await action();
      await onRefresh();
      toast(done);
    } catch (error) {
      toastFailure(error);
    }
  }
  const activate = () => run(() => callBound("rpt_decisionversions", id, "rpt_ActivateDecision", { AcceptWarnings: accept }), t("decision.activated"));
  const rollBack = () => run(() => callBound("rpt_decisions", String(set.rpt_decisionid), "rpt_RollBackDecision"), t("decision.rolledBack"));
  async function copy() {
    try {
      const made = await callBound<{ VersionId: string }>("rpt_decisionversions", id, "rpt_CopyDecisionVersion");
      await onRefresh();
      onOpen(made.VersionId);
    } catch (error) {
      toastFailure(error);
    }
  }
  const put = (part: Partial<Definition>) => setDefinition({ ...definition, ...part });
  const putTable = (at: number, next?: DecisionTable) => put({ tables: definition.tables.flatMap((x, i) => (i === at ? (next ? [next] : []) : [x])) });
  const failure = save.isError ? asApiError(save.error) : undefined;

  return (
    <div className={classes.form}>
      <div className={classes.formHead}>
        <Link to="/decisions/{-$id}" params={{}} className={classes.back}><Icon name="arrowLeft" size={16} />{t("decision.title")}</Link>
        <h2 className="clip">{String(version.rpt_name ?? "")}</h2>
        {draft && <Button loading={save.isPending} disabled={!changed} onClick={() => save.mutate()}>{t("common.save")}</Button>}
        {meta.privileges.create && <Button variant="default" onClick={() => void copy()}>{t("decision.copy")}</Button>}
        {draft && <Button variant="default" disabled={changed || !found.valid || refused || (warned && !accept)} onClick={() => void activate()}>{t("decision.activate")}</Button>}
        {version.rpt_status === 2 && meta.privileges.write && <Button variant="subtle" color="gray" onClick={() => void rollBack()}>{t("decision.rollBack")}</Button>}
      </div>
      {failure && <Alert data-tone="bad" role="alert" icon={<Icon name="warning" />}>{failure.message}</Alert>}
      {!draft && <p className="dim">{t("decision.fixed")}</p>}
      <div className={classes.two}>
        <TextInput type="datetime-local" label={t("decision.from")} description={t("decision.utc")} value={from} readOnly={!draft} onChange={(e) => setFrom(e.currentTarget.value)} />
        <TextInput type="datetime-local" label={t("decision.to")} description={t("decision.utc")} value={to} readOnly={!draft} onChange={(e) => setTo(e.currentTarget.value)} />
      </div>
      <Findings found={found} />
      {draft && warned && <Checkbox checked={accept} label={t("decision.accept")} onChange={(e) => setAccept(e.currentTarget.checked)} />}
      <InputRows inputs={definition.inputs} readOnly={!draft} onChange={(inputs) => put({ inputs })} />
      <FormulaRows formulas={definition.formulas ?? []} readOnly={!draft} onChange={(formulas) => put({ formulas })} />
      {definition.tables.map((table, i) => (
        <TableEditor key={i} about={String(set.rpt_table ?? "")} table={table} definition={definition} findings={found.findings.filter((f) => f.table === table.name)} readOnly={!draft} onChange={(next) => putTable(i, next)} onRemove={() => putTable(i)} />
      ))}
      {draft && (
        <Button variant="default" leftSection={<Icon name="plus" size={15} />} style={{ alignSelf: "flex-start" }}
          onClick={() => put({ tables: [...definition.tables, { name: `table_${definition.tables.length + 1}`, inputs: definition.inputs.slice(0, 1).map((x) => x.name), rows: [{ when: ["-"], outcome: "refer" }] }] })}>
          {t("decision.addTable")}
        </Button>
      )}
      <Rehearsal version={id} table={String(set.rpt_table ?? "")} disabled={changed || !found.valid} />
    </div>
  );
}
