import { Alert, Button, Select } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { callUnbound } from "@/api/records";
import { columnOf } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { formatNumber, formatPercent, optionFor } from "@/lib/format";
import { recordPath } from "@/lib/paths";
import { Icon } from "@/ui/icons";
import { type Draft, rehearsalSet } from "./draft";
import classes from "./Rules.module.css";

interface Outcome {
  propensity?: number | null;
  nextaction?: number | null;
  routingteam?: string | null;
}

interface Sample {
  leadid: string;
  fullname?: string;
  companyname?: string;
  before: Outcome;
  after: Outcome;
  hits?: string[];
}

interface Result {
  Checked: number;
  Matched: number;
  Changed: number;
  Errors: number;
  Samples?: Sample[] | null;
}

const LIMIT = 1000;

/** Tries the draft on leads that already came, without touching any of them. */
export function Rehearsal({ rows, id, draft, lead, disabled }: { rows: Row[]; id?: string; draft: Draft; lead?: Table; disabled: boolean }) {
  const { t } = useTranslation();
  const [days, setDays] = useState("30");
  const run = useMutation({
    mutationFn: (set: ReturnType<typeof rehearsalSet>) => callUnbound<Result>("rpt_RehearseRules", { Rules: JSON.stringify(set), Days: Number(days), Limit: LIMIT }),
  });
  const result = run.data;
  const samples = result?.Samples ?? [];

  return (
    <section className={classes.panel} aria-labelledby="rehearsal-title">
      <div className={classes.panelHead}>
        <h3 id="rehearsal-title">{t("rules.rehearsal")}</h3>
        <Select data={["7", "30", "90"].map((d) => ({ value: d, label: t("rules.days", { count: Number(d) }) }))} value={days} allowDeselect={false} w={140}
          aria-label={t("rules.span")} onChange={(v) => setDays(v ?? "30")} />
        <Button variant="default" leftSection={<Icon name="flask" size={15} />} loading={run.isPending} disabled={disabled} onClick={() => run.mutate(rehearsalSet(rows, id, draft, lead?.columns ?? []))}>
          {t("rules.rehearse")}
        </Button>
      </div>
      {run.isError && <Alert data-tone="bad" role="alert">{[asApiError(run.error).message, ...asApiError(run.error).fields.map((f) => `${f.name}: ${f.message}`)].join(" · ")}</Alert>}
      {!result && !run.isError && <p className="dim">{t("rules.rehearsalHint", { count: LIMIT })}</p>}
      <div role="status">
        {result && (
          <div className={classes.tiles}>
            {(["Checked", "Matched", "Changed", "Errors"] as const).map((name) => (
              <div key={name} className={classes.tile} data-bad={(name === "Errors" && result[name] > 0) || undefined}>
                <strong className="tnum">{formatNumber(result[name])}</strong><span className="dim">{t(`rules.tile.${name}`)}</span>
              </div>
            ))}
          </div>
        )}
      </div>
      {result && samples.length === 0 && <p className="dim">{t("rules.noSamples")}</p>}
      {samples.length > 0 && (
        <div className={classes.samplesBox} tabIndex={0} role="region" aria-label={t("rules.samples")}>
          <table className={classes.samples}>
            <thead><tr>{(["lead", "propensity", "next", "team", "hits"] as const).map((h) => <th key={h} scope="col">{t(`rules.col.${h}`)}</th>)}</tr></thead>
            <tbody>{samples.map((s) => <SampleRow key={s.leadid} sample={s} lead={lead} />)}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function SampleRow({ sample, lead }: { sample: Sample; lead?: Table }) {
  const action = lead && columnOf(lead, "rpt_nextaction");
  const say = (value: number | null | undefined) => (value === null || value === undefined ? "" : ((action && optionFor(action, value)?.label) ?? String(value)));
  const percent = (value: number | null | undefined) => (value === null || value === undefined ? "" : formatPercent(value));
  const { before, after } = sample;
  return (
    <tr>
      <td><Link to={recordPath("lead", sample.leadid)} className="link">{sample.fullname || "—"}</Link><div className="faint">{sample.companyname}</div></td>
      <td className="tnum"><Change before={percent(before.propensity)} after={percent(after.propensity)} /></td>
      <td><Change before={say(before.nextaction)} after={say(after.nextaction)} /></td>
      <td><Change before={before.routingteam ?? ""} after={after.routingteam ?? ""} /></td>
      <td className="dim">{(sample.hits ?? []).join(", ")}</td>
    </tr>
  );
}

function Change({ before, after }: { before: string; after: string }) {
  const { t } = useTranslation();
  if (before === after) return <span className="faint">{after || "—"}</span>;
  return <>{before && <span className={classes.was}>{before}</span>}<strong>{after || t("value.empty")}</strong></>;
}
