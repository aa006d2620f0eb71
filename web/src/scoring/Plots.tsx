import { useTranslation } from "react-i18next";
import { formatPercent } from "@/lib/format";
import classes from "./scoring.module.css";
import type { Bin } from "./types";

const W = 420;
const H = 250;
const LEFT = 44;
const BOTTOM = 34;

/** Whether chances come true: each dot is a tenth of the leads, from the least to the most likely. */
export function CalibrationPlot({ bins }: { bins: Bin[] }) {
  const { t } = useTranslation();
  const top = Math.min(1, Math.max(0.05, ...bins.flatMap((b) => [b.predicted, b.observed])) * 1.1);
  const x = (v: number) => LEFT + (v / top) * (W - LEFT - 8);
  const y = (v: number) => H - BOTTOM - (v / top) * (H - BOTTOM - 8);
  const ticks = [0, top / 2, top];
  return (
    <svg className={classes.plot} viewBox={`0 0 ${W} ${H}`} role="img" aria-label={t("scoring.calibrationAlt")}>
      {ticks.map((v) => (
        <g key={v}>
          <text x={LEFT - 6} y={y(v) + (v === top ? 10 : 4)} textAnchor="end">{formatPercent(v)}</text>
          <text x={x(v)} y={H - BOTTOM + 16} textAnchor={v === 0 ? "start" : v === top ? "end" : "middle"}>{formatPercent(v)}</text>
        </g>
      ))}
      <line className={classes.axis} x1={LEFT} y1={y(0)} x2={W - 8} y2={y(0)} />
      <line className={classes.axis} x1={LEFT} y1={y(0)} x2={LEFT} y2={8} />
      <line className={classes.ideal} x1={x(0)} y1={y(0)} x2={x(top)} y2={y(top)} />
      <polyline className={classes.curve} points={bins.map((b) => `${x(b.predicted)},${y(b.observed)}`).join(" ")} />
      {bins.map((b, i) => (
        <circle key={i} className={classes.dot} cx={x(b.predicted)} cy={y(b.observed)} r={3.5}>
          <title>{t("scoring.binTitle", { predicted: formatPercent(b.predicted), observed: formatPercent(b.observed), count: b.rows })}</title>
        </circle>
      ))}
      <text x={(LEFT + W) / 2} y={H - 4} textAnchor="middle">{t("scoring.predicted")}</text>
      <text x={LEFT + 8} y={16} textAnchor="start">{t("scoring.observed")}</text>
    </svg>
  );
}

/** How many convert in each tenth of the leads, the best tenth first. */
export function LiftPlot({ bins, rate }: { bins: Bin[]; rate: number }) {
  const { t } = useTranslation();
  const best = [...bins].reverse();
  const top = Math.max(0.02, rate, ...best.map((b) => b.observed)) * 1.12;
  const y = (v: number) => H - BOTTOM - (v / top) * (H - BOTTOM - 8);
  const width = (W - LEFT - 8) / Math.max(1, best.length);
  return (
    <svg className={classes.plot} viewBox={`0 0 ${W} ${H}`} role="img" aria-label={t("scoring.liftAlt")}>
      {[0, top / 2, top].map((v) => <text key={v} x={LEFT - 6} y={y(v) + (v === top ? 10 : 4)} textAnchor="end">{formatPercent(v)}</text>)}
      <line className={classes.axis} x1={LEFT} y1={y(0)} x2={W - 8} y2={y(0)} />
      {best.map((b, i) => (
        <g key={i}>
          <rect className={classes.bar} x={LEFT + i * width + 4} width={width - 8} y={y(b.observed)} height={Math.max(0, y(0) - y(b.observed))} rx={3}>
            <title>{t("scoring.tenthTitle", { tenth: i + 1, observed: formatPercent(b.observed), count: b.rows })}</title>
          </rect>
          <text x={LEFT + (i + 0.5) * width} y={H - BOTTOM + 16} textAnchor="middle">{i + 1}</text>
        </g>
      ))}
      <line className={classes.barBase} x1={LEFT} x2={W - 8} y1={y(rate)} y2={y(rate)} />
      <text x={(LEFT + W) / 2} y={H - 4} textAnchor="middle">{t("scoring.tenths")}</text>
    </svg>
  );
}
