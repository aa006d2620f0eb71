import { Alert, Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useBlocker, useNavigate, useParams } from "@tanstack/react-router";
import { useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { entitySets, useTableMeta } from "@/api/metadata";
import { createRecord } from "@/api/records";
import { columnOf, payload } from "@/api/rows";
import type { Column, Reference, Table } from "@/api/types";
import { useSession } from "@/api/session";
import { listPath, recordPath } from "@/lib/paths";
import { FieldEditor, isTyped } from "@/record/editors/FieldEditor";
import { fromInput } from "@/record/fieldValue";
import { formOf } from "@/record/RecordForm";
import { Failure } from "@/ui/Calm";
import { PageBar } from "@/ui/PageBar";
import { toast } from "@/ui/toast";
import classes from "./NewRecord.module.css";

/** Makes a record of any table by its form. */
export function NewRecord() {
  const { table: logical = "" } = useParams({ strict: false });
  const meta = useTableMeta(logical);
  if (meta.isError) return <Failure error={meta.error} onRetry={() => void meta.refetch()} />;
  if (!meta.data) return null;
  return <Blank key={logical} table={meta.data} />;
}

/** What the server fills in itself is not asked for. */
const filledIn = new Set(["statecode", "statuscode", "createdon", "modifiedon", "createdby", "modifiedby", "versionnumber", "fullname"]);

function Blank({ table }: { table: Table }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { session } = useSession();
  const id = useId();
  const owner: Reference | null = session ? { id: session.user.systemuserid, table: "systemuser", name: session.user.fullname } : null;
  const [drafts, setDrafts] = useState<Record<string, unknown>>(() => (columnOf(table, "ownerid") && owner ? { ownerid: owner } : {}));
  const [problems, setProblems] = useState<Record<string, string>>({});
  const touched = useRef(false);
  useBlocker({ shouldBlockFn: () => touched.current && !confirm(t("record.leave")), enableBeforeUnload: () => touched.current });

  const asked = (column: Column | undefined): column is Column =>
    column !== undefined && !column.readonly && !filledIn.has(column.name) && column.type !== "json" && column.type !== "id";
  const sections = formOf(table).tabs.flatMap((tab) => tab.sections).map((s) => ({ label: s.label, columns: s.columns.map((n) => columnOf(table, n)).filter(asked) })).filter((s) => s.columns.length > 0);
  const required = table.columns.filter((c) => c.required && asked(c) && !sections.some((s) => s.columns.includes(c)));
  if (required.length > 0) sections.push({ label: "", columns: required });

  const create = useMutation({
    mutationFn: (values: Record<string, unknown>) => createRecord(table.entityset, table.primaryid, payload(table, values, entitySets(client))),
    onSuccess: (made) => {
      touched.current = false;
      toast(t("record.created", { what: table.label }));
      void client.invalidateQueries({ queryKey: ["rows", table.logicalname] });
      void navigate({ to: made ? recordPath(table.logicalname, made) : listPath(table.logicalname), replace: true });
    },
    onError: (error) => setProblems(Object.fromEntries(asApiError(error).fields.map((f) => [f.name, f.message]))),
  });

  function submit() {
    const values: Record<string, unknown> = {};
    const wrong: Record<string, string> = {};
    for (const column of sections.flatMap((s) => s.columns)) {
      const draft = drafts[column.name];
      if (!isTyped(column)) {
        if (draft !== undefined && draft !== null) values[column.name] = draft;
        else if (column.required) wrong[column.name] = t("field.required");
        continue;
      }
      const parsed = fromInput(column, String(draft ?? ""), t);
      if (parsed.problem !== undefined) wrong[column.name] = parsed.problem;
      else if (parsed.value !== null) values[column.name] = parsed.value;
    }
    setProblems(wrong);
    const first = Object.keys(wrong)[0];
    if (first) document.getElementById(`${id}-${first}`)?.focus();
    else create.mutate(values);
  }

  const failure = create.isError ? asApiError(create.error) : undefined;
  return (
    <form className={classes.form} onSubmit={(e) => { e.preventDefault(); submit(); }} noValidate
      onKeyDown={(e) => { if ((e.ctrlKey || e.metaKey) && (e.key === "s" || e.key === "Enter")) { e.preventDefault(); submit(); } }}>
      <PageBar title={<h1>{t("record.newTitle", { what: table.label })}</h1>}
        actions={
          <>
            <Button variant="default" type="button" onClick={() => void navigate({ to: listPath(table.logicalname) })}>{t("common.cancel")}</Button>
            <Button type="submit" loading={create.isPending}>{t("common.create")}</Button>
          </>
        } />
      <div className={classes.body}>
        {failure && <Alert data-tone="bad" role="alert" mb="md">{failure.kind === "network" ? t("failure.network") : failure.message}</Alert>}
        {sections.map((section, i) => (
          <section key={i} className={classes.section}>
            {section.label && <h2>{section.label}</h2>}
            <div className={classes.fields}>
              {section.columns.map((column, n) => (
                <div key={column.name} className={classes.field} data-wide={column.type === "memo" || undefined}>
                  <label htmlFor={`${id}-${column.name}`}>{column.label}{column.required && <span className={classes.required} aria-hidden="true"> *</span>}</label>
                  <FieldEditor id={`${id}-${column.name}`} column={column} draft={drafts[column.name] ?? null} error={problems[column.name]}
                    autoFocus={i === 0 && n === 0 && isTyped(column)} onDraft={(draft) => { touched.current = true; setDrafts((old) => ({ ...old, [column.name]: draft })); }} />
                </div>
              ))}
            </div>
          </section>
        ))}
      </div>
    </form>
  );
}
