import { useTranslation } from "react-i18next";
import { currentLanguage } from "@/i18n";
import { formatNumber, formatPercent } from "@/lib/format";
import type { ModelReason, ScorePoint } from "./leadScore";
import classes from "./Reasons.module.css";

/** Why the model thinks so: each reason with its pull, and what became of leads like this one. */
export function ModelReasons({ reasons }: { reasons: ModelReason[] }) {
  const { t } = useTranslation();
  const language = currentLanguage();
  const most = Math.max(0.01, ...reasons.map((r) => Math.abs(r.effect)));
  return (
    <ul className={classes.list}>
      {reasons.map((r) => {
        const label = r.label?.[language] || r.label?.en || r.source;
        const value = r.value ? (r.group ? `${r.value}` : r.value) : t("lead.unknown");
        return (
          <li key={r.source} className={classes.item} data-sign={r.effect < 0 ? "minus" : "plus"}>
            <span className={classes.text}>
              {label}: {value}
              {r.rate !== undefined && <span className="dim"> – {t("lead.segment", { rate: formatPercent(r.rate), average: formatPercent(r.average) })}</span>}
              <span className="sr-only"> ({t(r.effect < 0 ? "lead.lowers" : "lead.raises")})</span>
            </span>
            <span className={`${classes.points} tnum`} aria-hidden="true">{r.effect < 0 ? "−" : "+"}{formatNumber(Math.abs(r.effect), 1)}</span>
            <span className={classes.track} aria-hidden="true"><span className={classes.fill} style={{ inlineSize: `${(Math.abs(r.effect) / most) * 100}%` }} /></span>
          </li>
        );
      })}
    </ul>
  );
}

/** The score over time, first to newest. */
export function ScoreCourse({ points }: { points: ScorePoint[] }) {
  const { t } = useTranslation();
  const w = 260;
  const h = 54;
  const x = (i: number) => 6 + (i / Math.max(1, points.length - 1)) * (w - 12);
  const y = (score: number) => h - 6 - (score / 100) * (h - 12);
  const last = points[points.length - 1]!;
  return (
    <svg viewBox={`0 0 ${w} ${h}`} style={{ inlineSize: "100%", blockSize: "auto", display: "block", marginBlockStart: 10 }} role="img"
      aria-label={t("lead.course", { first: points[0]!.score, last: last.score, count: points.length })}>
      <line x1={6} x2={w - 6} y1={y(50)} y2={y(50)} stroke="var(--line-strong)" strokeDasharray="3 4" />
      <polyline points={points.map((p, i) => `${x(i)},${y(p.score)}`).join(" ")} fill="none" stroke="var(--accent)" strokeWidth={2} />
      {points.map((p, i) => <circle key={i} cx={x(i)} cy={y(p.score)} r={3} fill="var(--accent)"><title>{p.score}</title></circle>)}
    </svg>
  );
}
