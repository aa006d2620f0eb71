import { Button, NumberInput, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { callUnbound } from "@/api/records";
import { Said } from "@/i18n/Said";
import { formatNumber } from "@/lib/format";
import { listPath } from "@/lib/paths";
import classes from "@/scoring/scoring.module.css";
import { Failure } from "@/ui/Calm";
import { PageBar } from "@/ui/PageBar";
import { toast, toastFailure } from "@/ui/toast";
import { type Rule, retention, setRetention, type Verified, verify } from "./api";

/** Whether the change log is whole, who has read what, and how long things are kept. */
export function AuditPage() {
  const { t } = useTranslation();
  return (
    <>
      <PageBar title={<h1>{t("audit.title")}</h1>} />
      <div className={classes.page}>
        <div className={classes.inner}>
          <Chain />
          <section className={classes.card}>
            <h2>{t("audit.reads")}</h2>
            <p>{t("audit.readsHint")} <Link to={listPath("rpt_readlog")}>{t("audit.readsLink")}</Link></p>
          </section>
          <Retention />
          <SearchIndex />
        </div>
      </div>
    </>
  );
}

function Chain() {
  const { t } = useTranslation();
  const [anchor, setAnchor] = useState("");
  const [busy, setBusy] = useState(false);
  const [got, setGot] = useState<Verified>();

  async function walk() {
    setBusy(true);
    setGot(undefined);
    try {
      let sum: Verified | undefined;
      for (let from = 0; ;) {
        const part = await verify(from, sum ? "" : anchor.trim());
        sum = sum ? {
          ...part, Seals: sum.Seals + part.Seals, Rows: sum.Rows + part.Rows, Cut: sum.Cut + part.Cut, Erased: sum.Erased + part.Erased,
          Anchored: sum.Anchored, Head: part.Head || sum.Head, Faults: [...sum.Faults, ...part.Faults].slice(0, 100),
        } : part;
        setGot(sum);
        from = part.Next;
        if (from === 0) break;
      }
    } catch (error) {
      toastFailure(error);
    } finally {
      setBusy(false);
    }
  }

  const whole = got && got.Faults.length === 0 && got.Anchored;
  return (
    <section className={classes.card}>
      <h2>{t("audit.chain")}</h2>
      <p className={classes.hint}>{t("audit.chainHint")}</p>
      <div className={classes.fields}>
        <TextInput label={t("audit.anchor")} description={t("audit.anchorHint")} value={anchor} onChange={(e) => setAnchor(e.currentTarget.value)} />
        <Button loading={busy} onClick={() => void walk()}>{t("audit.verify")}</Button>
      </div>
      <div role="status">
        {got && (
          <>
            <p><span className={classes.pill} data-tone={whole ? "good" : "bad"}>{whole ? t("audit.whole") : t("audit.broken")}</span></p>
            <p>{t("audit.counts", { rows: formatNumber(got.Rows), seals: formatNumber(got.Seals), cut: formatNumber(got.Cut), erased: formatNumber(got.Erased), open: formatNumber(got.Open) })}</p>
            {got.Head && <p style={{ overflowWrap: "anywhere" }}>{t("audit.head")} <code>{got.Head}</code></p>}
            {!got.Anchored && <p>{t("audit.anchorLost")}</p>}
            {got.Faults.length > 0 && <ul>{got.Faults.map((f, i) => <li key={i}><Said text={f.message} /></li>)}</ul>}
          </>
        )}
      </div>
    </section>
  );
}

/** The index of search, made anew beside everybody's work. */
function SearchIndex() {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  async function rebuild() {
    setBusy(true);
    try {
      await callUnbound("rpt_RebuildSearch");
      toast(t("audit.rebuildBegun"));
    } catch (error) {
      toastFailure(error);
    } finally {
      setBusy(false);
    }
  }
  return (
    <section className={classes.card}>
      <h2>{t("audit.searchIndex")}</h2>
      <p className={classes.hint}>{t("audit.searchIndexHint")}</p>
      <Button variant="default" loading={busy} onClick={() => void rebuild()}>{t("audit.rebuild")}</Button>
    </section>
  );
}

function Retention() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const rules = useQuery({ queryKey: ["retention"], queryFn: ({ signal }) => retention(signal) });
  const [table, setTable] = useState("");
  const again = () => void client.invalidateQueries({ queryKey: ["retention"] });
  if (rules.isError) return <Failure small error={rules.error} onRetry={again} />;
  if (!rules.data) return null;
  async function add() {
    try {
      await setRetention("changes", table.trim(), 365);
      setTable("");
      again();
    } catch (error) {
      toastFailure(error);
    }
  }
  return (
    <section className={classes.card}>
      <h2>{t("audit.retention")}</h2>
      <p className={classes.hint}>{t("audit.retentionHint")}</p>
      <div className={classes.tableBox} style={{ maxBlockSize: "none" }} tabIndex={0} role="region" aria-label={t("audit.retention")}>
        <table className={classes.table}>
          <thead><tr><th scope="col">{t("audit.what")}</th><th scope="col">{t("audit.days")}</th><th scope="col">{t("audit.shipped")}</th><th scope="col"><span className="sr-only">{t("audit.save")}</span></th></tr></thead>
          <tbody>{rules.data.map((rule) => <RuleRow key={rule.Kind + (rule.Table ?? "") + String(rule.Days)} rule={rule} onDone={again} />)}</tbody>
        </table>
      </div>
      <div className={classes.fields}>
        <TextInput label={t("audit.ownTable")} description={t("audit.ownTableHint")} value={table} onChange={(e) => setTable(e.currentTarget.value)} />
        <Button variant="default" disabled={!table.trim()} onClick={() => void add()}>{t("audit.addTable")}</Button>
      </div>
    </section>
  );
}

function RuleRow({ rule, onDone }: { rule: Rule; onDone: () => void }) {
  const { t } = useTranslation();
  const [days, setDays] = useState<number | string>(rule.Days);
  const name = rule.Table ? t("audit.changesOf", { table: rule.Table }) : t(`audit.kind.${rule.Kind}`);
  async function save(value: number) {
    try {
      await setRetention(rule.Kind, rule.Table, value);
      toast(t("audit.saved"));
      onDone();
    } catch (error) {
      toastFailure(error);
    }
  }
  return (
    <tr>
      <th scope="row">{name}</th>
      <td><NumberInput size="xs" w={110} min={0} max={36500} allowDecimal={false} aria-label={t("audit.daysOf", { name })} value={days} onChange={setDays} /></td>
      <td>{rule.Table ? "–" : rule.Default === 0 ? t("audit.forever") : t("audit.shippedDays", { days: formatNumber(rule.Default) })}</td>
      <td>
        <Button size="compact-sm" variant="default" aria-label={t("audit.saveName", { name })} disabled={days === "" || Number(days) === rule.Days} onClick={() => void save(Number(days))}>{t("audit.save")}</Button>
        {rule.Table && <Button size="compact-sm" variant="subtle" color="gray" aria-label={t("audit.dropName", { name })} onClick={() => void save(-1)}>{t("audit.drop")}</Button>}
      </td>
    </tr>
  );
}
