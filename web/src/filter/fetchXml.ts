import type { Column } from "@/api/types";
import { dayText, parseDay } from "./dates";
import { type Condition, type Group, isComplete, isGroup, type Operator } from "./model";

/** A saved view as FetchXML has it: what is asked, in which order. */
export interface FetchView {
  filter: Group;
  order: { column: string; desc: boolean }[];
}

const direct: Partial<Record<Operator, string>> = {
  eq: "eq", ne: "ne", gt: "gt", ge: "ge", lt: "lt", le: "le", in: "in", notin: "not-in", between: "between", empty: "null", notempty: "not-null", on: "on", starts: "begins-with", ends: "ends-with",
  today: "today", yesterday: "yesterday", thisweek: "this-week", lastweek: "last-week", thismonth: "this-month", lastmonth: "last-month", lastdays: "last-x-days", me: "eq-userid",
};
const back = new Map(Object.entries(direct).map(([ours, theirs]) => [theirs, ours as Operator]));

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);
}

function shifted(day: string, by: number): string {
  const date = parseDay(day);
  return date ? dayText(new Date(date.getFullYear(), date.getMonth(), date.getDate() + by)) : day;
}

/** What stands for any text in a pattern stands for itself in what people type. */
function literalPattern(text: string): string {
  return text.replace(/[[%_]/g, (c) => `[${c}]`);
}

function writeCondition(item: Condition): string {
  const head = (op: string, value?: string) => `<condition attribute="${escape(item.column)}" operator="${op}"${value === undefined ? "" : ` value="${escape(value)}"`}`;
  const single = typeof item.value === "string" ? item.value : "";
  switch (item.op) {
    case "contains": return `${head("like", `%${literalPattern(single)}%`)}/>`;
    case "notcontains": return `${head("not-like", `%${literalPattern(single)}%`)}/>`;
    case "before": return `${head("on-or-before", shifted(single, -1))}/>`;
    case "after": return `${head("on-or-after", shifted(single, 1))}/>`;
  }
  const op = direct[item.op]!;
  if (Array.isArray(item.value)) return `${head(op)}>${item.value.map((v) => `<value>${escape(v)}</value>`).join("")}</condition>`;
  return `${head(op, item.value)}/>`;
}

function writeGroup(group: Group): string {
  const inner = group.items.map((i) => (isGroup(i) ? writeGroup(i) : isComplete(i) ? writeCondition(i) : "")).join("");
  return inner ? `<filter type="${group.join}">${inner}</filter>` : "";
}

/** Writes a view's question. `base` is the inside of the view that it is built upon. */
export function writeFetch(table: string, primaryid: string, columns: string[], view: FetchView, base: string): string {
  const attributes = [primaryid, ...columns].map((c) => `<attribute name="${escape(c)}"/>`).join("");
  const order = view.order.map((o) => `<order attribute="${escape(o.column)}" descending="${String(o.desc)}"/>`).join("");
  const own = writeGroup(view.filter);
  const filter = base && own ? `<filter type="and">${base}${own}</filter>` : base || own;
  return `<fetch version="1.0" mapping="logical"><entity name="${escape(table)}">${attributes}${order}${filter}</entity></fetch>`;
}

class Foreign extends Error {}

function children(element: Element, name: string): Element[] {
  return [...element.children].filter((c) => c.tagName === name);
}

function readCondition(element: Element, columns: Column[]): Condition {
  const column = element.getAttribute("attribute") ?? "";
  const theirs = element.getAttribute("operator") ?? "";
  const value = element.getAttribute("value");
  if (!columns.some((c) => c.name === column) || element.hasAttribute("entityname") || element.hasAttribute("valueof")) throw new Foreign();
  const pattern = /^%((?:[^%_[]|\[[%_[]\])*)%$/.exec(value ?? "");
  if ((theirs === "like" || theirs === "not-like") && pattern) return { column, op: theirs === "like" ? "contains" : "notcontains", value: pattern[1]!.replace(/\[([%_[])\]/g, "$1") };
  if (theirs === "on-or-before" && value) return { column, op: "before", value: shifted(value.slice(0, 10), 1) };
  if (theirs === "on-or-after" && value) return { column, op: "after", value: shifted(value.slice(0, 10), -1) };
  const op = back.get(theirs);
  if (!op) throw new Foreign();
  const values = children(element, "value").map((v) => v.textContent ?? "");
  if (values.length > 0) return { column, op, value: values };
  // A choice or lookup is asked for as one of a list here.
  const type = columns.find((c) => c.name === column)!.type;
  if ((op === "eq" || op === "ne") && value !== null && (type === "choice" || type === "lookup")) return { column, op: op === "eq" ? "in" : "notin", value: [value] };
  return value === null ? { column, op } : { column, op, value };
}

function readGroup(element: Element, columns: Column[]): Group {
  const items = [...element.children].map((child) => {
    if (child.tagName === "filter") return readGroup(child, columns);
    if (child.tagName === "condition") return readCondition(child, columns);
    throw new Foreign();
  });
  return { join: element.getAttribute("type") === "or" ? "or" : "and", items };
}

/** Reads a view; undefined when it asks more than the filter builder can show. */
export function readFetch(text: string, columns: Column[]): FetchView | undefined {
  const entity = new DOMParser().parseFromString(text, "text/xml").querySelector("fetch > entity");
  if (!entity || children(entity, "link-entity").length > 0 || entity.parentElement?.getAttribute("aggregate") === "true") return undefined;
  try {
    const groups = children(entity, "filter").map((f) => readGroup(f, columns));
    const filter: Group = groups.length === 1 ? groups[0]! : { join: "and", items: groups };
    const order = children(entity, "order").map((o) => ({ column: o.getAttribute("attribute") ?? "", desc: o.getAttribute("descending") === "true" }));
    return order.every((o) => columns.some((c) => c.name === o.column)) ? { filter, order } : undefined;
  } catch (error) {
    if (error instanceof Foreign) return undefined;
    throw error;
  }
}

/** The filters of a view as they stand in it, to build another view upon it. */
export function filtersOf(text: string): string {
  const entity = new DOMParser().parseFromString(text, "text/xml").querySelector("fetch > entity");
  if (!entity) return "";
  const serializer = new XMLSerializer();
  return children(entity, "filter").map((f) => serializer.serializeToString(f)).join("");
}

/** Columns and widths of a view's layout. */
export function readLayout(text: string): { name: string; width?: number }[] {
  const doc = new DOMParser().parseFromString(text, "text/xml");
  return [...doc.querySelectorAll("row > cell")].flatMap((cell) => {
    const name = cell.getAttribute("name");
    const width = Number(cell.getAttribute("width"));
    return name ? [{ name, width: width >= 64 && width <= 900 ? width : undefined }] : [];
  });
}

export function writeLayout(primaryid: string, primaryname: string, columns: { name: string; width: number }[]): string {
  const cells = columns.map((c) => `<cell name="${escape(c.name)}" width="${Math.round(c.width)}"/>`).join("");
  return `<grid name="resultset" jump="${escape(primaryname)}" select="1" icon="1" preview="1"><row name="result" id="${escape(primaryid)}">${cells}</row></grid>`;
}
