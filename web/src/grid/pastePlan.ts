import type { QueryClient } from "@tanstack/react-query";
import type { TFunction } from "i18next";
import { tableQuery } from "@/api/metadata";
import { text } from "@/api/odata";
import { fetchTop } from "@/api/records";
import { valueOf } from "@/api/rows";
import type { Column, Reference, Row, Table } from "@/api/types";
import { optionsOf } from "@/lib/format";
import { isTyped } from "@/record/editors/FieldEditor";
import { fromInput } from "@/record/fieldValue";
import { same } from "@/record/merge";
import { isEditable } from "./useCellEdit";

/** What a paste would change, and what of it can't be read. */
export interface PastePlan {
  changes: { row: Row; values: Record<string, unknown> }[];
  cells: number;
  problems: { line: number; column: string; text: string; reason: string }[];
  /** Lines that have no row to go to. */
  beyond: number;
}

/** More lines than this at once belong to an import. */
export const MOST_LINES = 500;

type Read = { value: unknown } | { problem: string };

const plain = (s: string) => s.trim().toLocaleLowerCase();

function dayOf(raw: string): string | undefined {
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})/.exec(raw);
  const dotted = /^(\d{1,2})[./](\d{1,2})[./](\d{4})/.exec(raw);
  const [y, m, d] = iso ? [iso[1], iso[2], iso[3]] : dotted ? [dotted[3], dotted[2], dotted[1]] : [];
  if (!y || !m || !d || Number(m) > 12 || Number(d) > 31) return undefined;
  return `${y}-${m.padStart(2, "0")}-${d.padStart(2, "0")}`;
}

async function readCell(column: Column, raw: string, t: TFunction, find: (column: Column, name: string) => Promise<Reference[]>): Promise<Read> {
  const wanted = plain(raw);
  if (wanted === "") return column.required ? { problem: t("field.required") } : { value: null };
  if (column.type === "choice" || column.type === "boolean") {
    const option = optionsOf(column).find((o) => plain(o.label) === wanted || String(o.value) === wanted);
    return option ? { value: column.type === "boolean" ? option.value === 1 : option.value } : { problem: t("paste.noOption") };
  }
  if (column.type === "multichoice") {
    const found = raw.split(/[,;]/).map((part) => optionsOf(column).find((o) => plain(o.label) === plain(part))?.value);
    return found.some((v) => v === undefined) ? { problem: t("paste.noOption") } : { value: found };
  }
  if (column.type === "lookup") {
    const found = await find(column, raw.trim());
    return found.length === 1 ? { value: found[0] } : { problem: t(found.length ? "paste.several" : "paste.noRecord") };
  }
  const ready = column.type === "date" ? (dayOf(raw.trim()) ?? raw) : raw;
  const parsed = isTyped(column) ? fromInput(column, ready, t) : { value: raw };
  return parsed.problem !== undefined ? { problem: parsed.problem } : { value: parsed.value };
}

/** Reads pasted cells against the rows and columns they fall on. Nothing is written. */
export async function planPaste(client: QueryClient, table: Table, columns: Column[], rows: Row[], cells: string[][], t: TFunction): Promise<PastePlan> {
  const known = new Map<string, Promise<Reference[]>>();
  const find = (column: Column, name: string) => {
    const key = `${column.name}|${name}`;
    const found = known.get(key) ?? lookUp(client, column.targets ?? [], name);
    known.set(key, found);
    return found;
  };
  // A first line that names the columns is no row.
  const heads = cells[0]?.every((c, i) => plain(c) === plain(columns[i]?.label ?? "\u0000")) ?? false;
  const lines = heads ? cells.slice(1) : cells;
  const plan: PastePlan = { changes: [], cells: 0, problems: [], beyond: Math.max(0, lines.length - rows.length) };
  for (const [at, line] of lines.slice(0, Math.min(rows.length, MOST_LINES)).entries()) {
    const row = rows[at]!;
    const values: Record<string, unknown> = {};
    for (const [i, raw] of line.entries()) {
      const column = columns[i];
      if (!column) continue;
      if (!isEditable(table, column)) {
        plan.problems.push({ line: at + 1, column: column.label, text: raw, reason: t("paste.readOnly") });
        continue;
      }
      const read = await readCell(column, raw, t, find);
      if ("problem" in read) plan.problems.push({ line: at + 1, column: column.label, text: raw, reason: read.problem });
      else if (!same(read.value, valueOf(column, row))) values[column.name] = read.value;
    }
    const count = Object.keys(values).length;
    if (count > 0) plan.changes.push({ row, values });
    plan.cells += count;
  }
  return plan;
}

async function lookUp(client: QueryClient, targets: string[], name: string): Promise<Reference[]> {
  const lists = await Promise.all(targets.map(async (target) => {
    const meta = await client.ensureQueryData(tableQuery(target)).catch(() => undefined);
    if (!meta) return [];
    const page = await fetchTop(meta.entityset, { select: [meta.primaryid, meta.primaryname], filter: `${meta.primaryname} eq ${text(name)}`, top: 2 });
    return page.rows.map((r): Reference => ({ id: String(r[meta.primaryid]), table: target, name: String(r[meta.primaryname] ?? "") }));
  }));
  return lists.flat();
}
