import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useTableMeta } from "@/api/metadata";
import { callUnbound, fetchTop } from "@/api/records";
import { parseJson } from "@/api/rows";
import type { Row } from "@/api/types";

export interface Input {
  name: string;
  label?: string;
  kind: string;
  column?: string;
  service?: string;
  field?: string;
  fallback?: unknown;
  least?: number;
  most?: number;
  whole?: boolean;
  step?: number;
  change?: string;
  values?: unknown[];
}

export interface Formula {
  name: string;
  label?: string;
  kind: string;
  formula: string;
}

export interface TableRow {
  when: string[];
  outcome: string;
  reason?: string;
}

export interface DecisionTable {
  name: string;
  label?: string;
  policy?: string;
  inputs: string[];
  rows: TableRow[];
}

export interface Definition {
  inputs: Input[];
  formulas?: Formula[];
  tables: DecisionTable[];
}

export interface Finding {
  kind: string;
  severity: "error" | "warning" | "note";
  table?: string;
  rows?: number[];
  where?: string;
  message: string;
}

export interface Problem {
  name: string;
  code: string;
  message: string;
}

export interface Check {
  table: string;
  label: string;
  outcome: "pass" | "refer" | "fail";
  row: number;
  reason: string;
  missing?: string[];
}

export interface Way {
  changes: { input: string; label: string; from: unknown; to: unknown }[];
}

export interface Call {
  service: string;
  status: string;
  message?: string;
  millis: number;
  fallback?: string[];
}

export interface Report {
  cases: number;
  changed: number;
  problems: number;
  moves: Record<string, Record<string, number>>;
  tables: { table: string; label: string; pass: number; refer: number; fail: number; rows: number[] }[];
  differences: { id: string; name: string; before: string; after: string; reasons: string[] }[];
}

export const outcomes = ["pass", "refer", "fail"] as const;

/** The version's definition; one that can't be read is an empty one. */
export function definitionOf(row: Row): Definition {
  const d = parseJson<Partial<Definition>>(row.rpt_definition, {});
  return { inputs: d.inputs ?? [], formulas: d.formulas ?? [], tables: d.tables ?? [] };
}

/** The active decision sets of a table that the person may see; none where it may see no sets. */
export function useSets(table?: string) {
  const meta = useTableMeta("rpt_decision");
  return useQuery({
    queryKey: ["decision", "sets", table ?? ""],
    enabled: meta.data !== undefined && meta.data.privileges.read,
    staleTime: 60_000,
    retry: false,
    queryFn: ({ signal }) => fetchTop("rpt_decisions", { filter: table ? `rpt_table eq '${table}' and statecode eq 0` : undefined, orderby: "rpt_name asc", top: 100 }, signal),
  });
}

/** What the server finds in a definition while it is written. */
export function useExamination(table: string, definition: Definition) {
  const text = JSON.stringify(definition);
  const [settled] = useDebouncedValue(text, 400);
  const query = useQuery({
    queryKey: ["decision", "examine", table, settled],
    staleTime: Infinity,
    retry: false,
    queryFn: ({ signal }) => callUnbound<{ Valid: boolean; Problems: string; Findings: string }>("rpt_ExamineDecision", { Table: table, Definition: settled }, signal),
  });
  return {
    busy: settled !== text || query.isFetching,
    error: query.error,
    valid: query.data?.Valid ?? false,
    problems: parseJson<Problem[]>(query.data?.Problems, []),
    findings: parseJson<Finding[]>(query.data?.Findings, []),
  };
}

/** A value of an input as people read it. */
export function words(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return new Intl.NumberFormat(undefined, { maximumFractionDigits: 6 }).format(value);
  return String(value);
}
