import { ActionIcon, Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { columnOf, nameOf, valueOf } from "@/api/rows";
import type { Table } from "@/api/types";
import { useShortcuts } from "@/lib/keys";
import { recordQuery } from "@/record/recordQuery";
import { Reasons } from "@/lead/Reasons";
import { leadScore } from "@/lead/leadScore";
import { ScoreRing } from "@/lead/ScoreRing";
import { Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { Cell } from "./cells";
import classes from "./GridPreview.module.css";

/** A record beside the list, without leaving it. It follows the cursor. */
export function GridPreview({ table, id, open, onClose }: { table: Table; id: string; open: (id: string) => string; onClose: () => void }) {
  const { t } = useTranslation();
  const query = useQuery(recordQuery(table, id));
  useShortcuts([{ keys: "escape", label: "keys.closePreview", group: "keys.list", run: onClose }]);
  const row = query.data;
  const names = [...(table.forms[0]?.header ?? []), ...(table.forms[0]?.tabs[0]?.sections.flatMap((s) => s.columns) ?? [])];
  const score = row && table.logicalname === "lead" ? leadScore(row) : undefined;

  return (
    <aside className={classes.panel} aria-label={t("grid.preview")}>
      <div className={classes.head}>
        <h2 className="clip grow">{row ? nameOf(table, row) || t("value.unnamed") : " "}</h2>
        <Button component={Link} to={open(id)} variant="default" size="compact-sm">{t("common.open")}</Button>
        <ActionIcon aria-label={t("common.close")} onClick={onClose}><Icon name="close" /></ActionIcon>
      </div>
      {query.isError && !row && <Failure small error={query.error} onRetry={() => void query.refetch()} />}
      {row && (
        <div className={classes.body}>
          {score?.score !== undefined && (
            <div className={classes.score}>
              <ScoreRing score={score.score} size={64} />
              <div className="grow"><Reasons reasons={score.reasons.slice(0, 3)} /></div>
            </div>
          )}
          <dl className={classes.fields}>
            {[...new Set(names)].map((name) => {
              const column = columnOf(table, name);
              if (!column || column.type === "json") return null;
              const value = valueOf(column, row);
              if (value === null || value === "") return null;
              return (
                <div key={name} className={classes.field}>
                  <dt>{column.label}</dt>
                  <dd>{column.type === "memo" ? <span className={classes.memo}>{String(value)}</span> : <Cell table={table} column={column} row={row} />}</dd>
                </div>
              );
            })}
          </dl>
        </div>
      )}
    </aside>
  );
}
