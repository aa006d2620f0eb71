import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { valueOf } from "@/api/rows";
import type { Column, Row, Table } from "@/api/types";
import { Cell } from "./cells";
import classes from "./GridCards.module.css";
import type { GridState } from "./gridState";
import type { GridData } from "./useGridData";
import { useTall } from "./useTall";

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
  const { rowAt, count, show } = data;
  const tall = useTall({ count, height: CARD, head: 0, scroller });
  useEffect(() => show(tall.first, tall.last), [show, tall.first, tall.last]);
  const first = state.columns[0];
  const rest = state.columns.slice(1);

  return (
    <div ref={scroller} className={classes.scroller} tabIndex={-1}>
      <ul className={classes.list} style={{ height: tall.height }} aria-label={table.pluralLabel}>
        {tall.rows.map((index) => {
          const row = rowAt(index);
          const style = { transform: `translateY(${tall.topOf(index)}px)` };
          if (!row || !first) return <li key={index} className={classes.item} style={style} aria-hidden="true" />;
          const columns = filled(rest, row);
          const score = columns.find((c) => c.name === "msdyn_leadscore");
          const shown = columns.filter((c) => c !== score).slice(0, 4);
          return (
            <li key={index} className={classes.item} style={style} aria-setsize={data.total ?? -1} aria-posinset={index + 1}>
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
