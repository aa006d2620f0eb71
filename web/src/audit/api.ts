import { request } from "@/api/http";
import { callUnbound } from "@/api/records";

const API = "/api/data/v9.2";

export interface BinRow {
  EntityLogicalName: string; Id: string; Name: string; DeletedOn: string; DeletedByName: string; RelatedRecords: number; Restorable: boolean;
}

export interface BinPage { Rows: BinRow[]; Next?: string }

export interface Rule { Kind: string; Table?: string; Days: number; Default: number; Least: number }

export interface Fault { kind: string; message: string; seal?: number; seq?: number }

export interface Verified { Seals: number; Rows: number; Cut: number; Erased: number; Open: number; Next: number; Head: string; Anchored: boolean; Faults: Fault[] }

export interface AsOf { Record: Record<string, unknown>; ChangedSince: string[]; Version: number; Erased: boolean; DeletedOn?: string }

/** One change of a record, with its values before and after. */
export interface Change {
  AuditRecord: { auditid: string; createdon: string; operation: number; _userid_value: string; _callinguserid_value?: string; rpt_origin: string; rpt_channel: string; rpt_address?: string; rpt_erased?: boolean };
  OldValue: Record<string, unknown> | null;
  NewValue: Record<string, unknown> | null;
}

export interface Changes { AuditDetailCollection: { MoreRecords: boolean; PagingCookie: string; AuditDetails: Change[] } }

export interface LinkOut { EntityLogicalName: string; Id: string; Column: string }

export interface Restored { Restored: number; Linked: number; Kept: LinkOut[]; Cleared: LinkOut[] }

/** Calls a function; what is undefined is left out. */
async function ask<T>(name: string, input: Record<string, string | number | undefined>, signal?: AbortSignal): Promise<T> {
  const given = Object.entries(input).filter(([, v]) => v !== undefined);
  const marks = given.map(([key], i) => `${key}=@p${i}`).join(",");
  const values = given.map(([, v], i) => `@p${i}=${encodeURIComponent(String(v))}`).join("&");
  return (await request<T>(`${API}/${name}(${marks})${values ? `?${values}` : ""}`, { signal })).data;
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

export const recycleBin = (search: string, before: string | undefined, signal?: AbortSignal) =>
  ask<BinPage>("rpt_RetrieveRecycleBin", { Search: search ? quoted(search) : undefined, Before: before }, signal);

export const restore = (row: BinRow, clear: boolean) =>
  callUnbound<Restored>("rpt_Restore", { EntityLogicalName: row.EntityLogicalName, Id: row.Id, ClearMissing: clear });

export const retention = async (signal?: AbortSignal) => (await ask<{ Rules: Rule[] }>("rpt_RetrieveRetention", {}, signal)).Rules;

export const setRetention = (kind: string, table: string | undefined, days: number) =>
  callUnbound("rpt_SetRetention", { Kind: kind, Days: days, ...(table ? { Table: table } : {}) });

export const verify = (from: number, anchor: string, signal?: AbortSignal) =>
  ask<Verified>("rpt_VerifyChangeLog", { From: from, Anchor: anchor ? quoted(anchor) : undefined }, signal);

export const revertChange = (audit: string, overwrite: boolean) =>
  callUnbound<{ Columns: string[]; Skipped: string[] }>("rpt_RevertChange", { AuditId: audit, Overwrite: overwrite });

const target = (entityset: string, id: string) => ({ "@odata.id": `${entityset}(${id})` });

export const revertRecord = (entityset: string, id: string, asOf: string) =>
  callUnbound<{ Columns: string[]; Skipped: string[] }>("rpt_RevertRecord", { Target: target(entityset, id), AsOf: asOf });

export const recordAsOf = (entityset: string, id: string, asOf: string, signal?: AbortSignal) =>
  ask<AsOf>("rpt_RetrieveRecordAsOf", { Target: JSON.stringify(target(entityset, id)), AsOf: asOf }, signal);

const CHANGES = 25;

/** The changes of a record, the newest first; of one that is deleted, too. */
export const changesOf = async (entityset: string, id: string, cookie: string, signal?: AbortSignal) =>
  (await ask<Changes>("RetrieveRecordChangeHistory", { Target: JSON.stringify(target(entityset, id)), PagingInfo: JSON.stringify({ Count: CHANGES, PagingCookie: cookie }) }, signal)).AuditDetailCollection;
