import { useTranslation } from "react-i18next";
import { columnOf, parseJson, valueOf } from "@/api/rows";
import type { Reference, Row, Table } from "@/api/types";
import { formatInstant, formatPercent, optionFor } from "@/lib/format";
import { Icon, type IconName } from "@/ui/icons";
import { Grade } from "./Grade";
import classes from "./LeadPanel.module.css";
import { leadScore } from "./leadScore";
import { ModelReasons, ScoreCourse } from "./ModelReasons";
import { Reasons } from "./Reasons";
import { ScoreRing } from "./ScoreRing";

/** How each next action looks; the values are the choice's. */
const actionIcons: Record<number, IconName> = { 1: "bolt", 2: "arrowRight", 3: "mail", 4: "sparkle", 5: "close" };

/** Beside a lead: its score and why, what to do next, where it came from. */
export function LeadPanel({ table, row }: { table: Table; row: Row }) {
  const { t } = useTranslation();
  const score = leadScore(row);
  const trend = score.score !== undefined && score.first !== undefined ? score.score - score.first : 0;
  const action = columnOf(table, "rpt_nextaction");
  const direction = columnOf(table, "msdyn_leadscoretrend");
  const heading = direction && score.trend !== undefined && score.trend !== 3 ? optionFor(direction, score.trend) : undefined;
  const option = action && optionFor(action, row.rpt_nextaction);

  return (
    <div className={classes.panel}>
      <section className={classes.block} aria-label={t("lead.score")}>
        {score.score === undefined ? <p className="dim">{t("lead.noScore")}</p> : (
          <div className={classes.top}>
            <ScoreRing score={score.score} label={t("lead.scoreOf", { score: score.score })} />
            <div className="stack" style={{ gap: 6 }}>
              {score.grade !== undefined && <span className="row"><Grade value={score.grade} large /><span className="dim">{t("lead.grade")}</span></span>}
              {score.first !== undefined && (
                <span className={classes.trend} data-dir={trend > 0 ? "up" : trend < 0 ? "down" : "same"}>
                  {trend !== 0 && <Icon name={trend > 0 ? "arrowUp" : "arrowDown"} size={14} />}
                  {trend === 0 ? t("lead.trendSame") : t(trend > 0 ? "lead.trendUp" : "lead.trendDown", { count: Math.abs(trend), first: score.first })}
                </span>
              )}
              {heading && <span className={classes.trend} data-dir={score.trend === 0 ? "up" : score.trend === 2 ? "down" : "same"}>{t("lead.direction", { trend: heading.label })}</span>}
              {score.propensity !== undefined && <span className="dim">{t("lead.propensity", { value: formatPercent(score.propensity) })}</span>}
            </div>
          </div>
        )}
        {score.course.length > 1 && <ScoreCourse points={score.course} />}
        <p className={classes.note}>
          <Icon name="info" size={14} />
          <span>{score.byRules ? t("lead.byRules") : t("lead.byModel", { version: score.modelVersion })}{score.byRules && score.modelVersion && <span className="faint"> ({score.modelVersion})</span>}</span>
        </p>
      </section>

      {option && (
        <section className={classes.block}>
          <h2 className={classes.heading}>{t("lead.next")}</h2>
          <div className={classes.next} data-action={option.value}>
            <span className={classes.nextIcon}><Icon name={actionIcons[option.value] ?? "arrowRight"} /></span>
            <span><strong>{option.label}</strong><span className="dim">{t(`lead.nextHint.${option.value}`, { defaultValue: "" })}</span></span>
          </div>
        </section>
      )}

      {score.refined.length > 0 && (
        <section className={classes.block}>
          <h2 className={classes.heading}>{t("lead.modelReasons")}</h2>
          <ModelReasons reasons={score.refined} />
        </section>
      )}

      {score.reasons.length > 0 && (
        <section className={classes.block}>
          <h2 className={classes.heading}>{t(score.refined.length > 0 ? "lead.firstReasons" : "lead.reasons")}</h2>
          <Reasons reasons={score.reasons} />
        </section>
      )}

      {score.hits.length > 0 && (
        <section className={classes.block}>
          <h2 className={classes.heading}>{t("lead.hits")}</h2>
          <ul className={classes.hits}>{score.hits.map((hit, i) => <li key={i}><Icon name="rules" size={14} /><span className="clip">{hit.name}</span></li>)}</ul>
        </section>
      )}
      <Origin table={table} row={row} />
    </div>
  );
}

const known = ["page", "referrer", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "localtime", "useragent", "visitorid"];

/** Where the lead came from, as the way in recorded it. */
function Origin({ table, row }: { table: Table; row: Row }) {
  const { t } = useTranslation();
  const context = parseJson<Record<string, unknown>>(row.rpt_context, {});
  const campaign = columnOf(table, "campaignid");
  const named = campaign ? (valueOf(campaign, row) as Reference | null) : null;
  const rows: [string, string][] = [];
  if (named?.name) rows.push([t("lead.origin.campaign"), named.name]);
  for (const key of known) {
    const value = context[key];
    if (typeof value !== "string" || value === "") continue;
    rows.push([t(`lead.origin.${key}`), key === "localtime" && !Number.isNaN(Date.parse(value)) ? formatInstant(value) : value]);
  }
  if (rows.length === 0) return null;
  return (
    <section className={classes.block}>
      <h2 className={classes.heading}>{t("lead.origin.title")}</h2>
      <dl className={classes.origin}>
        {rows.map(([label, value]) => <div key={label}><dt>{label}</dt><dd title={value}>{value}</dd></div>)}
      </dl>
    </section>
  );
}
