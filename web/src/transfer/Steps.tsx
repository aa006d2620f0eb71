import { useTranslation } from "react-i18next";
import classes from "@/scoring/scoring.module.css";

/** Where the person stands between a file and its records. */
export function Steps({ at }: { at: number }) {
  const { t } = useTranslation();
  const names = [t("transfer.step.file"), t("transfer.step.map"), t("transfer.step.check"), t("transfer.step.run")];
  return (
    <ol className={classes.steps} aria-label={t("transfer.steps")}>
      {names.map((name, i) => <li key={name} aria-current={i === at ? "step" : undefined}><b aria-hidden="true">{i + 1}</b>{name}</li>)}
    </ol>
  );
}
