import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { type ClipboardEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { GridSearch } from "@/app/router";
import type { Table } from "@/api/types";
import { pressed, useShortcuts } from "@/lib/keys";
import { MergeDialog } from "@/record/MergeDialog";
import { rowHeight, useSettings } from "@/lib/settings";
import { GridHead } from "./GridHead";
import { GridRow, type RowActions } from "./GridRow";
import { addSort, type GridState, moveColumn, nextSort, sortFromOrderBy, sortToText } from "./gridState";
import classes from "./GridTable.module.css";
import { PasteDialog } from "./PasteDialog";
import { isChosen, type SelectionHandle } from "./selection";
import { tableText } from "./tableText";
import { useCellEdit } from "./useCellEdit";
import { useColumnModel } from "./useColumnModel";
import type { GridData } from "./useGridData";
import { useRoving } from "./useRoving";

const HEAD = 34;

/** The person's own sorting, else the view's. */
const sortingOf = (state: GridState) => (state.sort.length ? state.sort : sortFromOrderBy(state.view?.orderby));

const AHEAD = 40;

interface Props {
  table: Table;
  state: GridState;
  data: GridData;
  peek?: string;
  open: (id: string) => string;
  onOpen: (id: string) => void;
  onPreview: (id: string | undefined) => void;
  onWidths: (widths: Record<string, number>) => void;
  change: (next: Partial<GridSearch>) => void;
  selection: SelectionHandle;
}

export function GridTable({ table, state, data, peek, open, onOpen, onPreview, onWidths, change, selection }: Props) {
  const { t } = useTranslation();
  const { density } = useSettings();
  const height = rowHeight[density];
  const scroller = useRef<HTMLDivElement>(null);
  const [menu, setMenu] = useState<number>();
  const model = useColumnModel(state, onWidths);
  const { rows, more, loadMore } = data;
  const idAt = useCallback((row: number) => (rows[row] ? String(rows[row][table.primaryid]) : undefined), [rows, table.primaryid]);

  const cells = useCellEdit(table, rows);
  const [pasted, setPasted] = useState<{ text: string; row: number; col: number }>();

  const focused = useRef(0);
  /** Whether the cursor has been in the list yet: the first j goes to the first row, not past it. */
  const entered = useRef(false);
  const virtual = useVirtualizer({
    count: rows.length + (more || data.loading ? (data.loading ? 20 : 3) : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: HEAD,
    scrollPaddingStart: HEAD,
    // The focused row stays mounted, or the keyboard would lose its place.
    rangeExtractor: useCallback((range: Range) => {
      const shown = defaultRangeExtractor(range);
      const keep = focused.current;
      return keep < 0 || keep >= range.count || shown.includes(keep) ? shown : [...shown, keep].sort((a, b) => a - b);
    }, []),
  });
  useEffect(() => virtual.measure(), [height, virtual]);

  const toggleSort = useCallback((name: string, more: boolean) => change({ sort: sortToText(more ? addSort(sortingOf(state), name) : nextSort(state.sort, name)) }), [change, state]);
  const reveal = useCallback((row: number) => virtual.scrollToIndex(row, { align: "auto" }), [virtual]);
  const roving = useRoving({
    rows: rows.length,
    cols: state.columns.length,
    scroller,
    reveal,
    page: () => Math.max(1, Math.floor(((scroller.current?.clientHeight ?? 400) - HEAD) / height) - 1),
    onOpen: (row) => { const id = idAt(row); if (id) onOpen(id); },
    onPreview: (row) => { const id = idAt(row); onPreview(id === peek ? undefined : id); },
    onHead: (col, asMenu, more) => {
      const column = state.columns[col];
      if (asMenu) setMenu(col);
      else if (column?.sortable) toggleSort(column.name, more);
    },
    onKey: (event, place) => {
      if (event.key === "Escape" && selection.count !== 0) {
        selection.clear();
        return true;
      }
      if (place.row < 0) return false;
      if (pressed(event, "select.toggle", "x")) selection.toggle(place.row, false);
      else if (event.key.toLowerCase() === "x" && event.shiftKey && !event.ctrlKey && !event.metaKey) selection.toggle(place.row, true);
      else if ((event.ctrlKey || event.metaKey) && event.key === "a") selection.toggleLoaded();
      else if (event.key === "F2" || pressed(event, "select.edit", "e")) return startEdit(place.row, place.col);
      else return false;
      return true;
    },
  });
  const startEdit = (index: number, col: number) => {
    const row = rows[index];
    const column = state.columns[col];
    return row !== undefined && column !== undefined && cells.start(row, column);
  };
  focused.current = roving.row;
  const step = (by: number) => roving.goTo({ row: Math.max(0, Math.min(rows.length - 1, roving.row + (entered.current ? by : 0))), col: roving.col });
  useShortcuts([
    { keys: "j", label: "keys.next", group: "keys.list", run: () => step(1) },
    { keys: "k", label: "keys.previous", group: "keys.list", run: () => step(-1) },
    { keys: "enter", label: "keys.openRow", group: "keys.list" },
    { keys: "space", label: "keys.preview", group: "keys.list" },
    { keys: "x", label: "select.toggle", group: "keys.list" },
    { keys: "shift+x", label: "select.range", group: "keys.list" },
    { keys: "mod+a", label: "select.loaded", group: "keys.list" },
    { keys: "e", label: "select.edit", group: "keys.list" },
    { keys: "mod+c", label: "select.copy", group: "keys.list" },
    { keys: "mod+v", label: "select.pasteKey", group: "keys.list" },
  ]);

  // An open preview follows the cursor.
  const here = idAt(roving.row);
  const following = useRef(peek);
  useEffect(() => {
    if (peek && here && following.current === peek && here !== peek) onPreview(here);
    following.current = here ?? peek;
    // Only the cursor's moves count here.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [here]);

  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && lastShown >= rows.length - AHEAD) loadMore();
  }, [lastShown, more, rows.length, loadMore]);

  const sorting = sortingOf(state);
  const names = useMemo(() => state.columns.map((c) => c.name), [state.columns]);
  const { goTo } = roving;
  const frozen = useMemo(() => {
    const widths = model.template.split(" ").map((w) => Number.parseFloat(w));
    return state.columns.slice(0, state.frozen).map((_, i) => widths.slice(0, i).reduce((sum, w) => sum + w, 0));
  }, [model.template, state.columns, state.frozen]);

  // One object for all rows that never changes: rows render again only for reasons of their own.
  const latest = useRef({ cells, startEdit, selection, cols: state.columns.length });
  latest.current = { cells, startEdit, selection, cols: state.columns.length };
  const actions = useMemo((): RowActions => ({
    onOpen,
    onCell: (row, col) => goTo({ row, col }),
    onEdit: (index, col) => latest.current.startEdit(index, col),
    onDraft: (draft) => latest.current.cells.draft(draft),
    onCommit: (column, draft) => latest.current.cells.commit(column, draft),
    onCancel: (row, col) => { latest.current.cells.cancel(); goTo({ row, col }); },
    onTab: (row, col, by) => {
      const next = Math.max(0, Math.min(latest.current.cols - 1, col + by));
      goTo({ row, col: next });
      if (next !== col) setTimeout(() => latest.current.startEdit(row, next));
    },
    onChoose: (index, range) => { goTo({ row: index, col: 0 }, false); latest.current.selection.toggle(index, range); },
  }), [onOpen, goTo]);

  // After an edit the cursor is on its cell again.
  const edited = useRef(false);
  useEffect(() => {
    if (edited.current && !cells.edit && !scroller.current?.contains(document.activeElement)) goTo({ row: roving.row, col: roving.col });
    edited.current = cells.edit !== undefined;
  });

  function onCopy(event: ClipboardEvent) {
    if (event.target instanceof HTMLInputElement || String(getSelection() ?? "") !== "") return;
    const chosen = rows.filter((r) => isChosen(selection.selection, String(r[table.primaryid])));
    const row = rows[roving.row];
    const text = chosen.length > 0 ? tableText(state.columns, chosen, true) : row ? tableText(state.columns.slice(roving.col, roving.col + 1), [row], false) : "";
    if (!text) return;
    event.preventDefault();
    event.clipboardData.setData("text/plain", text);
  }
  function onPaste(event: ClipboardEvent) {
    const text = event.clipboardData.getData("text/plain");
    if (!text.trim() || roving.row < 0 || !table.privileges.write) return;
    event.preventDefault();
    setPasted({ text, row: roving.row, col: roving.col });
  }

  return (
    <>
    <div ref={scroller} className={classes.scroller} role="grid" aria-label={table.pluralLabel} aria-busy={data.loading || data.stale}
      aria-rowcount={data.total === undefined ? -1 : data.total + 1} aria-colcount={state.columns.length} onKeyDown={roving.onKeyDown} onCopy={onCopy} onPaste={onPaste} aria-multiselectable="true" onFocus={(e) => {
        entered.current = true;
        // The cursor is where the focus is, however it came there.
        const [row, col] = (e.target.dataset.place ?? "").split(":").map(Number);
        if (row !== undefined && col !== undefined && (row !== roving.row || col !== roving.col)) roving.goTo({ row, col }, false);
      }}
      style={{ ["--cols" as string]: model.template, ["--first" as string]: `${(frozen.at(-1) ?? 0) + (model.headers[frozen.length - 1]?.getSize() ?? 200)}px`, ["--row" as string]: `${height}px` }}
      data-stale={data.stale || undefined}>
      <div className={classes.sizer} role="presentation" style={{ minWidth: model.total }}>
        <GridHead columns={state.columns} headers={model.headers} sorting={sorting} active={roving.row === -1 ? roving.col : undefined} menu={menu}
          resizing={model.resizing} onMenu={setMenu} onFocus={(col) => roving.goTo({ row: -1, col }, false)} onSort={toggleSort}
          onSortTo={(column, desc) => change({ sort: sortToText([{ column, desc }]) })}
          frozen={frozen} onFreeze={(count) => change({ fz: count > 1 ? String(count) : undefined })} onGroup={(group) => change({ group })}
          chosen={selection.loaded} onChoose={selection.toggleLoaded}
          onMove={(name, to) => change({ cols: moveColumn(names, name, to).join(",") })}
          onHide={(name) => change({ cols: names.filter((n) => n !== name).join(",") })}
          onWidth={(name, by) => onWidths({ ...state.widths, [name]: Math.max(64, (state.widths[name] ?? 160) + by) })} />
        <div role="rowgroup" className={classes.rows} style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index];
            const id = idAt(item.index);
            return row && id ? (
              <GridRow key={id} table={table} columns={state.columns} row={row} index={item.index} offset={item.start - HEAD} href={open(id)}
                activeCol={roving.row === item.index ? roving.col : undefined} peeked={id === peek} gone={data.gone.has(id)}
                id={id} frozen={frozen} chosen={isChosen(selection.selection, id)} edit={cells.edit?.id === id ? cells.edit : undefined} actions={actions} />
            ) : (
              <div key={`wait-${item.index}`} aria-hidden="true" className={classes.waiting} style={{ transform: `translateY(${item.start - HEAD}px)` }}>
                <span style={{ inlineSize: `${34 + ((item.index * 37) % 30)}%` }} />
              </div>
            );
          })}
        </div>
      </div>
    </div>
    {cells.conflict && <MergeDialog conflict={cells.conflict} onResolve={cells.resolve} />}
    {pasted && <PasteDialog table={table} columns={state.columns.slice(pasted.col)} rows={rows.slice(pasted.row)} text={pasted.text} save={cells.save} onClose={() => setPasted(undefined)} />}
    <div role="status" className="sr-only">
      {data.loading ? t("grid.loading") : data.total !== undefined ? t("grid.count", { count: data.total }) : ""}
    </div>
    </>
  );
}
