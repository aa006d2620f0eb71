import { Alert, Button, Radio } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { entitySets, useTableMeta } from "@/api/metadata";
import { callBound, callUnbound, fetchRecord, fetchTop } from "@/api/records";
import { nameOf } from "@/api/rows";
import type { Column, Row } from "@/api/types";
import { recordPath } from "@/lib/paths";
import classes from "@/scoring/scoring.module.css";
import { Failure } from "@/ui/Calm";
import { PageBar } from "@/ui/PageBar";
import { blank, differing, shown, type Side, taken } from "./choice";

interface Undone { Values: number; Children: number; Kept?: { Table: string; Column: string; Reason: string }[] | null }

/** Two records become one; whose value stays is chosen column by column. */
export function Merge() {
  const { t } = useTranslation();
  const { table = "", stays: first = "", goes: second = "" } = useParams({ strict: false });
  const [turned, setTurned] = useState(false);
  const [stays, goes] = turned ? [second, first] : [first, second];
  const meta = useTableMeta(table);
  const client = useQueryClient();
  const set = meta.data?.entityset ?? "";
  const rows = useQuery({ queryKey: ["merge", table, first, second], enabled: set !== "",
    queryFn: async ({ signal }) => Promise.all([fetchRecord(set, first, undefined, signal), fetchRecord(set, second, undefined, signal)]) as Promise<[Row, Row]> });
  const [picks, setPicks] = useState<Record<string, Side>>({});
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [merged, setMerged] = useState<string>();
  const [undone, setUndone] = useState<Undone>();
  const [a, b] = useMemo(() => (rows.data ? (turned ? [rows.data[1], rows.data[0]] : rows.data) : [{}, {}]), [rows.data, turned]) as [Row, Row];
  const columns = useMemo(() => (meta.data ? differing(meta.data.columns, a, b) : []), [meta.data, a, b]);

  const failed = meta.error ?? rows.error;
  if (failed && !rows.data) return <Failure error={failed} onRetry={() => void rows.refetch()} />;
  if (!meta.data || !rows.data) return null;
  const title = (row: Row) => nameOf(meta.data!, row) || t("duplicates.nameless");
  // Where nothing was chosen the record that stays counts, unless it has no value.
  const pick = (c: Column) => picks[c.name] ?? (blank(c, a) ? "goes" : "stays");

  async function run(what: () => Promise<void>) {
    setBusy(true);
    setProblem(undefined);
    try {
      await what();
      void client.invalidateQueries({ queryKey: ["duplicates"] });
    } catch (error) {
      const failure = asApiError(error);
      setProblem(failure.kind === "network" || failure.kind === "forbidden" ? t(`failure.${failure.kind}`) : failure.message);
    } finally {
      setBusy(false);
    }
  }
  const merge = () => run(async () => {
    const type = `Microsoft.Dynamics.CRM.${table}`;
    const key = meta.data!.primaryid;
    const update: Row = { "@odata.type": type, ...taken(meta.data!, columns, b, pick, entitySets(client)) };
    await callUnbound("Merge", { Target: { "@odata.type": type, [key]: stays }, Subordinate: { "@odata.type": type, [key]: goes }, UpdateContent: update, PerformParentingChecks: false });
    const page = await fetchTop("rpt_merges", { select: ["rpt_mergeid"], filter: `rpt_goes eq ${goes} and rpt_undoneon eq null`, orderby: "createdon desc", top: 1 });
    setMerged(String(page.rows[0]?.rpt_mergeid ?? ""));
  });
  const undo = () => run(async () => {
    setUndone(await callBound<Undone>("rpt_merges", merged!, "rpt_UndoMerge"));
    setMerged(undefined);
    void rows.refetch();
  });

  return (
    <>
      <PageBar title={<h1>{t("duplicates.mergeTitle")}</h1>} />
      <div className={classes.page}>
        <div className={classes.inner}>
          <section className={classes.card} aria-labelledby="merge-values">
            <h2 id="merge-values">{t("duplicates.into", { goes: title(b), stays: title(a) })}</h2>
            <p className={classes.hint}>{t("duplicates.mergeHint")}</p>
            {merged === undefined && (
              <div className={classes.tableBox} tabIndex={0} role="region" aria-label={t("duplicates.values")} style={{ maxBlockSize: "none" }}>
                <table className={classes.table}>
                  <thead><tr><th scope="col">{t("duplicates.column")}</th><th scope="col">{t("duplicates.staysHead", { name: title(a) })}</th><th scope="col">{t("duplicates.goesHead", { name: title(b) })}</th></tr></thead>
                  <tbody>
                    {columns.map((c) => (
                      <tr key={c.name}>
                        <th scope="row">{c.label}</th>
                        {(["stays", "goes"] as const).map((side) => (
                          <td key={side} className={classes.wide}>
                            <Radio name={c.name} checked={pick(c) === side} onChange={() => setPicks({ ...picks, [c.name]: side })}
                              label={shown(side === "stays" ? a : b, c) || t("duplicates.blank")} aria-label={`${c.label}: ${shown(side === "stays" ? a : b, c) || t("duplicates.blank")}`} />
                          </td>
                        ))}
                      </tr>
                    ))}
                    {columns.length === 0 && <tr><td colSpan={3}>{t("duplicates.alike")}</td></tr>}
                  </tbody>
                </table>
              </div>
            )}
            {problem && <Alert data-tone="bad" role="alert" p="xs" mt="sm">{problem}</Alert>}
            {merged !== undefined && <Alert data-tone="good" role="status" p="xs">{t("duplicates.merged")} <Link to={recordPath(table, stays)}>{title(a)}</Link></Alert>}
            {undone && <Alert data-tone={undone.Kept?.length ? "warn" : "good"} role="status" p="xs" mt="sm">
              {t("duplicates.undoneText", { values: undone.Values, children: undone.Children })}
              {undone.Kept?.map((k, i) => <div key={i}>{k.Table} {k.Column}: {t(`duplicates.kept_${k.Reason}`)}</div>)}
            </Alert>}
            <div className={classes.end} style={{ marginTop: 12 }}>
              {merged === undefined ? <>
                <Button variant="default" onClick={() => { setTurned(!turned); setPicks({}); }}>{t("duplicates.turn")}</Button>
                <Button onClick={() => void merge()} loading={busy}>{t("duplicates.merge")}</Button>
              </> : <Button variant="default" onClick={() => void undo()} loading={busy}>{t("duplicates.undo")}</Button>}
            </div>
          </section>
        </div>
      </div>
    </>
  );
}
