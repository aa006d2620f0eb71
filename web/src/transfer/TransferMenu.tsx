import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { wireName } from "@/api/rows";
import type { Column, Table } from "@/api/types";
import { useCommands } from "@/lib/commands";
import { Icon } from "@/ui/icons";

const formats = ["csv", "xlsx", "jsonl", "parquet"] as const;

/** The address that gives a list's rows as a file. */
export function exportUrl(table: Table, columns: Column[], filter: string, orderby: string | undefined, format: string): string {
  const parts = [`format=${format}`, `$select=${encodeURIComponent(columns.map(wireName).join(","))}`];
  if (filter) parts.push(`$filter=${encodeURIComponent(filter)}`);
  if (orderby) parts.push(`$orderby=${encodeURIComponent(orderby)}`);
  return `/api/exports/${table.logicalname}?${parts.join("&")}`;
}

/** Rows of a list out, files in. */
export function TransferMenu({ table, columns, filter, orderby }: { table: Table; columns: Column[]; filter: string; orderby?: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const bring = () => void navigate({ to: "/import", search: { table: table.logicalname } });
  useCommands([
    ...(table.privileges.create ? [{ id: "transfer-import", label: t("transfer.importInto", { what: table.pluralLabel }), icon: "arrowDown", run: bring }] : []),
    ...formats.map((f) => ({ id: `transfer-${f}`, label: t("transfer.exportAs", { what: table.pluralLabel, format: t(`transfer.format.${f}`) }), icon: "arrowUp", run: () => { window.location.assign(exportUrl(table, columns, filter, orderby, f)); } })),
  ]);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={t("transfer.menu")}><ActionIcon aria-label={t("transfer.menu")}><Icon name="save" /></ActionIcon></Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {table.privileges.create && <Menu.Item onClick={bring} leftSection={<Icon name="arrowDown" size={15} />}>{t("transfer.importMenu")}</Menu.Item>}
        <Menu.Label>{t("transfer.exportLabel")}</Menu.Label>
        {formats.map((f) => (
          <Menu.Item key={f} component="a" href={exportUrl(table, columns, filter, orderby, f)} download leftSection={<Icon name="arrowUp" size={15} />}>{t(`transfer.format.${f}`)}</Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
