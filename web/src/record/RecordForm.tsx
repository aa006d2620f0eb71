import { Tabs } from "@mantine/core";
import { columnOf } from "@/api/rows";
import type { Form, Row, Table } from "@/api/types";
import { Field } from "./Field";
import classes from "./RecordForm.module.css";
import type { RecordHandle } from "./useRecord";

/** Tables without a form get one of all their columns. */
export function formOf(table: Table): Form {
  const form = table.forms[0];
  if (form && form.tabs.length > 0) return form;
  return { name: "", header: form?.header ?? [], tabs: [{ label: table.label, sections: [{ label: "", columns: table.columns.filter((c) => c.type !== "id").map((c) => c.name) }] }] };
}

function Sections({ table, form, tab, row, handle }: { table: Table; form: Form; tab: number; row: Row; handle: RecordHandle }) {
  return (
    <div className={classes.sections}>
      {form.tabs[tab]?.sections.map((section, i) => (
        <section key={i} className={classes.section}>
          {section.label && <h2 className={classes.heading}>{section.label}</h2>}
          {section.columns.map((name) => {
            const column = columnOf(table, name);
            return column && <Field key={name} table={table} column={column} row={row} handle={handle} />;
          })}
        </section>
      ))}
    </div>
  );
}

/** The record's form: tabs, sections and fields as the metadata has them. */
export function RecordForm({ table, row, handle }: { table: Table; row: Row; handle: RecordHandle }) {
  const form = formOf(table);
  if (form.tabs.length === 1) return <Sections table={table} form={form} tab={0} row={row} handle={handle} />;
  return (
    <Tabs defaultValue="0" keepMounted={false} classNames={{ list: classes.tabs, tab: classes.tab }}>
      <Tabs.List>
        {form.tabs.map((tab, i) => <Tabs.Tab key={i} value={String(i)}>{tab.label}</Tabs.Tab>)}
      </Tabs.List>
      {form.tabs.map((_, i) => (
        <Tabs.Panel key={i} value={String(i)}><Sections table={table} form={form} tab={i} row={row} handle={handle} /></Tabs.Panel>
      ))}
    </Tabs>
  );
}
