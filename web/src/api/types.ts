/** What the server says about tables, and the rows it answers with. */
import type { BusinessRule } from "@/businessrules/rules";

export type ColumnType =
  | "text" | "memo" | "whole" | "decimal" | "money" | "boolean" | "date" | "datetime"
  | "choice" | "multichoice" | "lookup" | "json" | "id" | "file" | "image";

export interface Option {
  value: number;
  label: string;
  color?: string;
  /** For status reasons: the state they belong to. */
  state?: number;
}

export interface Column {
  name: string;
  type: ColumnType;
  label: string;
  required?: boolean;
  maxlength?: number;
  precision?: number;
  options?: Option[];
  /** For lookups: the tables they may point at. */
  targets?: string[];
  readonly?: boolean;
  searchable?: boolean;
  sortable?: boolean;
  /** Of a related table's column (filter/related.ts): its name on the wire, and the lookups that lead there. */
  wire?: string;
  via?: { step: string; table: string; from: string; to: string }[];
}

export interface ViewColumn {
  name: string;
  width?: number;
}

export interface View {
  id: string;
  name: string;
  default?: boolean;
  columns: ViewColumn[];
  filter?: string;
  orderby?: string;
  /** The id of its row among the saved queries. */
  row?: string;
  /** Of saved views: whose it is, and its filter as the filter builder has it. */
  kind?: "system" | "organisation" | "mine" | "shared";
  model?: string;
  /** Of saved views that ask more than the filter builder can show: the query option that asks it. */
  whole?: string;
}

export interface FormSection {
  label: string;
  columns: string[];
}

export interface FormTab {
  label: string;
  sections: FormSection[];
}

export interface Form {
  name: string;
  tabs: FormTab[];
  header?: string[];
}

export interface Related {
  /** Collection-valued navigation property. */
  nav: string;
  table: string;
  label: string;
  /** 1:N: the other table's lookup to this one. */
  column?: string;
  /** N:N: the other table's navigation property back. */
  inverse?: string;
}

export interface Privileges {
  create: boolean;
  read: boolean;
  write: boolean;
  delete: boolean;
  assign: boolean;
}

export interface TableSummary {
  logicalname: string;
  entityset: string;
  label: string;
  pluralLabel: string;
  icon?: string;
}

/** A chart of a table; its query is the row of savedqueryvisualizations of that id. */
export interface ChartSummary {
  id: string;
  name: string;
  label: string;
  type: string;
  default?: boolean;
  view?: string;
}

export interface Table extends TableSummary {
  primaryid: string;
  primaryname: string;
  privileges: Privileges;
  columns: Column[];
  views: View[];
  forms: Form[];
  charts?: ChartSummary[];
  /** Lists of other rows that belong to a row. */
  related: Related[];
  /** What can be run on rows without saying more. */
  actions?: { name: string; about?: string }[];
  /** Business rules that the table's forms obey. */
  rules?: BusinessRule[];
}

/** A row as OData sends it: columns, `_x_value` lookups and annotations side by side. */
export type Row = Record<string, unknown>;

/** What a lookup points at. */
export interface Reference {
  id: string;
  table: string;
  name: string;
}

export interface Page {
  rows: Row[];
  next?: string;
  count?: number;
  /** In place of the count where that takes long. */
  about?: number;
}

export interface TimelineChange {
  column: string;
  label: string;
  from?: string | null;
  to?: string | null;
}

export interface TimelineItem {
  kind: "change" | "task" | "annotation" | "campaignresponse" | "flowrun" | "notification";
  id: string;
  at: string;
  actor?: { id: string; name: string };
  title: string;
  text?: string;
  changes?: TimelineChange[];
  /** Of a change: its id, if it is one of values that can be taken back. */
  audit?: string;
  link?: { table: string; id: string };
  pinned?: boolean;
  /** Of activities: no longer open. */
  done?: boolean;
  due?: string;
  file?: { name: string; type?: string; size: number };
}

export interface TimelinePage {
  items: TimelineItem[];
  next?: string;
}

export interface Session {
  user: { systemuserid: string; fullname: string; domainname: string };
  csrf: string;
  roles: string[];
}
