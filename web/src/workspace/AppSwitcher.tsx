import { Menu } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type App, useApps } from "@/api/workspace";
import { Icon, isIcon } from "@/ui/icons";
import classes from "./AppSwitcher.module.css";
import { usePreferences } from "./usePreferences";

/** The app that the person works in: the one they chose last, else the first of theirs. */
export function useApp(): App | undefined {
  const { data } = useApps();
  const { preferences } = usePreferences();
  return data?.find((a) => a.name === preferences?.app) ?? data?.[0];
}

export function AppSwitcher() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { data: apps = [] } = useApps();
  const { change } = usePreferences();
  const current = useApp();
  if (!current || apps.length < 2) return null;
  return (
    <Menu position="bottom-start" width={288}>
      <Menu.Target>
        <button type="button" className={classes.button} data-tour="apps" aria-label={t("apps.switch", { name: current.label })}>
          <Icon name={isIcon(current.icon) ? current.icon : "table"} />
          <span className="clip grow">{current.label}</span>
          <Icon name="chevronDown" size={14} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("apps.title")}</Menu.Label>
        {apps.map((app) => (
          <Menu.Item key={app.name} leftSection={<Icon name={isIcon(app.icon) ? app.icon : "table"} />} rightSection={app.name === current.name ? <Icon name="check" /> : undefined}
            aria-current={app.name === current.name || undefined} onClick={() => { void change({ app: app.name }); void navigate({ to: "/" }); }}>
            <span className={classes.name}>{app.label}</span>
            {app.description && <span className={classes.about}>{app.description}</span>}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
