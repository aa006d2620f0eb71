import { parseJson } from "@/api/rows";
import type { Row } from "@/api/types";

export interface Reason {
  text: string;
  points: number;
  kind?: "rule" | "context" | "model";
}

export interface Hit {
  name: string;
  points?: number;
  version?: number;
}

/** One reason of the model, of msdyn_scorereasons. */
export interface ModelReason {
  source: string;
  label?: Record<string, string>;
  value?: string;
  group?: string;
  effect: number;
  rate?: number;
  average: number;
}

/** A score that the lead had, of msdyn_scorehistory. */
export interface ScorePoint {
  at: string;
  score: number;
}

/** What intake found out about a lead, read from its columns. */
export interface LeadScore {
  score?: number;
  first?: number;
  grade?: number;
  propensity?: number;
  reasons: Reason[];
  hits: Hit[];
  modelVersion?: string;
  /** Of the score as it was refined since; empty before that. */
  refined: ModelReason[];
  course: ScorePoint[];
  trend?: number;
  /** True while rules score because no model is trained. */
  byRules: boolean;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function toReason(raw: unknown): Reason[] {
  if (typeof raw === "string") return [{ text: raw, points: 0 }];
  if (raw === null || typeof raw !== "object") return [];
  const r = raw as Record<string, unknown>;
  const text = r.text ?? r.reason ?? r.name;
  return typeof text === "string" ? [{ text, points: Number(r.points ?? 0) || 0, kind: r.kind as Reason["kind"] }] : [];
}

function toHit(raw: unknown): Hit[] {
  if (typeof raw === "string") return [{ name: raw }];
  if (raw === null || typeof raw !== "object") return [];
  const r = raw as Record<string, unknown>;
  const name = r.name ?? r.rpt_name ?? r.rule;
  return typeof name === "string" ? [{ name, points: number(r.points), version: number(r.version) }] : [];
}

function list(value: unknown): unknown[] {
  const parsed = parseJson<unknown>(value, []);
  return Array.isArray(parsed) ? parsed : [];
}

export function leadScore(row: Row): LeadScore {
  const version = typeof row.rpt_modelversion === "string" && row.rpt_modelversion ? row.rpt_modelversion : undefined;
  return {
    score: number(row.msdyn_leadscore),
    first: number(row.rpt_firstscore),
    grade: number(row.msdyn_leadgrade),
    propensity: number(row.rpt_propensity),
    // The weightiest reasons first, whichever way they pull.
    reasons: list(row.rpt_reasons).flatMap(toReason).sort((a, b) => Math.abs(b.points) - Math.abs(a.points)),
    hits: list(row.rpt_rulehits).flatMap(toHit),
    modelVersion: version,
    refined: parseJson<{ reasons?: ModelReason[] }>(row.msdyn_scorereasons, {}).reasons ?? [],
    course: parseJson<{ points?: ScorePoint[] }>(row.msdyn_scorehistory, {}).points ?? [],
    trend: number(row.msdyn_leadscoretrend),
    byRules: version === undefined || version.startsWith("rules-"),
  };
}
