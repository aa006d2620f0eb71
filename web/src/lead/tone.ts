export type Tone = "good" | "info" | "warn" | "low";

/** Scores above 75, 50 and 25 differ in tone; so do the grades A–D. */
export function tone(score: number): Tone {
  if (score >= 75) return "good";
  if (score >= 50) return "info";
  return score >= 25 ? "warn" : "low";
}
