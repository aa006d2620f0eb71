import { Alert, Button, Progress } from "@mantine/core";
import type { Actions } from "@/api/generated/webapi";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useLive } from "@/api/live";
import { useTableMeta } from "@/api/metadata";
import { callBound } from "@/api/records";
import { columnOf, parseJson } from "@/api/rows";
import type { Row } from "@/api/types";
import { currentLanguage } from "@/i18n";
import { Said } from "@/i18n/Said";
import { formatDay, formatInstant, formatNumber, formatPercent, optionFor } from "@/lib/format";
import { recordQuery } from "@/record/recordQuery";
import { Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { PageBar } from "@/ui/PageBar";
import { toast, toastFailure } from "@/ui/toast";
import { HintList } from "./Hints";
import { CalibrationPlot, LiftPlot } from "./Plots";
import classes from "./scoring.module.css";
import { inWords, type Metrics, type Report, status } from "./types";

const TABLE = "rpt_modelversion";

/** One version of a model, so that a manager understands what it is worth. */
export function ModelCard() {
  const { t } = useTranslation();
  const { id = "" } = useParams({ strict: false });
  const meta = useTableMeta(TABLE);
  const model = useTableMeta("rpt_model");
  const record = useQuery({ ...(meta.data ? recordQuery(meta.data, id) : { queryKey: ["record", TABLE, id] as const }), enabled: meta.data !== undefined });
  useLive(TABLE, (change) => { if (change.id === id) void record.refetch(); });
  const failed = meta.error ?? record.error;
  if (failed && !record.data) return <Failure error={failed} onRetry={() => void record.refetch()} />;
  if (!meta.data || !record.data) return null;
  const table = meta.data;
  const row = record.data as Row;
  const state = Number(row.rpt_status);
  const report = parseJson<Report | null>(row.rpt_report, null);
  const may = model.data?.privileges.write;

  async function act(action: keyof Actions, said: string) {
    try {
      await callBound(table.entityset, id, action);
      toast(said);
      void record.refetch();
    } catch (error) {
      toastFailure(error);
    }
  }

  return (
    <>
      <PageBar title={<><h1>{String(row.rpt_name ?? "")}</h1><span className={classes.pill} data-tone={tone(state)}>{optionFor(columnOf(table, "rpt_status")!, state)?.label}</span></>}
        actions={may && (
          <>
            {(state === status.queued || state === status.training) && <Button variant="default" onClick={() => void act("rpt_CancelTraining", t("scoring.cancelled"))}>{t("scoring.cancel")}</Button>}
            {(state === status.ready || state === status.inForce || state === status.retired) && (
              <Button variant="default" component="a" href={`/api/scoring/versions/${id}/model`} download>{t("scoring.export")}</Button>
            )}
            {(state === status.ready || state === status.retired) && (
              <Button leftSection={<Icon name="check" size={15} />} onClick={() => void act("rpt_PromoteVersion", t("scoring.promoted"))}>{t("scoring.promote")}</Button>
            )}
          </>
        )} />
      <div className={classes.page}>
        <div className={classes.inner}>
          {state <= status.training && <TrainingProgress row={row} />}
          {typeof row.rpt_reason === "string" && row.rpt_reason !== "" && (
            <Alert data-tone={state === status.refused ? "warn" : "bad"} icon={<Icon name="warning" />} title={t(state === status.refused ? "scoring.refusedTitle" : "scoring.failedTitle")}><Said text={row.rpt_reason} /></Alert>
          )}
          {report?.imported && <Alert icon={<Icon name="info" />}>{t("scoring.importedNote")}</Alert>}
          {report && !report.imported && report.curve && <Figures report={report} />}
          {report && !report.imported && <Details report={report} trained={typeof row.rpt_trainedon === "string" ? row.rpt_trainedon : undefined} />}
        </div>
      </div>
    </>
  );
}

function tone(state: number): string | undefined {
  if (state === status.inForce || state === status.ready) return "good";
  if (state === status.refused) return "warn";
  return state === status.failed ? "bad" : undefined;
}

export function TrainingProgress({ row }: { row: Row }) {
  const { t } = useTranslation();
  const percent = Number(row.rpt_progress ?? 0);
  const stage = String(row.rpt_stage ?? "");
  return (
    <section className={classes.card} aria-live="polite">
      <h2>{t("scoring.trainingTitle")}</h2>
      <p className={classes.hint}>{stage ? t(`scoring.stage.${stage}`, { defaultValue: stage }) : t("scoring.stage.queued")}</p>
      <Progress value={percent} aria-label={t("scoring.trainingTitle")} animated />
    </section>
  );
}

function Tile({ value, children }: { value: string; children: ReactNode }) {
  return <div className={classes.tile}><strong className="tnum">{value}</strong><span>{children}</span></div>;
}

/** How good it is, in sentences. */
function Figures({ report }: { report: Report }) {
  const { t } = useTranslation();
  const m = report.newest;
  const bins = report.curve ?? [];
  return (
    <>
      <div className={classes.tiles}>
        <Tile value={formatPercent(m.auc)}>{t("scoring.tile.auc", { low: formatPercent(m.aucLow), high: formatPercent(m.aucHigh) })}</Tile>
        <Tile value={`${formatNumber(m.lift10, 1)}×`}>{t("scoring.tile.lift")}</Tile>
        <Tile value={formatPercent(m.top20)}>{t("scoring.tile.top20")}</Tile>
        <Tile value={`±${formatPercent(m.ece)}`}>{t("scoring.tile.ece")}</Tile>
      </div>
      <div className={classes.two}>
        <section className={classes.card}>
          <h2>{t("scoring.lift")}</h2>
          <p className={classes.hint}>{t("scoring.liftHint", { rate: formatPercent(m.rate) })}</p>
          <LiftPlot bins={bins} rate={m.rate} />
        </section>
        <section className={classes.card}>
          <h2>{t("scoring.calibration")}</h2>
          <p className={classes.hint}>{t("scoring.calibrationHint")}</p>
          <CalibrationPlot bins={bins} />
        </section>
      </div>
    </>
  );
}

function Details({ report, trained }: { report: Report; trained?: string }) {
  const { t } = useTranslation();
  const language = currentLanguage();
  const drivers = (report.drivers ?? []).slice(0, 10);
  const most = Math.max(0.0001, ...drivers.map((d) => d.weight));
  const drift = (report.drift ?? []).slice(0, 8);
  const rows: [string, Metrics | undefined][] = [[t("scoring.row.newest"), report.newest], [t("scoring.row.random"), report.random], [t("scoring.row.challenger"), report.challenger], [t("scoring.row.arrival"), report.arrival]];
  return (
    <>
      <div className={classes.two}>
        {drivers.length > 0 && (
          <section className={classes.card}>
            <h2>{t("scoring.drivers")}</h2>
            <p className={classes.hint}>{t("scoring.driversHint")}</p>
            <ul className={classes.list}>
              {drivers.map((d) => (
                <li key={d.source} className={classes.driver}>
                  <span className="clip">{d.source === "engagement" || d.source === "time" ? t(`scoring.source.${d.source}`) : inWords(d.label, language, d.source)}</span>
                  <span className="tnum">{formatPercent(d.share)}</span>
                  <span className={classes.track} aria-hidden="true"><span className={classes.fill} style={{ inlineSize: `${(d.weight / most) * 100}%` }} /></span>
                </li>
              ))}
            </ul>
          </section>
        )}
        {drift.length > 0 && <DriftCard title={t("scoring.drift")} hint={t("scoring.driftHint")} drift={drift} />}
      </div>
      {report.hints && report.hints.length > 0 && (
        <section className={classes.card}>
          <h2>{t("scoring.hints")}</h2>
          <p className={classes.hint}>{t("scoring.hintsHint")}</p>
          <HintList hints={report.hints} />
        </section>
      )}
      {report.newest.rows > 0 && (
        <section className={classes.card}>
          <h2>{t("scoring.figures")}</h2>
          <p className={classes.hint}>{t("scoring.figuresHint")}</p>
          <div className={classes.tableBox} tabIndex={0} role="region" aria-label={t("scoring.figures")}>
            <table className={classes.table}>
              <thead><tr><th scope="col">{t("scoring.col.measured")}</th><th scope="col">{t("scoring.col.leads")}</th><th scope="col">AUC</th><th scope="col">{t("scoring.col.logLoss")}</th><th scope="col">{t("scoring.col.prior")}</th><th scope="col">Brier</th><th scope="col">{t("scoring.col.lift")}</th></tr></thead>
              <tbody>
                {rows.filter(([, m]) => m && m.rows > 0).map(([label, m]) => (
                  <tr key={label}><th scope="row">{label}</th><td>{formatNumber(m!.rows)}</td><td>{formatNumber(m!.auc, 3)} ({formatNumber(m!.aucLow, 3)}–{formatNumber(m!.aucHigh, 3)})</td>
                    <td>{formatNumber(m!.logLoss, 4)}</td><td>{formatNumber(m!.priorLog, 4)}</td><td>{formatNumber(m!.brier, 4)}</td><td>{formatNumber(m!.lift10, 2)}×</td></tr>
                ))}
              </tbody>
            </table>
          </div>
          {report.compared && <p style={{ marginTop: 10 }}>{t(report.compared.better ? "scoring.better" : "scoring.notBetter", { count: report.compared.rows })}</p>}
        </section>
      )}
      <section className={classes.card}>
        <h2>{t("scoring.data")}</h2>
        <p>{t("scoring.dataText", { rows: formatNumber(report.rows), positives: formatNumber(report.positives), horizon: report.horizon, open: formatNumber(report.open) })}{" "}
          {report.ordered === "time" && report.test.first ? t("scoring.dataTime", { first: formatDay(report.test.first), last: formatDay(report.test.last ?? report.test.first) }) : t("scoring.dataFile")}{" "}
          {report.champion && t("scoring.dataKind", { kind: t(`scoring.kind.${report.champion}`, { defaultValue: report.champion }), calibrated: t(`scoring.calibrated.${report.calibrated || "no"}`) })}
          {trained && ` ${t("scoring.trainedOn", { at: formatInstant(trained) })}`}</p>
      </section>
    </>
  );
}

export function DriftCard({ title, hint, drift }: { title: string; hint: string; drift: Report["drift"] & object }) {
  const { t } = useTranslation();
  const language = currentLanguage();
  return (
    <section className={classes.card}>
      <h2>{title}</h2>
      <p className={classes.hint}>{hint}</p>
      <ul className={classes.list}>
        {drift.map((d) => (
          <li key={d.name} className={classes.driver}>
            <span className="clip">{inWords(d.label, language, d.name)} <span className={classes.pill} data-tone={d.level === "strong" ? "bad" : d.level === "some" ? "warn" : "good"}>{t(`scoring.level.${d.level}`)}</span></span>
            <span className="tnum" title="PSI">{formatNumber(d.psi, 2)}</span>
            <span className={classes.track} aria-hidden="true"><span className={classes.fill} data-tone={d.level} style={{ inlineSize: `${Math.min(1, d.psi / 0.5) * 100}%` }} /></span>
          </li>
        ))}
      </ul>
    </section>
  );
}
