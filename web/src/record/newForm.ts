import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { entitySets } from "@/api/metadata";
import { createRecord } from "@/api/records";
import { columnOf, payload } from "@/api/rows";
import { useSession } from "@/api/session";
import type { Column, Reference, Table } from "@/api/types";
import { toast } from "@/ui/toast";
import { isTyped } from "./editors/FieldEditor";
import { fromInput } from "./fieldValue";
import { formOf } from "./RecordForm";

/** What the server fills in itself is not asked for. */
const filledIn = new Set(["statecode", "statuscode", "createdon", "modifiedon", "createdby", "modifiedby", "versionnumber", "fullname"]);

export interface NewSection {
  label: string;
  columns: Column[];
}

function asked(column: Column | undefined): column is Column {
  return column !== undefined && !column.readonly && !filledIn.has(column.name) && !["json", "id", "file", "image"].includes(column.type);
}

/** What is asked of a new record: the whole form, or in short its key fields, its first section and what is required. */
export function newSections(table: Table, short: boolean): NewSection[] {
  const form = formOf(table);
  const all = form.tabs.flatMap((tab) => tab.sections).map((s) => ({ label: s.label, columns: s.columns.map((n) => columnOf(table, n)).filter(asked) })).filter((s) => s.columns.length > 0);
  const sections = short ? all.slice(0, 1).map((s) => ({ label: "", columns: s.columns.filter((c) => c.type !== "memo").slice(0, SHORT) })) : all;
  const missing = table.columns.filter((c) => (c.required || c.name === table.primaryname) && asked(c) && !sections.some((s) => s.columns.includes(c)));
  if (missing.length > 0) sections.push({ label: "", columns: missing });
  return sections;
}

const SHORT = 7;

/** The drafts of a record that is being made, their check, and its making. */
export function useNewForm(table: Table, { short, preset, onMade }: { short: boolean; preset?: Record<string, unknown>; onMade: (made: Reference) => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { session } = useSession();
  const id = useId();
  const owner: Reference | null = session ? { id: session.user.systemuserid, table: "systemuser", name: session.user.fullname } : null;
  const [drafts, setDrafts] = useState<Record<string, unknown>>(() => ({ ...(columnOf(table, "ownerid") && owner ? { ownerid: owner } : {}), ...preset }));
  const [problems, setProblems] = useState<Record<string, string>>({});
  const touched = useRef(false);
  const sections = newSections(table, short);

  const create = useMutation({
    mutationFn: async (values: Record<string, unknown>) => {
      const made = await createRecord(table.entityset, table.primaryid, payload(table, values, entitySets(client)));
      const name = values[table.primaryname] ?? [values.firstname, values.lastname].filter(Boolean).join(" ");
      return { id: made, table: table.logicalname, name: String(name ?? "") };
    },
    onSuccess: (made) => {
      touched.current = false;
      toast(t("record.created", { what: table.label }));
      void client.invalidateQueries({ queryKey: ["rows", table.logicalname] });
      onMade(made);
    },
    onError: (error) => setProblems(Object.fromEntries(asApiError(error).fields.map((f) => [f.name, f.message]))),
  });

  function submit() {
    if (create.isPending) return;
    const values: Record<string, unknown> = { ...preset };
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
  return {
    id, sections, drafts, problems, submit, touched,
    busy: create.isPending,
    failure: failure && (failure.kind === "network" ? t("failure.network") : failure.message),
    draft: (name: string, value: unknown) => { touched.current = true; setDrafts((old) => ({ ...old, [name]: value })); },
  };
}

export type NewForm = ReturnType<typeof useNewForm>;
