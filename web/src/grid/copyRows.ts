import { fetchTop } from "@/api/records";
import type { Row, Table } from "@/api/types";
import { isChosen, type Selection } from "./selection";
import type { GridData } from "./useGridData";

const AT_ONCE = 40;
/** More rows than this are an export. */
const MOST = 2000;

/** The chosen rows in the list's order; those that are not at hand are fetched and come last. */
export async function chosenRows(table: Table, columns: string[], selection: Selection, data: Pick<GridData, "loaded" | "read" | "count">): Promise<Row[]> {
  const idOf = (row: Row) => String(row[table.primaryid]);
  if (selection.mode === "all" && selection.within) {
    const { rows } = await fetchTop(table.entityset, { select: columns, filter: selection.within.filter, top: MOST });
    return rows.filter((r) => isChosen(selection, idOf(r)));
  }
  if (selection.mode === "all") return (await data.read(0, Math.min(data.count, MOST) - 1)).filter((r) => isChosen(selection, idOf(r)));
  const at = data.loaded().filter((r) => selection.ids.has(idOf(r)));
  const there = new Set(at.map(idOf));
  const missing = [...selection.ids].filter((id) => !there.has(id)).slice(0, MOST);
  for (let i = 0; i < missing.length; i += AT_ONCE) {
    const filter = missing.slice(i, i + AT_ONCE).map((id) => `${table.primaryid} eq ${id}`).join(" or ");
    at.push(...(await fetchTop(table.entityset, { select: columns, filter })).rows);
  }
  return at;
}

/** Puts a text on the clipboard that may still be on its way. */
export async function toClipboard(text: Promise<string>): Promise<void> {
  if (typeof ClipboardItem === "undefined") return navigator.clipboard.writeText(await text);
  await navigator.clipboard.write([new ClipboardItem({ "text/plain": text.then((s) => new Blob([s], { type: "text/plain" })) })]);
}
