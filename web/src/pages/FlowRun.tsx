import { Alert, Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { useLive } from "@/api/live";
import { useTableMeta } from "@/api/metadata";
import { callBound, fetchTop } from "@/api/records";
import { columnOf, nameOf, parseJson, wireName } from "@/api/rows";
import type { Row } from "@/api/types";
import { Said } from "@/i18n/Said";
import { recordPath } from "@/lib/paths";
import { recordQuery } from "@/record/recordQuery";
import { Calm, Failure } from "@/ui/Calm";
import { Facts } from "@/ui/Facts";
import { Icon } from "@/ui/icons";
import { ItemBar } from "@/ui/ItemBar";
import { JsonView } from "@/ui/JsonView";
import { toast } from "@/ui/toast";
import { FlowSteps, type Step } from "./FlowSteps";
import classes from "./FlowRun.module.css";

const TABLE = "rpt_flowrun";
const FAILED = 2;

/** One run of a flow: its steps with what went in and out, how long, and what failed. */
export function FlowRun() {
  const { t } = useTranslation();
  const { id = "" } = useParams({ strict: false });
  const meta = useTableMeta(TABLE);
  const checkpoints = useTableMeta("rpt_flowcheckpoint");
  const record = useQuery({ ...(meta.data ? recordQuery(meta.data, id) : { queryKey: ["record", TABLE, id] as const }), enabled: meta.data !== undefined });
  const steps = useQuery({
    queryKey: ["steps", id],
    enabled: checkpoints.data !== undefined,
    queryFn: async ({ signal }) => {
      const table = checkpoints.data!;
      const run = columnOf(table, "rpt_runid");
      const page = await fetchTop(table.entityset, { filter: `${run ? wireName(run) : "rpt_runid"} eq ${id}`, orderby: "rpt_sequence asc", top: 500 }, signal);
      return page.rows.map((row) => ({ sequence: Number(row.rpt_sequence ?? 0), at: String(row.createdon ?? ""), steps: parseJson<Step[]>(row.rpt_steps, []) }));
    },
  });
  useLive(TABLE, (change) => {
    if (change.id !== id) return;
    void record.refetch();
    void steps.refetch();
  });
  const resume = useMutation({
    mutationFn: () => callBound(meta.data!.entityset, id, "rpt_ResumeFlowRun"),
    onSuccess: () => { toast(t("flow.resumed")); void record.refetch(); void steps.refetch(); },
  });
  const failed = meta.error ?? record.error;
  if (failed && !record.data) return <Failure error={failed} onRetry={() => void record.refetch()} />;
  if (!meta.data || !record.data) return null;
  const row = record.data as Row;
  const lead = regarding(row);

  return (
    <>
      <ItemBar table={meta.data} row={row} title={nameOf(meta.data, row) || String(row.rpt_flowname ?? id)} stateColumn="rpt_status"
        actions={row.rpt_status === FAILED && <Button leftSection={<Icon name="play" size={14} />} loading={resume.isPending} onClick={() => resume.mutate()}>{t("flow.resume")}</Button>} />
      <div className={classes.body}>
        <div className={classes.main}>
          {resume.isError && <Alert data-tone="bad" role="alert">{asApiError(resume.error).message}</Alert>}
          {row.rpt_error ? <Alert data-tone="bad" icon={<Icon name="warning" />} title={t("flow.error")}><Said text={row.rpt_error} /></Alert> : null}
          <h2 className={classes.heading}>{t("flow.steps")}</h2>
          {steps.isError && <Failure small error={steps.error} onRetry={() => void steps.refetch()} />}
          {steps.data?.length === 0 && <Calm small icon="flow" title={t("flow.noSteps")} />}
          {steps.data && <FlowSteps checkpoints={steps.data} />}
        </div>
        <aside className={classes.side} aria-label={t("flow.run")}>
          {lead && <Link to={recordPath("lead", lead)} className={`row link ${classes.lead}`}><Icon name="lead" size={15} />{t("flow.openLead")}</Link>}
          <Facts table={meta.data} row={row} title={t("flow.run")} names={["rpt_flowid", "rpt_flowname", "rpt_version", "rpt_status", "rpt_startedon", "rpt_completedon", "rpt_durationms"]} />
          {row.rpt_input ? <div className={classes.input}><h2 className={classes.heading}>{t("flow.input")}</h2><JsonView value={row.rpt_input} label={t("flow.input")} /></div> : null}
        </aside>
      </div>
    </>
  );
}

function regarding(row: Row): string | undefined {
  const value = row._rpt_regarding_value ?? row.rpt_regarding;
  return typeof value === "string" && value !== "" ? value : undefined;
}
