import { useTranslation } from "react-i18next";
import { formatNumber } from "@/lib/format";
import type { Reason } from "./leadScore";
import classes from "./Reasons.module.css";

/** Why the score is what it is: each reason with the points it gave or took. */
export function Reasons({ reasons }: { reasons: Reason[] }) {
  const { t } = useTranslation();
  const most = Math.max(1, ...reasons.map((r) => Math.abs(r.points)));
  return (
    <ul className={classes.list}>
      {reasons.map((reason, i) => (
        <li key={i} className={classes.item} data-sign={reason.points < 0 ? "minus" : "plus"}>
          <span className={classes.text}>
            {reason.text}
            {reason.kind && <span className="sr-only"> ({t(`lead.kind.${reason.kind}`)})</span>}
          </span>
          <span className={`${classes.points} tnum`}>{reason.points > 0 ? "+" : reason.points < 0 ? "−" : ""}{formatNumber(Math.abs(reason.points))}</span>
          <span className={classes.track} aria-hidden="true"><span className={classes.fill} style={{ inlineSize: `${(Math.abs(reason.points) / most) * 100}%` }} /></span>
        </li>
      ))}
    </ul>
  );
}
