import { parseJson } from "@/api/rows";

/** One reason why intake refused an event. */
export interface Reason {
  column?: string;
  code: string;
  message: string;
}

/** A value inside the event's data, with the way to it. */
export interface Leaf {
  path: string[];
  value: unknown;
}

export function reasonsOf(value: unknown): Reason[] {
  const list = parseJson<unknown>(value, []);
  if (!Array.isArray(list)) return [];
  return list.flatMap((raw): Reason[] => {
    if (typeof raw === "string") return [{ code: "", message: raw }];
    if (raw === null || typeof raw !== "object") return [];
    const r = raw as Record<string, unknown>;
    return [{ column: typeof r.column === "string" && r.column ? r.column : undefined, code: String(r.code ?? ""), message: String(r.message ?? r.code ?? "") }];
  });
}

/** The data as a plain object; undefined when it is not one (broken JSON, a list). */
export function objectOf(value: unknown): Record<string, unknown> | undefined {
  const parsed = parseJson<unknown>(value, undefined);
  return parsed !== null && typeof parsed === "object" && !Array.isArray(parsed) ? (parsed as Record<string, unknown>) : undefined;
}

/** Every single value of an object, nested ones with their path; lists stay whole. */
export function leaves(data: Record<string, unknown>, path: string[] = []): Leaf[] {
  return Object.entries(data).flatMap(([key, value]) => {
    const here = [...path, key];
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return leaves(value as Record<string, unknown>, here);
    return [{ path: here, value }];
  });
}

/** Sets one value in a copy. */
export function withValue(data: Record<string, unknown>, path: string[], value: unknown): Record<string, unknown> {
  const [head, ...rest] = path;
  if (head === undefined) return data;
  if (rest.length === 0) return { ...data, [head]: value };
  const inner = data[head];
  const object = inner !== null && typeof inner === "object" && !Array.isArray(inner) ? (inner as Record<string, unknown>) : {};
  return { ...data, [head]: withValue(object, rest, value) };
}

/**
 * What was typed, as JSON would have it: a value that was a number or a truth
 * value before stays one when it still reads as one, everything else is text.
 */
export function typed(before: unknown, text: string, wants?: "number" | "boolean"): unknown {
  if (text === "") return null;
  const kind = wants ?? typeof before;
  if (kind === "number" && /^-?\d+(\.\d+)?$/.test(text.trim())) return Number(text);
  if (kind === "boolean" && /^(true|false)$/i.test(text.trim())) return text.trim().toLowerCase() === "true";
  if (Array.isArray(before)) return parseJson<unknown>(text, text);
  return text;
}

export function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
