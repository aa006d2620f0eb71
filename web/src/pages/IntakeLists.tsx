import { useTranslation } from "react-i18next";
import { TableScreen } from "./TablePage";

export function QuarantineList() {
  const { t } = useTranslation();
  return <TableScreen logical="rpt_quarantine" empty={t("quarantine.empty")} />;
}

export function DeadLetterList() {
  const { t } = useTranslation();
  return <TableScreen logical="rpt_deadletter" empty={t("deadLetter.empty")} />;
}

export function FlowRunList() {
  const { t } = useTranslation();
  return <TableScreen logical="rpt_flowrun" empty={t("flow.empty")} />;
}
