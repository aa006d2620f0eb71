import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useLive } from "@/api/live";
import { fetchTop } from "@/api/records";
import { columnOf, nameOf, valueOf } from "@/api/rows";
import type { Reference, Table } from "@/api/types";
import { dayAt, startOf } from "@/filter/dates";
import { formatAgo, formatInstant, optionFor } from "@/lib/format";
import { recordPath } from "@/lib/paths";
import { Calm, Failure } from "@/ui/Calm";
import { ChoiceBadge } from "@/ui/ChoiceBadge";
import { Icon, tableIcon } from "@/ui/icons";
import classes from "./Home.module.css";
import { Card } from "./HomeCard";

const FORMATTED = "@OData.Community.Display.V1.FormattedValue";

/** What I have to do today, and what I should have done: tasks, calls, appointments. */
export function Due({ me }: { me: string }) {
  const { t } = useTranslation();
  const until = startOf(dayAt(new Date(Date.now() + 86_400_000))).toISOString();
  const query = useQuery({
    queryKey: ["home", "due", me, until],
    queryFn: ({ signal }) => fetchTop("activitypointers", {
      select: ["activityid", "subject", "scheduledend", "activitytypecode", "_regardingobjectid_value"], orderby: "scheduledend asc", top: 8, count: true,
      filter: `_ownerid_value eq ${me} and (statecode eq 0 or statecode eq 3) and scheduledend lt ${until}`,
    }, signal),
  });
  for (const table of ["task", "phonecall", "appointment"]) useLive(table, () => void query.refetch());
  const rows = query.data?.rows ?? [];
  if (rows.length === 0) return null;
  return (
    <Card title={t("home.due")} link={<Link to="/r/$table" params={{ table: "task" }} search={{ filter: JSON.stringify(["and", ["ownerid", "in", [me]]]) }} className={classes.all}>{t("home.all", { count: query.data?.count ?? 0 })}</Link>}>
      <ul className={classes.today}>
        {rows.map((row) => {
          const kind = String(row.activitytypecode), at = String(row.scheduledend);
          return (
            <li key={String(row.activityid)}>
              <Link to={recordPath(kind, String(row.activityid))} className={classes.todayItem} title={formatInstant(at)}>
                <Icon name={tableIcon(kind)} />
                <span className="clip grow">{[row.subject, row[`_regardingobjectid_value${FORMATTED}`]].filter(Boolean).join(" · ")}</span>
                <span className={classes.when} data-late={new Date(at).getTime() < Date.now() || undefined}>{formatAgo(at)}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

/** For who serves customers: the open cases, the urgent and the old first. */
export function Cases({ table, me }: { table: Table; me: string }) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: ["home", "cases", me],
    queryFn: ({ signal }) => fetchTop(table.entityset, {
      select: ["incidentid", "title", "prioritycode", "statuscode", "_customerid_value", "createdon"] as string[], filter: `_ownerid_value eq ${me} and statecode eq 0`, orderby: "prioritycode asc,createdon asc", top: 12, count: true,
    }, signal),
  });
  useLive("incident", () => void query.refetch());
  const customer = columnOf(table, "customerid"), priority = columnOf(table, "prioritycode"), status = columnOf(table, "statuscode");
  return (
    <Card title={t("home.cases")} link={<Link to="/r/$table" params={{ table: "incident" }} search={{ view: "mine" }} className={classes.all}>{t("home.all", { count: query.data?.count ?? 0 })}</Link>}>
      {query.isError && !query.data && <Failure small error={query.error} onRetry={() => void query.refetch()} />}
      {query.data?.rows.length === 0 && <Calm small icon="check" title={t("home.noneTitle")}>{t("home.noCases")}</Calm>}
      <ol className={classes.work}>
        {query.data?.rows.map((row) => (
          <li key={String(row.incidentid)}>
            <Link to={recordPath("incident", String(row.incidentid))} className={classes.workItem}>
              <span className={classes.workText}>
                <span className="row"><strong className="clip">{nameOf(table, row) || t("value.unnamed")}</strong></span>
                <span className={`${classes.why} clip`}>{customer && (valueOf(customer, row) as Reference | null)?.name}</span>
              </span>
              <span className={classes.workEnd}>
                <span className="row">{priority && row.prioritycode !== 2 && <ChoiceBadge option={optionFor(priority, row.prioritycode)} fallback="" />}{status && <ChoiceBadge option={optionFor(status, row.statuscode)} fallback="" />}</span>
                <span className="faint">{formatAgo(String(row.createdon ?? ""))}</span>
              </span>
            </Link>
          </li>
        ))}
      </ol>
    </Card>
  );
}
