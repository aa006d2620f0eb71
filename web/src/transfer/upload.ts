import { request } from "@/api/http";

/** Sends a file for a table; into an import that is a draft, or into a new one. */
export async function upload(file: File, table: string, into?: string): Promise<{ import: string; file: string }> {
  const query = new URLSearchParams({ table, name: file.name });
  if (into) query.set("import", into);
  return (await request<{ import: string; file: string }>(`/api/imports?${query.toString()}`, { method: "POST", file })).data;
}
