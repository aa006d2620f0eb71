import { useQuery } from "@tanstack/react-query";
import { request } from "@/api/http";
import { useTables } from "@/api/metadata";
import { API, recordUrl } from "@/api/odata";
import { callUnbound } from "@/api/records";

export interface SampleTable {
  Table: string;
  Count: number;
  InUse: number;
}

export interface SampleData {
  Tables: SampleTable[];
  People: number;
}

interface Removed {
  Removed: number;
  Kept: number;
  LockedOut: string;
  RestoreEntityLogicalName: string;
  RestoreId: string;
}

/** What of the sample is still there; nothing for those who may not take it out. */
export function useSample() {
  const { data: tables } = useTables();
  // Only who sees roles can have the privilege; others need not be refused.
  const likely = tables?.some((x) => x.logicalname === "roleprivileges") ?? false;
  return useQuery({
    queryKey: ["sample"],
    enabled: likely,
    retry: false,
    staleTime: 60_000,
    queryFn: async ({ signal }) => (await request<SampleData>(`${API}/rpt_RetrieveSampleData()`, { signal })).data,
  });
}

export const countSample = (s: SampleData | undefined) => s?.Tables.reduce((sum, x) => sum + x.Count, 0) ?? 0;

export const removeSample = (inUse: boolean, people: boolean) => callUnbound<Removed>("rpt_RemoveSampleData", { InUse: inUse, People: people });

/** Brings all of it back, the people's access too. */
export async function restoreSample(removed: Removed): Promise<void> {
  if (removed.RestoreEntityLogicalName) await callUnbound("rpt_Restore", { EntityLogicalName: removed.RestoreEntityLogicalName, Id: removed.RestoreId });
  for (const id of removed.LockedOut.split(",").filter(Boolean)) {
    await request(recordUrl("systemusers", id), { method: "PATCH", body: { isdisabled: false }, headers: { "If-Match": "*" } });
  }
}
