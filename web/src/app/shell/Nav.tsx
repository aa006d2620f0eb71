import { ActionIcon } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useTables } from "@/api/metadata";
import { useLiveState } from "@/api/live";
import type { TableSummary } from "@/api/types";
import { keyCaps } from "@/lib/keys";
import { listPath } from "@/lib/paths";
import { Icon, type IconName, tableIcon } from "@/ui/icons";
import { Logo } from "@/ui/Logo";
import { Bell } from "./Bell";
import { useShell } from "./context";
import classes from "./Nav.module.css";
import { UserMenu } from "./UserMenu";

/** Which tables stand where; a table appears only when the person may read it. */
const groups: { label: string; tables: string[] }[] = [
  { label: "nav.sales", tables: ["lead", "opportunity", "account", "contact"] },
  { label: "nav.work", tables: ["task", "queue", "queueitem"] },
  { label: "nav.marketing", tables: ["campaign", "campaignresponse"] },
  { label: "nav.intake", tables: ["rpt_quarantine", "rpt_deadletter", "rpt_flowrun", "rpt_rule"] },
  { label: "nav.people", tables: ["systemuser", "team", "businessunit", "role"] },
];

function Item({ to, icon, label, view }: { to: string; icon: IconName; label: string; view?: string }) {
  return (
    <Link to={to} search={view ? { view } : undefined} className={classes.item} activeOptions={{ exact: to === "/", includeSearch: view !== undefined }}
      activeProps={{ "data-active": true, "aria-current": "page" }}>
      <Icon name={icon} />
      <span className="clip">{label}</span>
    </Link>
  );
}

function Group({ label, tables }: { label: string; tables: TableSummary[] }) {
  const { t } = useTranslation();
  if (tables.length === 0) return null;
  return (
    <section className={classes.group}>
      <h2 className={classes.heading}>{t(label)}</h2>
      {tables.map((x) => (
        <Item key={x.logicalname} to={listPath(x.logicalname)} icon={tableIcon(x.logicalname, x.icon)} label={x.pluralLabel} />
      ))}
    </section>
  );
}

export function Nav() {
  const { t } = useTranslation();
  const shell = useShell();
  const live = useLiveState();
  const { data } = useTables();
  const byName = new Map((data ?? []).map((x) => [x.logicalname, x]));
  const pick = (names: string[]) => names.flatMap((n) => byName.get(n) ?? []);

  return (
    <nav className={classes.nav} aria-label={t("nav.label")}>
      <div className={classes.top}>
        <Link to="/" className={classes.brand}>
          <Logo size={22} />
          <span>Rapport</span>
        </Link>
        <Bell />
      </div>
      <button type="button" className={classes.search} onClick={shell.openPalette}>
        <Icon name="search" size={15} />
        <span className="grow">{t("shell.search")}</span>
        <kbd className={classes.kbd}>{keyCaps("mod+k").join(" ")}</kbd>
      </button>
      <div className={classes.scroll}>
        <div className={classes.group}>
          <Item to="/" icon="home" label={t("nav.home")} />
        </div>
        {groups.map((g) => <Group key={g.label} label={g.label} tables={pick(g.tables)} />)}
        {byName.has("rpt_model") && (
          <section className={classes.group}>
            <h2 className={classes.heading}>{t("nav.scoring")}</h2>
            {byName.has("lead") && <Item to="/r/lead" view="worklist" icon="lead" label={t("nav.worklist")} />}
            <Item to="/scoring" icon="sparkle" label={t("nav.model")} />
            {byName.has("rpt_historyimport") && <Item to="/history" icon="history" label={t("nav.history")} />}
            {byName.has("rpt_historyimport") && <Item to="/lake" icon="table" label={t("nav.lake")} />}
          </section>
        )}
      </div>
      <div className={classes.foot}>
        <UserMenu />
        <span className={classes.live} data-state={live} title={t(`live.${live}`)} role="status" aria-label={t(`live.${live}`)} />
        <ActionIcon aria-label={t("keys.title")} onClick={shell.openHelp}><Icon name="keyboard" /></ActionIcon>
      </div>
    </nav>
  );
}
