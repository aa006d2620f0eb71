import { ActionIcon } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useTables } from "@/api/metadata";
import { useLiveState } from "@/api/live";
import type { TableSummary } from "@/api/types";
import { type NavItem, useApps } from "@/api/workspace";
import { keyCaps } from "@/lib/keys";
import { listPath } from "@/lib/paths";
import { Icon, type IconName, isIcon, tableIcon } from "@/ui/icons";
import { Logo } from "@/ui/Logo";
import { AppSwitcher, useApp } from "@/workspace/AppSwitcher";
import { Visits } from "@/workspace/Visits";
import { Bell } from "./Bell";
import { useShell } from "./context";
import classes from "./Nav.module.css";
import { UserMenu } from "./UserMenu";

function Item({ to, icon, label, view }: { to: string; icon: IconName; label: string; view?: string }) {
  return (
    <Link to={to} search={view ? { view } : undefined} className={classes.item} activeOptions={{ exact: to === "/", includeSearch: view !== undefined }}
      activeProps={{ "data-active": true, "aria-current": "page" }}>
      <Icon name={icon} />
      <span className="clip">{label}</span>
    </Link>
  );
}

function NavEntry({ item, tables }: { item: NavItem; tables: Map<string, TableSummary> }) {
  const icon = isIcon(item.icon) ? item.icon : undefined;
  if (item.table) {
    const table = tables.get(item.table);
    if (!table) return null;
    return <Item to={listPath(table.logicalname)} view={item.view} icon={icon ?? tableIcon(table.logicalname, table.icon)} label={item.label || table.pluralLabel} />;
  }
  if (item.dashboard) return <Item to={`/dashboards/${item.dashboard}`} icon={icon ?? "chart"} label={item.label ?? item.dashboard} />;
  return <Item to={`/${item.page?.replace(/^\//, "") ?? ""}`} icon={icon ?? "table"} label={item.label ?? ""} />;
}

export function Nav() {
  const { t } = useTranslation();
  const shell = useShell();
  const live = useLiveState();
  const { data } = useTables();
  const byName = new Map((data ?? []).map((x) => [x.logicalname, x]));
  const apps = useApps();
  const app = useApp();

  return (
    <nav className={classes.nav} aria-label={t("nav.label")}>
      <div className={classes.top}>
        <Link to="/" className={classes.brand}>
          <Logo size={22} />
          <span>Rapport</span>
        </Link>
        <Bell />
      </div>
      <AppSwitcher />
      <button type="button" className={classes.search} data-tour="search" onClick={shell.openPalette}>
        <Icon name="search" size={15} />
        <span className="grow clip">{t("shell.search")}</span>
        <kbd className={classes.kbd}>{keyCaps("mod+k").join(" ")}</kbd>
      </button>
      <div className={classes.scroll} data-tour="nav">
        <div className={classes.group}>
          <Item to="/" icon="home" label={t("nav.home")} />
        </div>
        <Visits />
        {app?.groups.map((group) => (
          <section key={group.label} className={classes.group}>
            <h2 className={classes.heading}>{group.label}</h2>
            {group.items.map((item, i) => <NavEntry key={i} item={item} tables={byName} />)}
          </section>
        ))}
        {byName.has("roleprivileges") && (
          <section className={classes.group}>
            <Item to="/admin/users" icon="lock" label={t("admin.title")} />
          </section>
        )}
        {apps.isSuccess && !app && (
          // Who is in no app still finds everything that they may read.
          <section className={classes.group}>
            <h2 className={classes.heading}>{t("apps.everything")}</h2>
            {data?.map((x) => <NavEntry key={x.logicalname} item={{ table: x.logicalname }} tables={byName} />)}
          </section>
        )}
      </div>
      <div className={classes.foot}>
        <UserMenu />
        <span className={classes.live} data-state={live} title={t(`live.${live}`)} role="status" aria-label={t(`live.${live}`)} />
        <ActionIcon data-tour="keys" aria-label={t("keys.title")} onClick={shell.openHelp}><Icon name="keyboard" /></ActionIcon>
      </div>
    </nav>
  );
}
