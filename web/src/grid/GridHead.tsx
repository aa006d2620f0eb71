import { Checkbox, Menu } from "@mantine/core";
import { type DragEvent, memo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Column } from "@/api/types";
import { Icon } from "@/ui/icons";
import { isNumeric } from "@/lib/format";
import classes from "./GridHead.module.css";
import type { Sort } from "./gridState";

/** What a head asks of its list; the same object for as long as possible, or every head is drawn with each row chosen. */
export interface HeadActions {
  onMenu: (col: number | undefined) => void;
  onFocus: (col: number) => void;
  /** With more, beside what is sorted by already. */
  onSort: (name: string, more: boolean) => void;
  onSortTo: (name: string, desc: boolean) => void;
  onMove: (name: string, to: number) => void;
  onHide: (name: string) => void;
  onWidth: (name: string, by: number) => void;
  onFreeze: (count: number) => void;
  onGroup: (name: string) => void;
  onChoose: () => void;
}

type Header = { getResizeHandler: () => (event: unknown) => void };

interface Props {
  columns: Column[];
  headers: Header[];
  sorting: Sort[];
  active?: number;
  menu?: number;
  resizing: string | false;
  /** Where each of the columns that stay in sight begins. */
  frozen: number[];
  chosen: "none" | "some" | "all";
  actions: HeadActions;
}

export function GridHead({ columns, headers, sorting, active, menu, resizing, frozen, chosen, actions }: Props) {
  const [over, setOver] = useState<number>();
  return (
    <div role="rowgroup" className={classes.head}>
      <div role="row" aria-rowindex={1} className={classes.row}>
        {columns.map((column, col) => (
          <HeadCell key={column.name} column={column} col={col} count={columns.length} header={headers[col]} sorting={sorting} active={active === col} open={menu === col}
            resizing={resizing === column.name} frozen={frozen} chosen={col === 0 ? chosen : undefined} over={over === col} onOver={setOver} actions={actions} />
        ))}
      </div>
    </div>
  );
}

/** Whether rows can be brought together by the column's value. */
export function groupable(column: Column): boolean {
  return ["choice", "boolean", "lookup", "text", "date"].includes(column.type);
}

interface CellProps {
  column: Column;
  col: number;
  /** How many columns there are. */
  count: number;
  header?: Header;
  sorting: Sort[];
  active: boolean;
  open: boolean;
  resizing: boolean;
  frozen: number[];
  /** Of the first head alone: how many rows are chosen. */
  chosen?: "none" | "some" | "all";
  over: boolean;
  onOver: (col: number | undefined) => void;
  actions: HeadActions;
}

const HeadCell = memo(function HeadCell({ column, col, count, header, sorting, active, open, resizing, frozen, chosen, over, onOver, actions }: CellProps) {
  const { t } = useTranslation();
  const sorted = sorting.find((s) => s.column === column.name);
  const movable = col > 0;
  const last = frozen.length === col + 1 && col > 0;
  const handler = header?.getResizeHandler();
  function drop(event: DragEvent) {
    event.preventDefault();
    onOver(undefined);
    const name = event.dataTransfer.getData("text/x-column");
    if (name) actions.onMove(name, col);
  }
  return (
    <div role="columnheader" aria-colindex={col + 1} data-place={`-1:${col}`} tabIndex={active ? 0 : -1} className={classes.cell}
      aria-sort={sorted ? (sorted.desc ? "descending" : "ascending") : column.sortable ? "none" : undefined} aria-label={column.label}
      data-end={isNumeric(column) && column.name !== "msdyn_leadscore" ? true : undefined} data-over={over || undefined} data-first={col === 0 || undefined} data-frozen={col < frozen.length || undefined}
      style={col > 0 && col < frozen.length ? { insetInlineStart: frozen[col] } : undefined}
      onFocus={() => actions.onFocus(col)} onClick={(e) => column.sortable && actions.onSort(column.name, e.shiftKey)}
      onDragOver={(e) => { if (movable && e.dataTransfer.types.includes("text/x-column")) { e.preventDefault(); onOver(col); } }}
      onDragLeave={() => onOver(undefined)} onDrop={drop}>
      {col === 0 && (
        <span className={classes.check} onClick={(e) => e.stopPropagation()}>
          <Checkbox size="xs" tabIndex={-1} checked={chosen === "all"} indeterminate={chosen === "some"} aria-label={t("select.loaded")} onChange={actions.onChoose} />
        </span>
      )}
      <span className={classes.label} draggable={movable} title={column.label}
        onDragStart={(e) => { e.dataTransfer.setData("text/x-column", column.name); e.dataTransfer.effectAllowed = "move"; }}>
        <span className="clip">{column.label}</span>
        {sorted && <Icon name={sorted.desc ? "arrowDown" : "arrowUp"} size={13} className={classes.arrow} />}
        {sorted && sorting.length > 1 && <sup className={`${classes.order} tnum`}>{sorting.indexOf(sorted) + 1}</sup>}
      </span>
      <Menu opened={open} onChange={(o) => actions.onMenu(o ? col : undefined)} position="bottom-start" width={190} returnFocus>
        <Menu.Target>
          <button type="button" tabIndex={-1} className={classes.more} aria-label={t("grid.columnMenu", { column: column.label })} onClick={(e) => e.stopPropagation()}>
            <Icon name="chevronDown" size={13} />
          </button>
        </Menu.Target>
        <Menu.Dropdown onClick={(e) => e.stopPropagation()} onKeyDown={(e) => e.stopPropagation()}>
          {column.sortable && (
            <>
              <Menu.Item leftSection={<Icon name="arrowUp" />} onClick={() => actions.onSortTo(column.name, false)}>{t("grid.sortUp")}</Menu.Item>
              <Menu.Item leftSection={<Icon name="arrowDown" />} onClick={() => actions.onSortTo(column.name, true)}>{t("grid.sortDown")}</Menu.Item>
              {!sorted && sorting.length > 0 && <Menu.Item leftSection={<Icon name="plus" />} onClick={() => actions.onSort(column.name, true)}>{t("grid.sortAlso")}</Menu.Item>}
              <Menu.Divider />
            </>
          )}
          <Menu.Item closeMenuOnClick={false} onClick={() => actions.onWidth(column.name, 40)}>{t("grid.wider")}</Menu.Item>
          <Menu.Item closeMenuOnClick={false} onClick={() => actions.onWidth(column.name, -40)}>{t("grid.narrower")}</Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="lock" />} onClick={() => actions.onFreeze(last ? 1 : col + 1)}>
            {last ? t("grid.unfreeze") : t("grid.freeze")}
          </Menu.Item>
          {groupable(column) && <Menu.Item leftSection={<Icon name="density" />} onClick={() => actions.onGroup(column.name)}>{t("grid.groupBy")}</Menu.Item>}
          {movable && (
            <>
              <Menu.Divider />
              <Menu.Item leftSection={<Icon name="arrowLeft" />} disabled={col <= 1} onClick={() => actions.onMove(column.name, col - 1)}>{t("grid.moveLeft")}</Menu.Item>
              <Menu.Item leftSection={<Icon name="arrowRight" />} disabled={col >= count - 1} onClick={() => actions.onMove(column.name, col + 1)}>{t("grid.moveRight")}</Menu.Item>
              <Menu.Item leftSection={<Icon name="close" />} onClick={() => actions.onHide(column.name)}>{t("grid.hide")}</Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <span className={classes.grip} data-on={resizing || undefined} onMouseDown={handler} onTouchStart={handler} onClick={(e) => e.stopPropagation()} aria-hidden="true" />
    </div>
  );
});
