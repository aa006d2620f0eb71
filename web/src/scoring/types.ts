/** What trainings report; see internal/capability/scoring/model/report.go. */

export type Words = Record<string, string>;

export interface Metrics {
  rows: number; rate: number; auc: number; aucLow: number; aucHigh: number; logLoss: number; brier: number; ece: number; lift10: number; top20: number; priorLog: number;
}

export interface Bin { rows: number; predicted: number; observed: number }

export interface Part { rows: number; rate: number; first?: string; last?: string }

export interface Trial { kind: string; learningRate?: number; leaves?: number; trees?: number; validLoss: number; chosen?: boolean }

export interface Drift { name: string; label: Words; psi: number; level: "none" | "some" | "strong" }

export interface Hint { name: string; why: "auc" | "filled_after" | "changes_after"; auc?: number; positive?: number; negative?: number }

export interface Report {
  imported?: boolean;
  rows: number; positives: number; sampled?: number; ordered: "time" | "file"; horizon: number; purged: number; open: number;
  train: Part; valid: Part; test: Part;
  champion: string; trials: Trial[] | null; newest: Metrics; random: Metrics; challenger: Metrics; arrival?: Metrics;
  calibrated: string; curve: Bin[] | null;
  drivers: { source: string; label: Words; weight: number; share: number }[] | null;
  drift: Drift[] | null; hints: Hint[] | null; dropped: { name: string; why: string }[] | null; inputs: string[] | null;
  gate: { ok: boolean; code?: string; message?: string };
  seconds: number;
  compared?: { rows: number; gain: number; low: number; high: number; better: boolean };
}

export interface Fitness {
  rows: number; positives: number; open: number; leftOut: number; ordered: "time" | "file"; first?: string; last?: string; sampled: boolean;
  gate: { ok: boolean; code?: string; message?: string };
  inputs: { name: string; label: Words; kind: string; filled: number; levels?: number; used: boolean; useful: boolean }[];
  hints: Hint[];
}

export const status = { queued: 0, training: 1, ready: 2, refused: 3, failed: 4, cancelled: 5, inForce: 6, retired: 7 } as const;

export const importStatus = { uploaded: 0, waiting: 1, running: 2, done: 3, failed: 4, cancelled: 5 } as const;

/** A label in the person's language. */
export function inWords(label: Words | undefined, language: string, otherwise: string): string {
  return label?.[language] || label?.en || otherwise;
}
