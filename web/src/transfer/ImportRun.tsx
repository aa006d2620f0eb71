import { Alert, Button, Progress } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useTables } from "@/api/metadata";
import { Said } from "@/i18n/Said";
import { formatNumber } from "@/lib/format";
import { Icon } from "@/ui/icons";
import classes from "@/scoring/scoring.module.css";
import { busy, status, type ImportState } from "./types";

/** How an import, its rehearsal or its undoing fares. */
export function ImportRun({ state, onUndo }: { state: ImportState; onUndo: () => Promise<void> }) {
  const { t } = useTranslation();
  if (state.status === status.draft) return null;
  const undoable = !state.dryRun && [status.done, status.failed, status.cancelled, status.paused].some((s) => s === state.status) && state.files.some((f) => f.created + f.updated > 0);
  return (
    <section className={classes.card} aria-live="polite">
      <Headline state={state} />
      {(state.status === status.undoing || state.status === status.undone) && (
        <p className={classes.hint}>
          {t("transfer.undone", { undone: formatNumber(state.undone), kept: formatNumber(state.kept) })}{" "}
          {state.kept > 0 && <a href={`/api/imports/${state.id}/kept`} download>{t("transfer.keptFile")}</a>}
        </p>
      )}
      <Counts state={state} />
      {!state.dryRun && state.searchBehind > 0 && <p className={classes.hint}>{t("transfer.searchBehind", { n: formatNumber(state.searchBehind) })}</p>}
      {undoable && <div className={classes.end} style={{ marginBlockStart: 16 }}><Button variant="default" leftSection={<Icon name="undo" size={15} />} onClick={() => void onUndo()}>{t("transfer.undo")}</Button></div>}
    </section>
  );
}

function Headline({ state }: { state: ImportState }) {
  const { t } = useTranslation();
  const title = state.dryRun && busy(state.status) ? t("transfer.state.checking") : t(`transfer.state.s${state.status}`);
  if (busy(state.status)) {
    const percent = state.files.length ? state.files.reduce((sum, f) => sum + f.percent, 0) / state.files.length : 0;
    return (
      <>
        <h2>{title}</h2>
        <Progress value={state.status === status.undoing || percent === 0 ? 100 : percent} animated aria-label={title} mb="md" />
      </>
    );
  }
  const tone = state.status === status.done ? "good" : state.status === status.failed ? "bad" : undefined;
  return <Alert data-tone={tone} icon={<Icon name={tone === "good" ? "check" : tone === "bad" ? "warning" : "info"} />} title={title} mb="md"><Said text={state.error} /></Alert>;
}

function Counts({ state }: { state: ImportState }) {
  const { t } = useTranslation();
  const { data: tables } = useTables();
  return (
    <div className={classes.tableBox} tabIndex={0} role="region" aria-label={t("transfer.counts")}>
      <table className={classes.table}>
        <thead><tr>{(["file", "table", "read", "created", "updated", "unchanged", "refused"] as const).map((c) => <th key={c} scope="col">{t(`transfer.col.${c}`)}</th>)}</tr></thead>
        <tbody>
          {state.files.map((f) => (
            <tr key={f.id}>
              <th scope="row">{f.name}</th>
              <td><Link to="/r/$table" params={{ table: f.table }}>{tables?.find((x) => x.logicalname === f.table)?.pluralLabel ?? f.table}</Link></td>
              <td className="tnum">{formatNumber(f.read)}</td>
              <td className="tnum">{formatNumber(f.created)}</td>
              <td className="tnum">{formatNumber(f.updated)}</td>
              <td className="tnum">{formatNumber(f.unchanged)}</td>
              <td className="tnum">{formatNumber(f.refused)} {f.refused > 0 && <a href={`/api/imports/files/${f.id}/refused`} download>{t("transfer.refusedFile")}</a>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
