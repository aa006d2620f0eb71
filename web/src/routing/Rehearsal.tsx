import { Alert, Button, Select } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { callBound } from "@/api/records";
import { formatNumber } from "@/lib/format";
import { recordPath } from "@/lib/paths";
import classes from "@/scoring/scoring.module.css";
import { Icon } from "@/ui/icons";
import { listOf, type Rehearsed, type Share, type Whither } from "./types";

/** Tries a version on past records beside the one in force: who would have got what. */
export function Rehearsal({ set, table }: { set: string; table: string }) {
  const { t } = useTranslation();
  const [days, setDays] = useState("30");
  const run = useMutation({ mutationFn: () => callBound<Rehearsed>("routingrules", set, "rpt_RehearseRouting", { Days: Number(days), Limit: 2000 }) });
  const failure = run.isError ? asApiError(run.error) : undefined;
  const samples = listOf<Rehearsed["Samples"][number]>(run.data?.Samples);
  return (
    <section className={classes.card} aria-labelledby="routing-rehearsal">
      <div className="row" style={{ flexWrap: "wrap", marginBlockEnd: 10 }}>
        <h2 id="routing-rehearsal" style={{ flex: 1 }}>{t("routing.rehearsal")}</h2>
        <Select data={["7", "30", "90", "365"].map((d) => ({ value: d, label: t("rules.days", { count: Number(d) }) }))} value={days} allowDeselect={false} w={140} aria-label={t("rules.span")} onChange={(v) => setDays(v ?? "30")} />
        <Button variant="default" leftSection={<Icon name="flask" size={15} />} loading={run.isPending} onClick={() => run.mutate()}>{t("routing.rehearse")}</Button>
      </div>
      <p className={classes.hint}>{t("routing.rehearsalHint")}</p>
      {failure && <Alert data-tone="bad" role="alert">{[failure.message, ...failure.fields.map((f) => `${f.name}: ${f.message}`)].join(" · ")}</Alert>}
      <div role="status">
        {run.data && (
          <div className={classes.tiles}>
            {(["Checked", "Changed", "Waiting", "Unruled", "Failed"] as const).map((name) => (
              <div key={name} className={classes.tile}><strong className="tnum">{formatNumber(run.data[name])}</strong><span>{t(`routing.tile.${name}`)}</span></div>
            ))}
          </div>
        )}
      </div>
      {run.data && (
        <div className={classes.two} style={{ marginBlock: 14 }}>
          <Shares title={t("routing.byQueue")} list={listOf<Share>(run.data.Queues)} />
          <Shares title={t("routing.byPerson")} list={listOf<Share>(run.data.People)} />
        </div>
      )}
      {samples.length > 0 && (
        <div className={classes.tableBox} tabIndex={0} role="region" aria-label={t("routing.differences")}>
          <table className={classes.table}>
            <caption className="faint" style={{ textAlign: "start", padding: 8 }}>{t("routing.differences")}</caption>
            <thead><tr>{["record", "owner", "was", "becomes"].map((h) => <th key={h} scope="col">{t(`routing.col.${h}`)}</th>)}</tr></thead>
            <tbody>
              {samples.map((s) => (
                <tr key={s.id}>
                  <th scope="row"><Link to={recordPath(table, s.id)}>{s.name || "—"}</Link></th>
                  <td>{s.now || "—"}</td>
                  <td className={classes.wide}><Goes to={s.before} /></td>
                  <td className={classes.wide}><Goes to={s.after} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Goes({ to }: { to: Whither }) {
  const { t } = useTranslation();
  return <><strong>{to.person || t("routing.nobody")}</strong> <span className="faint">{[to.queue, to.rule].filter(Boolean).join(" · ")}</span></>;
}

function Shares({ title, list }: { title: string; list: Share[] }) {
  const { t } = useTranslation();
  return (
    <div className={classes.tableBox} tabIndex={0} role="region" aria-label={title}>
      <table className={classes.table}>
        <thead><tr><th scope="col">{title}</th><th scope="col">{t("routing.col.was")}</th><th scope="col">{t("routing.col.becomes")}</th><th scope="col">{t("routing.col.difference")}</th></tr></thead>
        <tbody>
          {list.map((s) => (
            <tr key={s.name}>
              <th scope="row">{s.name || t("routing.nobody")}</th>
              <td className="tnum">{formatNumber(s.before)}</td><td className="tnum">{formatNumber(s.after)}</td>
              <td className="tnum">{s.after > s.before ? "+" : ""}{formatNumber(s.after - s.before)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
