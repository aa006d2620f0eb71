import type { Column, Row } from "@/api/types";
import { display } from "@/lib/format";

/** A cell as spreadsheets take it: what would break the row is put in quotes. */
function cell(text: string): string {
  return /[\t\n\r"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows as lines of cells with tabs between, as spreadsheets exchange them. */
export function tableText(columns: Column[], rows: Row[], heads: boolean): string {
  const lines = rows.map((row) => columns.map((c) => cell(display(c, row))).join("\t"));
  return [...(heads ? [columns.map((c) => cell(c.label)).join("\t")] : []), ...lines].join("\n");
}

/** Reads lines of cells with tabs between; quoted cells may hold tabs, quotes and line ends. */
export function readTable(text: string): string[][] {
  const rows: string[][] = [[]];
  let at = 0;
  let value = "";
  const plain = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "");
  while (at < plain.length) {
    const char = plain[at]!;
    if (char === '"' && value === "") {
      let end = at + 1;
      while (end < plain.length && (plain[end] !== '"' || plain[end + 1] === '"')) end += plain[end] === '"' ? 2 : 1;
      value = plain.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
      continue;
    }
    if (char === "\t" || char === "\n") {
      rows.at(-1)!.push(value);
      value = "";
      if (char === "\n") rows.push([]);
    } else value += char;
    at += 1;
  }
  rows.at(-1)!.push(value);
  return rows;
}
