import { ActionIcon } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTables } from "@/api/metadata";
import type { Visit } from "@/api/workspace";
import { recordPath } from "@/lib/paths";
import { Icon, tableIcon } from "@/ui/icons";
import nav from "@/app/shell/Nav.module.css";
import { sameVisit, usePins } from "./usePreferences";
import classes from "./Visits.module.css";

const FEW = 5;

/** What the person keeps at hand and where they have just been. */
export function Visits() {
  const { t } = useTranslation();
  const { pinned, recent, toggle } = usePins();
  const { data: tables } = useTables();
  const [more, setMore] = useState(false);
  const readable = (v: Visit) => tables?.some((x) => x.logicalname === v.table) ?? false;
  const kept = pinned.filter(readable);
  const seen = recent.filter((v) => readable(v) && !kept.some((p) => sameVisit(p, v)));
  if (kept.length + seen.length === 0) return null;
  const item = (visit: Visit, isKept: boolean) => (
    <div key={`${visit.table}-${visit.id}`} className={classes.visit}>
      <Link to={recordPath(visit.table, visit.id)} className={nav.item} activeProps={{ "data-active": true, "aria-current": "page" }}>
        <Icon name={tableIcon(visit.table)} />
        <span className="clip">{visit.name}</span>
      </Link>
      <ActionIcon size={24} className={classes.pin} data-on={isKept || undefined} aria-pressed={isKept} aria-label={t(isKept ? "visits.unpin" : "visits.pin", { name: visit.name })} onClick={() => void toggle(visit)}>
        <Icon name="pin" size={14} />
      </ActionIcon>
    </div>
  );
  return (
    <section className={nav.group} data-visits>
      <h2 className={nav.heading}>{t("visits.title")}</h2>
      {kept.map((v) => item(v, true))}
      {seen.slice(0, more ? undefined : FEW).map((v) => item(v, false))}
      {seen.length > FEW && <button type="button" className={classes.more} aria-expanded={more} onClick={() => setMore(!more)}>{t(more ? "visits.less" : "visits.more")}</button>}
    </section>
  );
}
