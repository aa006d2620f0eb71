import { useQuery } from "@tanstack/react-query";
import { callBound, fetchTop } from "@/api/records";
import { parseJson } from "@/api/rows";
import type { Row } from "@/api/types";

/** How the exchange with a counterpart stands, as rpt_ExchangeStatus tells. */
export interface Status {
  InForce: boolean;
  Breaker: "closed" | "open" | "failing";
  BreakerUntil?: string | null;
  Failures: number;
  Waiting: number;
  Acknowledged: number;
  Dead: number;
  EventsWaiting: number;
  EventsApplied: number;
  Quarantined: number;
  OpenCases: number;
  ClosedCases: number;
  DifferingCases: number;
  AskedOn?: string | null;
  AskingFailed?: string | null;
}

/** A part of a case that is not the same on both sides. */
export interface Difference {
  part: string;
  label: string;
  ours: unknown;
  theirs: unknown;
  owner: "ours" | "theirs" | "both";
}

export function differences(row: Row): Difference[] {
  return parseJson<Difference[]>(row.rpt_differences, []);
}

/** How a value of the contract is shown; nothing is a dash. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A text as JSON is laid out for people; one that is none stays as it is. */
export function laidOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

const often = 5000;

export function useCounterparts() {
  return useQuery({ queryKey: ["exchange", "counterparts"], queryFn: ({ signal }) => fetchTop("rpt_counterparts", { orderby: "rpt_name asc", top: 100 }, signal) });
}

export function useStatus(id: string) {
  return useQuery({ queryKey: ["exchange", "status", id], queryFn: () => callBound<Status>("rpt_counterparts", id, "rpt_ExchangeStatus"), refetchInterval: often });
}

export function useGivenUp(id: string) {
  return useQuery({
    queryKey: ["exchange", "dead", id],
    queryFn: ({ signal }) => fetchTop("rpt_exchangeintents", { filter: `_rpt_counterpartid_value eq ${id} and statecode eq 2`, orderby: "createdon asc", top: 50 }, signal),
    refetchInterval: often,
  });
}

export function useQuarantine(id: string) {
  return useQuery({
    queryKey: ["exchange", "quarantine", id],
    queryFn: ({ signal }) => fetchTop("rpt_exchangeevents", { filter: `_rpt_counterpartid_value eq ${id} and statecode eq 2`, orderby: "createdon desc", top: 50 }, signal),
    refetchInterval: often,
  });
}

export function useDiffering(id: string) {
  return useQuery({
    queryKey: ["exchange", "differing", id],
    queryFn: ({ signal }) => fetchTop("rpt_exchangecases", { filter: `_rpt_counterpartid_value eq ${id} and statecode eq 0 and rpt_differing gt 0`, orderby: "rpt_comparedon desc", top: 50 }, signal),
    refetchInterval: often,
  });
}
