import { Checkbox, Menu } from "@mantine/core";
import { type DragEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Column } from "@/api/types";
import { Icon } from "@/ui/icons";
import { isNumeric } from "@/lib/format";
import classes from "./GridHead.module.css";
import type { Sort } from "./gridState";

interface Props {
  columns: Column[];
  headers: { getResizeHandler: () => (event: unknown) => void }[];
  sorting: Sort[];
  active?: number;
  menu?: number;
  resizing: string | false;
  onMenu: (col: number | undefined) => void;
  onFocus: (col: number) => void;
  /** With more, beside what is sorted by already. */
  onSort: (name: string, more: boolean) => void;
  onSortTo: (name: string, desc: boolean) => void;
  onMove: (name: string, to: number) => void;
  onHide: (name: string) => void;
  onWidth: (name: string, by: number) => void;
  /** Where each of the columns that stay in sight begins. */
  frozen: number[];
  onFreeze: (count: number) => void;
  onGroup?: (name: string | undefined) => void;
  chosen: "none" | "some" | "all";
  onChoose: () => void;
}

export function GridHead(props: Props) {
  const [over, setOver] = useState<number>();
  const drop = (event: DragEvent, col: number) => {
    event.preventDefault();
    setOver(undefined);
    const name = event.dataTransfer.getData("text/x-column");
    if (name) props.onMove(name, col);
  };
  return (
    <div role="rowgroup" className={classes.head}>
      <div role="row" aria-rowindex={1} className={classes.row}>
        {props.columns.map((column, col) => (
          <HeadCell key={column.name} {...props} column={column} col={col} over={over === col} onOver={(on) => setOver(on ? col : undefined)} onDropped={(e) => drop(e, col)} />
        ))}
      </div>
    </div>
  );
}

/** Whether rows can be brought together by the column's value. */
export function groupable(column: Column): boolean {
  return ["choice", "boolean", "lookup", "text", "date"].includes(column.type);
}

interface CellProps extends Props {
  column: Column;
  col: number;
  over: boolean;
  onOver: (on: boolean) => void;
  onDropped: (event: DragEvent) => void;
}

function HeadCell({ column, col, over, onOver, onDropped, ...props }: CellProps) {
  const { t } = useTranslation();
  const sorted = props.sorting.find((s) => s.column === column.name);
  const movable = col > 0;
  const handler = props.headers[col]?.getResizeHandler();
  return (
    <div role="columnheader" aria-colindex={col + 1} data-place={`-1:${col}`} tabIndex={props.active === col ? 0 : -1} className={classes.cell}
      aria-sort={sorted ? (sorted.desc ? "descending" : "ascending") : column.sortable ? "none" : undefined} aria-label={column.label}
      data-end={isNumeric(column) && column.name !== "msdyn_leadscore" ? true : undefined} data-over={over || undefined} data-first={col === 0 || undefined} data-frozen={col < props.frozen.length || undefined}
      style={col > 0 && col < props.frozen.length ? { insetInlineStart: props.frozen[col] } : undefined}
      onFocus={() => props.onFocus(col)} onClick={(e) => column.sortable && props.onSort(column.name, e.shiftKey)}
      onDragOver={(e) => { if (movable && e.dataTransfer.types.includes("text/x-column")) { e.preventDefault(); onOver(true); } }}
      onDragLeave={() => onOver(false)} onDrop={onDropped}>
      {col === 0 && (
        <span className={classes.check} onClick={(e) => e.stopPropagation()}>
          <Checkbox size="xs" tabIndex={-1} checked={props.chosen === "all"} indeterminate={props.chosen === "some"} aria-label={t("select.loaded")} onChange={props.onChoose} />
        </span>
      )}
      <span className={classes.label} draggable={movable} title={column.label}
        onDragStart={(e) => { e.dataTransfer.setData("text/x-column", column.name); e.dataTransfer.effectAllowed = "move"; }}>
        <span className="clip">{column.label}</span>
        {sorted && <Icon name={sorted.desc ? "arrowDown" : "arrowUp"} size={13} className={classes.arrow} />}
        {sorted && props.sorting.length > 1 && <sup className={`${classes.order} tnum`}>{props.sorting.indexOf(sorted) + 1}</sup>}
      </span>
      <Menu opened={props.menu === col} onChange={(o) => props.onMenu(o ? col : undefined)} position="bottom-start" width={190} returnFocus>
        <Menu.Target>
          <button type="button" tabIndex={-1} className={classes.more} aria-label={t("grid.columnMenu", { column: column.label })} onClick={(e) => e.stopPropagation()}>
            <Icon name="chevronDown" size={13} />
          </button>
        </Menu.Target>
        <Menu.Dropdown onClick={(e) => e.stopPropagation()} onKeyDown={(e) => e.stopPropagation()}>
          {column.sortable && (
            <>
              <Menu.Item leftSection={<Icon name="arrowUp" />} onClick={() => props.onSortTo(column.name, false)}>{t("grid.sortUp")}</Menu.Item>
              <Menu.Item leftSection={<Icon name="arrowDown" />} onClick={() => props.onSortTo(column.name, true)}>{t("grid.sortDown")}</Menu.Item>
              {!sorted && props.sorting.length > 0 && <Menu.Item leftSection={<Icon name="plus" />} onClick={() => props.onSort(column.name, true)}>{t("grid.sortAlso")}</Menu.Item>}
              <Menu.Divider />
            </>
          )}
          <Menu.Item closeMenuOnClick={false} onClick={() => props.onWidth(column.name, 40)}>{t("grid.wider")}</Menu.Item>
          <Menu.Item closeMenuOnClick={false} onClick={() => props.onWidth(column.name, -40)}>{t("grid.narrower")}</Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="lock" />} onClick={() => props.onFreeze(props.frozen.length === col + 1 && col > 0 ? 1 : col + 1)}>
            {props.frozen.length === col + 1 && col > 0 ? t("grid.unfreeze") : t("grid.freeze")}
          </Menu.Item>
          {props.onGroup && groupable(column) && <Menu.Item leftSection={<Icon name="density" />} onClick={() => props.onGroup?.(column.name)}>{t("grid.groupBy")}</Menu.Item>}
          {movable && (
            <>
              <Menu.Divider />
              <Menu.Item leftSection={<Icon name="arrowLeft" />} disabled={col <= 1} onClick={() => props.onMove(column.name, col - 1)}>{t("grid.moveLeft")}</Menu.Item>
              <Menu.Item leftSection={<Icon name="arrowRight" />} disabled={col >= props.columns.length - 1} onClick={() => props.onMove(column.name, col + 1)}>{t("grid.moveRight")}</Menu.Item>
              <Menu.Item leftSection={<Icon name="close" />} onClick={() => props.onHide(column.name)}>{t("grid.hide")}</Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <span className={classes.grip} data-on={props.resizing === column.name || undefined} onMouseDown={handler} onTouchStart={handler} onClick={(e) => e.stopPropagation()} aria-hidden="true" />
    </div>
  );
}
