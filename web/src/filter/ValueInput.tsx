import { MultiSelect, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Column } from "@/api/types";
import { isNumeric, optionsOf } from "@/lib/format";
import { useLookupNames, useLookupSearch } from "@/record/lookupSearch";
import { arity, type Condition, countsDays } from "./model";

interface Props {
  column: Column;
  condition: Condition;
  onChange: (condition: Condition) => void;
}

/** The right field for the value of a condition. */
export function ValueInput({ column, condition, onChange }: Props) {
  const { t } = useTranslation();
  const need = arity(condition.op);
  const label = t("filter.value");
  const single = typeof condition.value === "string" ? condition.value : "";
  const many = Array.isArray(condition.value) ? condition.value : [];
  const set = (value: string | string[] | undefined) => onChange({ column: condition.column, op: condition.op, ...(value === undefined ? {} : { value }) });
  const inputMode = column.type === "whole" || column.type === "bigint" || countsDays(condition.op) ? "numeric" : "decimal";

  if (need === 0) return null;
  if (column.type === "lookup") return <LookupValues column={column} values={many} onChange={set} label={label} />;
  if (need === "many") {
    return (
      <MultiSelect data={optionsOf(column).map((o) => ({ value: String(o.value), label: o.label }))} value={many} onChange={set} aria-label={label} searchable
        placeholder={many.length ? undefined : t("filter.choose")} comboboxProps={{ withinPortal: false }} hidePickedOptions />
    );
  }
  if (column.type === "boolean") {
    return (
      <Select data={optionsOf(column).map((o) => ({ value: o.value ? "true" : "false", label: o.label }))} value={single || null}
        onChange={(v) => set(v ?? undefined)} aria-label={label} placeholder={t("filter.choose")} comboboxProps={{ withinPortal: false }} />
    );
  }
  if (need === 2) {
    return (
      <div className="row">
        {[0, 1].map((i) => (
          <TextInput key={i} inputMode={inputMode} value={many[i] ?? ""} aria-label={t(i === 0 ? "filter.from" : "filter.to")}
            onChange={(e) => set(i === 0 ? [e.currentTarget.value, many[1] ?? ""] : [many[0] ?? "", e.currentTarget.value])} />
        ))}
      </div>
    );
  }
  const dated = (column.type === "date" || column.type === "datetime") && !countsDays(condition.op);
  const numeric = isNumeric(column) || countsDays(condition.op);
  return (
    <TextInput data-autofocus type={dated ? "date" : "text"} inputMode={numeric ? inputMode : undefined} value={single} aria-label={label} placeholder={dated ? undefined : label}
      onChange={(e) => set(e.currentTarget.value)} rightSection={countsDays(condition.op) ? <span className="faint">{t("filter.days")}</span> : undefined}
      rightSectionWidth={countsDays(condition.op) ? 48 : undefined} />
  );
}

function LookupValues({ column, values, onChange, label }: { column: Column; values: string[]; onChange: (v: string[]) => void; label: string }) {
  const { t } = useTranslation();
  const [query, setQuery] = useState("");
  const [settled] = useDebouncedValue(query, 180);
  const found = useLookupSearch(column.targets ?? [], settled, true);
  const names = useLookupNames(column.targets ?? [], values);
  const data = new Map<string, string>();
  for (const id of values) data.set(id, names[id] ?? "…");
  for (const ref of found.results) data.set(ref.id, ref.name);
  return (
    <MultiSelect data={[...data].map(([value, text]) => ({ value, label: text }))} value={values} onChange={onChange} searchable searchValue={query}
      onSearchChange={setQuery} aria-label={label} placeholder={values.length ? undefined : t("filter.choose")} filter={({ options }) => options}
      nothingFoundMessage={found.busy ? t("palette.searching") : t("palette.none")} comboboxProps={{ withinPortal: false }} hidePickedOptions />
  );
}
