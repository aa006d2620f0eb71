import { Alert, Button, Modal, Progress } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, asApiError } from "@/api/errors";
import { nameOf } from "@/api/rows";
import type { Column, Row, Table } from "@/api/types";
import { displayValue } from "@/lib/format";
import { toastUndo } from "@/ui/toast";
import { MOST_LINES, planPaste } from "./pastePlan";
import { type Change, type PasteRun, runPaste } from "./pasteRun";
import { before, type Values } from "./saveCells";
import { readTable } from "./tableText";

const SHOWN = 500;

/** Says what a paste from a spreadsheet would change before anything is written. */
export function PasteDialog({ table, columns, read, left, text, write, onClose }: {
  table: Table; columns: Column[]; /** The next so many rows from the cursor. */ read: (rows: number) => Promise<Row[]>; /** Rows from the cursor to the end. */ left: number; text: string; write: (row: Row, values: Values) => Promise<Row>; onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const cells = useMemo(() => readTable(text), [text]);
  const [done, setDone] = useState<number>();
  const [run, setRun] = useState<PasteRun>();
  const plan = useQuery({ queryKey: ["paste", table.logicalname, text], queryFn: async () => planPaste(client, table, columns, await read(Math.min(cells.length, MOST_LINES, left)), cells, t), staleTime: Infinity, gcTime: 0, retry: false });
  const { changes = [], problems = [], beyond = 0 } = plan.data ?? {};

  async function go(what: Change[]) {
    setDone(0);
    const next = await runPaste(what, write, setDone);
    setDone(undefined);
    const written = [...(run?.written ?? []), ...next.written];
    const refused = [...(run?.refused ?? []), ...next.refused];
    if (next.written.length > 0) {
      const back = written.map(({ row, values }) => ({ row, values: before(table, row, Object.keys(values)) }));
      toastUndo(t("paste.done", { count: new Set(written.map(({ row }) => row[table.primaryid])).size }), {
        label: t("paste.label"),
        // The rows have new versions by now: only the values go back, over whatever came since they were pasted.
        run: async () => {
          const undone = await runPaste(back.map(({ row, values }) => ({ row: { ...row, "@odata.etag": undefined }, values })), write, () => undefined);
          const left = undone.refused.length + undone.unsent.length;
          if (left > 0) throw new ApiError(400, "paste.undo", t("paste.notUndone", { count: left }));
        },
      });
    }
    if (refused.length === 0 && next.unsent.length === 0) return onClose();
    setRun({ written, refused, unsent: next.unsent });
  }
  const labelOf = (name: string) => columns.find((c) => c.name === name)?.label ?? name;
  const shown = (name: string, value: unknown) => {
    const column = columns.find((c) => c.name === name);
    return column ? displayValue(column, value) : String(value ?? "");
  };

  return (
    <Modal opened onClose={onClose} title={t("paste.title")} size="lg" closeButtonProps={{ "aria-label": t("common.close") }}>
      {plan.isPending && <p role="status" className="dim">{t("paste.reading")}</p>}
      {plan.isError && <Alert data-tone="bad" role="alert">{asApiError(plan.error).message}</Alert>}
      {plan.data && !run && (
        <div className="stack">
          <p>{t("paste.what", { cells: plan.data.cells, count: changes.length })}</p>
          {beyond > 0 && <p className="dim">{t("paste.beyond", { count: beyond })}</p>}
          {problems.length > 0 && (
            <Alert data-tone="warn" title={t("paste.problems", { count: problems.length })}>
              <ul tabIndex={0} style={{ margin: 0, paddingInlineStart: 18, maxHeight: 220, overflow: "auto" }}>
                {problems.slice(0, SHOWN).map((p, i) => <li key={i}>{t("paste.problem", { line: p.line, column: p.column, text: p.text, reason: p.reason })}</li>)}
              </ul>
            </Alert>
          )}
        </div>
      )}
      {done !== undefined && <Progress mt="sm" value={(100 * done) / Math.max(1, run?.unsent.length ?? changes.length)} aria-label={t("paste.progress")} />}
      {run && run.refused.length > 0 && (
        <Alert data-tone="bad" role="alert" title={t("paste.failed", { count: run.refused.length })}>
          <ul tabIndex={0} style={{ margin: 0, paddingInlineStart: 18, maxHeight: 220, overflow: "auto" }}>
            {run.refused.slice(0, SHOWN).map((f, i) => <li key={i}>{t("paste.refused", { name: nameOf(table, f.row) || t("value.unnamed"), column: labelOf(f.column), text: shown(f.column, f.value), reason: f.reason ?? t("paste.clash") })}</li>)}
          </ul>
        </Alert>
      )}
      {run && run.unsent.length > 0 && done === undefined && <Alert mt="sm" data-tone="warn" role="alert">{t("paste.unsent", { count: run.unsent.length })}</Alert>}
      <div style={{ display: "flex", justifyContent: "flex-end", gap: 8, marginTop: 20 }}>
        <Button variant="default" onClick={onClose}>{run ? t("common.close") : t("common.cancel")}</Button>
        {!run && <Button data-autofocus disabled={changes.length === 0} loading={done !== undefined} onClick={() => void go(changes)}>{t("paste.apply")}</Button>}
        {run && run.unsent.length > 0 && <Button data-autofocus loading={done !== undefined} onClick={() => void go(run.unsent)}>{t("calm.again")}</Button>}
      </div>
    </Modal>
  );
}
