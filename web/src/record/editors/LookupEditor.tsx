import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTables } from "@/api/metadata";
import type { Column, Reference } from "@/api/types";
import { useLookupSearch } from "../lookupSearch";

/** Picks a record by typing part of its name. */
export function LookupEditor({ column, value, onChange, onCancel, autoFocus, ...rest }: {
  column: Column; value: Reference | null; onChange: (value: Reference | null) => void; onCancel?: () => void; autoFocus?: boolean;
  id?: string; error?: string; required?: boolean; withAsterisk?: boolean; "aria-label"?: string;
}) {
  const { t } = useTranslation();
  const [query, setQuery] = useState(autoFocus ? "" : (value?.name ?? ""));
  const words = query === value?.name ? "" : query;
  const [settled] = useDebouncedValue(words, 180);
  const targets = column.targets ?? [];
  const found = useLookupSearch(targets, settled, true);
  const { data: tables } = useTables();
  const label = (table: string) => tables?.find((x) => x.logicalname === table)?.label ?? table;

  const byKey = new Map<string, Reference>();
  if (value) byKey.set(value.id, value);
  for (const ref of found.results) byKey.set(ref.id, ref);
  const shown = [...byKey.values()].filter((r) => r.id === value?.id || found.results.includes(r));
  const item = (r: Reference) => ({ value: r.id, label: r.name || t("value.unnamed") });
  const data = targets.length > 1
    ? targets.map((target) => ({ group: label(target), items: shown.filter((r) => r.table === target).map(item) })).filter((g) => g.items.length)
    : shown.map(item);

  return (
    <Select {...rest} autoFocus={autoFocus} data={data} value={value?.id ?? null} searchable searchValue={query} onSearchChange={setQuery}
      filter={({ options }) => options} onChange={(id) => onChange(id ? (byKey.get(id) ?? null) : null)} clearable={!column.required} allowDeselect={false}
      defaultDropdownOpened={Boolean(autoFocus)} placeholder={value?.name ?? t("field.lookup")} onDropdownClose={onCancel && (() => setTimeout(onCancel, 0))}
      nothingFoundMessage={found.busy ? t("palette.searching") : t("palette.none")}
      onKeyDown={(e) => { if (e.key === "Escape") { e.stopPropagation(); onCancel?.(); } }} />
  );
}
