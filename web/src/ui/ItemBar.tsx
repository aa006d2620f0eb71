import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { columnOf } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { Cell } from "@/grid/cells";
import { useShortcuts } from "@/lib/keys";
import { listPath } from "@/lib/paths";
import classes from "@/record/RecordPage.module.css";
import { Icon } from "./icons";
import { PageBar } from "./PageBar";

/** The head of a special page: the way back to its list, the title, the state. */
export function ItemBar({ table, row, title, actions, stateColumn = "statecode" }: { table: Table; row?: Row; title: string; actions?: ReactNode; stateColumn?: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  useShortcuts([{ keys: "escape", label: "keys.back", group: "keys.record", run: () => void navigate({ to: listPath(table.logicalname) }) }]);
  const state = columnOf(table, stateColumn);
  return (
    <PageBar
      title={
        <>
          <nav className={classes.crumbs} aria-label={t("record.crumbs")}>
            <Link to={listPath(table.logicalname)} className={classes.crumb}><Icon name="arrowLeft" size={18} className={classes.back} /><span className={classes.crumbText}>{table.pluralLabel}</span></Link>
            <Icon name="chevronRight" size={14} className={classes.sep} />
          </nav>
          <h1>{title}</h1>
          {state && row && <Cell table={table} column={state} row={row} />}
        </>
      }
      actions={actions}
    />
  );
}
