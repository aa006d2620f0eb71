import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTableMeta } from "@/api/metadata";
import { callBound } from "@/api/records";
import type { Row } from "@/api/types";
import { Said } from "@/i18n/Said";
import { formatInstant, formatNumber } from "@/lib/format";
import { recordPath } from "@/lib/paths";
import { Calm, Failure } from "@/ui/Calm";
import { PageBar } from "@/ui/PageBar";
import { toast, toastFailure } from "@/ui/toast";
import { useCounterparts, useStatus } from "./api";
import { Differing } from "./Differing";
import classes from "./exchange.module.css";
import { GivenUp } from "./GivenUp";
import { Quarantine } from "./Quarantine";

/** How the exchange of cases with outside systems stands, and what needs a person. */
export function Exchange() {
  const { t } = useTranslation();
  const meta = useTableMeta("rpt_counterpart");
  const list = useCounterparts();
  const failed = meta.error ?? list.error;
  if (failed && !list.data) return <Failure error={failed} onRetry={() => void list.refetch()} />;
  if (!meta.data || !list.data) return null;
  const may = meta.data.privileges.write;
  return (
    <>
      <PageBar title={<h1>{t("exchange.title")}</h1>} />
      <div className={classes.page}>
        <div className={classes.inner}>
          {list.data.rows.length === 0 && <Calm icon="rules" title={t("exchange.noneTitle")}>{t("exchange.none")}</Calm>}
          {list.data.rows.map((row) => <Counterpart key={String(row.rpt_counterpartid)} row={row} may={may} />)}
        </div>
      </div>
    </>
  );
}

/** Does something, tells what became of it, and has everything on the page read again. */
export function useDoing() {
  const client = useQueryClient();
  const { t } = useTranslation();
  const [busy, setBusy] = useState("");
  const run = async (name: string, work: () => Promise<unknown>, done: string) => {
    setBusy(name);
    try {
      await work();
      toast(t(done));
      return true;
    } catch (error) {
      toastFailure(error);
      return false;
    } finally {
      setBusy("");
      await client.invalidateQueries({ queryKey: ["exchange"] });
    }
  };
  return { busy, run };
}

function Counterpart({ row, may }: { row: Row; may: boolean }) {
  const { t } = useTranslation();
  const id = String(row.rpt_counterpartid);
  const status = useStatus(id);
  const { busy, run } = useDoing();
  const s = status.data;
  const tiles: [string, number, boolean][] = s ? [
    ["open", s.OpenCases, false], ["acknowledged", s.Acknowledged, false], ["waiting", s.Waiting, false], ["dead", s.Dead, s.Dead > 0],
    ["applied", s.EventsApplied, false], ["toApply", s.EventsWaiting, false], ["quarantined", s.Quarantined, s.Quarantined > 0], ["differing", s.DifferingCases, s.DifferingCases > 0],
  ] : [];
  return (
    <section className={classes.card} aria-label={String(row.rpt_name ?? "")}>
      <header className={classes.head}>
        <h2><Link to={recordPath("rpt_counterpart", id)}>{String(row.rpt_name ?? "")}</Link></h2>
        {s && !s.InForce && <span className={classes.pill} data-tone="bad">{t("exchange.off")}</span>}
        {s?.InForce && <span className={classes.pill} data-tone={s.Breaker === "closed" ? "good" : "bad"}>{t(`exchange.breaker.${s.Breaker}`, { count: s.Failures, when: s.BreakerUntil ? formatInstant(s.BreakerUntil) : "" })}</span>}
        <span className={classes.grow} />
        {may && s?.InForce && <Button variant="default" size="compact-md" loading={busy === "compare"} onClick={() => void run("compare", () => callBound("rpt_counterparts", id, "rpt_CompareExchange"), "exchange.comparing")}>{t("exchange.compare")}</Button>}
      </header>
      {status.error && <Failure error={status.error} onRetry={() => void status.refetch()} />}
      {s && !s.InForce && <p className="dim">{t("exchange.offHint")}</p>}
      {s && <dl className={classes.tiles}>{tiles.map(([name, n, bad]) => <div key={name} data-tone={bad ? "bad" : undefined}><dt>{t(`exchange.tile.${name}`)}</dt><dd>{formatNumber(n)}</dd></div>)}</dl>}
      {s?.AskedOn && <p className="faint">{t("exchange.asked", { when: formatInstant(s.AskedOn) })}</p>}
      {s?.AskingFailed && <p className={classes.reason}><Said text={s.AskingFailed} /></p>}
      {s && s.Dead > 0 && <GivenUp counterpart={id} may={may} />}
      {s && s.Quarantined > 0 && <Quarantine counterpart={id} may={may} />}
      {s && s.DifferingCases > 0 && <Differing counterpart={id} may={may} />}
      {s?.InForce && s.Dead + s.Quarantined + s.DifferingCases === 0 && <p className="dim">{t("exchange.quiet")}</p>}
    </section>
  );
}
