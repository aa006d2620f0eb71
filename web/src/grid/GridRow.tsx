import { memo, type MouseEvent } from "react";
import type { Column, Row, Table } from "@/api/types";
import { Cell, isNumeric } from "./cells";
import classes from "./GridRow.module.css";

interface Props {
  table: Table;
  columns: Column[];
  row: Row;
  id: string;
  index: number;
  offset: number;
  href: string;
  activeCol?: number;
  peeked: boolean;
  gone: boolean;
  onCell: (row: number, col: number) => void;
  onOpen: (id: string) => void;
}

/** One row. It renders again only when its own record, place or cursor changes. */
export const GridRow = memo(function GridRow({ table, columns, row, id, index, offset, href, activeCol, peeked, gone, onCell, onOpen }: Props) {
  function follow(event: MouseEvent) {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    onOpen(id);
  }
  return (
    <div role="row" aria-rowindex={index + 2} className={classes.row} style={{ transform: `translateY(${offset}px)` }}
      data-active={activeCol !== undefined || undefined} data-peeked={peeked || undefined} data-gone={gone || undefined}
      onDoubleClick={() => onOpen(id)}>
      {columns.map((column, col) => {
        const content = <Cell table={table} column={column} row={row} />;
        return (
          <div key={column.name} role={col === 0 ? "rowheader" : "gridcell"} aria-colindex={col + 1} data-place={`${index}:${col}`}
            tabIndex={activeCol === col ? 0 : -1} className={classes.cell} data-first={col === 0 || undefined}
            data-end={isNumeric(column) && column.name !== "msdyn_leadscore" ? true : undefined}
            onMouseDown={(e) => { if (e.button === 0) onCell(index, col); }}>
            {col === 0 ? (
              // A plain link: the router's own costs too much a row while the list scrolls.
              <a href={href} tabIndex={-1} className={classes.link} draggable={false} onClick={follow}>{content}</a>
            ) : content}
          </div>
        );
      })}
    </div>
  );
});
