import { queryOptions } from "@tanstack/react-query";
import { fetchRecord } from "@/api/records";
import type { Row, Table } from "@/api/types";

export function recordKey(table: string, id: string) {
  return ["record", table, id] as const;
}

export function recordQuery(table: Table, id: string) {
  return queryOptions<Row>({
    queryKey: recordKey(table.logicalname, id),
    queryFn: ({ signal }) => fetchRecord(table.entityset, id, undefined, signal),
    placeholderData: undefined,
  });
}
