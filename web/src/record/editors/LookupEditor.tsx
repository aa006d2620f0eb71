import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQueries } from "@tanstack/react-query";
import { lazy, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { tableQuery, useTables } from "@/api/metadata";
import type { Column, Reference, Table } from "@/api/types";
import { useLookupSearch } from "../lookupSearch";

const QuickCreate = lazy(() => import("../QuickCreate").then((m) => ({ default: m.QuickCreate })));

const NEW = "new:";

/** Of lookups to anything, as activities have, only the first kinds are offered for making. */
const MOST_KINDS = 4;

/** Tables whose rows are not made while something else is filled in. */
const unmade = new Set(["systemuser", "team", "businessunit", "role", "transactioncurrency", "workflow", "processstage"]);

/** What was typed becomes the new record's name; of people the last word is the last name. */
function presetOf(table: Table, typed: string): Record<string, unknown> {
  if (!table.columns.some((c) => c.name === "lastname")) return { [table.primaryname]: typed };
  const words = typed.split(/\s+/);
  return { firstname: words.slice(0, -1).join(" ") || undefined, lastname: words.at(-1) };
}

/** Picks a record by typing part of its name. */
export function LookupEditor({ column, value, onChange, onCancel, autoFocus, make = true, ...rest }: {
  column: Column; value: Reference | null; onChange: (value: Reference | null) => void; onCancel?: () => void; autoFocus?: boolean;
  /** Whether a record that is not there yet may be made on the spot. */
  make?: boolean;
  id?: string; error?: string; required?: boolean; withAsterisk?: boolean; "aria-label"?: string; comboboxProps?: { withinPortal: boolean };
}) {
  const { t } = useTranslation();
  const [query, setQuery] = useState(value?.name ?? "");
  const words = query === value?.name ? "" : query;
  const [settled] = useDebouncedValue(words, 180);
  const targets = column.targets ?? [];
  const found = useLookupSearch(targets, settled, true);
  const { data: tables } = useTables();
  const label = (table: string) => tables?.find((x) => x.logicalname === table)?.label ?? table;

  const [making, setMaking] = useState<{ table: Table; name: string }>();
  const makingNow = useRef(false);
  makingNow.current = making !== undefined;
  const few = !make ? [] : targets.filter((x) => !unmade.has(x) && tables?.some((known) => known.logicalname === x)).slice(0, MOST_KINDS);
  const metas = useQueries({ queries: few.map((x) => tableQuery(x)) });
  const creatable = settled.trim().length >= 2 && !found.busy ? metas.flatMap((m) => (m.data?.privileges.create ? [m.data] : [])) : [];

  const byKey = new Map<string, Reference>();
  if (value) byKey.set(value.id, value);
  for (const ref of found.results) byKey.set(ref.id, ref);
  const shown = [...byKey.values()].filter((r) => r.id === value?.id || found.results.includes(r));
  const item = (r: Reference) => ({ value: r.id, label: r.name || t("value.unnamed") });
  const data = targets.length > 1
    ? targets.map((target) => ({ group: label(target), items: shown.filter((r) => r.table === target).map(item) })).filter((g) => g.items.length)
    : shown.map(item);
  const makes = creatable.map((meta) => ({ value: NEW + meta.logicalname, label: t("field.make", { what: meta.label, name: settled.trim() }) }));
  if (makes.length > 0) (data as unknown[]).push(...(targets.length > 1 ? [{ group: t("field.makeGroup"), items: makes }] : makes));

  const pick = (id: string | null) => {
    if (id?.startsWith(NEW)) {
      const table = creatable.find((m) => NEW + m.logicalname === id);
      return table && setMaking({ table, name: settled.trim() });
    }
    onChange(id ? (byKey.get(id) ?? null) : null);
  };
  return (
    <>
    <Select {...rest} autoFocus={autoFocus} data={data} value={value?.id ?? null} searchable searchValue={query} onSearchChange={setQuery}
      filter={({ options }) => options} onChange={pick} clearable={!column.required} allowDeselect={false}
      defaultDropdownOpened={Boolean(autoFocus)} placeholder={value?.name ?? t("field.lookup")} onDropdownClose={onCancel && (() => setTimeout(() => { if (!makingNow.current) onCancel(); }, 0))}
      nothingFoundMessage={found.busy ? t("palette.searching") : t("palette.none")}
      onFocus={(e) => e.currentTarget.select()}
      onKeyDown={(e) => { if (e.key === "Escape") { e.stopPropagation(); onCancel?.(); } }} />
    {making && (
      <QuickCreate logical={making.table.logicalname} preset={presetOf(making.table, making.name)} onClose={() => { setMaking(undefined); onCancel?.(); }}
        onMade={(made) => { setMaking(undefined); onChange(made); }} />
    )}
    </>
  );
}
