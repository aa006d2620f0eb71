import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useTableMeta } from "@/api/metadata";
import { TableScreen } from "@/pages/TablePage";
import { Upload } from "./Upload";

export function VersionList() {
  const { t } = useTranslation();
  return <TableScreen logical="rpt_modelversion" empty={t("scoring.noVersions")} />;
}

/** Files of history, and a way to bring another. */
export function ImportList() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const meta = useTableMeta("rpt_historyimport");
  return (
    <TableScreen logical="rpt_historyimport" empty={t("history.empty")}
      actions={meta.data?.privileges.create && <Upload onDone={(id) => void navigate({ to: "/history/$id", params: { id } })} />} />
  );
}
