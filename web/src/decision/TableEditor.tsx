import { ActionIcon, Button, MultiSelect, NativeSelect, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useTableMeta } from "@/api/metadata";
import { columnOf } from "@/api/rows";
import { Icon } from "@/ui/icons";
import { type Definition, type DecisionTable, type Finding, outcomes } from "./api";
import classes from "./decision.module.css";

/** One decision table: cells as text, an outcome and a reason a row. */
export function TableEditor({ about, table, definition, findings, readOnly, onChange, onRemove }: {
  about: string; table: DecisionTable; definition: Definition; findings: Finding[]; readOnly: boolean; onChange: (table: DecisionTable) => void; onRemove: () => void;
}) {
  const { t } = useTranslation();
  const names = [...definition.inputs.filter((i) => i.kind !== "date"), ...(definition.formulas ?? [])];
  const labelOf = (name: string) => names.find((n) => n.name === name)?.label || name;
  const title = table.label || table.name;
  const meta = useTableMeta(about).data;
  // Cells hold the numbers of options: what they stand for is told below.
  const options = table.inputs.flatMap((name) => {
    const input = definition.inputs.find((i) => i.name === name && i.kind === "choice");
    const list = input?.column && meta ? (columnOf(meta, input.column)?.options ?? []) : [];
    return list.length > 0 ? [`${labelOf(name)}: ${list.map((o) => `${o.value} ${o.label}`).join(", ")}`] : [];
  });
  const put = (part: Partial<DecisionTable>) => onChange({ ...table, ...part });
  const putRow = (at: number, part: Partial<DecisionTable["rows"][number]>) => put({ rows: table.rows.map((r, i) => (i === at ? { ...r, ...part } : r)) });
  const swap = (at: number) => put({ rows: table.rows.map((r, i) => (i === at - 1 ? table.rows[at]! : i === at ? table.rows[at - 1]! : r)) });
  const marked = (row: number) => findings.find((f) => f.severity !== "note" && f.rows?.includes(row + 1));
  function choose(inputs: string[]) {
    // Cells stay with their input.
    put({ inputs, rows: table.rows.map((r) => ({ ...r, when: inputs.map((name) => r.when[table.inputs.indexOf(name)] ?? "-") })) });
  }
  return (
    <section className={classes.section} aria-label={title}>
      <div className={classes.sectionHead}>
        <h3>{title}</h3>
        {!readOnly && <Button size="compact-sm" variant="subtle" color="gray" onClick={onRemove} aria-label={t("decision.removeWhat", { what: title })}>{t("decision.remove")}</Button>}
      </div>
      <div className={classes.four}>
        <TextInput size="xs" label={t("decision.input.name")} value={table.name} readOnly={readOnly} onChange={(e) => put({ name: e.currentTarget.value })} />
        <TextInput size="xs" label={t("decision.input.label")} value={table.label ?? ""} readOnly={readOnly} onChange={(e) => put({ label: e.currentTarget.value })} />
        <NativeSelect size="xs" label={t("decision.policy")} data={["first", "unique"].map((p) => ({ value: p, label: t(`decision.policies.${p}`) }))} value={table.policy ?? "first"} disabled={readOnly} onChange={(e) => put({ policy: e.currentTarget.value })} />
        <MultiSelect size="xs" label={t("decision.columns")} data={names.map((n) => ({ value: n.name, label: n.label || n.name }))} value={table.inputs} maxValues={8} disabled={readOnly} onChange={choose} />
      </div>
      <div className={classes.box} tabIndex={0} role="region" aria-label={title}>
        <table className={classes.grid}>
          <thead><tr><th scope="col">#</th>{table.inputs.map((n) => <th key={n} scope="col">{labelOf(n)}</th>)}<th scope="col">{t("decision.outcome")}</th><th scope="col">{t("decision.reason")}</th><th><span className="sr-only">{t("decision.remove")}</span></th></tr></thead>
          <tbody>
            {table.rows.map((row, i) => (
              <tr key={i} data-marked={marked(i)?.severity}>
                <th scope="row" title={marked(i)?.message}>{i + 1}</th>
                {table.inputs.map((name, j) => (
                  <td key={name}><TextInput size="xs" classNames={{ input: classes.code }} aria-label={t("decision.cell", { column: labelOf(name), row: i + 1 })} value={row.when[j] ?? ""} readOnly={readOnly} spellCheck={false}
                    onChange={(e) => putRow(i, { when: table.inputs.map((_, k) => (k === j ? e.currentTarget.value : (row.when[k] ?? "-"))) })} /></td>
                ))}
                <td><NativeSelect size="xs" aria-label={t("decision.cell", { column: t("decision.outcome"), row: i + 1 })} data={outcomes.map((o) => ({ value: o, label: t(`decision.${o}`) }))} value={row.outcome} disabled={readOnly} onChange={(e) => putRow(i, { outcome: e.currentTarget.value })} /></td>
                <td className={classes.wide}><TextInput size="xs" aria-label={t("decision.cell", { column: t("decision.reason"), row: i + 1 })} value={row.reason ?? ""} readOnly={readOnly} onChange={(e) => putRow(i, { reason: e.currentTarget.value })} /></td>
                <td className={classes.tools}>
                  {!readOnly && i > 0 && <ActionIcon variant="subtle" color="gray" aria-label={t("decision.up", { row: i + 1 })} onClick={() => swap(i)}><Icon name="arrowUp" size={15} /></ActionIcon>}
                  {!readOnly && <ActionIcon variant="subtle" color="gray" aria-label={t("decision.removeRow", { row: i + 1 })} onClick={() => put({ rows: table.rows.filter((_, at) => at !== i) })}><Icon name="trash" size={15} /></ActionIcon>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {options.map((line) => <p key={line} className="faint">{line}</p>)}
      {!readOnly && <Button size="compact-sm" variant="default" style={{ alignSelf: "flex-start" }} onClick={() => put({ rows: [...table.rows, { when: table.inputs.map(() => "-"), outcome: "refer" }] })}>{t("decision.addRow")}</Button>}
    </section>
  );
}
