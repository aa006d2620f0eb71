import type { ChangeEvent } from "react";
import classes from "./Tick.module.css";

/** The box at a row's beginning. It looks like the library's, which costs a tenth of a list's drawing while rows fly by. */
export function Tick({ checked, label, onChange }: { checked: boolean; label: string; onChange: (event: ChangeEvent<HTMLInputElement>) => void }) {
  return <input type="checkbox" tabIndex={-1} className={classes.tick} checked={checked} aria-label={label} onChange={onChange} />;
}
