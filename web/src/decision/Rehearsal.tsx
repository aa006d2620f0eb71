import { Alert, Button, NativeSelect } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { callBound } from "@/api/records";
import { useSaid } from "@/i18n/useSaid";
import { formatNumber } from "@/lib/format";
import { recordPath } from "@/lib/paths";
import { Icon } from "@/ui/icons";
import { outcomes, type Report } from "./api";
import classes from "./decision.module.css";

/** Tries the version on past records or decisions, beside the one in force. */
export function Rehearsal({ version, table, disabled }: { version: string; table: string; disabled: boolean }) {
  const { t } = useTranslation();
  const said = useSaid();
  const [source, setSource] = useState("records");
  const [days, setDays] = useState("0");
  const run = useMutation({
    mutationFn: async () => JSON.parse((await callBound<{ Report: string }>("rpt_decisionversions", version, "rpt_RehearseDecision", { Source: source, Days: Number(days) })).Report) as Report,
  });
  const report = run.data;
  return (
    <section className={classes.section} aria-label={t("decision.rehearsal")}>
      <div className={classes.sectionHead}>
        <h3>{t("decision.rehearsal")}</h3>
        <NativeSelect size="xs" aria-label={t("decision.source")} data={["records", "checks"].map((s) => ({ value: s, label: t(`decision.sources.${s}`) }))} value={source} onChange={(e) => setSource(e.currentTarget.value)} />
        <NativeSelect size="xs" aria-label={t("decision.span")} data={["0", "30", "90", "365"].map((d) => ({ value: d, label: d === "0" ? t("decision.allTime") : t("decision.days", { count: Number(d) }) }))} value={days} onChange={(e) => setDays(e.currentTarget.value)} />
        <Button size="compact-sm" variant="default" leftSection={<Icon name="flask" size={15} />} loading={run.isPending} disabled={disabled} onClick={() => run.mutate()}>{t("decision.rehearse")}</Button>
      </div>
      {run.isError && <Alert data-tone="bad" role="alert">{asApiError(run.error).message}</Alert>}
      <div role="status">
        {!report && !run.isError && <p className="dim">{t("decision.rehearsalHint")}</p>}
        {report && <p><strong className="tnum">{formatNumber(report.cases)}</strong> {t("decision.cases")}, <strong className="tnum">{formatNumber(report.changed)}</strong> {t("decision.changed")}{report.problems > 0 && <>, <strong className="tnum">{formatNumber(report.problems)}</strong> {t("decision.problems")}</>}</p>}
      </div>
      {report && <Moves report={report} />}
      {report && report.differences.length > 0 && (
        <div className={classes.box} tabIndex={0} role="region" aria-label={t("decision.differences")}>
          <table className={classes.grid}>
            <thead><tr>{(["record", "before", "after", "reasons"] as const).map((h) => <th key={h} scope="col">{t(`decision.col.${h}`)}</th>)}</tr></thead>
            <tbody>
              {report.differences.map((d) => (
                <tr key={d.id}>
                  <td><Link className="link" to={recordPath(table, d.id)}>{d.name || "—"}</Link></td>
                  <td>{t(`decision.${d.before}`)}</td><td><strong>{t(`decision.${d.after}`)}</strong></td><td className="dim">{d.reasons.map(said).join(" · ")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Moves({ report }: { report: Report }) {
  const { t } = useTranslation();
  const rows = [...outcomes, "none"].filter((o) => report.moves[o]);
  return (
    <table className={classes.moves}>
      <caption className="sr-only">{t("decision.moves")}</caption>
      <thead><tr><th scope="col">{t("decision.fromTo")}</th>{outcomes.map((o) => <th key={o} scope="col">{t(`decision.${o}`)}</th>)}</tr></thead>
      <tbody>
        {rows.map((from) => (
          <tr key={from}>
            <th scope="row">{t(`decision.${from}`)}</th>
            {outcomes.map((to) => <td key={to} className="tnum" data-moved={from !== to && (report.moves[from]?.[to] ?? 0) > 0 ? true : undefined}>{formatNumber(report.moves[from]?.[to] ?? 0)}</td>)}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
