import { initials } from "@/lib/format";
import classes from "./Avatar.module.css";

/** Eight calm hues; a name keeps its own everywhere. */
function hue(name: string): number {
  let hash = 7;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) >>> 0;
  return hash % 8;
}

/** Letters that stand for a person or a firm. Decoration: the name is always beside it. */
export function Avatar({ name, size = 24, square }: { name: string; size?: number; square?: boolean }) {
  return (
    <span className={classes.avatar} data-hue={hue(name)} data-square={square || undefined} data-letters={initials(name) || "·"} aria-hidden="true"
      style={{ width: size, height: size, fontSize: Math.max(9, Math.round(size * 0.4)) }} />
  );
}
