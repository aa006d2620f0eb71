import type { Column } from "@/api/types";
import { holds, type Tree, type Values } from "./tree";

/** A business rule as the server sends it for forms. */
export interface BusinessRule {
  name: string;
  title: string;
  scope: "entity" | "form";
  branches: { when: Tree | null; then: RuleAction[] }[];
  otherwise?: RuleAction[];
}

export interface RuleAction {
  show?: string[];
  hide?: string[];
  require?: string[];
  recommend?: string[];
  optional?: string[];
  lock?: string[];
  unlock?: string[];
  set?: Values;
  default?: Values;
  error?: { column: string; message: string };
}

/** What the rules make of a form. */
export interface FormState {
  hidden: Set<string>;
  locked: Set<string>;
  required: Set<string>;
  recommended: Set<string>;
  /** Values that the rules put in, by column. */
  values: Values;
  /** Messages by column. */
  errors: Record<string, string>;
  /** The rule that requires a column, for its message. */
  requiredBy: Record<string, string>;
}

function actionsOf(rule: BusinessRule, columns: readonly Column[], row: Values): RuleAction[] {
  const branch = rule.branches.find((b) => b.when === null || holds(b.when, columns, row));
  return branch ? branch.then : rule.otherwise ?? [];
}

/**
 * Obeys the rules on the values of a form, one after the other, each seeing what
 * those before it have put in.
 */
export function applyRules(rules: readonly BusinessRule[], columns: readonly Column[], values: Values, creating: boolean): FormState {
  const row = { ...values };
  const state: FormState = { hidden: new Set(), locked: new Set(), required: new Set(), recommended: new Set(), values: {}, errors: {}, requiredBy: {} };
  const put = (name: string, value: unknown) => {
    if ((row[name] ?? null) === value) return;
    row[name] = value;
    state.values[name] = value;
  };
  for (const rule of rules) {
    for (const action of actionsOf(rule, columns, row)) {
      action.show?.forEach((c) => state.hidden.delete(c));
      action.hide?.forEach((c) => state.hidden.add(c));
      action.lock?.forEach((c) => state.locked.add(c));
      action.unlock?.forEach((c) => state.locked.delete(c));
      for (const c of action.require ?? []) {
        state.required.add(c);
        state.recommended.delete(c);
        state.requiredBy[c] = rule.title;
      }
      for (const c of action.recommend ?? []) {
        state.recommended.add(c);
        state.required.delete(c);
      }
      for (const c of action.optional ?? []) {
        state.required.delete(c);
        state.recommended.delete(c);
      }
      for (const [c, v] of Object.entries(action.set ?? {})) put(c, v);
      if (creating) {
        for (const [c, v] of Object.entries(action.default ?? {})) if ((row[c] ?? null) === null) put(c, v);
      }
      if (action.error) state.errors[action.error.column] = action.error.message;
    }
  }
  return state;
}

/** The required columns that have no value, after what the rules put in. */
export function missing(state: FormState, values: Values): string[] {
  return [...state.required].filter((c) => ((c in state.values ? state.values[c] : values[c]) ?? null) === null).sort();
}
