import { useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useTableMeta } from "@/api/metadata";
import { useApps } from "@/api/workspace";
import { listPath } from "@/lib/paths";
import { Calm, Failure, NotFound } from "@/ui/Calm";
import { PageBar } from "@/ui/PageBar";
import { Chart } from "./Chart";
import classes from "./Chart.module.css";
import { filterOf } from "./drill";
import { useCharts } from "./useCharts";

const EACH = 6;

/** A dashboard of an app: charts beside each other, each leading to its rows. */
export function DashboardPage() {
  const { name = "" } = useParams({ strict: false });
  const apps = useApps();
  const { t } = useTranslation();
  if (apps.isError) return <Failure error={apps.error} onRetry={() => void apps.refetch()} />;
  const board = apps.data?.flatMap((a) => a.dashboards).find((d) => d.name === name);
  if (!board) return apps.isSuccess ? <NotFound /> : null;
  return (
    <>
      <PageBar title={<><h1>{board.label}</h1><span className="faint">{t("apps.dashboard")}</span></>} />
      <div className={classes.boards}>
        <div className={classes.board}>{board.charts.map((c, i) => <Tiles key={i} logical={c.table} chart={c.chart} />)}</div>
      </div>
    </>
  );
}

/** One chart by its name, or those of a table for «*». */
function Tiles({ logical, chart }: { logical: string; chart: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { data: table } = useTableMeta(logical);
  const charts = useCharts(logical);
  if (!table || !charts.data) return null;
  const shown = charts.data.filter((c) => chart === "*" || c.name === chart).slice(0, EACH);
  if (shown.length === 0) return <div className={classes.tile}><Calm small icon="chart" title={t("charts.noneTitle")}>{t("charts.missing", { name: chart === "*" ? table.pluralLabel : chart })}</Calm></div>;
  return shown.map((c) => (
    <div key={c.id} className={classes.tile}>
      <Chart chart={c} table={table} onMark={(mark) => { const filter = filterOf(c, table, mark); if (filter) void navigate({ to: listPath(logical), search: { filter, view: "all" } }); }} />
    </div>
  ));
}
