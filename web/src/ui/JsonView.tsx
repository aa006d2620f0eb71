import classes from "./JsonView.module.css";

/** Structured data for reading; text that is no JSON is shown as it is. */
export function JsonView({ value, label }: { value: unknown; label?: string }) {
  let text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  if (typeof value === "string") {
    try {
      text = JSON.stringify(JSON.parse(value), null, 2);
    } catch {
      // Shown as it came.
    }
  }
  return <pre className={classes.json} tabIndex={0} aria-label={label} role={label ? "region" : undefined}>{text}</pre>;
}
