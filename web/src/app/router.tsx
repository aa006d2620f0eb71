import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { tableQuery } from "@/api/metadata";
import { recordQuery } from "@/record/recordQuery";
import { NotFound, Trouble } from "@/ui/Calm";
import { client } from "./client";
import { Shell } from "./shell/Shell";

/** The state of a grid as it stands in the address; all of it is optional text. */
export interface GridSearch {
  view?: string;
  sort?: string;
  q?: string;
  filter?: string;
  cols?: string;
  w?: string;
  peek?: string;
  /** How many columns stay in sight. */
  fz?: string;
  /** The column that rows are brought together by. */
  group?: string;
  /** The chart beside the list. */
  chart?: string;
  /** The list as a board: by which process or choice, or "auto". */
  board?: string;
  /** The amount that a board adds up. */
  sum?: string;
}

const gridKeys = ["view", "sort", "q", "filter", "cols", "w", "peek", "fz", "group", "chart", "board", "sum"] as const;

function gridSearch(raw: Record<string, unknown>): GridSearch {
  const search: GridSearch = {};
  for (const key of gridKeys) {
    const value = raw[key];
    if (typeof value === "string" && value !== "") search[key] = value;
  }
  return search;
}

/** What is asked of a report, as it stands in the address. */
export interface ReportSearch {
  period?: string;
  from?: string;
  to?: string;
  by?: string;
  seller?: string;
  unit?: string;
}

const reportKeys = ["period", "from", "to", "by", "seller", "unit"] as const;

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("@/pages/Home"), "Home"),
});

const list = createRoute({
  getParentRoute: () => root,
  path: "/r/$table",
  validateSearch: gridSearch,
  loader: ({ params }) => void client.prefetchQuery(tableQuery(params.table)),
  component: lazyRouteComponent(() => import("@/pages/TablePage"), "TablePage"),
});

const work = createRoute({
  getParentRoute: () => root,
  path: "/work",
  component: lazyRouteComponent(() => import("@/work/WorkPage"), "WorkPage"),
});

const create = createRoute({
  getParentRoute: () => root,
  path: "/r/$table/new",
  component: lazyRouteComponent(() => import("@/pages/NewRecord"), "NewRecord"),
});

const record = createRoute({
  getParentRoute: () => root,
  path: "/r/$table/$id",
  validateSearch: (raw: Record<string, unknown>): { work?: string } => (raw.work === "1" ? { work: "1" } : {}),
  loader: ({ params: { table, id } }) => void client.ensureQueryData(tableQuery(table)).then((meta) => client.prefetchQuery(recordQuery(meta, id)), () => undefined),
  component: lazyRouteComponent(() => import("@/record/RecordPage"), "RecordPage"),
});

const quarantine = createRoute({
  getParentRoute: () => root,
  path: "/quarantine",
  validateSearch: gridSearch,
  component: lazyRouteComponent(() => import("@/pages/IntakeLists"), "QuarantineList"),
});

const quarantineItem = createRoute({
  getParentRoute: () => root,
  path: "/quarantine/$id",
  component: lazyRouteComponent(() => import("@/pages/QuarantineItem"), "QuarantineItem"),
});

const deadLetters = createRoute({
  getParentRoute: () => root,
  path: "/dead-letters",
  validateSearch: gridSearch,
  component: lazyRouteComponent(() => import("@/pages/IntakeLists"), "DeadLetterList"),
});

const deadLetter = createRoute({
  getParentRoute: () => root,
  path: "/dead-letters/$id",
  component: lazyRouteComponent(() => import("@/pages/DeadLetter"), "DeadLetter"),
});

const flowRuns = createRoute({
  getParentRoute: () => root,
  path: "/flow-runs",
  validateSearch: gridSearch,
  component: lazyRouteComponent(() => import("@/pages/IntakeLists"), "FlowRunList"),
});

const flowRun = createRoute({
  getParentRoute: () => root,
  path: "/flow-runs/$id",
  component: lazyRouteComponent(() => import("@/pages/FlowRun"), "FlowRun"),
});

// One route for list and rule: what is half-written survives the change of rule.
const rules = createRoute({
  getParentRoute: () => root,
  path: "/rules/{-$id}",
  component: lazyRouteComponent(() => import("@/rules/Rules"), "Rules"),
});

const reports = createRoute({
  getParentRoute: () => root,
  path: "/reports/{-$name}",
  validateSearch: (raw: Record<string, unknown>): ReportSearch => Object.fromEntries(reportKeys.flatMap((k) => (typeof raw[k] === "string" && raw[k] !== "" ? [[k, raw[k]]] : []))),
  component: lazyRouteComponent(() => import("@/reports/Reports"), "Reports"),
});

const decisions = createRoute({
  getParentRoute: () => root,
  path: "/decisions/{-$id}",
  component: lazyRouteComponent(() => import("@/decision/Decisions"), "Decisions"),
});

const exchange = createRoute({
  getParentRoute: () => root,
  path: "/exchange",
  component: lazyRouteComponent(() => import("@/exchange/Exchange"), "Exchange"),
});

const routing = createRoute({
  getParentRoute: () => root,
  path: "/routing/{-$id}",
  component: lazyRouteComponent(() => import("@/routing/Routing"), "Routing"),
});

const forms = createRoute({
  getParentRoute: () => root,
  path: "/forms",
  component: lazyRouteComponent(() => import("@/forms/Forms"), "Forms"),
});

const scoring = createRoute({
  getParentRoute: () => root,
  path: "/scoring",
  component: lazyRouteComponent(() => import("@/scoring/Scoring"), "Scoring"),
});

const modelVersion = createRoute({
  getParentRoute: () => root,
  path: "/scoring/versions/$id",
  component: lazyRouteComponent(() => import("@/scoring/ModelCard"), "ModelCard"),
});

const modelVersions = createRoute({
  getParentRoute: () => root,
  path: "/scoring/versions",
  validateSearch: gridSearch,
  component: lazyRouteComponent(() => import("@/scoring/Lists"), "VersionList"),
});

const imports = createRoute({
  getParentRoute: () => root,
  path: "/history",
  validateSearch: gridSearch,
  component: lazyRouteComponent(() => import("@/scoring/Lists"), "ImportList"),
});

const importPage = createRoute({
  getParentRoute: () => root,
  path: "/history/$id",
  component: lazyRouteComponent(() => import("@/scoring/ImportPage"), "ImportPage"),
});

const lake = createRoute({
  getParentRoute: () => root,
  path: "/lake",
  component: lazyRouteComponent(() => import("@/pages/Lake"), "Lake"),
});

const dashboard = createRoute({
  getParentRoute: () => root,
  path: "/dashboards/$name",
  component: lazyRouteComponent(() => import("@/charts/DashboardPage"), "DashboardPage"),
});

const searching = createRoute({
  getParentRoute: () => root,
  path: "/search",
  validateSearch: (raw: Record<string, unknown>): { q?: string; table?: string; owner?: string; page?: string } =>
    Object.fromEntries(["q", "table", "owner", "page"].flatMap((key) => (typeof raw[key] === "string" && raw[key] !== "" ? [[key, raw[key]]] : []))),
  component: lazyRouteComponent(() => import("@/search/SearchPage"), "SearchPage"),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyRouteComponent(() => import("@/workspace/SettingsPage"), "SettingsPage"),
});

const admin = createRoute({
  getParentRoute: () => root,
  path: "/admin/$area",
  component: lazyRouteComponent(() => import("@/admin/Admin"), "Admin"),
});

const account = createRoute({
  getParentRoute: () => root,
  path: "/account",
  component: lazyRouteComponent(() => import("@/account/Account"), "Account"),
});

const importStart = createRoute({
  getParentRoute: () => root,
  path: "/import",
  validateSearch: (raw: Record<string, unknown>): { table?: string } => (typeof raw.table === "string" && raw.table !== "" ? { table: raw.table } : {}),
  component: lazyRouteComponent(() => import("@/transfer/ImportStart"), "ImportStart"),
});

const dataImport = createRoute({
  getParentRoute: () => root,
  path: "/imports/$id",
  component: lazyRouteComponent(() => import("@/transfer/ImportPage"), "ImportPage"),
});

const recycleBin = createRoute({
  getParentRoute: () => root,
  path: "/recycle-bin",
  component: lazyRouteComponent(() => import("@/audit/RecycleBin"), "RecycleBin"),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: "/audit",
  component: lazyRouteComponent(() => import("@/audit/AuditPage"), "AuditPage"),
});

const privacy = createRoute({
  getParentRoute: () => root,
  path: "/privacy",
  component: lazyRouteComponent(() => import("@/privacy/Privacy"), "Privacy"),
});

const duplicates = createRoute({
  getParentRoute: () => root,
  path: "/duplicates",
  component: lazyRouteComponent(() => import("@/duplicates/Duplicates"), "Duplicates"),
});

const merge = createRoute({
  getParentRoute: () => root,
  path: "/merge/$table/$stays/$goes",
  component: lazyRouteComponent(() => import("@/duplicates/Merge"), "Merge"),
});

const tree = root.addChildren([
  privacy, duplicates, merge, decisions, reports,
  recycleBin, audit,
  importStart, dataImport,
  admin, account,
  forms, scoring, modelVersions, modelVersion, imports, importPage, lake, dashboard, searching, settings,
  home, work, list, create, record, quarantine, quarantineItem, deadLetters, deadLetter, flowRuns, flowRun, rules, routing, exchange,
]);

function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    if (typeof value === "string" && value !== "") params.set(key, value);
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}

export const router = createRouter({
  routeTree: tree,
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  defaultPendingMs: 200,
  defaultErrorComponent: Trouble,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

/** Fetches the code of the screen that the address names, without waiting for who is there. */
export function fetchScreen(): void {
  const [routes] = router.getMatchedRoutes(location.pathname);
  for (const route of routes) {
    // What can't be had now is asked for again when the screen is drawn, and told there.
    void Promise.resolve(router.loadRouteChunk(route)).catch(() => undefined);
  }
}

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
