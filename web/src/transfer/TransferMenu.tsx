import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { currentLanguage } from "@/i18n";
import { useCommands } from "@/lib/commands";
import { Icon } from "@/ui/icons";
import { exportUrl, type Seen } from "./exportUrl";

const formats = ["csv", "xlsx", "jsonl", "parquet"] as const;

/** Rows of a list out, files in. */
export function TransferMenu(seen: Seen) {
  const { table } = seen;
  const { t } = useTranslation();
  const navigate = useNavigate();
  const bring = () => void navigate({ to: "/import", search: { table: table.logicalname } });
  useCommands([
    ...(table.privileges.create ? [{ id: "transfer-import", label: t("transfer.importInto", { what: table.pluralLabel }), icon: "arrowDown", run: bring }] : []),
    ...formats.map((f) => ({ id: `transfer-${f}`, label: t("transfer.exportAs", { what: table.pluralLabel, format: t(`transfer.format.${f}`) }), icon: "arrowUp", run: () => { window.location.assign(exportUrl(seen, f, currentLanguage())); } })),
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
          <Menu.Item key={f} component="a" href={exportUrl(seen, f, currentLanguage())} download leftSection={<Icon name="arrowUp" size={15} />}>{t(`transfer.format.${f}`)}</Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
