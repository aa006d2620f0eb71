import { Button, NativeSelect, Select, TextInput } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Report, ReportAnswer, ReportCell } from "@/api/generated/ui";
import { request } from "@/api/http";
import { fetchTop } from "@/api/records";
import type { ReportSearch } from "@/app/router";
import { dayAt } from "@/filter/dates";
import { formatCurrency, formatDay, formatNumber, formatPercent, formatSpan } from "@/lib/format";
import { useSettings } from "@/lib/settings";
import { Calm, Failure, NotFound } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { PageBar } from "@/ui/PageBar";
import { Behind } from "./Behind";
import { csvLine, daysOf, type Period, PERIODS } from "./period";
import classes from "./Reports.module.css";

/** Reports: how many records reach each step, what they are worth, how long it takes; each number leads to its rows. */
export function Reports() {
  const { t, i18n } = useTranslation();
  const { name } = useParams({ strict: false });
  const list = useQuery({ queryKey: ["reports", i18n.language], queryFn: async ({ signal }) => (await request<Report[]>("/api/ui/reports", { signal })).data, staleTime: 60_000 });
  if (list.isError) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  if (!list.data) return null;
  const report = name ? list.data.find((r) => r.name === name) : list.data[0];
  if (name && !report) return <NotFound />;
  if (!report) return <><PageBar title={<h1>{t("reports.title")}</h1>} /><Calm icon="chart" title={t("reports.noneTitle")}>{t("reports.none")}</Calm></>;
  return <One key={report.name} report={report} all={list.data} />;
}

function usePeople() {
  return useQuery({
    queryKey: ["reports", "people"], staleTime: 300_000,
    queryFn: async ({ signal }) => {
      const [users, teams, units] = await Promise.all([
        fetchTop("systemusers", { select: ["systemuserid", "fullname"], filter: "isdisabled eq false", orderby: "fullname asc", top: 500 }, signal).catch(() => undefined),
        fetchTop("teams", { select: ["teamid", "name"], orderby: "name asc", top: 200 }, signal).catch(() => undefined),
        fetchTop("businessunits", { select: ["businessunitid", "name"], orderby: "name asc", top: 200 }, signal).catch(() => undefined),
      ]);
      const of = (rows: Record<string, unknown>[] | undefined, id: string, name: string) => (rows ?? []).map((r) => ({ value: String(r[id]), label: String(r[name] ?? "") }));
      return { users: of(users?.rows, "systemuserid", "fullname"), teams: of(teams?.rows, "teamid", "name"), units: of(units?.rows, "businessunitid", "name") };
    },
  });
}

function One({ report, all }: { report: Report; all: Report[] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const search: ReportSearch = useSearch({ strict: false });
  const people = usePeople().data;
  const today = dayAt(new Date(), useSettings().timeZone);
  const period = search.from ? undefined : (PERIODS.find((p) => p === search.period) ?? "days90");
  const { from, to } = period ? daysOf(period, today) : { from: search.from!, to: search.to ?? today };
  const by = report.kind === "times" ? (search.by === "seller" ? "seller" : "") : (report.by.some((b) => b.name === search.by) ? search.by! : (search.by === "-" ? "" : (report.by[0]?.name ?? "")));
  const [behind, setBehind] = useState<{ step: string; group: string; title: string }>();
  const change = (next: Partial<ReportSearch>) => void navigate({ to: ".", search: (old: ReportSearch) => ({ ...old, ...next }), replace: true });
  const asked = Object.entries({ from, to, by, seller: search.seller ?? "", unit: search.unit ?? "" }).flatMap(([k, v]) => (v ? [`${k}=${encodeURIComponent(v)}`] : [])).join("&");
  const query = useQuery({
    queryKey: ["report", report.name, asked], placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await request<ReportAnswer>(`/api/ui/reports/${report.name}?${asked}&before=true`, { signal })).data,
  });
  const answer = query.data;
  const money = (step: Report["steps"][number] | undefined, sum: number) => (step?.money && answer?.currency ? formatCurrency(sum, answer.currency) : formatNumber(sum));
  const bys = report.kind === "times" ? [{ value: "", label: t("reports.stage") }, { value: "seller", label: t("reports.stageSeller") }] : [...report.by.map((b) => ({ value: b.name, label: b.label })), { value: "-", label: t("reports.whole") }];

  function save() {
    if (!answer) return;
    const head = report.kind === "times" ? ["", t("reports.left"), t("reports.median"), t("reports.p90"), t("reports.longest"), t("reports.open")]
      : ["", ...report.steps.flatMap((s) => [s.label, ...(s.amount ? [`${s.label} (${t("reports.amount")}${s.money && answer.currency ? `, ${answer.currency}` : ""})`] : []), `${s.label} (${t("reports.earlier")})`])];
    const line = (label: string, cells: ReportCell[]) => csvLine([label, ...cells.flatMap((c, i) => (report.kind === "times" ? [c.count, c.median ?? 0, c.p90 ?? 0, c.longest ?? 0, c.open ?? 0] : [c.count, ...(report.steps[i]?.amount ? [c.sum ?? 0] : []), c.before ?? 0]))]);
    const text = [csvLine(head), ...answer.groups.map((g) => line(g.name || t("reports.noValue"), g.cells)), ...(report.kind === "times" ? [] : [line(t("reports.whole"), answer.total.cells)])].join("\r\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\uFEFF", text, "\r\n"], { type: "text/csv;charset=utf-8" }));
    link.download = `${report.name}-${from}-${to}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  return (
    <>
      <PageBar title={<h1>{report.label}</h1>} actions={<Button variant="default" leftSection={<Icon name="save" size={15} />} disabled={!answer} onClick={save}>{t("reports.csv")}</Button>} />
      <div className={classes.page} aria-busy={query.isPending || query.isPlaceholderData}>
        <div className={classes.tools}>
          <NativeSelect aria-label={t("reports.which")} value={report.name} data={all.map((r) => ({ value: r.name, label: r.label }))} onChange={(e) => void navigate({ to: `/reports/${e.currentTarget.value}`, search: (old: ReportSearch) => ({ ...old, by: undefined }) })} />
          <NativeSelect aria-label={t("reports.period")} value={period ?? "own"} data={[...PERIODS.map((p) => ({ value: p as string, label: t(`reports.periods.${p}`) })), { value: "own", label: t("reports.own") }]}
            onChange={(e) => (e.currentTarget.value === "own" ? change({ period: undefined, from, to }) : change({ period: e.currentTarget.value as Period, from: undefined, to: undefined }))} />
          {!period && <TextInput type="date" aria-label={t("reports.from")} value={from} max={to} onChange={(e) => e.currentTarget.value && change({ from: e.currentTarget.value, to })} />}
          {!period && <TextInput type="date" aria-label={t("reports.to")} value={to} min={from} onChange={(e) => e.currentTarget.value && change({ to: e.currentTarget.value, from })} />}
          <Select aria-label={t("reports.seller")} placeholder={t("reports.everybody")} clearable searchable limit={100} value={search.seller ?? null} onChange={(v) => change({ seller: v ?? undefined })}
            data={[{ group: t("reports.people"), items: people?.users ?? [] }, { group: t("reports.teams"), items: people?.teams ?? [] }]} />
          <Select aria-label={t("reports.unit")} placeholder={t("reports.allUnits")} clearable value={search.unit ?? null} onChange={(v) => change({ unit: v ?? undefined })} data={people?.units ?? []} />
          <NativeSelect aria-label={t("reports.by")} value={report.kind === "times" ? by : by || "-"} data={bys} onChange={(e) => change({ by: e.currentTarget.value || undefined })} />
        </div>
        <p className={classes.about}>{report.about} <span className="faint">{formatDay(from)} – {formatDay(to)}</span></p>
        {query.isError && <Failure small error={query.error} onRetry={() => void query.refetch()} />}
        {answer && report.kind === "steps" && <Bars report={report} cells={answer.total.cells} money={money} onPick={(i) => setBehind({ step: report.steps[i]!.name, group: "", title: report.steps[i]!.label })} />}
        {answer?.cut && <p className="dim">{t("reports.cut")}</p>}
        {answer && (by !== "" || report.kind === "times") && (
          <div className={classes.box} tabIndex={0} role="region" aria-label={report.label}>
            <table className={classes.table}>
              <thead>
                <tr>
                  <th scope="col">{bys.find((b) => b.value === by)?.label}</th>
                  {report.kind === "times" ? ["left", "median", "p90", "longest", "open"].map((c) => <th scope="col" key={c}>{t(`reports.${c}`)}</th>) : report.steps.map((s) => <th scope="col" key={s.name} title={s.about}>{s.label}</th>)}
                </tr>
              </thead>
              <tbody>
                {answer.groups.map((g) => {
                  const label = g.name || t("reports.noValue");
                  return (
                    <tr key={g.key}>
                      <th scope="row">{label}</th>
                      {report.kind === "times" ? <TimeCells cell={g.cells[0]} label={label} onPick={() => setBehind({ step: "", group: g.key, title: label })} />
                        : g.cells.map((c, i) => <StepCell key={i} cell={c} of={g.cells[report.steps.findIndex((s) => s.name === report.steps[i]?.of)]} label={`${label}, ${report.steps[i]?.label}`}
                          amount={report.steps[i]?.amount ? money(report.steps[i], c.sum ?? 0) : undefined} onPick={() => setBehind({ step: report.steps[i]!.name, group: g.key, title: `${report.steps[i]!.label} · ${label}` })} />)}
                    </tr>
                  );
                })}
              </tbody>
            </table>
            {answer.groups.length === 0 && <Calm small icon="chart" title={t("reports.empty")} />}
          </div>
        )}
        {answer?.more ? <p className="dim">{t("reports.more", { count: answer.more })}</p> : null}
      </div>
      {behind && <Behind report={report} asked={asked} {...behind} onClose={() => setBehind(undefined)} />}
    </>
  );
}

/** The whole: each step as a bar, its share of the step that it comes from, and the period before. */
function Bars({ report, cells, money, onPick }: { report: Report; cells: ReportCell[]; money: (step: Report["steps"][number] | undefined, sum: number) => string; onPick: (step: number) => void }) {
  const { t } = useTranslation();
  const most = Math.max(1, ...cells.map((c) => c.count));
  return (
    <ol className={classes.bars} aria-label={t("reports.whole")}>
      {cells.map((c, i) => {
        const step = report.steps[i]!;
        const of = cells[report.steps.findIndex((s) => s.name === step.of)];
        return (
          <li key={step.name}>
            <span className={classes.what} title={step.about}>{step.label}</span>
            <span className={classes.track} aria-hidden="true"><span style={{ width: `${(100 * c.count) / most}%` }} /></span>
            <button type="button" className={classes.number} disabled={c.count === 0} aria-label={t("reports.show", { count: c.count, what: step.label })} onClick={() => onPick(i)}>{formatNumber(c.count)}</button>
            <span className={`${classes.rate} tnum`}>{of && of.count > 0 ? formatPercent(c.count / of.count) : ""}</span>
            <span className={`${classes.amount} tnum`}>{step.amount ? money(step, c.sum ?? 0) : ""}</span>
            <Change now={c.count} before={c.before} />
          </li>
        );
      })}
    </ol>
  );
}

/** How much it has changed from the period before. */
function Change({ now, before }: { now: number; before?: number }) {
  const { t } = useTranslation();
  if (before === undefined) return null;
  const by = now - before;
  return <span className={`${classes.change} tnum`} title={t("reports.beforeWas", { number: formatNumber(before) })}>{by === 0 ? "±0" : `${by > 0 ? "+" : "−"}${formatNumber(Math.abs(by))}`}</span>;
}

function StepCell({ cell, of, label, amount, onPick }: { cell: ReportCell; of?: ReportCell; label: string; amount?: string; onPick: () => void }) {
  const { t } = useTranslation();
  return (
    <td className="tnum">
      {cell.count > 0 ? <button type="button" className={classes.number} aria-label={t("reports.show", { count: cell.count, what: label })} onClick={onPick}>{formatNumber(cell.count)}</button> : <span className="faint">0</span>}
      {of && of.count > 0 && <span className={classes.share}>{formatPercent(cell.count / of.count)}</span>}
      <Change now={cell.count} before={cell.before} />
      {amount !== undefined && cell.count > 0 && <span className={classes.below}>{amount}</span>}
    </td>
  );
}

function TimeCells({ cell, label, onPick }: { cell?: ReportCell; label: string; onPick: () => void }) {
  const { t } = useTranslation();
  const span = (seconds: number | undefined) => (cell?.count ? formatSpan(seconds ?? 0) : "");
  return (
    <>
      <td className="tnum">{cell?.count ? <button type="button" className={classes.number} aria-label={t("reports.show", { count: cell.count, what: label })} onClick={onPick}>{formatNumber(cell.count)}</button> : <span className="faint">0</span>}</td>
      <td>{span(cell?.median)}</td><td>{span(cell?.p90)}</td><td>{span(cell?.longest)}</td>
      <td className="tnum">{formatNumber(cell?.open ?? 0)}</td>
    </>
  );
}
