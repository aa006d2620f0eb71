import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { valueOf } from "@/api/rows";
import type { Column, Row, Table } from "@/api/types";
import { isTyped } from "@/record/editors/FieldEditor";
import { fromInput, toInput } from "@/record/fieldValue";
import { same } from "@/record/merge";
import type { Conflict } from "@/record/useRecord";
import { toastFailure, toastUndo } from "@/ui/toast";
import { before, ClashError, optimistic, putRow, saveCells, type Values } from "./saveCells";

/** The one cell that is being edited. */
export interface CellEdit {
  id: string;
  column: string;
  draft: unknown;
  problem?: string;
}

export function isEditable(table: Table, column: Column): boolean {
  return table.privileges.write && !column.readonly && !["id", "json", "file", "image"].includes(column.type);
}

/** Editing cells where they stand: shown at once, taken back and told when the server refuses. */
export function useCellEdit(table: Table, loaded: () => Row[]) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [edit, setEdit] = useState<CellEdit>();
  const [conflict, setConflict] = useState<Conflict & { row: Row }>();

  const start = useCallback((row: Row, column: Column) => {
    if (!isEditable(table, column)) return false;
    const value = valueOf(column, row);
    setEdit({ id: String(row[table.primaryid]), column: column.name, draft: isTyped(column) ? toInput(column, value) : value });
    return true;
  }, [table]);

  const save = useCallback(async (row: Row, values: Values, label: string, undoable = true): Promise<void> => {
    const names = Object.keys(values);
    const old = before(table, row, names);
    optimistic(client, table, row, values);
    try {
      const next = await saveCells(client, table, row, values);
      putRow(client, table, next);
      void client.invalidateQueries({ queryKey: ["record", table.logicalname, String(row[table.primaryid])] });
      if (undoable) toastUndo(t("record.saved", { what: label }), { label, run: () => save(next, old, label, false) });
    } catch (error) {
      putRow(client, table, row);
      if (error instanceof ClashError) {
        putRow(client, table, error.theirs);
        setConflict({ clashes: error.clashes, clean: error.clean, theirs: error.theirs, row: error.theirs });
        return;
      }
      throw error;
    }
  }, [client, table, t]);

  /** Writes without asking about what others changed meanwhile: that is told by the error. */
  const write = useCallback(async (row: Row, values: Values): Promise<Row> => {
    const next = await saveCells(client, table, row, values);
    putRow(client, table, next);
    void client.invalidateQueries({ queryKey: ["record", table.logicalname, String(row[table.primaryid])] });
    return next;
  }, [client, table]);

  const commit = useCallback((column: Column, draft: unknown) => {
    if (!edit) return false;
    const row = loaded().find((r) => String(r[table.primaryid]) === edit.id);
    if (!row) {
      setEdit(undefined);
      return false;
    }
    const parsed = isTyped(column) ? fromInput(column, String(draft ?? ""), t) : { value: draft };
    if (parsed.problem !== undefined) {
      setEdit({ ...edit, draft, problem: parsed.problem });
      return false;
    }
    setEdit(undefined);
    if (same(parsed.value, valueOf(column, row))) return true;
    void save(row, { [column.name]: parsed.value }, column.label).catch((error: unknown) => {
      const failure = asApiError(error);
      const own = failure.fields.find((f) => f.name === column.name)?.message ?? failure.message;
      // What was refused stands in its cell again: nothing typed is lost.
      setEdit({ id: edit.id, column: column.name, draft, problem: failure.kind === "network" ? t("record.notSaved") : own });
      if (failure.kind === "forbidden") toastFailure(failure);
    });
    return true;
  }, [edit, loaded, table, t, save]);

  const resolve = useCallback((chosen: Values | undefined) => {
    const open = conflict;
    setConflict(undefined);
    const values = { ...open?.clean, ...chosen };
    if (open && Object.keys(values).length > 0) void save(open.row, values, open.clashes.map((c) => c.column.label).join(", "), false).catch(toastFailure);
  }, [conflict, save]);

  return {
    edit, start, commit, write, conflict, resolve,
    cancel: useCallback(() => setEdit(undefined), []),
    draft: useCallback((draft: unknown) => setEdit((old) => old && { ...old, draft, problem: undefined }), []),
  };
}
