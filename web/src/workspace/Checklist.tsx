import { ActionIcon } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useTables } from "@/api/metadata";
import { fetchTop } from "@/api/records";
import { useSession } from "@/api/session";
import { Icon } from "@/ui/icons";
import classes from "./Checklist.module.css";
import { useShell } from "@/app/shell/context";
import { useApp } from "./AppSwitcher";
import { countSample, useSample } from "./sample";
import { usePreferences } from "./usePreferences";

interface Step {
  id: string;
  /** Where it is done; the tour begins where one is. */
  to?: string;
  /** The table without which the step makes no sense. */
  needs: string;
  /** A question whose answer of at least one row means that it is done. */
  set?: string;
  filter?: string;
  least?: number;
  /** Known from elsewhere. */
  by?: "sample";
  /** Only for people of this app. */
  app?: string;
}

/** What makes a new place one's own, each done by what is really there or waved off by hand. */
function steps(me: string): Step[] {
  return [
    { id: "tour", needs: "lead" },
    { id: "campaign", to: "/r/campaign/new", needs: "campaign", set: "campaigns", filter: `_createdby_value eq ${me}`, app: "rpt_marketing" },
    { id: "lead", to: "/r/lead/new", needs: "lead", set: "leads", filter: `_createdby_value eq ${me}` },
    { id: "import", to: "/import", needs: "import", set: "imports", filter: `_createdby_value eq ${me}` },
    { id: "view", to: "/r/lead", needs: "userquery", set: "userqueries", filter: `_ownerid_value eq ${me}` },
    { id: "note", to: "/r/lead", needs: "annotation", set: "annotations", filter: `_createdby_value eq ${me}` },
    { id: "dashboard", to: "/dashboards/sales", needs: "opportunity" },
    { id: "protect", to: "/account", needs: "lead" },
    { id: "people", to: "/admin/users", needs: "roleprivileges", set: "systemusers", filter: `_createdby_value eq ${me}` },
    { id: "settings", to: "/settings", needs: "lead" },
    { id: "sample", to: "/settings", needs: "roleprivileges", by: "sample" },
  ];
}

export const HIDDEN = "checklist";

/** The first steps on the home screen; it goes when all are done or when it is sent away. */
export function Checklist() {
  const { t } = useTranslation();
  const { session } = useSession();
  const { data: tables } = useTables();
  const { preferences, change } = usePreferences();
  const me = session?.user.systemuserid ?? "";
  const shell = useShell();
  const sample = useSample();
  const app = useApp();
  const boards = app?.dashboards;
  const shown = steps(me).filter((s) => tables?.some((x) => x.logicalname === s.needs) && (s.app === undefined || s.app === app?.name) && (s.id !== "lead" || app?.name !== "rpt_marketing") && (s.by !== "sample" || countSample(sample.data) > 0) && (s.id !== "dashboard" || boards?.some((b) => b.name === "sales")));
  const waved = preferences?.done ?? [];
  const hidden = preferences === undefined || waved.includes(HIDDEN);
  const query = useQuery({
    queryKey: ["checklist", me, shown.map((s) => s.id).join()],
    enabled: !hidden && shown.length > 0,
    queryFn: async ({ signal }) => {
      const answers = await Promise.allSettled(shown.map(async (s) => (s.set ? (await fetchTop(s.set, { filter: s.filter, top: s.least ?? 1 }, signal)).rows.length >= (s.least ?? 1) : false)));
      return shown.filter((_, i) => { const a = answers[i]; return a?.status === "fulfilled" && a.value; }).map((s) => s.id);
    },
  });
  if (hidden || !query.data) return null;
  const done = new Set([...query.data, ...waved]);
  const left = shown.filter((s) => !done.has(s.id)).length;
  if (left === 0) return null;
  return (
    <section className={classes.list} aria-label={t("first.title")}>
      <header className={classes.head}>
        <h2>{t("first.title")}</h2>
        <span className="faint tnum">{t("first.progress", { done: shown.length - left, all: shown.length })}</span>
        <ActionIcon aria-label={t("first.hide")} onClick={() => void change({ done: [...waved, HIDDEN] })}><Icon name="close" /></ActionIcon>
      </header>
      <ol>
        {shown.map((step) => (
          <li key={step.id} data-done={done.has(step.id) || undefined}>
            <button type="button" className={classes.tick} role="checkbox" aria-checked={done.has(step.id)} aria-label={t(`first.${step.id}`)} onClick={() => void change({ done: waved.includes(step.id) ? waved.filter((d) => d !== step.id) : [...waved, step.id] })}>
              {done.has(step.id) && <Icon name="check" size={13} />}
            </button>
            {step.to ? (
              <Link to={step.to} className={classes.step} onClick={() => { if (!step.set && !step.by && !waved.includes(step.id)) void change({ done: [...waved, step.id] }); }}>{t(`first.${step.id}`)}</Link>
            ) : (
              <button type="button" className={classes.step} onClick={shell.startTour}>{t(`first.${step.id}`)}</button>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
