import { Select } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useTableMeta, useTables } from "@/api/metadata";
import type { Column } from "@/api/types";

export interface Lookup { table?: string; by?: string }

const ANY = "*";
const KINDS = ["text", "whole", "bigint", "autonumber", "date"];

/** To which table a column's lookup leads, and by which of its columns the record is found. */
export function LookupBy({ name, column, value, onChange }: { name: string; column: Column; value: Lookup; onChange: (v: Lookup | undefined) => void }) {
  const { t } = useTranslation();
  const { data: tables } = useTables();
  const targets = column.targets ?? [];
  const table = targets.length === 1 ? targets[0] : value.table;
  const label = (x: string) => tables?.find((one) => one.logicalname === x)?.pluralLabel ?? x;
  return (
    <div style={{ display: "flex", gap: 6, marginBlockStart: 6, flexWrap: "wrap" }}>
      {targets.length > 1 && (
        <Select aria-label={t("transfer.lookupTable", { name })} size="xs" w={112} allowDeselect={false} value={value.table ?? ANY}
          data={[{ value: ANY, label: t("transfer.anyTable") }, ...targets.map((x) => ({ value: x, label: label(x) }))]}
          onChange={(v) => onChange(!v || v === ANY ? undefined : { table: v })} />
      )}
      {table && <By name={name} table={table} value={value.by} onChange={(by) => onChange(value.table || by ? { ...value, by } : undefined)} />}
    </div>
  );
}

function By({ name, table, value, onChange }: { name: string; table: string; value?: string; onChange: (by: string | undefined) => void }) {
  const { t } = useTranslation();
  const { data } = useTableMeta(table);
  if (!data) return null;
  const columns = data.columns.filter((c) => KINDS.includes(c.type) || c.name === data.primaryname).map((c) => ({ value: c.name, label: c.label }));
  return (
    <Select aria-label={t("transfer.lookupBy", { name })} size="xs" w={230} searchable allowDeselect={false} value={value ?? ANY}
      data={[{ value: ANY, label: t("transfer.byAny") }, ...columns]} onChange={(v) => onChange(!v || v === ANY ? undefined : v)} />
  );
}
