import { useMemo } from "react";
import { valueOf } from "@/api/rows";
import type { Column, Reference, Row, Table } from "@/api/types";
import type { RecordHandle } from "@/record/useRecord";
import { applyRules, type FormState } from "./rules";
import type { Values } from "./tree";

/** A form's values as conditions see them: of lookups the id. */
function plain(column: Column, value: unknown): unknown {
  return column.type === "lookup" ? (value as Reference | null)?.id ?? null : value;
}

/**
 * What the table's business rules make of its form, and a handle that puts the
 * values of rules for forms alone along with what the person saves. Values of
 * the other rules the server puts in by itself.
 */
export function useFormRules(table: Table, row: Row, handle: RecordHandle): { state: FormState; handle: RecordHandle } {
  const rules = table.rules;
  return useMemo(() => {
    const values: Values = Object.fromEntries(table.columns.map((c) => [c.name, plain(c, valueOf(c, row))]));
    const state = applyRules(rules ?? [], table.columns, values, false);
    const own = rules?.filter((r) => r.scope === "form") ?? [];
    if (own.length === 0) return { state, handle };
    const save: RecordHandle["save"] = (changed, undoable) => {
      const next = { ...values };
      for (const [name, value] of Object.entries(changed)) {
        const column = table.columns.find((c) => c.name === name);
        if (column) next[name] = plain(column, value);
      }
      return handle.save({ ...changed, ...applyRules(own, table.columns, next, false).values }, undoable);
    };
    return { state, handle: { ...handle, save } };
  }, [rules, table, row, handle]);
}
