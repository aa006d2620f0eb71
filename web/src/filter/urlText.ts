import { type Condition, type Group, isGroup, nothing, operators, type Operator, personal } from "./model";

/**
 * Filters stand in the address as compact JSON: a group is
 * `["and"|"or", item…]`, a condition `[column, operator, value?]`.
 */
type Packed = [string, ...unknown[]];

const known = new Set<string>([...Object.values(operators).flat(), ...personal]);
const DEEPEST = 4;

function pack(item: Condition | Group): Packed {
  if (isGroup(item)) return [item.join, ...item.items.map(pack)];
  return item.value === undefined ? [item.column, item.op] : [item.column, item.op, item.value];
}

export function filterToText(group: Group): string | undefined {
  return group.items.length === 0 ? undefined : JSON.stringify(pack(group));
}

function unpack(raw: unknown, depth: number): Condition | Group | undefined {
  if (!Array.isArray(raw) || typeof raw[0] !== "string" || depth > DEEPEST) return undefined;
  const [head, ...rest] = raw as Packed;
  if ((head === "and" || head === "or") && rest.every(Array.isArray)) {
    return { join: head, items: rest.flatMap((r) => unpack(r, depth + 1) ?? []) };
  }
  const [op, value] = rest;
  if (typeof op !== "string" || !known.has(op)) return undefined;
  const condition: Condition = { column: head, op: op as Operator };
  if (typeof value === "string") condition.value = value;
  else if (Array.isArray(value)) condition.value = value.map(String);
  return condition;
}

/** Reads the address's filter; anything that is none gives the empty filter. */
export function filterFromText(text: string | undefined): Group {
  if (!text) return nothing;
  try {
    const item = unpack(JSON.parse(text), 0);
    if (item && isGroup(item)) return item;
    return item ? { join: "and", items: [item] } : nothing;
  } catch {
    return nothing;
  }
}
