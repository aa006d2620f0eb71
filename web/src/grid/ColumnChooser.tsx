import { ActionIcon, Button, Checkbox, Popover, TextInput, Tooltip } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Table } from "@/api/types";
import { Icon } from "@/ui/icons";
import classes from "./ColumnChooser.module.css";
import { type GridState, moveColumn } from "./gridState";

/** Which columns stand in the list, and in which order. */
export function ColumnChooser({ table, state, onChange, onReset }: {
  table: Table; state: GridState; onChange: (names: string[]) => void; onReset: () => void;
}) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [query, setQuery] = useState("");
  const names = state.columns.map((c) => c.name);
  const wanted = query.trim().toLocaleLowerCase();
  const others = table.columns.filter((c) => !names.includes(c.name) && c.type !== "id");
  const fits = (label: string) => label.toLocaleLowerCase().includes(wanted);

  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" width={280} trapFocus>
      <Popover.Target>
        <Tooltip label={t("grid.columns")}>
          <ActionIcon aria-label={t("grid.columns")} aria-expanded={open} onClick={() => setOpen(!open)} className={classes.button}>
            <Icon name="columns" />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p={0} aria-label={t("grid.columns")}>
        <div className={classes.head}>
          <TextInput size="sm" aria-label={t("grid.findColumn")} placeholder={t("grid.findColumn")} value={query}
            onChange={(e) => setQuery(e.currentTarget.value)} leftSection={<Icon name="search" size={15} />} />
        </div>
        <div className={classes.list}>
          {state.columns.filter((c) => fits(c.label)).map((column) => {
            const at = names.indexOf(column.name);
            return (
              <div key={column.name} className={classes.item}>
                <Checkbox size="xs" checked disabled={at === 0} label={column.label} className={classes.box}
                  onChange={() => onChange(names.filter((n) => n !== column.name))} />
                <ActionIcon size={24} disabled={at <= 1} aria-label={t("grid.moveUp", { column: column.label })} onClick={() => onChange(moveColumn(names, column.name, at - 1))}>
                  <Icon name="arrowUp" size={14} />
                </ActionIcon>
                <ActionIcon size={24} disabled={at === 0 || at === names.length - 1} aria-label={t("grid.moveDown", { column: column.label })} onClick={() => onChange(moveColumn(names, column.name, at + 1))}>
                  <Icon name="arrowDown" size={14} />
                </ActionIcon>
              </div>
            );
          })}
          {others.filter((c) => fits(c.label)).map((column) => (
            <div key={column.name} className={classes.item}>
              <Checkbox size="xs" checked={false} label={column.label} className={classes.box} onChange={() => onChange([...names, column.name])} />
            </div>
          ))}
        </div>
        <div className={classes.foot}>
          <Button variant="subtle" size="compact-sm" onClick={onReset}>{t("grid.resetColumns")}</Button>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
