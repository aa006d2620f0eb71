import type { Option } from "@/api/types";
import classes from "./ChoiceBadge.module.css";

/** Any colour the server names is mixed with the scheme's own ink, so that text stays readable. */
export function ChoiceBadge({ option, fallback }: { option?: Option; fallback?: string }) {
  const label = option?.label ?? fallback ?? "";
  return (
    <span className={classes.badge} style={option?.color ? { ["--tone" as string]: option.color } : undefined} data-toned={Boolean(option?.color) || undefined}>
      {option?.color && <span className={classes.dot} />}
      <span className="clip">{label}</span>
    </span>
  );
}
