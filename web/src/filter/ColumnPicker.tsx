import { Select } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useTableMeta, useTables } from "@/api/metadata";
import { columnOf } from "@/api/rows";
import type { Column, Table } from "@/api/types";
import classes from "./filter.module.css";
import { DEEPEST, relationsOf, resolvePath } from "./related";

interface Props {
  table: Table;
  /** A column, or a path through lookups. */
  value: string;
  onPick: (path: string, column: Column) => void;
  depth?: number;
}

/** Chooses a column; a lookup can be followed to the columns of the table that it leads to. */
export function ColumnPicker({ table, value, onPick, depth = 0 }: Props) {
  const { t } = useTranslation();
  const { data: tables } = useTables();
  const names = new Map((tables ?? []).map((x) => [x.logicalname, x.label]));
  const relations = depth < DEEPEST ? relationsOf(table, (n) => names.has(n)) : [];
  const [step, ...rest] = value.split("/");
  const relation = rest.length > 0 ? relations.find((r) => r.step === step) : undefined;
  const { data: next } = useTableMeta(relation?.target ?? "");
  const several = (name: string) => relations.filter((r) => r.column.name === name).length > 1;
  const ownColumns = table.columns.filter((c) => c.type !== "id").map((c) => ({ value: c.name, label: c.label }));
  const links = relations.map((r) => ({ value: `${r.step}/`, label: `${r.column.label}${several(r.column.name) ? ` (${names.get(r.target) ?? r.target})` : ""} ›` }));

  function choose(picked: string | null) {
    if (!picked) return;
    if (!picked.endsWith("/")) {
      const column = columnOf(table, picked);
      if (column) onPick(picked, column);
      return;
    }
    // The name of the related record is what is asked for most.
    const target = relations.find((r) => `${r.step}/` === picked)?.target;
    if (target) onPick(picked, { name: picked, type: "text", label: target });
  }

  return (
    <div className={classes.path}>
      <Select value={relation ? `${relation.step}/` : value} onChange={choose} searchable allowDeselect={false} aria-label={t(depth === 0 ? "filter.column" : "filter.relatedColumn")}
        data={links.length ? [{ group: table.label, items: ownColumns }, { group: t("filter.related"), items: links }] : ownColumns}
        comboboxProps={{ withinPortal: false, width: 240, position: "bottom-start" }} />
      {relation && next && (
        <ColumnPicker table={next} value={rest.join("/")} depth={depth + 1}
          onPick={(path, column) => onPick(`${relation.step}/${path}`, column)} />
      )}
    </div>
  );
}

/** The column that a condition asks for, own or related, once what it takes is known. */
export function useColumn(table: Table, path: string): Column | undefined {
  const steps = path.split("/");
  const { data: tables } = useTables();
  const readable = (n: string) => tables?.some((x) => x.logicalname === n) ?? false;
  const first = steps.length > 1 ? relationsOf(table, readable).find((r) => r.step === steps[0]) : undefined;
  const { data: one } = useTableMeta(first?.target ?? "");
  const second = one && steps.length > 2 ? relationsOf(one, readable).find((r) => r.step === steps[1]) : undefined;
  const { data: two } = useTableMeta(second?.target ?? "");
  if (steps.length === 1) return columnOf(table, path);
  return resolvePath(table, path, (n) => (n === one?.logicalname ? one : n === two?.logicalname ? two : undefined));
}
