import type { ReactNode } from "react";
import classes from "./Home.module.css";

/** A part of the home screen. */
export function Card({ title, link, children }: { title: string; link?: ReactNode; children: ReactNode }) {
  return (
    <section className={classes.card} aria-label={title}>
      <header className={classes.cardHead}><h3>{title}</h3>{link}</header>
      {children}
    </section>
  );
}
