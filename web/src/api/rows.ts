import type { Column, Reference, Row, Table } from "./types";

const FORMATTED = "@OData.Community.Display.V1.FormattedValue";
const TARGET = "@Microsoft.Dynamics.CRM.lookuplogicalname";

/** The name under which a row holds the column. */
export function wireName(column: Pick<Column, "name" | "type" | "wire">): string {
  return column.wire ?? (column.type === "lookup" ? `_${column.name}_value` : column.name);
}

export function columnOf(table: Table, name: string): Column | undefined {
  return table.columns.find((c) => c.name === name);
}

/** A column's value as forms keep it: lookups become references, all else stays. */
export function valueOf(column: Column, row: Row): unknown {
  const wire = wireName(column);
  const raw = row[wire];
  if (column.type !== "lookup") return raw ?? null;
  if (typeof raw !== "string" || raw === "") return null;
  const ref: Reference = {
    id: raw,
    table: (row[wire + TARGET] as string | undefined) ?? column.targets?.[0] ?? "",
    name: (row[wire + FORMATTED] as string | undefined) ?? "",
  };
  return ref;
}

export function formattedOf(column: Column, row: Row): string | undefined {
  const value = row[wireName(column) + FORMATTED];
  return typeof value === "string" ? value : undefined;
}

export function etagOf(row: Row): string | undefined {
  const tag = row["@odata.etag"];
  return typeof tag === "string" ? tag : undefined;
}

export function idOf(table: Table, row: Row): string {
  return String(row[table.primaryid] ?? "");
}

export function nameOf(table: Table, row: Row): string {
  const name = row[table.primaryname];
  return typeof name === "string" && name.trim() !== "" ? name : "";
}

/** Turns form values into the body of a POST or PATCH. */
export function payload(table: Table, values: Record<string, unknown>, sets: Record<string, string>): Row {
  const body: Row = {};
  for (const [name, value] of Object.entries(values)) {
    const column = columnOf(table, name);
    if (column?.type !== "lookup") {
      body[name] = value === "" ? null : value;
      continue;
    }
    const ref = value as Reference | null;
    // Customers, accounts or contacts, are bound by the property of their own table.
    const customer = ref && column.targets?.length === 2 && column.targets.every((x) => x === "account" || x === "contact");
    body[`${customer ? `${name}_${ref.table}` : name}@odata.bind`] = ref ? `/${sets[ref.table] ?? ref.table}(${ref.id})` : null;
  }
  return body;
}

/** JSON columns arrive as text or already parsed; both are borne. */
export function parseJson<T>(value: unknown, otherwise: T): T {
  if (value === null || value === undefined || value === "") return otherwise;
  if (typeof value !== "string") return value as T;
  try {
    return JSON.parse(value) as T;
  } catch {
    return otherwise;
  }
}

/** Puts form values into a copy of the row, for the optimistic picture. */
export function applyValues(table: Table, row: Row, values: Record<string, unknown>): Row {
  const next: Row = { ...row };
  for (const [name, value] of Object.entries(values)) {
    const column = columnOf(table, name);
    if (!column) continue;
    const wire = wireName(column);
    delete next[wire + FORMATTED];
    if (column.type === "lookup") {
      const ref = value as Reference | null;
      next[wire] = ref?.id ?? null;
      if (ref) {
        next[wire + FORMATTED] = ref.name;
        next[wire + TARGET] = ref.table;
      }
    } else {
      next[wire] = value;
    }
  }
  return next;
}
