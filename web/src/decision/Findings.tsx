import { Alert } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Said } from "@/i18n/Said";
import { Icon } from "@/ui/icons";
import type { useExamination } from "./api";
import classes from "./decision.module.css";

/** What is wrong with the definition, or doubtful, while it is written. */
export function Findings({ found }: { found: ReturnType<typeof useExamination> }) {
  const { t } = useTranslation();
  const tone = found.problems.length > 0 || found.findings.some((f) => f.severity === "error") ? "bad" : found.findings.some((f) => f.severity === "warning") ? "warn" : "good";
  return (
    <div role="status" aria-live="polite" className={classes.findings} aria-label={t("decision.findings")}>
      {found.busy ? <p className="dim">{t("decision.examining")}</p> : found.error ? <p className="dim">{t("decision.notExamined")}</p> : (
        <Alert data-tone={tone} icon={<Icon name={tone === "good" ? "check" : "warning"} />}>
          {found.problems.length + found.findings.length === 0 && t("decision.sound")}
          <ul className={classes.plain}>
            {found.problems.map((p) => <li key={p.name + p.message}><code>{p.name}</code> <Said text={p.message} /></li>)}
            {found.findings.map((f, i) => <li key={i}>{f.table && <strong>{f.table}: </strong>}<Said text={f.message} />{f.where && <> – <code><Said text={f.where} /></code></>}</li>)}
          </ul>
        </Alert>
      )}
    </div>
  );
}
