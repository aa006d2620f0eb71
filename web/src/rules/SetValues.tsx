import { ActionIcon, Button, Select, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Table } from "@/api/types";
import { Icon } from "@/ui/icons";
import classes from "./Rules.module.css";

/** The columns that the rule sets on the lead. */
export function SetValues({ lead, values, readOnly, onChange }: {
  lead?: Table; values: [string, string][]; readOnly: boolean; onChange: (values: [string, string][]) => void;
}) {
  const { t } = useTranslation();
  const columns = (lead?.columns ?? []).filter((c) => !["id", "lookup", "json"].includes(c.type));
  const data = columns.map((c) => ({ value: c.name, label: c.label }));
  // A column that the table no longer has must still be seen.
  for (const [name] of values) if (name && !data.some((d) => d.value === name)) data.push({ value: name, label: name });
  const put = (at: number, pair: [string, string]) => onChange(values.map((v, i) => (i === at ? pair : v)));

  return (
    <div role="group" aria-labelledby="rule-sets">
      <div id="rule-sets" className={classes.groupLabel}>{t("rules.sets")}</div>
      <div className={classes.sets}>
        {values.map(([name, value], i) => (
          <div key={i} className={classes.set}>
            <Select data={data} value={name || null} searchable allowDeselect={false} disabled={readOnly} aria-label={t("rules.setColumn")} placeholder={t("rules.setColumn")}
              onChange={(v) => put(i, [v ?? "", value])} />
            <span className="faint" aria-hidden="true">=</span>
            <TextInput value={value} readOnly={readOnly} aria-label={t("rules.setValue")} placeholder={t("rules.setValue")} onChange={(e) => put(i, [name, e.currentTarget.value])} />
            {!readOnly && <ActionIcon aria-label={t("rules.removeSet")} onClick={() => onChange(values.filter((_, n) => n !== i))}><Icon name="close" size={14} /></ActionIcon>}
          </div>
        ))}
        {!readOnly && (
          <div><Button variant="subtle" size="compact-sm" leftSection={<Icon name="plus" size={14} />} onClick={() => onChange([...values, [lead?.columns.some((c) => c.name === "rpt_routingteam") && values.length === 0 ? "rpt_routingteam" : "", ""]])}>{t("rules.addSet")}</Button></div>
        )}
      </div>
    </div>
  );
}
