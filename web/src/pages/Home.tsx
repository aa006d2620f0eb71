import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { API } from "@/api/odata";
import { useLive } from "@/api/live";
import { useTableMeta, useTables } from "@/api/metadata";
import { fetchTop } from "@/api/records";
import { columnOf, nameOf, valueOf, wireName } from "@/api/rows";
import { useSession } from "@/api/session";
import type { Reference, Row, Table } from "@/api/types";
import { dayAt, startOf } from "@/filter/dates";
import { formatAgo, formatNumber, formatToday, optionFor } from "@/lib/format";
import { recordPath } from "@/lib/paths";
import { toWall } from "@/lib/zone";
import { Grade } from "@/lead/Grade";
import { leadScore } from "@/lead/leadScore";
import { ScoreRing } from "@/lead/ScoreRing";
import { Avatar } from "@/ui/Avatar";
import { Calm, Failure } from "@/ui/Calm";
import { ChoiceBadge } from "@/ui/ChoiceBadge";
import { Icon, type IconName } from "@/ui/icons";
import { PageBar } from "@/ui/PageBar";
import { useApp } from "@/workspace/AppSwitcher";
import { Checklist } from "@/workspace/Checklist";
import { SampleNotice } from "@/workspace/SampleNotice";
import classes from "./Home.module.css";
import { Card } from "./HomeCard";
import { Cases, Due } from "./HomeWork";

/** Only columns that the table really has may be asked for. */
function select(table: Table, names: string[]): string[] {
  return [table.primaryid, ...names.flatMap((n) => { const c = columnOf(table, n); return c ? [wireName(c)] : []; })];
}

const columns = ["fullname", "companyname", "jobtitle", "msdyn_leadscore", "msdyn_leadgrade", "rpt_nextaction", "rpt_reasons", "rpt_productinterest", "address1_city", "createdon", "ownerid"];

function startOfToday(): string {
  return startOf(dayAt(new Date())).toISOString();
}

function greeting(hour: number): "morning" | "day" | "evening" {
  return hour < 11 ? "morning" : hour < 18 ? "day" : "evening";
}

/** The day's work: my leads by score, what came today, and how intake is doing. */
export function Home() {
  const { t } = useTranslation();
  const { session } = useSession();
  const tables = useTables();
  const readable = (name: string) => tables.data?.some((x) => x.logicalname === name) ?? false;
  const meta = useTableMeta(readable("lead") ? "lead" : "");
  const marketing = useApp()?.name === "rpt_marketing";
  const campaigns = useTableMeta(marketing && readable("campaign") ? "campaign" : "");
  // Who serves customers has cases for work, and not leads.
  const serves = useApp()?.name === "rpt_service";
  const cases = useTableMeta(serves && readable("incident") ? "incident" : "");
  const me = session?.user.systemuserid ?? "";
  const first = session?.user.fullname.split(/\s+/)[0] ?? "";
  if (tables.isError) return <Failure error={tables.error} onRetry={() => void tables.refetch()} />;
  const today = formatToday();

  return (
    <>
      <PageBar title={<><h1>{t("nav.home")}</h1><span className="faint">{today}</span></>} />
      <div className={classes.page}>
        <div className={classes.inner}>
          <h2 className={classes.hello}>{t(`home.${greeting(Number(toWall(new Date()).slice(11, 13)))}`, { name: first })}</h2>
          <SampleNotice />
          <Checklist />
          <div className={classes.columns} data-tour="work">
            {serves ? cases.data && <Cases table={cases.data} me={me} /> : meta.data && <WorkList table={meta.data} me={me} />}
            <div className={classes.side}>
              {readable("activitypointer") && me && <Due me={me} />}
              {marketing && campaigns.data && <Campaigns table={campaigns.data} counted={readable("lead")} />}
              {!serves && meta.data && <ByOwner table={meta.data} me={me} />}
              {!serves && meta.data && <Today table={meta.data} />}
              <Health readable={readable} />
            </div>
          </div>
        </div>
      </div>
    </>
  );
}

function useHomeLeads(table: Table, name: string, filter: string, orderby: string, top: number, enabled = true) {
  const query = useQuery({
    queryKey: ["home", name],
    enabled,
    queryFn: ({ signal }) => fetchTop(table.entityset, { select: select(table, columns), filter, orderby, top, count: true }, signal),
  });
  useLive("lead", () => { if (enabled) void query.refetch(); });
  return query;
}

function WorkList({ table, me }: { table: Table; me: string }) {
  const { t } = useTranslation();
  const order = columnOf(table, "msdyn_leadscore") ? "msdyn_leadscore desc,createdon desc" : "createdon desc";
  const mine = useHomeLeads(table, "mine", `_ownerid_value eq ${me} and statecode eq 0`, order, 12);
  // Who owns no leads — a manager, an administrator — sees the best of all they may read.
  const none = mine.data?.rows.length === 0;
  const all = useHomeLeads(table, "open", "statecode eq 0", order, 12, none);
  const query = none ? all : mine;
  const filter = JSON.stringify(none ? ["and", ["statecode", "in", ["0"]]] : ["and", ["ownerid", "in", [me]], ["statecode", "in", ["0"]]]);
  return (
    <Card title={t(none && (all.data?.rows.length ?? 0) > 0 ? "home.open" : "home.mine")}
      link={<Link to="/r/$table" params={{ table: "lead" }} search={{ filter, sort: "-msdyn_leadscore" }} className={classes.all}>{t("home.all", { count: query.data?.count ?? 0 })}</Link>}>
      {query.isError && !query.data && <Failure small error={query.error} onRetry={() => void query.refetch()} />}
      {query.data?.rows.length === 0 && <Calm small icon="check" title={t("home.noneTitle")}>{t("home.none")}</Calm>}
      <ol className={classes.work}>{query.data?.rows.map((row) => <WorkItem key={String(row[table.primaryid])} table={table} row={row} owned={none} />)}</ol>
    </Card>
  );
}

function WorkItem({ table, row, owned }: { table: Table; row: Row; owned: boolean }) {
  const { t } = useTranslation();
  const score = leadScore(row);
  const column = columnOf(table, "rpt_nextaction");
  const action = column && optionFor(column, row.rpt_nextaction);
  const owner = owned ? columnOf(table, "ownerid") : undefined;
  const who = owner && (valueOf(owner, row) as Reference | null)?.name;
  const why = score.reasons.find((r) => r.points > 0) ?? score.reasons[0];
  return (
    <li>
      <Link to={recordPath("lead", String(row[table.primaryid]))} className={classes.workItem}>
        {score.score !== undefined ? <ScoreRing score={score.score} size={38} label={t("lead.scoreOf", { score: score.score })} /> : <Avatar name={nameOf(table, row)} size={38} />}
        <span className={classes.workText}>
          <span className="row"><strong className="clip">{nameOf(table, row) || t("value.unnamed")}</strong><span className="dim clip">{[row.jobtitle, row.companyname].filter(Boolean).join(", ")}</span></span>
          <span className={`${classes.why} clip`}>{why ? why.text : String(row.rpt_productinterest ?? "")}</span>
        </span>
        <span className={classes.workEnd}>
          {action && <span className={classes.action} data-action={action.value}>{action.label}</span>}
          <span className="faint">{who ? `${who} · ` : ""}{formatAgo(String(row.createdon ?? ""))}</span>
        </span>
      </Link>
    </li>
  );
}

const FORMATTED = "@OData.Community.Display.V1.FormattedValue";

/** For who leads others: whose the open leads are, the fullest hands first. */
function ByOwner({ table, me }: { table: Table; me: string }) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: ["home", "owners"],
    queryFn: async ({ signal }) => {
      const apply = "filter(statecode eq 0)/groupby((_ownerid_value),aggregate($count as n))";
      const { data } = await request<{ value: Row[] }>(`${API}/${table.entityset}?$apply=${encodeURIComponent(apply)}`, { signal, headers: { Prefer: 'odata.include-annotations="*"' } });
      return data.value.sort((a, b) => Number(b.n) - Number(a.n));
    },
  });
  const rows = query.data ?? [];
  if (rows.length < 2 || rows.some((r) => r._ownerid_value === me)) return null;
  const most = Number(rows[0]!.n);
  return (
    <Card title={t("home.byOwner")} link={<Link to="/r/$table" params={{ table: "lead" }} search={{ group: "ownerid" }} className={classes.all}>{t("home.list")}</Link>}>
      <ul className={classes.today}>
        {rows.slice(0, 8).map((row) => {
          const id = String(row._ownerid_value);
          const name = String(row[`_ownerid_value${FORMATTED}`] ?? "");
          return (
            <li key={id}>
              <Link to="/r/$table" params={{ table: "lead" }} search={{ filter: JSON.stringify(["and", ["ownerid", "in", [id]], ["statecode", "in", ["0"]]]) }} className={classes.todayItem}>
                <Avatar name={name} size={20} />
                <span className={`${classes.owner} clip`}>{name || t("value.unnamed")}</span>
                <span className={classes.bar}><span style={{ inlineSize: `${(100 * Number(row.n)) / most}%` }} /></span>
                <span className="tnum faint">{formatNumber(Number(row.n))}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

/** For who does marketing: the campaigns that run, and how many leads each has brought. */
function Campaigns({ table, counted }: { table: Table; counted: boolean }) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: ["home", "campaigns"],
    queryFn: ({ signal }) => fetchTop(table.entityset, { select: select(table, ["name", "statuscode", "codename"]), filter: "statecode eq 0", orderby: "createdon desc", top: 6, count: true }, signal),
  });
  useLive("campaign", () => void query.refetch());
  const ids = (query.data?.rows ?? []).map((row) => String(row[table.primaryid]));
  const leads = useQuery({
    queryKey: ["home", "campaigns", "leads", ids],
    enabled: counted && ids.length > 0,
    queryFn: async ({ signal }) => {
      const apply = `filter(${ids.map((id) => `_campaignid_value eq ${id}`).join(" or ")})/groupby((_campaignid_value),aggregate($count as n))`;
      const { data } = await request<{ value: Row[] }>(`${API}/leads?$apply=${encodeURIComponent(apply)}`, { signal });
      return new Map(data.value.map((r) => [String(r._campaignid_value), Number(r.n)]));
    },
  });
  const status = columnOf(table, "statuscode");
  return (
    <Card title={table.pluralLabel} link={<Link to="/r/$table" params={{ table: "campaign" }} className={classes.all}>{t("home.all", { count: query.data?.count ?? 0 })}</Link>}>
      {query.data?.rows.length === 0 && <Calm small icon="campaign" title={t("home.noCampaigns")} action={table.privileges.create && <Button component={Link} to="/r/campaign/new" size="compact-sm">{t("grid.new", { what: table.label })}</Button>} />}
      <ul className={classes.today}>
        {query.data?.rows.map((row) => (
          <li key={String(row[table.primaryid])}>
            <Link to={recordPath("campaign", String(row[table.primaryid]))} className={classes.todayItem}>
              <Icon name="campaign" />
              <span className="clip grow">{nameOf(table, row) || t("value.unnamed")}</span>
              {leads.data && <span className="tnum faint">{t("home.brought", { count: leads.data.get(String(row[table.primaryid])) ?? 0, number: formatNumber(leads.data.get(String(row[table.primaryid])) ?? 0) })}</span>}
              {status && <ChoiceBadge option={optionFor(status, row.statuscode)} fallback="" />}
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Today({ table }: { table: Table }) {
  const { t } = useTranslation();
  const query = useHomeLeads(table, "today", `createdon ge ${startOfToday()}`, "createdon desc", 6);
  const filter = JSON.stringify(["and", ["createdon", "today"]]);
  return (
    <Card title={t("home.today")}
      link={<Link to="/r/$table" params={{ table: "lead" }} search={{ filter, sort: "-createdon" }} className={classes.all}>{t("home.all", { count: query.data?.count ?? 0 })}</Link>}>
      {query.data?.rows.length === 0 && <p className={classes.quiet}>{t("home.noneToday")}</p>}
      <ul className={classes.today}>
        {query.data?.rows.map((row) => {
          const score = leadScore(row);
          return (
            <li key={String(row[table.primaryid])}>
              <Link to={recordPath("lead", String(row[table.primaryid]))} className={classes.todayItem}>
                {score.grade !== undefined ? <Grade value={score.grade} /> : <Avatar name={nameOf(table, row)} size={20} />}
                <span className="clip grow">{nameOf(table, row) || t("value.unnamed")}</span>
                <span className="faint">{formatAgo(String(row.createdon ?? ""))}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

/** What is counted, where it stands, and since when it is worrying. */
const gauges: { table: string; label: string; icon: IconName; to: string; filter: string; search?: string }[] = [
  { table: "rpt_quarantine", label: "home.quarantine", icon: "quarantine", to: "/quarantine", filter: "statecode eq 0" },
  { table: "rpt_deadletter", label: "home.deadLetters", icon: "deadletter", to: "/dead-letters", filter: "statecode eq 0" },
  { table: "rpt_flowrun", label: "home.failedRuns", icon: "flow", to: "/flow-runs", filter: "rpt_status eq 2", search: JSON.stringify(["and", ["rpt_status", "in", ["2"]]]) },
];

function Health({ readable }: { readable: (table: string) => boolean }) {
  const { t } = useTranslation();
  const shown = gauges.filter((g) => readable(g.table));
  if (shown.length === 0) return null;
  return (
    <Card title={t("home.health")}>
      <ul className={classes.health}>{shown.map((g) => <Gauge key={g.table} gauge={g} />)}</ul>
    </Card>
  );
}

function Gauge({ gauge }: { gauge: (typeof gauges)[number] }) {
  const { t } = useTranslation();
  const { data: table } = useTableMeta(gauge.table);
  const query = useQuery({
    queryKey: ["home", gauge.table],
    enabled: table !== undefined,
    queryFn: ({ signal }) => fetchTop(table!.entityset, { select: [table!.primaryid], filter: gauge.filter, top: 1, count: true }, signal),
  });
  useLive(gauge.table, () => void query.refetch());
  const count = query.data?.count;
  return (
    <li>
      <Link to={gauge.to} search={gauge.search ? { filter: gauge.search } : {}} className={classes.gauge} data-bad={(count ?? 0) > 0 || undefined}>
        <Icon name={gauge.icon} />
        <span className="grow">{t(gauge.label)}</span>
        <strong className="tnum">{query.isError ? "?" : count === undefined ? "" : formatNumber(count)}</strong>
        <Icon name="chevronRight" size={14} />
      </Link>
    </li>
  );
}
