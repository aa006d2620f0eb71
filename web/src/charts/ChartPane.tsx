import { ActionIcon, NativeSelect } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Table } from "@/api/types";
import { Calm, Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { Chart } from "./Chart";
import classes from "./Chart.module.css";
import { filterOf } from "./drill";
import { useCharts } from "./useCharts";

/** A chart beside the list; a mark narrows the list to its rows. */
export default function ChartPane({ table, chosen, onChoose, onFilter, onClose }: { table: Table; chosen: string; onChoose: (id: string) => void; onFilter: (filter: string) => void; onClose: () => void }) {
  const { t } = useTranslation();
  const query = useCharts(table.logicalname);
  const charts = query.data ?? [];
  const chart = charts.find((c) => c.id === chosen) ?? charts.find((c) => c.isDefault) ?? charts[0];
  return (
    <aside className={classes.pane} aria-label={t("charts.title")}>
      <div className={classes.tools}>
        <NativeSelect size="xs" style={{ flex: 1 }} aria-label={t("charts.choose")} value={chart?.id ?? ""} disabled={!chart} onChange={(e) => onChoose(e.currentTarget.value)} data={charts.map((c) => ({ value: c.id, label: c.name }))} />
        <ActionIcon aria-label={t("common.close")} onClick={onClose}><Icon name="close" /></ActionIcon>
      </div>
      {query.isError && <Failure small error={query.error} onRetry={() => void query.refetch()} />}
      {query.isSuccess && !chart && <Calm small icon="chart" title={t("charts.noneTitle")}>{t("charts.none")}</Calm>}
      {chart && <Chart chart={chart} table={table} onMark={(mark) => { const filter = filterOf(chart, table, mark); if (filter) onFilter(filter); }} />}
    </aside>
  );
}
