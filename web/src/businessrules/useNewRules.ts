import { useMemo } from "react";
import type { Column, Reference, Table } from "@/api/types";
import { applyRules, type FormState } from "./rules";
import type { Values } from "./tree";

/** A value that has been entered, as conditions see it: of lookups the id. */
function plain(column: Column | undefined, value: unknown): unknown {
  return column?.type === "lookup" ? (value as Reference | null)?.id ?? null : value;
}

/**
 * What the table's business rules make of the form of a record that is not there
 * yet, by the values entered so far, and the values that rules for forms alone
 * put in when it is made. Values of the other rules the server puts in by itself.
 */
export function useNewRules(table: Table, entered: Values): { state: FormState; own: Values } {
  const rules = table.rules;
  return useMemo(() => {
    const values: Values = Object.fromEntries(Object.entries(entered).map(([name, value]) => [name, plain(table.columns.find((c) => c.name === name), value)]));
    const forms = rules?.filter((r) => r.scope === "form") ?? [];
    return { state: applyRules(rules ?? [], table.columns, values, true), own: applyRules(forms, table.columns, values, true).values };
  }, [rules, table, entered]);
}
