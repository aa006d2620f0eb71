import type { Column } from "@/api/types";
import { addDays, parseDay } from "./dates";
import { type Condition, type Group, isComplete, isGroup, type Operator } from "./model";
import { pathsOf } from "./related";

/** A saved view as FetchXML has it: what is asked, in which order. */
export interface FetchView {
  filter: Group;
  order: { column: string; desc: boolean }[];
}

const direct: Partial<Record<Operator, string>> = {
  eq: "eq", ne: "ne", gt: "gt", ge: "ge", lt: "lt", le: "le", in: "in", notin: "not-in", between: "between", empty: "null", notempty: "not-null", on: "on", starts: "begins-with", ends: "ends-with",
  today: "today", yesterday: "yesterday", tomorrow: "tomorrow", thisweek: "this-week", lastweek: "last-week", nextweek: "next-week", thismonth: "this-month", lastmonth: "last-month",
  nextmonth: "next-month", thisyear: "this-year", lastyear: "last-year", lastdays: "last-x-days", nextdays: "next-x-days", olderdays: "olderthan-x-days", me: "eq-userid", notme: "ne-userid",
};
const back = new Map(Object.entries(direct).map(([ours, theirs]) => [theirs, ours as Operator]));

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);
}

function shifted(day: string, by: number): string {
  return parseDay(day) ? addDays(day, by) : day;
}

/** What stands for any text in a pattern stands for itself in what people type. */
function literalPattern(text: string): string {
  return text.replace(/[[%_]/g, (c) => `[${c}]`);
}

function writeCondition(item: Condition, aliases: Map<string, string>): string {
  const at = item.column.lastIndexOf("/");
  const where = at < 0 ? "" : ` entityname="${aliases.get(item.column.slice(0, at)) ?? ""}"`;
  const head = (op: string, value?: string) => `<condition${where} attribute="${escape(item.column.slice(at + 1))}" operator="${op}"${value === undefined ? "" : ` value="${escape(value)}"`}`;
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

function writeGroup(group: Group, aliases: Map<string, string>): string {
  const known = (i: Condition) => !i.column.includes("/") || aliases.has(i.column.slice(0, i.column.lastIndexOf("/")));
  const inner = group.items.map((i) => (isGroup(i) ? writeGroup(i, aliases) : isComplete(i) && known(i) ? writeCondition(i, aliases) : "")).join("");
  return inner ? `<filter type="${group.join}">${inner}</filter>` : "";
}

/** The lookups that a filter follows, as links, and the alias of each path. */
function writeLinks(paths: string[], related: Column[]): { links: string; aliases: Map<string, string> } {
  const aliases = new Map<string, string>();
  const steps = paths.flatMap((p) => { const via = related.find((c) => c.name === p)?.via; return via ? [via] : []; });
  const under = (prefix: string, depth: number): string => {
    const next = new Map(steps.filter((v) => v.length > depth && v.slice(0, depth).map((s) => s.step).join("/") === prefix).map((v) => [v[depth]!.step, v[depth]!]));
    return [...next.values()].map((s) => {
      const path = prefix ? `${prefix}/${s.step}` : s.step;
      const alias = `via${aliases.size + 1}`;
      aliases.set(path, alias);
      return `<link-entity name="${escape(s.table)}" from="${escape(s.from)}" to="${escape(s.to)}" link-type="outer" alias="${alias}">${under(path, depth + 1)}</link-entity>`;
    }).join("");
  };
  return { links: under("", 0), aliases };
}

/** Writes a view's question. `base` is the inside of the view that it is built upon. */
export function writeFetch(table: string, primaryid: string, columns: string[], view: FetchView, base: string, related: Column[] = []): string {
  const { links, aliases } = writeLinks(pathsOf(view.filter), related);
  const attributes = [primaryid, ...columns].map((c) => `<attribute name="${escape(c)}"/>`).join("");
  const order = view.order.map((o) => `<order attribute="${escape(o.column)}" descending="${String(o.desc)}"/>`).join("");
  const own = writeGroup(view.filter, aliases);
  const filter = base && own ? `<filter type="and">${base}${own}</filter>` : base || own;
  return `<fetch version="1.0" mapping="logical"><entity name="${escape(table)}">${attributes}${order}${filter}${links}</entity></fetch>`;
}

class Foreign extends Error {}

function children(element: Element, name: string): Element[] {
  return [...element.children].filter((c) => c.tagName === name);
}

/** The path that each alias stands for; only links that the filter builder itself would write. */
function readLinks(entity: Element, columns: Column[], path = "", out = new Map<string, string>()): Map<string, string> {
  for (const link of children(entity, "link-entity")) {
    const [name, to, alias] = ["name", "to", "alias"].map((a) => link.getAttribute(a) ?? "") as [string, string, string];
    if (!/^via\d+$/.test(alias) || link.getAttribute("link-type") !== "outer" || [...link.children].some((c) => c.tagName !== "link-entity")) throw new Foreign();
    const before = path ? `${path}/` : "";
    // Whether a step names its table is seen by the paths that are known.
    const step = columns.some((c) => c.name.startsWith(`${before}${to}.${name}/`)) ? `${to}.${name}` : to;
    out.set(alias, before + step);
    readLinks(link, columns, before + step, out);
  }
  return out;
}

function readCondition(element: Element, columns: Column[], links: Map<string, string>): Condition {
  const alias = element.getAttribute("entityname");
  if (alias !== null && !links.has(alias)) throw new Foreign();
  const column = (alias === null ? "" : `${links.get(alias)!}/`) + (element.getAttribute("attribute") ?? "");
  const theirs = element.getAttribute("operator") ?? "";
  const value = element.getAttribute("value");
  if (!columns.some((c) => c.name === column) || element.hasAttribute("valueof")) throw new Foreign();
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

function readGroup(element: Element, columns: Column[], links: Map<string, string>): Group {
  const items = [...element.children].map((child) => {
    if (child.tagName === "filter") return readGroup(child, columns, links);
    if (child.tagName === "condition") return readCondition(child, columns, links);
    throw new Foreign();
  });
  return { join: element.getAttribute("type") === "or" ? "or" : "and", items };
}

/** The paths that a view's conditions might mean: each step with its table's name and without. */
export function possiblePaths(text: string): string[] {
  const entity = new DOMParser().parseFromString(text, "text/xml").querySelector("fetch > entity");
  if (!entity) return [];
  const prefixes = new Map<string, string[]>();
  const walk = (element: Element, before: string[]) => {
    for (const link of children(element, "link-entity")) {
      const [name, to] = [link.getAttribute("name") ?? "", link.getAttribute("to") ?? ""];
      const paths = before.flatMap((b) => [`${b}${to}/`, `${b}${to}.${name}/`]);
      prefixes.set(link.getAttribute("alias") ?? "", paths);
      walk(link, paths);
    }
  };
  walk(entity, [""]);
  return [...entity.querySelectorAll("filter condition[entityname]")].flatMap((c) => (prefixes.get(c.getAttribute("entityname") ?? "") ?? []).map((p) => p + (c.getAttribute("attribute") ?? "")));
}

/** Reads a view; undefined when it asks more than the filter builder can show. Columns of related tables are known by their paths. */
export function readFetch(text: string, columns: Column[]): FetchView | undefined {
  const entity = new DOMParser().parseFromString(text, "text/xml").querySelector("fetch > entity");
  if (!entity || entity.parentElement?.getAttribute("aggregate") === "true") return undefined;
  try {
    const links = readLinks(entity, columns);
    const groups = children(entity, "filter").map((f) => readGroup(f, columns, links));
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

/** What a view keeps beside its columns, in attributes of our own that other programs pass over. */
export interface Arrangement {
  group?: string;
  frozen?: number;
}

export function readArrangement(text: string): Arrangement {
  const grid = new DOMParser().parseFromString(text, "text/xml").querySelector("grid");
  const frozen = Number(grid?.getAttribute("rpt_frozen"));
  return { group: grid?.getAttribute("rpt_group") || undefined, frozen: frozen > 1 && frozen <= 6 ? frozen : undefined };
}

export function writeLayout(primaryid: string, primaryname: string, columns: { name: string; width: number }[], { group, frozen }: Arrangement = {}): string {
  const cells = columns.map((c) => `<cell name="${escape(c.name)}" width="${Math.round(c.width)}"/>`).join("");
  const ours = `${group ? ` rpt_group="${escape(group)}"` : ""}${frozen && frozen > 1 ? ` rpt_frozen="${frozen}"` : ""}`;
  return `<grid name="resultset" jump="${escape(primaryname)}" select="1" icon="1" preview="1"${ours}><row name="result" id="${escape(primaryid)}">${cells}</row></grid>`;
}
