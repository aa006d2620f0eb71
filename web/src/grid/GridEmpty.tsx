import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Table } from "@/api/types";
import { Calm } from "@/ui/Calm";
import { tableIcon } from "@/ui/icons";

export function GridEmpty({ table, narrowed, newPath, onClear, children }: {
  table: Table; narrowed: boolean; newPath?: string; onClear: () => void; children?: ReactNode;
}) {
  const { t } = useTranslation();
  if (narrowed) {
    return (
      <Calm icon="search" title={t("grid.noneFoundTitle", { what: table.pluralLabel })} action={<Button variant="default" onClick={onClear}>{t("grid.clear")}</Button>}>
        {t("grid.noneFound")}
      </Calm>
    );
  }
  return (
    <Calm icon={tableIcon(table.logicalname, table.icon)} title={t("grid.emptyTitle", { what: table.pluralLabel })}
      action={newPath && table.privileges.create && <Button component={Link} to={newPath}>{t("grid.new", { what: table.label })}</Button>}>
      {children ?? t("grid.empty")}
    </Calm>
  );
}
