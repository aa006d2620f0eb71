import { type Answer, request } from "./http";
import { API, type Columns, listUrl, type Query, recordUrl, sameOrigin } from "./odata";
import type { Actions } from "./generated/webapi";
import type { Page, Row, Table } from "./types";

const ANNOTATED = 'odata.include-annotations="*"';

interface Collection {
  value: Row[];
  "@odata.nextLink"?: string;
  "@odata.count"?: number;
  "@rapport.estimatedcount"?: number;
}

function toPage(answer: Answer<Collection>): Page {
  const { value, "@odata.nextLink": next, "@odata.count": count, "@rapport.estimatedcount": about } = answer.data;
  return { rows: value ?? [], next: next ? sameOrigin(next) : undefined, count, about };
}

/** One page of a list; give the address of `listUrl` or a page's `next`, and how many rows to pass over. A count that takes long comes as an estimate. */
export async function fetchPage(url: string, pageSize: number, signal?: AbortSignal, skip = 0): Promise<Page> {
  const headers = { Prefer: `odata.maxpagesize=${pageSize}, rapport.estimate-count, ${skip ? `rapport.skip=${skip}, ` : ""}${ANNOTATED}` };
  return toPage(await request<Collection>(url, { headers, signal }));
}

/** The exact number of rows that match. */
export async function fetchCount(entityset: string, filter: string, signal?: AbortSignal): Promise<number> {
  const query = filter ? `?$filter=${encodeURIComponent(filter)}` : "";
  return Number((await request<number>(`${API}/${entityset}/$count${query}`, { signal, headers: { Accept: "text/plain" } })).data);
}

export async function fetchTop<S extends string>(entityset: S, query: Query<S>, signal?: AbortSignal): Promise<Page> {
  return toPage(await request<Collection>(listUrl(entityset, query), { headers: { Prefer: ANNOTATED }, signal }));
}

export async function fetchRecord<S extends string>(entityset: S, id: string, select?: Columns<S>[], signal?: AbortSignal): Promise<Row> {
  const query = select?.length ? `?$select=${select.join(",")}` : "";
  const answer = await request<Row>(recordUrl(entityset, id) + query, { headers: { Prefer: ANNOTATED }, signal });
  return answer.data;
}

/** Asks for a refusal (`duplicate.found`) where published duplicate rules find a record like the one that is written. */
const DETECT = { "MSCRM.SuppressDuplicateDetection": "false" };

/** Writes changed columns if the record is still at `etag`, and answers with the new row; `detect` refuses what makes a duplicate. */
export async function patchRecord(table: Table, id: string, body: Row, etag?: string, detect = false): Promise<Row> {
  const headers: Record<string, string> = { Prefer: `return=representation, ${ANNOTATED}`, ...(detect ? DETECT : {}) };
  headers["If-Match"] = etag ?? "*";
  const answer = await request<Row | undefined>(recordUrl(table.entityset, id), { method: "PATCH", body, headers });
  return answer.data ?? fetchRecord(table.entityset, id);
}

/** Creates a record and answers with its id; `detect` refuses what makes a duplicate. */
export async function createRecord(entityset: string, primaryid: string, body: Row, detect = false): Promise<string> {
  const headers = { Prefer: "return=representation", ...(detect ? DETECT : {}) };
  const answer = await request<Row | undefined>(`${API}/${entityset}`, { method: "POST", body, headers });
  const inBody = answer.data?.[primaryid];
  if (typeof inBody === "string") return inBody;
  const named = answer.headers.get("OData-EntityId") ?? answer.headers.get("Location") ?? "";
  return /\(([^)]+)\)\s*$/.exec(named)?.[1] ?? "";
}

export async function deleteRecord(entityset: string, id: string): Promise<void> {
  await request(recordUrl(entityset, id), { method: "DELETE" });
}

/** Runs an action on a record. */
export async function callBound<T>(entityset: string, id: string, action: keyof Actions, input: unknown = {}): Promise<T> {
  const url = `${recordUrl(entityset, id)}/Microsoft.Dynamics.CRM.${action}`;
  return (await request<T>(url, { method: "POST", body: input })).data;
}

/** Asks a function about a record. */
export async function callFunction<T>(entityset: string, id: string, name: string, signal?: AbortSignal): Promise<T> {
  return (await request<T>(`${recordUrl(entityset, id)}/Microsoft.Dynamics.CRM.${name}()`, { signal })).data;
}

/** Runs an action that belongs to no record. */
export async function callUnbound<T>(action: keyof Actions, input: unknown = {}, signal?: AbortSignal): Promise<T> {
  return (await request<T>(`${API}/${action}`, { method: "POST", body: input, signal })).data;
}
