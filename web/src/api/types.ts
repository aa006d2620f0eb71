/** What the server says about tables, and the rows it answers with. */
import type { BusinessRule } from "@/businessrules/rules";
import type * as Generated from "./generated/ui";

// What the server sends is generated from the server; only what the interface adds is written here.
export type { Chart as ChartSummary, ColumnType, Option, Privileges, Related, TimelineChange, TimelineItem, TimelinePage } from "./generated/ui";
type ChartSummary = Generated.Chart;

/** A form; those that the interface makes up need no header. */
export type Form = Omit<Generated.Form, "header"> & Partial<Pick<Generated.Form, "header">>;

/** A column as the server tells it; of a related table's column (filter/related.ts) also its name on the wire, and the lookups that lead there. */
export interface Column extends Generated.Column {
  wire?: string;
  via?: { step: string; table: string; from: string; to: string }[];
}

export interface ViewColumn extends Generated.ViewColumn {
  width?: number;
}

export interface View extends Omit<Generated.View, "columns" | "row"> {
  columns: ViewColumn[];
  /** The id of its row among the saved queries. */
  row?: string;
  /** Of saved views: whose it is, and its filter as the filter builder has it. */
  kind?: "system" | "organisation" | "mine" | "shared";
  model?: string;
  /** Of saved views: the column that rows are brought together by, and how many columns stay in sight. */
  group?: string;
  frozen?: number;
  /** Of saved views that ask more than the filter builder can show: the query option that asks it. */
  whole?: string;
}

/** A table in short; the icon is the interface's own. */
export interface TableSummary extends Generated.TableSummary {
  icon?: string;
}

export interface Table extends Omit<Generated.Table, "views" | "forms" | "charts" | "rules"> {
  icon?: string;
  views: View[];
  forms: Form[];
  charts?: ChartSummary[];
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

export interface Session {
  user: { systemuserid: string; fullname: string; domainname: string };
  csrf: string;
  roles: string[];
  /** The person's own settings; absent when they could not be read. */
  preferences?: Preferences;
}

/** A record that somebody keeps at hand, or has just been to. */
export interface Visit {
  table: string;
  id: string;
  name: string;
}

/** What the server keeps of a person's settings; see settings.ts for those of the interface. */
export interface Preferences {
  settings?: Record<string, unknown>;
  timeZone?: string;
  language?: string;
  pinned?: Visit[];
  recent?: Visit[];
  app?: string;
  /** Steps of the first-run list that are done or waved off, and tours that were seen. */
  done?: string[];
  /** Kinds of notifications that are not wanted. */
  muted?: string[];
}
