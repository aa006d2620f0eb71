import { useVirtualizer } from "@tanstack/react-virtual";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { valueOf } from "@/api/rows";
import type { Column, Row, Table } from "@/api/types";
import { Cell } from "./cells";
import classes from "./GridCards.module.css";
import type { GridState } from "./gridState";
import type { GridData } from "./useGridData";

const CARD = 92;

function filled(columns: Column[], row: Row): Column[] {
  return columns.filter((c) => {
    const value = valueOf(c, row);
    return value !== null && value !== "" && c.type !== "json" && c.type !== "memo";
  });
}

/** The list on a phone: the same rows, a card each. */
export function GridCards({ table, state, data, open }: { table: Table; state: GridState; data: GridData; open: (id: string) => string }) {
  const scroller = useRef<HTMLDivElement>(null);
  const { rows, more, loadMore } = data;
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => CARD, overscan: 6 });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= rows.length - 20) loadMore();
  }, [last, more, rows.length, loadMore]);
  const first = state.columns[0];
  const rest = state.columns.slice(1);

  return (
    <div ref={scroller} className={classes.scroller} tabIndex={-1}>
      <ul className={classes.list} style={{ height: virtual.getTotalSize() }} aria-label={table.pluralLabel}>
        {items.map((item) => {
          const row = rows[item.index];
          if (!row || !first) return null;
          const columns = filled(rest, row);
          const score = columns.find((c) => c.name === "msdyn_leadscore");
          const shown = columns.filter((c) => c !== score).slice(0, 4);
          return (
            <li key={String(row[table.primaryid])} className={classes.item} style={{ transform: `translateY(${item.start}px)` }}
              aria-setsize={data.total ?? -1} aria-posinset={item.index + 1}>
              <Link to={open(String(row[table.primaryid]))} className={classes.card}>
                <span className={classes.top}>
                  <span className="row grow"><Cell table={table} column={first} row={row} /></span>
                  {score && <span className={classes.score}><Cell table={table} column={score} row={row} /></span>}
                </span>
                <span className={classes.line}>{shown.slice(0, 2).map((c) => <span key={c.name} className="clip"><Cell table={table} column={c} row={row} /></span>)}</span>
                <span className={classes.line}>{shown.slice(2).map((c) => <span key={c.name} className="clip"><Cell table={table} column={c} row={row} /></span>)}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
