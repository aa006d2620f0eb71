import { Button, Popover, Textarea } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { request } from "@/api/http";
import { useTables } from "@/api/metadata";
import { recordUrl } from "@/api/odata";
import { columnOf } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { formatSpan } from "@/lib/format";
import { useShortcuts } from "@/lib/keys";
import { recordPath } from "@/lib/paths";
import { Field } from "@/record/Field";
import type { RecordHandle } from "@/record/useRecord";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { toast, toastFailure, toastUndo } from "@/ui/toast";
import classes from "./StageBar.module.css";
import type { Process, Stage } from "./types";

/** Tables whose records were seen to follow a process, or not. */
const followed = new Map<string, boolean>();

function useProcess(table: string, id: string, version: unknown) {
  return useQuery<Process | null>({
    queryKey: ["process", table, id, version],
    placeholderData: (old) => old,
    queryFn: async ({ signal }) => {
      try {
        return (await request<Process>(`/api/ui/tables/${table}/${id}/process`, { signal })).data;
      } catch (error) {
        if (asApiError(error).kind === "notfound") return null;
        throw error;
      }
    },
  });
}

/** The stages of the record's business process: where it stands, what is to be done, forward and back. */
export function StageBar({ table, id, row, handle }: { table: Table; id: string; row: Row; handle: RecordHandle }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const query = useProcess(table.logicalname, id, row["@odata.etag"]);
  const [open, setOpen] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [back, setBack] = useState<Stage>();
  const [reason, setReason] = useState("");
  const process = query.data;
  const stages = useRef<HTMLOListElement>(null);
  const shown = process?.activestage;
  // Where not all stages have room, the one that the record is in is in sight.
  useEffect(() => {
    const list = stages.current;
    const here = list?.querySelector<HTMLElement>('[aria-current="step"]');
    if (!list || !here) return;
    const [box, at] = [list.getBoundingClientRect(), here.getBoundingClientRect()];
    list.scrollLeft += at.left + at.width / 2 - box.left - box.width / 2;
  }, [shown]);
  const active = process?.stages.findIndex((s) => s.id === process.activestage) ?? -1;
  const next = process?.stages[active + 1];
  useShortcuts([{ keys: "s", label: "process.open", group: "keys.record", run: () => process && setOpen(open ? undefined : process.activestage) }]);
  if (query.isSuccess) followed.set(table.logicalname, Boolean(process));
  // The place is kept free where the table's records follow a process, so that nothing jumps when it is there.
  if (!process && query.isPending && followed.get(table.logicalname)) return <div className={classes.bar} aria-hidden="true"><div className={classes.blank} /></div>;
  if (!process || process.stages.length === 0) return null;

  async function change(body: Record<string, unknown>, done: string, back?: Record<string, unknown>) {
    if (!process) return;
    setBusy(true);
    try {
      await request(recordUrl(process.entityset, process.instance), { method: "PATCH", body, headers: { "If-Match": "*" } });
      setOpen(undefined);
      const again = async () => {
        await client.invalidateQueries({ queryKey: ["process"] });
        void client.invalidateQueries({ queryKey: ["timeline", table.logicalname, id] });
        handle.refetch();
      };
      await again();
      if (back) {
        toastUndo(done, { label: process.title, run: async () => { await request(recordUrl(process.entityset, process.instance), { method: "PATCH", body: back, headers: { "If-Match": "*" } }); await again(); } });
      } else toast(done);
    } catch (error) {
      const failure = asApiError(error);
      // A gate names no column: it says in words what must hold.
      const gates = failure.fields.filter((f) => f.name === "").map((f) => f.message);
      const names = failure.fields.flatMap((f) => (f.name === "" ? [] : (columnOf(table, f.name)?.label ?? f.name))).join(", ");
      toastFailure(gates.length > 0 ? new Error(gates.join(" ")) : names ? new Error(t("process.gate", { what: names })) : error);
      setOpen(process.activestage);
    } finally {
      setBusy(false);
    }
  }
  const bind = (stage: string) => ({ "activestageid@odata.bind": `/processstages(${stage})` });
  function goTo(stage: Stage) {
    if (process?.backreason && stage.passed) {
      setOpen(undefined); // so that the panel does not lie over the question
      setBack(stage);
    } else void change(bind(stage.id), t("process.moved", { stage: stage.name }), process && !process.backreason ? bind(process.activestage) : undefined);
  }

  return (
    <section className={classes.bar} aria-label={process.title} data-state={process.state}>
      <div className={classes.about}>
        <strong className="clip">{process.title}</strong>
        <span className="faint">
          {process.stalledon && process.state === "active" && <strong className={classes.stalled}>{t("process.stalled")} · </strong>}
          {process.state === "active" ? t("process.since", { span: formatSpan((Date.now() - new Date(process.enteredon).getTime()) / 1000) })
            : t(`process.${process.state}`, { span: formatSpan((process.minutes ?? 0) * 60) })}
        </span>
      </div>
      <ol className={classes.stages} ref={stages}>
        {process.stages.map((stage, i) => {
          const here = stage.id === process.activestage && process.state === "active";
          const state = process.state === "finished" || stage.passed ? "passed" : here ? "active" : "ahead";
          const todo = stage.table === table.logicalname ? stage.steps.filter((s) => isEmpty(table, row, s.column)).length : undefined;
          return (
            <li key={stage.id} className={classes.stage} data-state={state} aria-current={here ? "step" : undefined}>
              <Popover opened={open === stage.id} onChange={(o) => !o && setOpen(undefined)} position="bottom" width={340} trapFocus returnFocus shadow="md">
                <Popover.Target>
                  <button type="button" className={classes.head} aria-expanded={open === stage.id} onClick={() => setOpen(open === stage.id ? undefined : stage.id)}>
                    <span className={classes.mark} aria-hidden="true">{state === "passed" ? <Icon name="check" size={13} /> : i + 1}</span>
                    <span className="clip">{stage.name}</span>
                    <span className="sr-only">{t(`process.state.${state}`)}</span>
                    {(here || stage.seconds >= 60) && <span className={classes.span}>{here ? (todo ? t("process.todo", { count: todo }) : "") : formatSpan(stage.seconds)}</span>}
                  </button>
                </Popover.Target>
                <Popover.Dropdown aria-label={stage.name} onKeyDown={(e) => {
                  if (e.key !== "Escape") return;
                  // Leaving the panel is not leaving the record.
                  e.stopPropagation();
                  setOpen(undefined);
                }}>
                  <StagePanel stage={stage} table={table} row={row} handle={handle} process={process} here={here} next={next} busy={busy} last={process.canfinish}
                    onMove={goTo} onFinish={() => void change({ statuscode: 2 }, t("process.done"), { statuscode: 1 })} />
                </Popover.Dropdown>
              </Popover>
            </li>
          );
        })}
      </ol>
      {process.state === "active"
        ? <Button variant="subtle" color="gray" size="compact-sm" disabled={busy} onClick={() => void change({ statuscode: 3 }, t("process.stopped"), { statuscode: 1 })}>{t("process.abort")}</Button>
        : <Button variant="default" size="compact-sm" disabled={busy} onClick={() => void change({ statuscode: 1 }, t("process.resumed"))}>{t("process.resume")}</Button>}
      {back && (
        <ConfirmDialog title={t("process.reasonTitle", { stage: back.name })} confirm={t("process.back")} onClose={() => setBack(undefined)}
          run={async () => { await change({ ...bind(back.id), rpt_movereason: reason.trim() }, t("process.moved", { stage: back.name })); setReason(""); }}>
          <Textarea label={t("process.reason")} autosize minRows={2} maxLength={1000} data-autofocus value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
        </ConfirmDialog>
      )}
    </section>
  );
}

function isEmpty(table: Table, row: Row, name: string): boolean {
  const column = columnOf(table, name);
  const value = row[column?.type === "lookup" ? `_${name}_value` : name];
  return value === null || value === undefined || value === "" || value === false;
}

function StagePanel({ stage, table, row, handle, process, here, next, busy, last, onMove, onFinish }: {
  stage: Stage; table: Table; row: Row; handle: RecordHandle; process: Process; here: boolean; next?: Stage; busy: boolean; last: boolean; onMove: (stage: Stage) => void; onFinish: () => void;
}) {
  const { t } = useTranslation();
  const { data: tables } = useTables();
  const own = stage.table === table.logicalname;
  const needs = process.nextneeds ? tables?.find((x) => x.logicalname === process.nextneeds)?.label : undefined;
  return (
    <div className="stack">
      {own ? stage.steps.map((step) => {
        const column = columnOf(table, step.column);
        return column && <Field key={step.column} table={table} column={{ ...column, required: column.required || step.required }} row={row} handle={handle} inPanel />;
      }) : stage.record ? (
        <Link className="link" to={recordPath(stage.table, stage.record)}>{t("process.elsewhere", { what: tables?.find((x) => x.logicalname === stage.table)?.label ?? stage.table })}</Link>
      ) : <p className="dim">{t("process.later")}</p>}
      <div className={classes.foot}>
        {stage.passed && process.state === "active" && <Button variant="default" loading={busy} onClick={() => onMove(stage)}>{t("process.back")}</Button>}
        {here && next && !process.nextneeds && <Button loading={busy} onClick={() => onMove(next)}>{t("process.next", { stage: next.name })}</Button>}
        {here && next && process.nextneeds && <p className="dim">{t("process.needs", { stage: next.name, what: needs ?? process.nextneeds })}</p>}
        {here && last && <Button loading={busy} onClick={onFinish}>{t("process.finish")}</Button>}
      </div>
    </div>
  );
}
