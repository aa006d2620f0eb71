import { columnOf, valueOf } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { Cell } from "@/grid/cells";
import classes from "./Facts.module.css";

/** A record's plain columns, for reading: all that are filled, or the named ones. */
export function Facts({ table, row, title, names }: { table: Table; row: Row; title?: string; names?: string[] }) {
  const columns = names ? names.flatMap((n) => columnOf(table, n) ?? []) : table.columns.filter((c) => c.type !== "json" && c.type !== "id" && c.type !== "memo");
  return (
    <section>
      {title && <h2 className={classes.title}>{title}</h2>}
      <dl className={classes.facts}>
        {columns.map((column) => {
          const value = valueOf(column, row);
          if (value === null || value === "") return null;
          return <div key={column.name}><dt>{column.label}</dt><dd><Cell table={{ ...table, primaryname: "" }} column={column} row={row} /></dd></div>;
        })}
      </dl>
    </section>
  );
}
