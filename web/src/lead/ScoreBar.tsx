import classes from "./ScoreBar.module.css";
import { tone } from "./tone";

/** The score in a list: a number and how far it goes. */
export function ScoreBar({ score }: { score: number }) {
  return (
    <span className={classes.score} data-tone={tone(score)}>
      <span className={`${classes.number} tnum`}>{score}</span>
      <span className={classes.track} aria-hidden="true"><span className={classes.fill} style={{ inlineSize: `${Math.max(2, Math.min(100, score))}%` }} /></span>
    </span>
  );
}
