import { Alert, Button } from "@mantine/core";
import type { Actions } from "@/api/generated/webapi";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLive } from "@/api/live";
import { useTableMeta } from "@/api/metadata";
import { callBound, fetchTop } from "@/api/records";
import { columnOf, parseJson } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { useSaid } from "@/i18n/useSaid";
import { formatAgo, formatNumber, formatPercent, optionFor } from "@/lib/format";
import { Calm, Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { PageBar } from "@/ui/PageBar";
import { toast, toastFailure } from "@/ui/toast";
import { DriftCard, TrainingProgress } from "./ModelCard";
import { Setup } from "./Setup";
import classes from "./scoring.module.css";
import { type Drift, status } from "./types";

/** The scoring model: what is in force, how it fares, and its versions. */
export function Scoring() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const meta = useTableMeta("rpt_model");
  const versionMeta = useTableMeta("rpt_modelversion");
  const [setup, setSetup] = useState(false);
  const models = useQuery({
    queryKey: ["scoring", "models"], enabled: meta.data !== undefined,
    queryFn: ({ signal }) => fetchTop(meta.data!.entityset, { filter: "statecode eq 0", orderby: "createdon asc", top: 1 }, signal),
  });
  const model = models.data?.rows[0];
  // Setting up goes on although saving makes the model appear.
  const first = models.data !== undefined && model === undefined && meta.data?.privileges.create === true;
  useEffect(() => { if (first) setSetup(true); }, [first]);
  const versions = useQuery({
    queryKey: ["scoring", "versions", model?.rpt_modelid], enabled: versionMeta.data !== undefined && model !== undefined,
    queryFn: ({ signal }) => fetchTop(versionMeta.data!.entityset, { filter: `_rpt_modelid_value eq ${String(model!.rpt_modelid)}`, orderby: "rpt_number desc", top: 50 }, signal),
  });
  useLive("rpt_model", () => void models.refetch());
  useLive("rpt_modelversion", () => void versions.refetch());

  const failed = meta.error ?? models.error;
  if (failed && !models.data) return <Failure error={failed} onRetry={() => void models.refetch()} />;
  if (!meta.data || !versionMeta.data || !models.data) return null;
  const table = meta.data;
  const may = table.privileges.write;
  const rows = versions.data?.rows ?? [];
  const training = rows.find((r) => Number(r.rpt_status) <= status.training);
  const inForce = rows.find((r) => Number(r.rpt_status) === status.inForce);
  const drift = parseJson<{ leads?: number; inputs?: Drift[] }>(model?.rpt_drift, {});
  const strong = (drift.inputs ?? []).filter((d) => d.level === "strong");

  async function act(action: keyof Actions, said: string) {
    try {
      const out = await callBound<{ VersionId?: string }>(table.entityset, String(model!.rpt_modelid), action);
      toast(said);
      void models.refetch();
      void versions.refetch();
      if (action === "rpt_TrainModel" && out?.VersionId) void navigate({ to: "/scoring/versions/$id", params: { id: out.VersionId } });
    } catch (error) {
      toastFailure(error);
    }
  }

  return (
    <>
      <PageBar title={<h1>{t("scoring.title")}</h1>} actions={model && may && !setup && (
        <>
          <Button variant="default" onClick={() => setSetup(true)}>{t("scoring.change")}</Button>
          {inForce && <Button variant="default" onClick={() => void act("rpt_ScoreLeads", t("scoring.scoringAll"))}>{t("scoring.scoreAll")}</Button>}
          <Button leftSection={<Icon name="play" size={14} />} disabled={training !== undefined} onClick={() => void act("rpt_TrainModel", t("scoring.trainingBegun"))}>{t("scoring.train")}</Button>
        </>
      )} />
      <div className={classes.page}>
        <div className={classes.inner}>
          {first || setup ? (
            <Setup table={table} row={model} onDone={(version) => {
              setSetup(false);
              void models.refetch();
              if (version) void navigate({ to: "/scoring/versions/$id", params: { id: version } });
            }} onClose={model ? () => setSetup(false) : undefined} />
          ) : !model ? (
            <Calm icon="sparkle" title={t("scoring.noneTitle")}>{t("scoring.none")}</Calm>
          ) : (
            <>
              {training && <TrainingProgress row={training} />}
              {strong.length > 0 && <Alert data-tone="warn" icon={<Icon name="warning" />} title={t("scoring.driftTitle")}>{t("scoring.driftAlarm", { count: strong.length })}</Alert>}
              <InForce model={model} version={inForce} may={may} onRollBack={rows.some((r) => Number(r.rpt_status) === status.retired) ? () => void act("rpt_RollBackModel", t("scoring.rolledBack")) : undefined} />
              {drift.inputs && drift.inputs.length > 0 && <DriftCard title={t("scoring.driftNow")} hint={t("scoring.driftNowHint", { leads: formatNumber(drift.leads ?? 0) })} drift={drift.inputs.slice(0, 6)} />}
              <Versions table={versionMeta.data} rows={rows} />
            </>
          )}
        </div>
      </div>
    </>
  );
}

function InForce({ model, version, may, onRollBack }: { model: Row; version?: Row; may: boolean; onRollBack?: () => void }) {
  const { t } = useTranslation();
  if (!version) return <Alert icon={<Icon name="info" />} title={t("scoring.rulesTitle")}>{t("scoring.rules")}</Alert>;
  return (
    <section className={classes.card}>
      <h2>{t("scoring.inForce")}</h2>
      <p>
        <Link to="/scoring/versions/$id" params={{ id: String(version.rpt_modelversionid) }}>{String(version.rpt_name)}</Link>
        {typeof model.rpt_promotedon === "string" && ` – ${t("scoring.since", { ago: formatAgo(model.rpt_promotedon) })}`}
        {typeof model.rpt_lastscoredon === "string" && ` – ${t("scoring.scored", { ago: formatAgo(model.rpt_lastscoredon) })}`}
      </p>
      <p>{t("scoring.scale", { rate: formatPercent(Number(model.rpt_reference ?? 0)), a: Number(model.rpt_gradea), b: Number(model.rpt_gradeb), c: Number(model.rpt_gradec) })}</p>
      {typeof model.rpt_endpoint === "string" && model.rpt_endpoint !== "" && <p>{t("scoring.endpointOn")}</p>}
      {may && onRollBack && <div className={classes.end}><Button variant="default" leftSection={<Icon name="undo" size={14} />} onClick={onRollBack}>{t("scoring.rollBack")}</Button></div>}
    </section>
  );
}

function Versions({ table, rows }: { table: Table; rows: Row[] }) {
  const { t } = useTranslation();
  const said = useSaid();
  const choice = columnOf(table, "rpt_status")!;
  if (rows.length === 0) return <Calm small icon="sparkle" title={t("scoring.noVersions")} />;
  return (
    <section className={classes.card}>
      <h2>{t("scoring.versions")}</h2>
      <div className={classes.tableBox} tabIndex={0} role="region" aria-label={t("scoring.versions")}>
        <table className={classes.table}>
          <thead><tr><th scope="col">{t("scoring.col.version")}</th><th scope="col">{t("scoring.col.status")}</th><th scope="col">AUC</th><th scope="col">{t("scoring.col.leads")}</th><th scope="col">{t("scoring.col.trained")}</th><th scope="col">{t("scoring.col.reason")}</th></tr></thead>
          <tbody>
            {rows.map((row) => {
              const state = Number(row.rpt_status);
              return (
                <tr key={String(row.rpt_modelversionid)}>
                  <th scope="row"><Link to="/scoring/versions/$id" params={{ id: String(row.rpt_modelversionid) }}>{String(row.rpt_name)}</Link></th>
                  <td><span className={classes.pill} data-tone={state === status.inForce || state === status.ready ? "good" : state === status.refused ? "warn" : state === status.failed ? "bad" : undefined}>{optionFor(choice, state)?.label}</span></td>
                  <td>{typeof row.rpt_auc === "number" ? formatNumber(row.rpt_auc, 3) : "–"}</td>
                  <td>{typeof row.rpt_rows === "number" ? formatNumber(row.rpt_rows) : "–"}</td>
                  <td>{typeof row.rpt_trainedon === "string" ? formatAgo(row.rpt_trainedon) : "–"}</td>
                  <td className="wide">{said(row.rpt_reason).slice(0, 90)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
