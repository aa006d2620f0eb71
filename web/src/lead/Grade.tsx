import classes from "./Grade.module.css";

const letters = ["A", "B", "C", "D"];

/** The lead's grade, 0–3 for A–D. */
export function Grade({ value, label, large }: { value: number; label?: string; large?: boolean }) {
  const letter = letters[value] ?? label?.replace(/^.*\b([A-D])\b.*$/, "$1") ?? "–";
  return <span className={classes.grade} data-grade={letter} data-large={large || undefined}>{letter}</span>;
}
