import { useQuery } from "@tanstack/react-query";
import { useLive } from "@/api/live";
import { callUnbound } from "@/api/records";
import { addDays, dayAt, startOf } from "@/filter/dates";

export interface Step {
  kind: "activity" | "deadline";
  table?: string;
  id?: string;
  subject?: string;
  column?: string;
  due?: string;
}

export interface WorkItem {
  table: string;
  id: string;
  name: string;
  about?: string[];
  rank?: number;
  rises?: boolean;
  why: "overdue" | "today" | "stalled" | "unplanned" | "later";
  step?: Step;
  steps: number;
  stalled?: string;
}

export const reasons = ["overdue", "today", "stalled", "unplanned", "later"] as const;

/** What the signed-in person is to work on, in order. */
export function useWork() {
  const until = startOf(addDays(dayAt(new Date()), 1)).toISOString();
  const query = useQuery({
    queryKey: ["work", until],
    queryFn: async ({ signal }) => {
      const out = await callUnbound<{ Items: string; Total: number }>("rpt_RetrieveWorkList", { Until: until }, signal);
      return { items: JSON.parse(out.Items) as WorkItem[], total: Number(out.Total) };
    },
  });
  for (const table of ["lead", "opportunity", "task", "phonecall", "appointment"]) useLive(table, () => void query.refetch());
  return query;
}

const KEY = "rapport.work";

type Place = Pick<WorkItem, "table" | "id">;

/** Keeps the order in which the list was begun, so that the next one stays the next while records move in the list. */
export function keepOrder(items: Place[]): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(items.map(({ table, id }) => ({ table, id }))));
  } catch {
    // Without storage the list as it is now gives the order.
  }
}

/** The order that was kept; where a record is not in it, the list as it is now. */
export function orderFor(id: string, now: Place[]): Place[] {
  let kept: Place[] = [];
  try {
    kept = JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as Place[];
  } catch {
    // As if nothing was kept.
  }
  return kept.some((p) => p.id === id) ? kept : now;
}
