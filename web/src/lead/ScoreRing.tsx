import classes from "./ScoreRing.module.css";
import { tone } from "./tone";

/** The score as a ring: how far it goes towards 100. */
export function ScoreRing({ score, size = 112, label }: { score: number; size?: number; label?: string }) {
  const stroke = size > 90 ? 8 : size > 50 ? 5 : 3;
  const radius = (size - stroke) / 2;
  const length = 2 * Math.PI * radius;
  const part = Math.max(0, Math.min(100, score)) / 100;
  return (
    <div className={classes.ring} style={{ width: size, height: size }} data-tone={tone(score)} role="img" aria-label={label ?? String(score)}>
      <svg width={size} height={size} aria-hidden="true">
        <circle className={classes.track} cx={size / 2} cy={size / 2} r={radius} strokeWidth={stroke} />
        <circle className={classes.arc} cx={size / 2} cy={size / 2} r={radius} strokeWidth={stroke} strokeDasharray={`${length * part} ${length}`}
          transform={`rotate(-90 ${size / 2} ${size / 2})`} />
      </svg>
      <span className={`${classes.number} tnum`} style={{ fontSize: size * 0.32 }} aria-hidden="true">{score}</span>
    </div>
  );
}
