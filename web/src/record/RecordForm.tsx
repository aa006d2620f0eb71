import { Tabs } from "@mantine/core";
import { Fragment, lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { columnOf, idOf, nameOf } from "@/api/rows";
import type { Column, Form, Row, Table } from "@/api/types";
import type { FormState } from "@/businessrules/rules";
import { useFormRules } from "@/businessrules/useFormRules";
import { Field } from "./Field";
import classes from "./RecordForm.module.css";
import type { RecordHandle } from "./useRecord";

/** Tables without a form get one of all their columns. */
export function formOf(table: Table): Form {
  const form = table.forms[0];
  if (form && form.tabs.length > 0) return form;
  return { name: "", header: form?.header ?? [], tabs: [{ label: table.label, sections: [{ label: "", columns: table.columns.filter((c) => c.type !== "id").map((c) => c.name) }] }] };
}

/** A column as the business rules have it: locked, asked for, or as it was. */
function ruled(column: Column, state: FormState): Column {
  if (!state.locked.has(column.name) && !state.required.has(column.name)) return column;
  return { ...column, readonly: column.readonly || state.locked.has(column.name), required: column.required || state.required.has(column.name) };
}

function Sections({ table, form, tab, row, handle, state }: { table: Table; form: Form; tab: number; row: Row; handle: RecordHandle; state: FormState }) {
  return (
    <div className={classes.sections}>
      {form.tabs[tab]?.sections.map((section, i) => (
        <section key={i} className={classes.section}>
          {section.label && <h2 className={classes.heading}>{section.label}</h2>}
          {section.columns.map((name) => {
            const column = columnOf(table, name);
            if (!column || state.hidden.has(name)) return null;
            return (
              <Fragment key={name}>
                <Field table={table} column={ruled(column, state)} row={row} handle={handle} />
                {state.errors[name] && <p className={classes.complaint} role="alert">{state.errors[name]}</p>}
              </Fragment>
            );
          })}
        </section>
      ))}
    </div>
  );
}

const Related = lazy(() => import("@/related/Related"));

/** The record's form: tabs, sections and fields as the metadata has them, and what belongs to the record. */
export function RecordForm({ table, row, handle: plain }: { table: Table; row: Row; handle: RecordHandle }) {
  const { t } = useTranslation();
  const [tab, setTab] = useState<string | null>("0");
  const form = formOf(table);
  const { state, handle } = useFormRules(table, row, plain);
  if (form.tabs.length === 1 && table.related.length === 0) return <Sections table={table} form={form} tab={0} row={row} handle={handle} state={state} />;
  return (
    <Tabs value={tab} onChange={setTab} keepMounted={false} classNames={{ list: classes.tabs, tab: classes.tab }}>
      <Tabs.List>
        {form.tabs.map((tab, i) => <Tabs.Tab key={i} value={String(i)}>{tab.label}</Tabs.Tab>)}
        {table.related.length > 0 && <Tabs.Tab value="related">{t("record.related")}</Tabs.Tab>}
      </Tabs.List>
      {form.tabs.map((_, i) => (
        <Tabs.Panel key={i} value={String(i)}><Sections table={table} form={form} tab={i} row={row} handle={handle} state={state} /></Tabs.Panel>
      ))}
      <Tabs.Panel value="related">
        <Suspense fallback={null}><Related table={table} id={idOf(table, row)} name={nameOf(table, row)} /></Suspense>
      </Tabs.Panel>
    </Tabs>
  );
}
