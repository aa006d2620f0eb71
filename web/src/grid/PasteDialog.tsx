import { Alert, Button, Modal, Progress } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { nameOf } from "@/api/rows";
import type { Column, Row, Table } from "@/api/types";
import { toastUndo } from "@/ui/toast";
import { MOST_LINES, planPaste } from "./pastePlan";
import { before, type Values } from "./saveCells";
import { readTable } from "./tableText";

const SHOWN = 500;

/** Says what a paste from a spreadsheet would change before anything is written. */
export function PasteDialog({ table, columns, read, left, text, save, onClose }: {
  table: Table; columns: Column[]; /** The next so many rows from the cursor. */ read: (rows: number) => Promise<Row[]>; /** Rows from the cursor to the end. */ left: number; text: string; save: (row: Row, values: Values, label: string, undoable: boolean) => Promise<void>; onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const cells = useMemo(() => readTable(text), [text]);
  const [done, setDone] = useState<number>();
  const [failed, setFailed] = useState<{ name: string; reason: string }[]>([]);
  const [finished, setFinished] = useState(false);
  const plan = useQuery({ queryKey: ["paste", table.logicalname, text], queryFn: async () => planPaste(client, table, columns, await read(Math.min(cells.length, MOST_LINES, left)), cells, t), staleTime: Infinity, gcTime: 0, retry: false });
  const { changes = [], problems = [], beyond = 0 } = plan.data ?? {};

  async function go() {
    const back = changes.map(({ row, values }) => ({ row, values: before(table, row, Object.keys(values)) }));
    const wrong: { name: string; reason: string }[] = [];
    for (const [i, { row, values }] of changes.entries()) {
      setDone(i);
      await save(row, values, "", false).catch((error: unknown) => wrong.push({ name: nameOf(table, row), reason: asApiError(error).message }));
    }
    const label = t("paste.label");
    const good = changes.length - wrong.length;
    if (good > 0) {
      toastUndo(t("paste.done", { count: good }), {
        label,
        // The rows have new versions by now: only the values go back, over whatever came since they were pasted.
        run: async () => { for (const { row, values } of back) await save({ ...row, "@odata.etag": undefined }, values, "", false); },
      });
    }
    if (wrong.length === 0) return onClose();
    setFailed(wrong);
    setFinished(true);
    setDone(undefined);
  }

  return (
    <Modal opened onClose={onClose} title={t("paste.title")} size="lg" closeButtonProps={{ "aria-label": t("common.close") }}>
      {plan.isPending && <p role="status" className="dim">{t("paste.reading")}</p>}
      {plan.isError && <Alert data-tone="bad" role="alert">{asApiError(plan.error).message}</Alert>}
      {plan.data && !finished && (
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
          {done !== undefined && <Progress value={(100 * done) / Math.max(1, changes.length)} aria-label={t("paste.progress")} />}
        </div>
      )}
      {finished && (
        <Alert data-tone="bad" role="alert" title={t("paste.failed", { count: failed.length })}>
          <ul tabIndex={0} style={{ margin: 0, paddingInlineStart: 18, maxHeight: 220, overflow: "auto" }}>{failed.slice(0, SHOWN).map((f, i) => <li key={i}>{f.name}: {f.reason}</li>)}</ul>
        </Alert>
      )}
      <div style={{ display: "flex", justifyContent: "flex-end", gap: 8, marginTop: 20 }}>
        <Button variant="default" onClick={onClose}>{finished ? t("common.close") : t("common.cancel")}</Button>
        {!finished && <Button data-autofocus disabled={changes.length === 0} loading={done !== undefined} onClick={() => void go()}>{t("paste.apply")}</Button>}
      </div>
    </Modal>
  );
}
