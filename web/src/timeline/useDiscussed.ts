import { useTableMeta, useTables } from "@/api/metadata";

/** Whether notes and tasks may be written to a table's records: whether a note can be about one. */
export function useDiscussed(table: string): boolean {
  const known = useTables().data?.some((x) => x.logicalname === "annotation") ?? false;
  const { data } = useTableMeta(known ? "annotation" : "");
  return data?.columns.find((c) => c.name === "objectid")?.targets?.includes(table) ?? false;
}
