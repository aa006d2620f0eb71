import { useTranslation } from "react-i18next";
import { formatNumber, formatPercent } from "@/lib/format";
import { Icon } from "@/ui/icons";
import classes from "./scoring.module.css";
import type { Hint } from "./types";

/** Columns that may know the outcome. */
export function HintList({ hints }: { hints: Hint[] }) {
  const { t } = useTranslation();
  return (
    <ul className={classes.list}>
      {hints.map((h) => (
        <li key={h.name + h.why} className="row" style={{ alignItems: "flex-start" }}>
          <Icon name="warning" size={15} />
          <span><strong>{h.name}</strong>: {t(`scoring.why.${h.why}`, { auc: formatNumber(h.auc ?? 0, 2), positive: formatPercent(h.positive ?? 0), negative: formatPercent(h.negative ?? 0) })}</span>
        </li>
      ))}
    </ul>
  );
}
