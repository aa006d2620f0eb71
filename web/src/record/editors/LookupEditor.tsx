import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { lazy, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useTableMeta, useTables } from "@/api/metadata";
import type { Column, Reference, Table } from "@/api/types";
import { useLookupSearch } from "../lookupSearch";

const QuickCreate = lazy(() => import("../QuickCreate").then((m) => ({ default: m.QuickCreate })));

const NEW = "new";

/** Tables whose rows are not made while something else is filled in. */
const unmade = new Set(["systemuser", "team", "businessunit", "role", "transactioncurrency", "workflow", "processstage"]);

/** What was typed becomes the new record's name; of people the last word is the last name. */
function presetOf(table: Table, typed: string): Record<string, unknown> {
  if (!table.columns.some((c) => c.name === "lastname")) return { [table.primaryname]: typed };
  const words = typed.split(/\s+/);
  return { firstname: words.slice(0, -1).join(" ") || undefined, lastname: words.at(-1) };
}

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

  const [making, setMaking] = useState<string>();
  const makingNow = useRef(false);
  makingNow.current = making !== undefined;
  const target = targets.length === 1 ? tables?.find((x) => x.logicalname === targets[0]) : undefined;
  const meta = useTableMeta(target?.logicalname ?? "").data;
  const creatable = meta?.privileges.create && !unmade.has(meta.logicalname) && settled.trim().length >= 2 && !found.busy;

  const byKey = new Map<string, Reference>();
  if (value) byKey.set(value.id, value);
  for (const ref of found.results) byKey.set(ref.id, ref);
  const shown = [...byKey.values()].filter((r) => r.id === value?.id || found.results.includes(r));
  const item = (r: Reference) => ({ value: r.id, label: r.name || t("value.unnamed") });
  const data = targets.length > 1
    ? targets.map((target) => ({ group: label(target), items: shown.filter((r) => r.table === target).map(item) })).filter((g) => g.items.length)
    : shown.map(item);
  if (creatable) (data as unknown[]).push({ value: NEW, label: t("field.make", { what: meta.label, name: settled.trim() }) });

  const pick = (id: string | null) => {
    if (id === NEW) return setMaking(settled.trim());
    onChange(id ? (byKey.get(id) ?? null) : null);
  };
  return (
    <>
    <Select {...rest} autoFocus={autoFocus} data={data} value={value?.id ?? null} searchable searchValue={query} onSearchChange={setQuery}
      filter={({ options }) => options} onChange={pick} clearable={!column.required} allowDeselect={false}
      defaultDropdownOpened={Boolean(autoFocus)} placeholder={value?.name ?? t("field.lookup")} onDropdownClose={onCancel && (() => setTimeout(() => { if (!makingNow.current) onCancel(); }, 0))}
      nothingFoundMessage={found.busy ? t("palette.searching") : t("palette.none")}
      onKeyDown={(e) => { if (e.key === "Escape") { e.stopPropagation(); onCancel?.(); } }} />
    {making !== undefined && meta && (
      <QuickCreate logical={meta.logicalname} preset={presetOf(meta, making)} onClose={() => { setMaking(undefined); onCancel?.(); }}
        onMade={(made) => { setMaking(undefined); onChange(made); }} />
    )}
    </>
  );
}
