import { useTranslation } from "react-i18next";
import { Said } from "@/i18n/Said";
import { formatNumber } from "@/lib/format";
import classes from "@/scoring/scoring.module.css";
import { Calm } from "@/ui/Calm";
import { type Checked, listOf, type Problem } from "./types";

/** What a check found, faults first. */
export function Check({ result }: { result: Checked }) {
  const { t } = useTranslation();
  const problems = [...listOf<Problem>(result.Problems)].sort((a, b) => Number(b.level === "fault") - Number(a.level === "fault"));
  return (
    <section className={classes.card} aria-labelledby="routing-check" role="status">
      <h2 id="routing-check">{t("routing.checkTitle")}</h2>
      {problems.length === 0 ? <Calm small icon="check" title={t("routing.good")}>{t("routing.goodHint", { count: result.Rules })}</Calm> : (
        <>
          <p className={classes.hint}>{t("routing.found", { faults: formatNumber(result.Faults), warnings: formatNumber(result.Warnings) })}</p>
          <ul className={classes.list}>
            {problems.map((p, i) => (
              <li key={i}><span className={classes.pill} data-tone={p.level === "fault" ? "bad" : "warn"}>{t(`routing.level.${p.level}`)}</span> <strong>{p.rule}</strong>: <Said text={p.message} /></li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
