import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError, type FieldError } from "@/api/errors";
import { entitySets } from "@/api/metadata";
import { createRecord } from "@/api/records";
import { columnOf, payload } from "@/api/rows";
import { useSession } from "@/api/session";
import type { Column, Reference, Table } from "@/api/types";
import type { FormState } from "@/businessrules/rules";
import { useNewRules } from "@/businessrules/useNewRules";
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

function enterable(column: Column): boolean {
  return !column.readonly && !filledIn.has(column.name) && !["id", "file", "image"].includes(column.type);
}

function asked(column: Column | undefined): column is Column {
  return column !== undefined && enterable(column) && (!column.later || column.required === true);
}

/** What is asked of a new record: the whole form, or in short its key fields, its first section and what is required. */
export function newSections(table: Table, short: boolean): NewSection[] {
  const form = formOf(table);
  const all = form.tabs.flatMap((tab) => tab.sections).map((s) => ({ label: s.label, columns: s.columns.map((n) => columnOf(table, n)).filter(asked) })).filter((s) => s.columns.length > 0);
  const sections = short ? all.slice(0, 1).map((s) => ({ label: "", columns: s.columns.filter((c) => c.type !== "memo" && c.type !== "json").slice(0, SHORT) })) : all;
  const missing = table.columns.filter((c) => (c.required || c.name === table.primaryname) && asked(c) && !sections.some((s) => s.columns.includes(c)));
  if (missing.length > 0) sections.push({ label: "", columns: missing });
  return sections;
}

const SHORT = 7;

/** The sections as the rules have them: without what is hidden, with what is required. */
function ruledSections(table: Table, sections: NewSection[], state: FormState): NewSection[] {
  const out = sections.map((s) => ({ ...s, columns: s.columns.filter((c) => !state.hidden.has(c.name)) })).filter((s) => s.columns.length > 0);
  const there = new Set(out.flatMap((s) => s.columns.map((c) => c.name)));
  const more = table.columns.filter((c) => state.required.has(c.name) && !state.hidden.has(c.name) && enterable(c) && !there.has(c.name));
  return more.length > 0 ? [...out, { label: "", columns: more }] : out;
}

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
  const [blank, setBlank] = useState(false);
  /** Records like the one that was to be made: the next attempt makes it all the same, unless something is changed before. */
  const [alike, setAlike] = useState<FieldError[]>();
  const entered = useMemo(() => {
    const values: Record<string, unknown> = {};
    for (const column of table.columns) {
      const draft = drafts[column.name] ?? null;
      if (draft === null) continue;
      values[column.name] = isTyped(column) ? fromInput(column, String(draft), t).value ?? null : draft;
    }
    return values;
  }, [table, drafts, t]);
  const { state, own } = useNewRules(table, entered);
  const sections = useMemo(() => ruledSections(table, newSections(table, short), state), [table, short, state]);
  const needed = (column: Column) => column.required === true || state.required.has(column.name);
  /** Whether a rule will put a value in. */
  const filled = (column: Column) => (state.values[column.name] ?? null) !== null;

  const create = useMutation({
    mutationFn: async ({ values, anyway }: { values: Record<string, unknown>; anyway: boolean }) => {
      const made = await createRecord(table.entityset, table.primaryid, payload(table, values, entitySets(client)), !anyway);
      const name = values[table.primaryname] ?? [values.firstname, values.lastname].filter(Boolean).join(" ");
      return { id: made, table: table.logicalname, name: String(name ?? "") };
    },
    onSuccess: (made) => {
      touched.current = false;
      toast(t("record.created", { what: table.label }));
      void client.invalidateQueries({ queryKey: ["rows", table.logicalname] });
      onMade(made);
    },
    onError: (error) => {
      const { code, fields } = asApiError(error);
      if (code === "duplicate.found") setAlike(fields);
      else setProblems(Object.fromEntries(fields.map((f) => [f.name, f.message])));
    },
  });

  function submit() {
    if (create.isPending) return;
    const values: Record<string, unknown> = { ...preset };
    const wrong: Record<string, string> = {};
    for (const column of sections.flatMap((s) => s.columns)) {
      const draft = drafts[column.name];
      if (!isTyped(column)) {
        if (draft !== undefined && draft !== null) values[column.name] = draft;
        else if (needed(column) && !filled(column)) wrong[column.name] = t("field.required");
        continue;
      }
      const parsed = fromInput(column, String(draft ?? ""), t);
      if (parsed.problem !== undefined) wrong[column.name] = parsed.problem;
      else if (parsed.value !== null) values[column.name] = parsed.value;
      else if (needed(column) && !filled(column)) wrong[column.name] = t("field.required");
    }
    Object.assign(values, own);
    Object.assign(wrong, state.errors);
    setProblems(wrong);
    const first = Object.keys(wrong)[0];
    // A slip of the hand makes no record of nothing.
    setBlank(!first && !touched.current && preset === undefined);
    if (!first && !touched.current && preset === undefined) return;
    if (first) document.getElementById(`${id}-${first}`)?.focus();
    else create.mutate({ values, anyway: alike !== undefined });
  }

  const failure = create.isError && !alike ? asApiError(create.error) : undefined;
  return {
    id, sections, drafts, submit, touched, needed, alike,
    /** What is wrong with the fields: what the last attempt found, and what rules say of what has been entered. */
    problems: { ...problems, ...Object.fromEntries(Object.entries(state.errors).filter(([name]) => (drafts[name] ?? null) !== null)) },
    locked: (column: Column) => state.locked.has(column.name),
    busy: create.isPending,
    failure: blank ? t("record.blank") : failure && (failure.kind === "network" ? t("failure.network") : failure.message),
    draft: (name: string, value: unknown) => { touched.current = true; setBlank(false); setAlike(undefined); if (alike) create.reset(); setDrafts((old) => ({ ...old, [name]: value })); },
  };
}

export type NewForm = ReturnType<typeof useNewForm>;
