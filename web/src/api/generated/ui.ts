// Written by the server's tests from the bodies that it sends; RAPPORT_UPDATE=1 go test ./internal/edge/httpapi -run InterfaceTypes writes it anew.

export type ColumnType = "bigint" | "boolean" | "choice" | "date" | "datetime" | "decimal" | "double" | "file" | "id" | "image" | "json" | "lookup" | "memo" | "money" | "multichoice" | "text" | "whole";

export interface TableSummary {
  logicalname: string;
  entityset: string;
  label: string;
  pluralLabel: string;
}

export interface Privileges {
  create: boolean;
  read: boolean;
  write: boolean;
  delete: boolean;
  assign: boolean;
}

export interface Option {
  value: number;
  label: string;
  color?: string;
  state?: number;
}

export interface Column {
  name: string;
  type: ColumnType;
  label: string;
  required?: boolean;
  maxlength?: number;
  example?: string;
  precision?: number;
  options?: Option[];
  targets?: string[];
  readonly?: boolean;
  later?: boolean;
  searchable?: boolean;
  sortable?: boolean;
}

export interface ViewColumn {
  name: string;
}

export interface View {
  id: string;
  name: string;
  default?: boolean;
  columns: ViewColumn[];
  filter?: string;
  orderby?: string;
  row: string;
}

export interface Section {
  label: string;
  columns: string[];
}

export interface Tab {
  label: string;
  sections: Section[];
}

export interface Form {
  name: string;
  tabs: Tab[];
  header: string[];
}

export interface Chart {
  id: string;
  name: string;
  label: string;
  type: string;
  default?: boolean;
  view?: string;
}

export interface Related {
  nav: string;
  table: string;
  label: string;
  column?: string;
  inverse?: string;
}

export interface RuleViewError {
  column: string;
  message: string;
}

export interface RuleViewAction {
  show?: string[];
  hide?: string[];
  require?: string[];
  recommend?: string[];
  optional?: string[];
  lock?: string[];
  unlock?: string[];
  set?: Record<string, unknown>;
  default?: Record<string, unknown>;
  error?: RuleViewError;
}

export interface RuleViewBranch {
  when: unknown;
  then: RuleViewAction[];
}

export interface RuleView {
  name: string;
  title: string;
  scope: "entity" | "form";
  branches: RuleViewBranch[];
  otherwise?: RuleViewAction[];
}

export interface Ask {
  name: string;
  label: string;
  table: string;
}

export interface Action {
  name: string;
  about?: string;
  asks?: Ask[];
}

export interface Table extends TableSummary {
  primaryid: string;
  primaryname: string;
  privileges: Privileges;
  columns: Column[];
  views: View[];
  forms: Form[];
  charts: Chart[];
  related: Related[];
  rules?: RuleView[];
  actions?: Action[];
}

export interface TimelineActor {
  id: string;
  name: string;
}

export interface TimelineChange {
  column: string;
  label: string;
  from: string | null;
  to: string | null;
}

export interface TimelineLink {
  table: string;
  id: string;
}

export interface TimelineFile {
  name: string;
  type?: string;
  size: number;
}

export interface TimelineItem {
  kind: string;
  id: string;
  at: string;
  actor?: TimelineActor;
  title: string;
  text?: string;
  changes?: TimelineChange[];
  link?: TimelineLink;
  audit?: string;
  pinned?: boolean;
  done?: boolean;
  due?: string;
  file?: TimelineFile;
}

export interface TimelinePage {
  items: TimelineItem[];
  next?: string;
}

export interface Step {
  column: string;
  label: string;
  required?: boolean;
}

export interface Stage {
  id: string;
  name: string;
  table: string;
  record?: string;
  steps: Step[];
  passed: boolean;
  seconds: number;
}

export interface Process {
  title: string;
  table: string;
  entityset: string;
  instance: string;
  state: "active" | "finished" | "aborted";
  activestage: string;
  enteredon: string;
  minutes?: number;
  stalledon?: string;
  backreason?: boolean;
  canfinish: boolean;
  nextneeds?: string;
  nextlookup?: string;
  stages: Stage[];
}

export interface NavItem {
  table?: string;
  view?: string;
  page?: string;
  dashboard?: string;
  label?: string;
  icon?: string;
}

export interface NavGroup {
  label: string;
  items: NavItem[];
}

export interface DashChart {
  table: string;
  chart: string;
}

export interface Dashboard {
  name: string;
  label: string;
  charts: DashChart[];
}

export interface App {
  name: string;
  label: string;
  description?: string;
  icon?: string;
  groups: NavGroup[];
  dashboards: Dashboard[];
}

export interface BoardProcess {
  entityset: string;
  title: string;
  backreason?: boolean;
}

export interface BoardOption {
  name: string;
  label: string;
}

export interface BoardCard {
  instance: string;
  state: "active" | "finished" | "aborted";
  enteredon?: string;
  stalledon?: string;
}

export interface BoardColumn {
  key: string;
  name: string;
  color?: string;
  table?: string;
  count: number;
  sum?: number;
  rows: Record<string, unknown>[];
  next?: string;
  cards?: Record<string, BoardCard>;
}

export interface Board {
  by: string;
  process?: BoardProcess;
  ways: BoardOption[];
  amount?: string;
  amounts: BoardOption[];
  currency?: string;
  columns: BoardColumn[];
  elsewhere: number;
  entityset: string;
  primarykey: string;
}

export interface ReportStep {
  name: string;
  label: string;
  about?: string;
  table: string;
  of?: string;
  amount?: boolean;
  money?: boolean;
}

export interface Report {
  name: string;
  kind: "steps" | "times";
  label: string;
  about?: string;
  steps: ReportStep[];
  by: BoardOption[];
}

export interface ReportCell {
  count: number;
  sum?: number;
  before?: number;
  median?: number;
  p90?: number;
  longest?: number;
  open?: number;
}

export interface ReportGroup {
  key: string;
  name: string;
  cells: ReportCell[];
}

export interface ReportAnswer {
  from: string;
  to: string;
  currency?: string;
  total: ReportGroup;
  groups: ReportGroup[];
  more?: number;
  cut?: boolean;
}

export interface ReportStay {
  id: string;
  name: string;
  owner: string;
  entered: string;
  seconds: number;
  reason?: string;
}

export interface ReportRows {
  table: string;
  total: number;
  rows: Record<string, unknown>[];
  next?: string;
  stays?: ReportStay[];
}
