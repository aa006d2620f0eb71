import { useTranslation } from "react-i18next";
import { formatDuration, formatTime } from "@/lib/format";
import { Icon, type IconName } from "@/ui/icons";
import { JsonView } from "@/ui/JsonView";
import classes from "./FlowRun.module.css";

/** One step as a checkpoint keeps it. */
export interface Step {
  name: string;
  title?: string;
  type?: string;
  status?: string;
  startedon?: string;
  durationms?: number;
  input?: unknown;
  output?: unknown;
  error?: string;
}

export interface Checkpoint {
  sequence: number;
  at: string;
  steps: Step[];
}

const looks: Record<string, { icon: IconName; tone: string }> = {
  succeeded: { icon: "check", tone: "good" }, completed: { icon: "check", tone: "good" }, failed: { icon: "close", tone: "bad" },
  running: { icon: "play", tone: "info" }, waiting: { icon: "history", tone: "warn" }, skipped: { icon: "arrowRight", tone: "none" }, undone: { icon: "undo", tone: "none" },
};

function has(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "" && JSON.stringify(value) !== "{}";
}

/** The steps in order, each with its share of the run's time; opened, its input and output. */
export function FlowSteps({ checkpoints }: { checkpoints: Checkpoint[] }) {
  const { t } = useTranslation();
  const longest = Math.max(1, ...checkpoints.flatMap((c) => c.steps.map((s) => s.durationms ?? 0)));
  return (
    <ol className={classes.checkpoints}>
      {checkpoints.map((checkpoint) => (
        <li key={checkpoint.sequence}>
          <h3 className={classes.checkpoint}>{t("flow.checkpoint", { number: checkpoint.sequence })}</h3>
          {checkpoint.steps.map((step, i) => {
            const status = (step.status ?? "").toLowerCase();
            const look = looks[status] ?? { icon: "info" as const, tone: "none" };
            return (
              <details key={i} className={classes.step} open={status === "failed"}>
                <summary>
                  <span className={classes.mark} data-tone={look.tone}><Icon name={look.icon} size={13} /></span>
                  <span className={classes.name}><strong>{step.title || step.name}</strong>{step.type && <span className="faint">{step.type}</span>}{status === "undone" ? <span className="faint">{t("flow.status.undone")}</span> : <span className="sr-only">{status && t(`flow.status.${status}`, { defaultValue: status })}</span>}</span>
                  <span className={classes.bar} aria-hidden="true"><span style={{ inlineSize: `${Math.max(2, ((step.durationms ?? 0) / longest) * 100)}%` }} data-tone={look.tone} /></span>
                  <span className="faint tnum">{step.durationms !== undefined ? formatDuration(step.durationms) : ""}</span>
                </summary>
                <div className={classes.detail}>
                  {step.error && <p className={classes.problem}>{step.error}</p>}
                  {step.startedon && <p className="faint">{t("flow.started", { at: formatTime(step.startedon) })}</p>}
                  <div className={classes.io}>
                    {has(step.input) && <div><h4>{t("flow.in")}</h4><JsonView value={step.input} label={`${step.name}: ${t("flow.in")}`} /></div>}
                    {has(step.output) && <div><h4>{t("flow.out")}</h4><JsonView value={step.output} label={`${step.name}: ${t("flow.out")}`} /></div>}
                  </div>
                  {!step.error && !has(step.input) && !has(step.output) && <p className="faint">{t("flow.nothing")}</p>}
                </div>
              </details>
            );
          })}
        </li>
      ))}
    </ol>
  );
}
