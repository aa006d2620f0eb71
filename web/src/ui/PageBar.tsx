import type { ReactNode } from "react";
import { ActionIcon } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { changeSettings, useSettings } from "@/lib/settings";
import { Icon } from "./icons";
import classes from "./PageBar.module.css";

/** The head of a screen: where we are, and what can be done here. */
export function PageBar({ title, children, actions }: { title: ReactNode; children?: ReactNode; actions?: ReactNode }) {
  const { t } = useTranslation();
  const { navCollapsed } = useSettings();
  return (
    <header className={classes.bar}>
      {navCollapsed && (
        <ActionIcon className={classes.expand} aria-label={t("shell.showNav")} onClick={() => changeSettings({ navCollapsed: false })}>
          <Icon name="panel" />
        </ActionIcon>
      )}
      <div className={classes.title}>{title}</div>
      {children}
      <div className={classes.actions}>{actions}</div>
    </header>
  );
}
