import { ActionIcon, Button, SegmentedControl, Select } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { tableQuery } from "@/api/metadata";
import { columnOf } from "@/api/rows";
import type { Column, Table } from "@/api/types";
import { Icon } from "@/ui/icons";
import classes from "./filter.module.css";
import { ColumnPicker, useColumn } from "./ColumnPicker";
import { arity, type Condition, type Group, isGroup, type Operator, operators, operatorsOf } from "./model";
import { ValueInput } from "./ValueInput";

/** Conditions joined by «and» or «or»; a group may hold one more level of groups. */
export function FilterBuilder({ table, group, onChange, depth = 0 }: { table: Table; group: Group; onChange: (group: Group) => void; depth?: number }) {
  const { t } = useTranslation();
  const put = (at: number, item: Condition | Group) => onChange({ ...group, items: group.items.map((old, i) => (i === at ? item : old)) });
  const drop = (at: number) => onChange({ ...group, items: group.items.filter((_, i) => i !== at) });
  const fresh: Condition = { column: table.primaryname, op: operators[table.columns.find((c) => c.name === table.primaryname)?.type ?? "text"][0]! };

  return (
    <div className={classes.group} data-nested={depth > 0 || undefined} role="group" aria-label={t("filter.group")}>
      {group.items.length > 1 && (
        <SegmentedControl size="xs" value={group.join} onChange={(v) => onChange({ ...group, join: v as Group["join"] })} className={classes.join}
          aria-label={t("filter.join")} data={[{ value: "and", label: t("filter.all") }, { value: "or", label: t("filter.any") }]} />
      )}
      {group.items.map((item, i) =>
        isGroup(item) ? (
          <div key={i} className={classes.nested}>
            <FilterBuilder table={table} group={item} depth={depth + 1} onChange={(next) => put(i, next)} />
            <ActionIcon aria-label={t("filter.removeGroup")} onClick={() => drop(i)}><Icon name="close" size={14} /></ActionIcon>
          </div>
        ) : (
          <ConditionRow key={i} table={table} condition={item} onChange={(next) => put(i, next)} onRemove={() => drop(i)} />
        ),
      )}
      <div className="row">
        <Button variant="subtle" size="compact-sm" leftSection={<Icon name="plus" size={14} />} onClick={() => onChange({ ...group, items: [...group.items, fresh] })}>
          {t("filter.add")}
        </Button>
        {depth === 0 && (
          <Button variant="subtle" size="compact-sm" color="gray"
            onClick={() => onChange({ ...group, items: [...group.items, { join: group.join === "and" ? "or" : "and", items: [fresh] }] })}>
            {t("filter.addGroup")}
          </Button>
        )}
      </div>
    </div>
  );
}

function ConditionRow({ table, condition, onChange, onRemove }: {
  table: Table; condition: Condition; onChange: (c: Condition) => void; onRemove: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const column = useColumn(table, condition.column);
  const ops = column ? operatorsOf(column) : [];

  async function pick(path: string, next: Column) {
    if (!path.endsWith("/")) return onChange({ column: path, op: operatorsOf(next)[0]! });
    // A lookup was followed: the name of what it leads to is asked for first.
    const target = await client.ensureQueryData(tableQuery(next.label)).catch(() => undefined);
    const name = target && columnOf(target, target.primaryname);
    if (name) onChange({ column: path + name.name, op: operatorsOf(name)[0]! });
  }
  function ask(op: string | null) {
    if (!op) return;
    const same = arity(op as Operator) === arity(condition.op);
    onChange({ column: condition.column, op: op as Operator, ...(same && condition.value !== undefined ? { value: condition.value } : {}) });
  }

  return (
    <div className={classes.condition}>
      <ColumnPicker table={table} value={condition.column} onPick={(path, next) => void pick(path, next)} />
      <Select data={ops.map((op) => ({ value: op, label: t(`filter.op.${op}`) }))} value={condition.op} onChange={ask} allowDeselect={false}
        aria-label={t("filter.operator")} comboboxProps={{ withinPortal: false, width: 190, position: "bottom-start" }} />
      <div className={classes.value}>{column && <ValueInput column={column} condition={condition} onChange={onChange} />}</div>
      <ActionIcon aria-label={t("filter.remove")} onClick={onRemove}><Icon name="close" size={14} /></ActionIcon>
    </div>
  );
}
