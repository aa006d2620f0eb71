import type { InfiniteData, QueryClient, QueryKey } from "@tanstack/react-query";
import { asApiError } from "@/api/errors";
import { entitySets } from "@/api/metadata";
import { fetchRecord, patchRecord } from "@/api/records";
import { applyValues, columnOf, etagOf, payload, valueOf } from "@/api/rows";
import type { Page, Row, Table } from "@/api/types";
import { type Clash, merge } from "@/record/merge";

export type Values = Record<string, unknown>;

/** Somebody else changed the same cells meanwhile. */
export class ClashError extends Error {
  readonly clashes: Clash[];
  readonly clean: Values;
  readonly theirs: Row;

  constructor(clashes: Clash[], clean: Values, theirs: Row) {
    super("clash");
    this.clashes = clashes;
    this.clean = clean;
    this.theirs = theirs;
  }
}

/** Writes cells of one row under its version; what does not clash with others' changes goes on top of them. */
export async function saveCells(client: QueryClient, table: Table, row: Row, values: Values): Promise<Row> {
  const id = String(row[table.primaryid]);
  const sets = entitySets(client);
  let base = row;
  for (let attempt = 0; ; attempt++) {
    try {
      return await patchRecord(table, id, payload(table, values, sets), etagOf(base));
    } catch (error) {
      if (asApiError(error).kind !== "conflict" || attempt >= 3) throw error;
    }
    const theirs = await fetchRecord(table.entityset, id);
    const merged = merge(table.columns, values, base, theirs);
    if (merged.clashes.length > 0) throw new ClashError(merged.clashes, merged.clean, theirs);
    if (Object.keys(merged.clean).length === 0) return theirs;
    values = merged.clean;
    base = theirs;
  }
}

/** Changes rows where they stand, in the lists of a table (or those below a key); what does not change stays the same object. */
export function mapRows(client: QueryClient, table: string, change: (row: Row) => Row, key: QueryKey = ["rows", table]): void {
  const inPage = (page: Page): Page => {
    const rows = page.rows.map(change);
    return rows.some((r, i) => r !== page.rows[i]) ? { ...page, rows } : page;
  };
  client.setQueriesData<Page | InfiniteData<Page> | number>({ queryKey: key }, (data) => {
    if (typeof data !== "object") return data;
    if ("rows" in data) return inPage(data);
    const pages = data.pages.map(inPage);
    return pages.some((p, i) => p !== data.pages[i]) ? { ...data, pages } : data;
  });
}

/** Puts a row in place of the old one in every list of the table that shows it. */
export function putRow(client: QueryClient, table: Table, next: Row): void {
  const id = next[table.primaryid];
  mapRows(client, table.logicalname, (row) => (row[table.primaryid] === id ? { ...row, ...next } : row));
}

/** The row as it will be, for the time until the server has answered. */
export function optimistic(client: QueryClient, table: Table, row: Row, values: Values): void {
  putRow(client, table, applyValues(table, row, values));
}

/** The values that the named columns have in the row, to bring them back. */
export function before(table: Table, row: Row, names: string[]): Values {
  return Object.fromEntries(names.flatMap((n) => {
    const column = columnOf(table, n);
    return column ? [[n, valueOf(column, row)]] : [];
  }));
}
