import { Alert, Button } from "@mantine/core";
import type { Actions } from "@/api/generated/webapi";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { callBound } from "@/api/records";
import { Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { PageBar } from "@/ui/PageBar";
import { toastFailure } from "@/ui/toast";
import classes from "@/scoring/scoring.module.css";
import { FileDrop } from "./FileDrop";
import { FileMapping } from "./FileMapping";
import { ImportRun } from "./ImportRun";
import { Steps } from "./Steps";
import { busy, catchingUp, status, type ImportState } from "./types";
import { upload } from "./upload";

const EVERY = 700;

/** An import from its files to what became of their rows. */
export function ImportPage() {
  const { t } = useTranslation();
  const { id = "" } = useParams({ strict: false });
  const [working, setWorking] = useState(false);
  const look = useQuery({
    queryKey: ["import", id],
    queryFn: async ({ signal }) => (await request<ImportState>(`/api/imports/${id}`, { signal })).data,
    refetchInterval: (q) => (q.state.data && (busy(q.state.data.status) || catchingUp(q.state.data)) ? EVERY : false),
  });
  if (look.error && !look.data) return <Failure error={look.error} onRetry={() => void look.refetch()} />;
  if (!look.data) return null;
  const state = look.data;
  // A rehearsal that rests or broke off leaves the import as it was: to be mended and begun.
  const rehearsed = state.dryRun && (state.status === status.paused || state.status === status.failed || state.status === status.cancelled);
  const draft = state.status === status.draft || state.status === status.checked || rehearsed;
  const ready = state.files.length > 0 && state.files.every((f) => f.mapping !== undefined);
  const call = async (action: keyof Actions, body?: unknown) => {
    setWorking(true);
    try {
      await callBound("imports", id, action, body);
      await look.refetch();
    } catch (error) {
      toastFailure(error);
    } finally {
      setWorking(false);
    }
  };
  const step = !draft && !state.dryRun ? 3 : state.status === status.draft ? 1 : 2;

  return (
    <>
      <PageBar title={<h1>{state.name}</h1>} actions={<>
        {(state.status === status.waiting || state.status === status.running) && !state.dryRun && <Button variant="default" onClick={() => void call("rpt_PauseImport")}>{t("transfer.pause")}</Button>}
        {(state.status === status.paused || state.status === status.failed) && !state.dryRun && <Button variant="default" onClick={() => void call("rpt_ResumeImport")}>{t("transfer.resume")}</Button>}
        {(state.status <= status.paused && !draft) && <Button variant="default" onClick={() => void call("rpt_CancelImport")}>{t("common.cancel")}</Button>}
      </>} />
      <div className={classes.page}>
        <div className={classes.inner}>
          <Steps at={step} />
          <ImportRun state={state} onUndo={() => call("rpt_UndoImport")} />
          {draft && state.files.map((f) => <FileMapping key={f.id} file={f} onSaved={() => void look.refetch()} removable={state.files.length > 1} />)}
          {draft && (
            <section className={classes.card}>
              <h2>{t("transfer.another")}</h2>
              <p className={classes.hint}>{t("transfer.anotherHint")}</p>
              <FileDrop send={async (file) => { await upload(file, state.files[0]?.table ?? "lead", id); await look.refetch(); }} />
            </section>
          )}
          {draft && !ready && <Alert icon={<Icon name="info" />}>{t("transfer.unmapped")}</Alert>}
          {draft && (
            <div className={classes.end}>
              <Button variant="default" disabled={!ready || working} onClick={() => void call("rpt_StartImport", { DryRun: true })}>{t("transfer.dryRun")}</Button>
              <Button disabled={!ready || working} onClick={() => void call("rpt_StartImport", {})}>{t("transfer.start")}</Button>
            </div>
          )}
        </div>
      </div>
    </>
  );
}
