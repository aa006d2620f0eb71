import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Table } from "@/api/types";
import { formatNumber } from "@/lib/format";
import { Calm, Failure } from "@/ui/Calm";
import classes from "./Chart.module.css";
import type { ChartDefinition } from "./definition";
import { type Mark, useChartData } from "./useCharts";

const library = () => import("./draw");

/** A chart of a table's rows. Each mark leads to its rows; the same stands below as a table. */
export function Chart({ chart, table, onMark }: { chart: ChartDefinition; table: Table; onMark?: (mark: Mark) => void }) {
  const { t } = useTranslation();
  const id = useId();
  const query = useChartData(chart, table);
  const [asTable, setAsTable] = useState(false);
  const marks = query.data ?? [];
  return (
    <figure className={classes.chart} aria-labelledby={id}>
      <figcaption className={classes.head}>
        <h3 id={id} className="clip">{chart.name}</h3>
        <button type="button" className={classes.switch} aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>{t("charts.asTable")}</button>
      </figcaption>
      {query.isError && <Failure small error={query.error} onRetry={() => void query.refetch()} />}
      {query.isSuccess && marks.length === 0 && <Calm small icon="chart" title={t("charts.empty")} />}
      {marks.length > 0 && (asTable ? <Figures marks={marks} onMark={onMark} /> : <Drawing chart={chart} marks={marks} onMark={onMark} />)}
    </figure>
  );
}

function Drawing({ chart, marks, onMark }: { chart: ChartDefinition; marks: Mark[]; onMark?: (mark: Mark) => void }) {
  const { t, i18n } = useTranslation();
  const element = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  const latest = useRef({ marks, onMark });
  latest.current = { marks, onMark };
  useEffect(() => {
    let drawing: { show: (option: Record<string, unknown>) => void; end: () => void } | undefined;
    let gone = false;
    void library().then(({ draw, optionOf }) => {
      if (gone || !element.current) return;
      drawing = draw(element.current, (index) => { const mark = latest.current.marks[index]; if (mark) latest.current.onMark?.(mark); });
      drawing.show(optionOf(chart, marks, scheme === "dark"));
    });
    return () => { gone = true; drawing?.end(); };
  }, [chart, marks, scheme, i18n.language]);
  const words = marks.slice(0, 8).map((m) => `${m.label}: ${formatNumber(m.value)}`).join("; ");
  return <div ref={element} className={classes.canvas} role="img" aria-label={t("charts.says", { name: chart.name, what: words })} />;
}

function Figures({ marks, onMark }: { marks: Mark[]; onMark?: (mark: Mark) => void }) {
  const { t } = useTranslation();
  return (
    <div className={classes.figures} tabIndex={0} role="region" aria-label={t("charts.asTable")}>
      <table>
        <tbody>
          {marks.map((m, i) => (
            <tr key={i}>
              <th scope="row">{onMark ? <button type="button" className="link" onClick={() => onMark(m)}>{m.label}</button> : m.label}</th>
              <td className="tnum">{formatNumber(m.value, Number.isInteger(m.value) ? 0 : 2)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
