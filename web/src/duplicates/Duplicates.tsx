import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useLive } from "@/api/live";
import { callBound, callUnbound, fetchTop } from "@/api/records";
import { Said } from "@/i18n/Said";
import { formatAgo, formatNumber } from "@/lib/format";
import { recordPath } from "@/lib/paths";
import classes from "@/scoring/scoring.module.css";
import { Calm, Failure } from "@/ui/Calm";
import { PageBar } from "@/ui/PageBar";
import { toast, toastFailure } from "@/ui/toast";

type Row = Record<string, unknown>;
const FORMATTED = "@OData.Community.Display.V1.FormattedValue";
const LOGICAL = "@Microsoft.Dynamics.CRM.lookuplogicalname";

/** Rules, what scans found by them, and merges that can be undone. */
export function Duplicates() {
  const { t } = useTranslation();
  const rules = useQuery({ queryKey: ["duplicates", "rules"], refetchInterval: 10_000,
    queryFn: ({ signal }) => fetchTop("duplicaterules", { select: ["duplicateruleid", "name", "baseentityname", "matchingentityname", "statuscode"], orderby: "name asc", top: 200 }, signal) });
  const scans = useQuery({ queryKey: ["duplicates", "scans"], refetchInterval: 3_000,
    queryFn: ({ signal }) => fetchTop("asyncoperations", { select: ["asyncoperationid", "name", "statecode", "statuscode", "rpt_done", "rpt_total", "rpt_found", "createdon", "message"], filter: "operationtype eq 8", orderby: "createdon desc", top: 5 }, signal) });
  const found = useQuery({ queryKey: ["duplicates", "found"], refetchInterval: 10_000,
    queryFn: ({ signal }) => fetchTop("duplicaterecords", { select: ["duplicateid", "_baserecordid_value", "_duplicaterecordid_value", "_duplicateruleid_value"], orderby: "createdon desc", top: 100, count: true }, signal) });
  const merges = useQuery({ queryKey: ["duplicates", "merges"],
    queryFn: ({ signal }) => fetchTop("rpt_merges", { select: ["rpt_mergeid", "rpt_name", "rpt_table", "rpt_stays", "rpt_moved", "rpt_left", "rpt_undoneon", "createdon"], orderby: "createdon desc", top: 20 }, signal) });
  useLive("duplicaterule", () => void rules.refetch());
  useLive("rpt_merge", () => void merges.refetch());

  const act = async (what: () => Promise<unknown>) => {
    try {
      await what();
      await Promise.all([rules.refetch(), scans.refetch(), found.refetch(), merges.refetch()]);
    } catch (error) {
      toastFailure(error);
    }
  };
  const undo = async (id: string) => {
    const done = await callBound<{ Values: number; Children: number; Kept?: unknown[] | null }>("rpt_merges", id, "rpt_UndoMerge");
    const kept = done.Kept?.length ?? 0;
    toast(t("duplicates.undoneText", { values: done.Values, children: done.Children }) + (kept ? ` ${t("duplicates.keptCount", { count: kept })}` : ""));
  };
  if (rules.isError && !rules.data) return <Failure error={rules.error} onRetry={() => void rules.refetch()} />;
  return (
    <>
      <PageBar title={<h1>{t("duplicates.title")}</h1>} actions={<Button component={Link} to="/r/duplicaterule/new" variant="default">{t("duplicates.newRule")}</Button>} />
      <div className={classes.page}>
        <div className={classes.inner}>
          <section className={classes.card} aria-labelledby="dup-rules">
            <h2 id="dup-rules">{t("duplicates.rules")}</h2>
            <p className={classes.hint}>{t("duplicates.rulesHint")}</p>
            {rules.data?.rows.length === 0 ? <Calm small icon="search" title={t("duplicates.noRules")} /> : (
              <Box label={t("duplicates.rules")} heads={[t("duplicates.rule"), t("duplicates.tables"), t("duplicates.state"), t("duplicates.do")]}>
                {(rules.data?.rows as Row[] | undefined)?.map((row) => {
                  const id = String(row.duplicateruleid);
                  const state = Number(row.statuscode);
                  return (
                    <tr key={id}>
                      <th scope="row"><Link to={recordPath("duplicaterule", id)}>{String(row.name)}</Link></th>
                      <td>{row.baseentityname === row.matchingentityname ? String(row.baseentityname) : `${String(row.baseentityname)} → ${String(row.matchingentityname)}`}</td>
                      <td><span className={classes.pill} data-tone={state === 2 ? "good" : undefined}>{t(`duplicates.state${state}`)}</span></td>
                      <td>
                        {state === 2 ? <>
                          <Button size="compact-sm" onClick={() => void act(() => callBound("duplicaterules", id, "rpt_ScanDuplicates"))}>{t("duplicates.scan")}</Button>{" "}
                          <Button size="compact-sm" variant="default" onClick={() => void act(() => callUnbound("UnpublishDuplicateRule", { DuplicateRuleId: id }))}>{t("duplicates.unpublish")}</Button>
                        </> : state === 0 && <Button size="compact-sm" variant="default" onClick={() => void act(() => callUnbound("PublishDuplicateRule", { DuplicateRuleId: id }))}>{t("duplicates.publish")}</Button>}
                      </td>
                    </tr>
                  );
                })}
              </Box>
            )}
          </section>
          {(scans.data?.rows.length ?? 0) > 0 && (
            <section className={classes.card} aria-labelledby="dup-scans">
              <h2 id="dup-scans">{t("duplicates.scans")}</h2>
              <ul className={classes.list}>
                {(scans.data?.rows as Row[]).map((row) => {
                  const total = Number(row.rpt_total ?? 0);
                  const done = Number(row.rpt_done ?? 0);
                  const share = Number(row.statecode) === 3 ? 100 : total > 0 ? Math.min(100, Math.round((100 * done) / total)) : 0;
                  return (
                    <li key={String(row.asyncoperationid)} className={classes.driver}>
                      <span>{String(row.name)} <span className="faint">{formatAgo(String(row.createdon))}</span></span>
                      <span className="tnum">{share}%</span>
                      <span className={classes.track} role="progressbar" aria-valuenow={share} aria-valuemin={0} aria-valuemax={100} aria-label={String(row.name)}>
                        <span className={classes.fill} style={{ inlineSize: `${share}%` }} />
                      </span>
                      <span className="faint">{t("duplicates.progress", { done: formatNumber(done), total: formatNumber(total), found: formatNumber(Number(row.rpt_found ?? 0)) })} <Said text={row.message} /></span>
                    </li>
                  );
                })}
              </ul>
            </section>
          )}
          <section className={classes.card} aria-labelledby="dup-found">
            <h2 id="dup-found">{t("duplicates.found", { count: found.data?.count ?? 0 })}</h2>
            {found.isError && !found.data ? <Failure small error={found.error} /> : found.data?.rows.length === 0 ? <Calm small icon="table" title={t("duplicates.none")}>{t("duplicates.noneHint")}</Calm> : (
              <Box label={t("duplicates.pairs")} heads={[t("duplicates.record"), t("duplicates.duplicate"), t("duplicates.rule"), t("duplicates.do")]}>
                {(found.data?.rows as Row[] | undefined)?.map((row) => {
                  const table = String(row[`_baserecordid_value${LOGICAL}`] ?? "");
                  const other = String(row[`_duplicaterecordid_value${LOGICAL}`] ?? "");
                  const a = String(row._baserecordid_value ?? "");
                  const b = String(row._duplicaterecordid_value ?? "");
                  return (
                    <tr key={String(row.duplicateid)}>
                      <th scope="row"><Link to={recordPath(table, a)}>{String(row[`_baserecordid_value${FORMATTED}`] ?? a)}</Link></th>
                      <td><Link to={recordPath(other, b)}>{String(row[`_duplicaterecordid_value${FORMATTED}`] ?? b)}</Link></td>
                      <td>{String(row[`_duplicateruleid_value${FORMATTED}`] ?? "")}</td>
                      <td>{table === other && <Link to="/merge/$table/$stays/$goes" params={{ table, stays: a, goes: b }}>{t("duplicates.merge")}</Link>}</td>
                    </tr>
                  );
                })}
              </Box>
            )}
          </section>
          {(merges.data?.rows.length ?? 0) > 0 && (
            <section className={classes.card} aria-labelledby="dup-merges">
              <h2 id="dup-merges">{t("duplicates.merges")}</h2>
              <Box label={t("duplicates.merges")} heads={[t("duplicates.merge"), t("duplicates.moved"), t("duplicates.when"), t("duplicates.do")]}>
                {(merges.data?.rows as Row[]).map((row) => (
                  <tr key={String(row.rpt_mergeid)}>
                    <th scope="row"><Link to={recordPath(String(row.rpt_table), String(row.rpt_stays))}>{String(row.rpt_name)}</Link></th>
                    <td className="tnum">{formatNumber(Number(row.rpt_moved ?? 0))}</td>
                    <td>{formatAgo(String(row.createdon))}</td>
                    <td>{row.rpt_undoneon ? <span className={classes.pill}>{t("duplicates.undone")}</span>
                      : <Button size="compact-sm" variant="default" onClick={() => void act(() => undo(String(row.rpt_mergeid)))}>{t("duplicates.undo")}</Button>}</td>
                  </tr>
                ))}
              </Box>
            </section>
          )}
        </div>
      </div>
    </>
  );
}

function Box({ label, heads, children }: { label: string; heads: string[]; children: React.ReactNode }) {
  return (
    <div className={classes.tableBox} tabIndex={0} role="region" aria-label={label}>
      <table className={classes.table}>
        <thead><tr>{heads.map((h) => <th key={h} scope="col">{h}</th>)}</tr></thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
