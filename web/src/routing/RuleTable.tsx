import { ActionIcon, Button, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { text } from "@/api/odata";
import { deleteRecord, fetchTop } from "@/api/records";
import type { Row, Table } from "@/api/types";
import { formatNumber } from "@/lib/format";
import classes from "@/scoring/scoring.module.css";
import { Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { toastFailure } from "@/ui/toast";
import { type Choice, RuleForm } from "./RuleForm";
import { FORMATTED } from "./types";

const MOST = 200;

/** The rules of a version in their order; those of a draft can be changed. */
export function RuleTable({ table, set, editable, queues, teams, onChanged }: { table: Table; set: string; editable: boolean; queues: Choice[]; teams: Choice[]; onChanged: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [words, setWords] = useState("");
  const [settled] = useDebouncedValue(words.trim(), 250);
  const [open, setOpen] = useState<Row | "new">();
  const key = ["routing", "rules", set];
  const search = settled ? ` and (${["name", "rpt_postalcode", "rpt_city"].map((c) => `contains(${c},${text(settled)})`).join(" or ")})` : "";
  const rules = useQuery({
    queryKey: [...key, settled],
    queryFn: ({ signal }) => fetchTop(table.entityset, { filter: `_routingruleid_value eq ${set}${search}`, orderby: "sequencenumber asc,name asc", top: MOST, count: true }, signal),
  });
  const refresh = () => { onChanged(); void client.invalidateQueries({ queryKey: key }); };
  const rows = rules.data?.rows ?? [];

  async function drop(row: Row) {
    try {
      await deleteRecord(table.entityset, String(row.routingruleitemid));
      refresh();
    } catch (error) {
      toastFailure(error);
    }
  }

  return (
    <section className={classes.card} aria-labelledby="routing-rules">
      <div className="row" style={{ flexWrap: "wrap", marginBlockEnd: 10 }}>
        <h2 id="routing-rules" style={{ flex: 1 }}>{t("routing.rules")} <span className="faint tnum">{formatNumber(rules.data?.count ?? rows.length)}</span></h2>
        <TextInput aria-label={t("routing.search")} placeholder={t("routing.search")} value={words} onChange={(e) => setWords(e.currentTarget.value)} />
        {editable && <Button component={Link} to="/import?table=routingruleitem" variant="default">{t("routing.import")}</Button>}
        {editable && <Button leftSection={<Icon name="plus" size={15} />} onClick={() => setOpen("new")}>{t("routing.newRule")}</Button>}
      </div>
      <p className={classes.hint}>{t("routing.orderHint")}</p>
      {rules.isError && !rules.data && <Failure small error={rules.error} onRetry={() => void rules.refetch()} />}
      <div className={classes.tableBox} tabIndex={0} role="region" aria-label={t("routing.rules")}>
        <table className={classes.table}>
          <thead>
            <tr>{["sequencenumber", "name", "rpt_postalcode", "rpt_city", "rpt_country", "rpt_condition", "queue", "rpt_skills"].map((h) => <th key={h} scope="col">{t(`routing.field.${h}`)}</th>)}{editable && <th scope="col">{t("routing.do")}</th>}</tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={String(row.routingruleitemid)}>
                <td className="tnum">{String(row.sequencenumber ?? "")}</td>
                <th scope="row">{editable ? <button type="button" className="link" onClick={() => setOpen(row)}>{String(row.name)}</button> : String(row.name)}</th>
                <td className={classes.wide}>{String(row.rpt_postalcode ?? "")}</td>
                <td className={classes.wide}>{String(row.rpt_city ?? "")}</td>
                <td>{String(row.rpt_country ?? "")}</td>
                <td className={classes.wide}><code>{String(row.rpt_condition ?? "")}</code>{row.conditionxml ? <code>{String(row.conditionxml)}</code> : null}</td>
                <td>{String(row[`_assignobjectid_value${FORMATTED}`] ?? row[`_routedqueueid_value${FORMATTED}`] ?? "")}</td>
                <td>{String(row.rpt_skills ?? "")}</td>
                {editable && <td><ActionIcon aria-label={t("routing.removeRule", { name: String(row.name) })} onClick={() => void drop(row)}><Icon name="trash" size={15} /></ActionIcon></td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {(rules.data?.count ?? 0) > MOST && <p className="faint">{t("routing.first", { count: MOST })}</p>}
      {open && <RuleForm table={table} set={set} row={open === "new" ? undefined : open} queues={queues} teams={teams} onClose={() => setOpen(undefined)} onSaved={refresh} />}
    </section>
  );
}
