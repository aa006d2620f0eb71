import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useTables } from "@/api/metadata";
import { listPath } from "@/lib/paths";
import { Icon, tableIcon } from "@/ui/icons";
import classes from "./BottomBar.module.css";
import { useShell } from "./context";

/** On a phone the four ways that matter stay under the thumb. */
export function BottomBar({ onMenu }: { onMenu: () => void }) {
  const { t } = useTranslation();
  const shell = useShell();
  const { data } = useTables();
  const first = data?.find((x) => x.logicalname === "lead") ?? data?.[0];
  const active = { "data-active": true, "aria-current": "page" } as const;
  return (
    <nav className={classes.bar} aria-label={t("nav.short")}>
      <Link to="/" className={classes.item} activeOptions={{ exact: true }} activeProps={active}>
        <Icon name="home" size={20} />{t("nav.home")}
      </Link>
      {first && (
        <Link to={listPath(first.logicalname)} className={classes.item} activeProps={active}>
          <Icon name={tableIcon(first.logicalname, first.icon)} size={20} />{first.pluralLabel}
        </Link>
      )}
      <button type="button" className={classes.item} data-tour="search-phone" onClick={shell.openPalette}>
        <Icon name="search" size={20} />{t("shell.searchShort")}
      </button>
      <button type="button" className={classes.item} data-tour="menu" onClick={onMenu}>
        <Icon name="menu" size={20} />{t("shell.menu")}
      </button>
    </nav>
  );
}
