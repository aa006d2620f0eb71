import { ActionIcon, Button, NativeSelect, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "@/ui/icons";
import type { Formula, Input } from "./api";
import classes from "./decision.module.css";

const kinds = ["number", "choice", "text", "boolean", "date"];

function Section({ title, hint, heads, onAdd, children }: { title: string; hint: string; heads: string[]; onAdd?: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <section className={classes.section} aria-label={title}>
      <div className={classes.sectionHead}><h3>{title}</h3>{onAdd && <Button size="compact-sm" variant="default" onClick={onAdd}>{t("decision.add")}</Button>}</div>
      <p className="dim">{hint}</p>
      <div className={classes.box} tabIndex={0} role="region" aria-label={title}>
        <table className={classes.grid}>
          <thead><tr>{heads.map((h) => <th key={h} scope="col">{h}</th>)}<th><span className="sr-only">{t("decision.remove")}</span></th></tr></thead>
          <tbody>{children}</tbody>
        </table>
      </div>
    </section>
  );
}

function Remove({ what, onRemove }: { what: string; onRemove: () => void }) {
  const { t } = useTranslation();
  return <td><ActionIcon variant="subtle" color="gray" aria-label={t("decision.removeWhat", { what })} onClick={onRemove}><Icon name="trash" size={15} /></ActionIcon></td>;
}

/** The inputs: where each value comes from, and whether it could be another. */
export function InputRows({ inputs, readOnly, onChange }: { inputs: Input[]; readOnly: boolean; onChange: (inputs: Input[]) => void }) {
  const { t } = useTranslation();
  const put = (at: number, part: Partial<Input>) => onChange(inputs.map((x, i) => (i === at ? clean({ ...x, ...part }) : x)));
  const text = (i: number, name: "name" | "label" | "column" | "service" | "field") => (
    <td className={name === "label" || name === "column" ? classes.medium : undefined}><TextInput size="xs" aria-label={`${t(`decision.input.${name}`)} ${i + 1}`} value={inputs[i]![name] ?? ""} readOnly={readOnly} onChange={(e) => put(i, { [name]: e.currentTarget.value })} /></td>
  );
  const number = (i: number, name: "least" | "most" | "step") => (
    <td className={classes.narrow}><TextInput size="xs" inputMode="decimal" aria-label={`${t(`decision.input.${name}`)} ${i + 1}`} value={inputs[i]![name] ?? ""} readOnly={readOnly}
      onChange={(e) => { const v = e.currentTarget.value.trim(); if (v === "" || !Number.isNaN(Number(v))) put(i, { [name]: v === "" ? undefined : Number(v) }); }} /></td>
  );
  const heads = ["name", "label", "kind", "column", "service", "field", "fallback", "least", "most", "step", "change"] as const;
  return (
    <Section title={t("decision.inputs")} hint={t("decision.inputsHint")} heads={heads.map((h) => t(`decision.input.${h}`))} onAdd={readOnly ? undefined : () => onChange([...inputs, { name: `input_${inputs.length + 1}`, kind: "number" }])}>
      {inputs.map((input, i) => (
        <tr key={i}>
          {text(i, "name")}{text(i, "label")}
          <td><NativeSelect size="xs" aria-label={`${t("decision.input.kind")} ${i + 1}`} data={kinds.map((k) => ({ value: k, label: t(`decision.kind.${k}`) }))} value={input.kind} disabled={readOnly} onChange={(e) => put(i, { kind: e.currentTarget.value })} /></td>
          {text(i, "column")}{text(i, "service")}{text(i, "field")}
          <td className={classes.narrow}><TextInput size="xs" aria-label={`${t("decision.input.fallback")} ${i + 1}`} value={input.fallback === undefined || input.fallback === null ? "" : String(input.fallback)} readOnly={readOnly}
            onChange={(e) => { const v = e.currentTarget.value; put(i, { fallback: v === "" ? undefined : input.kind === "number" || input.kind === "choice" ? (Number.isNaN(Number(v)) ? v : Number(v)) : input.kind === "boolean" ? v === "true" : v }); }} /></td>
          {number(i, "least")}{number(i, "most")}{number(i, "step")}
          <td><NativeSelect size="xs" aria-label={`${t("decision.input.change")} ${i + 1}`} data={["", "up", "down", "any"].map((k) => ({ value: k, label: t(`decision.changes.${k || "fixed"}`) }))} value={input.change ?? ""} disabled={readOnly || input.kind === "date"} onChange={(e) => put(i, { change: e.currentTarget.value })} /></td>
          {readOnly ? <td /> : <Remove what={input.label || input.name} onRemove={() => onChange(inputs.filter((_, at) => at !== i))} />}
        </tr>
      ))}
    </Section>
  );
}

/** Members without a value are left out, as the server writes them. */
function clean(input: Input): Input {
  return Object.fromEntries(Object.entries(input).filter(([, v]) => v !== undefined && v !== "")) as unknown as Input;
}

/** The formulas, each over the inputs and the formulas before it. */
export function FormulaRows({ formulas, readOnly, onChange }: { formulas: Formula[]; readOnly: boolean; onChange: (formulas: Formula[]) => void }) {
  const { t } = useTranslation();
  const put = (at: number, part: Partial<Formula>) => onChange(formulas.map((x, i) => (i === at ? { ...x, ...part } : x)));
  const heads = ["name", "label", "kind", "formula"] as const;
  return (
    <Section title={t("decision.formulas")} hint={t("decision.formulasHint")} heads={heads.map((h) => t(`decision.input.${h}`))} onAdd={readOnly ? undefined : () => onChange([...formulas, { name: `formula_${formulas.length + 1}`, kind: "number", formula: "" }])}>
      {formulas.map((f, i) => (
        <tr key={i}>
          <td><TextInput size="xs" aria-label={`${t("decision.input.name")} ${i + 1}`} value={f.name} readOnly={readOnly} onChange={(e) => put(i, { name: e.currentTarget.value })} /></td>
          <td><TextInput size="xs" aria-label={`${t("decision.input.label")} ${i + 1}`} value={f.label ?? ""} readOnly={readOnly} onChange={(e) => put(i, { label: e.currentTarget.value })} /></td>
          <td><NativeSelect size="xs" aria-label={`${t("decision.input.kind")} ${i + 1}`} data={["number", "text", "boolean"].map((k) => ({ value: k, label: t(`decision.kind.${k}`) }))} value={f.kind} disabled={readOnly} onChange={(e) => put(i, { kind: e.currentTarget.value })} /></td>
          <td className={classes.wide}><TextInput size="xs" classNames={{ input: classes.code }} aria-label={`${t("decision.input.formula")} ${i + 1}`} value={f.formula} readOnly={readOnly} onChange={(e) => put(i, { formula: e.currentTarget.value })} /></td>
          {readOnly ? <td /> : <Remove what={f.label || f.name} onRemove={() => onChange(formulas.filter((_, at) => at !== i))} />}
        </tr>
      ))}
    </Section>
  );
}
