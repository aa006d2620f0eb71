import { type ClipboardEvent, type KeyboardEvent, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { useTranslation } from "react-i18next";
import type { GridSearch } from "@/app/router";
import type { Table } from "@/api/types";
import { isRtl } from "@/lib/direction";
import { pressed, useShortcuts } from "@/lib/keys";
import { MergeDialog } from "@/record/MergeDialog";
import { rowHeight, useSettings } from "@/lib/settings";
import { GridHead, type HeadActions } from "./GridHead";
import { GridRow, NAME, type RowActions } from "./GridRow";
import { addSort, type GridState, MAX_WIDTH, MIN_WIDTH, moveColumn, nextSort, sortFromOrderBy, sortToText } from "./gridState";
import classes from "./GridTable.module.css";
import { PasteDialog } from "./PasteDialog";
import { isChosen, type SelectionHandle } from "./selection";
import { tableText } from "./tableText";
import { useCellEdit } from "./useCellEdit";
import { useColumnModel } from "./useColumnModel";
import type { GridData } from "./useGridData";
import { useRoving } from "./useRoving";
import { useTall } from "./useTall";

const HEAD = 34;

/** The person's own sorting, else the view's. */
const sortingOf = (state: GridState) => (state.sort.length ? state.sort : sortFromOrderBy(state.view?.orderby));

/** Where lists were left, by what they asked: who comes back finds the row again. */
const left = new Map<string, { place: number; row: number; col: number }>();
const LEFT_MOST = 50;

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
  onCopyChosen: () => void;
  /** Leads the cursor to a row; the list puts it here. */
  jump: { current: ((row: number) => void) | undefined };
}

export function GridTable({ table, state, data, peek, open, onOpen, onPreview, onWidths, change, selection, onCopyChosen, jump }: Props) {
  const { t } = useTranslation();
  const { density } = useSettings();
  const height = rowHeight[density];
  const scroller = useRef<HTMLDivElement>(null);
  const [menu, setMenu] = useState<number>();
  const model = useColumnModel(state, onWidths);
  const { rowAt, count } = data;
  const idAt = useCallback((index: number) => {
    const row = rowAt(index);
    return row && String(row[table.primaryid]);
  }, [rowAt, table.primaryid]);

  const cells = useCellEdit(table, data.loaded);
  const [pasted, setPasted] = useState<{ text: string; row: number; col: number }>();

  /** Whether the cursor has been in the list yet: the first j goes to the first row, not past it. */
  const entered = useRef(false);
  const [begin] = useState(() => left.get(data.question));
  const [cursorRow, setCursorRow] = useState(begin?.row ?? 0);
  // The row of the cursor stays mounted, or the keyboard would lose its place.
  const list = useTall({ count: count || (data.loading ? 20 : 0), height, head: HEAD, scroller, keep: cursorRow });

  const toggleSort = useCallback((name: string, more: boolean) => change({ sort: sortToText(more ? addSort(sortingOf(state), name) : nextSort(state.sort, name)) }), [change, state]);
  const names = useMemo(() => state.columns.map((c) => c.name), [state.columns]);
  const { reveal, goTo: scrollTo, placeNow } = list;
  const roving = useRoving({
    rows: count,
    begin,
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
      if (place.row < 0) return onHeadKey(event, place.col);
      if (pressed(event, "select.toggle", "x")) selection.toggle(place.row, false);
      else if (event.key.toLowerCase() === "x" && event.shiftKey && !event.ctrlKey && !event.metaKey) selection.toggle(place.row, true);
      else if ((event.ctrlKey || event.metaKey) && event.key === "a") selection.toggleAll();
      else if (event.key === "F2" || pressed(event, "select.edit", "e")) return startEdit(place.row, place.col);
      else return false;
      return true;
    },
  });
  const { goTo: leadTo } = roving;
  /** The column that is being moved by keys, and the order that is to be. */
  const carried = useRef<{ name: string; names: string[] }>(undefined);
  /** On a column's head: Shift with an arrow makes it wider or narrower, Ctrl and Shift move it. */
  const onHeadKey = (event: KeyboardEvent, col: number) => {
    const column = state.columns[col];
    if (!column || !event.shiftKey || (event.key !== "ArrowLeft" && event.key !== "ArrowRight")) return false;
    const by = (event.key === "ArrowRight") === isRtl() ? -1 : 1;
    if (event.ctrlKey || event.metaKey) {
      // A key held down comes again before the heads stand anew: it goes on from where they will be.
      const from = carried.current?.name === column.name ? carried.current.names : names;
      const next = moveColumn(from, column.name, from.indexOf(column.name) + by);
      if (next === from) return true;
      carried.current = { name: column.name, names: next };
      change({ cols: next.join(",") });
    } else onWidths({ ...state.widths, [column.name]: Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, (state.widths[column.name] ?? 160) + by * 16)) });
    return true;
  };
  // The cursor goes along with its column, once that is drawn at its new place.
  useLayoutEffect(() => {
    if (!carried.current) return;
    const { name, names: last } = carried.current;
    if (names.join() === last.join()) carried.current = undefined;
    if (names.includes(name)) leadTo({ row: -1, col: names.indexOf(name) });
  }, [names, leadTo]);
  const startEdit = (index: number, col: number) => {
    const row = rowAt(index);
    const column = state.columns[col];
    return row !== undefined && column !== undefined && cells.start(row, column);
  };
  useEffect(() => setCursorRow(roving.row), [roving.row]);
  const step = (by: number) => roving.goTo({ row: Math.max(0, Math.min(count - 1, roving.row + (entered.current ? by : 0))), col: roving.col });
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
    { keys: "shift+arrowright", label: "grid.widthKey", group: "keys.list" },
    { keys: "mod+shift+arrowright", label: "grid.moveKey", group: "keys.list" },
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

  useEffect(() => { jump.current = (row) => { reveal(row, true); leadTo({ row, col: 0 }); }; }, [jump, reveal, leadTo]);
  const { show } = data;
  useEffect(() => show(list.first, list.last), [show, list.first, list.last]);

  // Another question begins at its top; the same one where it was left.
  const asked = useRef(data.question);
  useLayoutEffect(() => {
    if (begin && count > 0) scrollTo(begin.place);
    // Once, when the rows are there again.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [begin, count > 0]);
  useLayoutEffect(() => {
    if (asked.current === data.question) return;
    asked.current = data.question;
    scrollTo(0);
    roving.goTo({ row: Math.min(roving.row, 0), col: roving.col }, false);
    // Only another question counts.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [data.question]);
  const leaving = useRef({ row: 0, col: 0 });
  leaving.current = { row: Math.max(0, roving.row), col: roving.col };
  useEffect(() => () => {
    left.delete(asked.current);
    left.set(asked.current, { place: placeNow(), ...leaving.current });
    if (left.size > LEFT_MOST) left.delete(left.keys().next().value!);
  }, [placeNow]);

  const sorting = useMemo(() => sortingOf(state), [state]);
  const frozen = useMemo(() => {
    const widths = model.template.split(" ").map((w) => Number.parseFloat(w));
    return state.columns.slice(0, state.frozen).map((_, i) => widths.slice(0, i).reduce((sum, w) => sum + w, 0));
  }, [model.template, state.columns, state.frozen]);

  const headActions = useMemo((): HeadActions => ({
    onMenu: setMenu,
    onFocus: (col) => leadTo({ row: -1, col }, false),
    onSort: toggleSort,
    onSortTo: (column, desc) => change({ sort: sortToText([{ column, desc }]) }),
    onFreeze: (count) => change({ fz: count > 1 || state.view?.frozen ? String(count) : undefined }),
    onGroup: (group) => change({ group }),
    onChoose: () => latest.current.selection.toggleAll(),
    onMove: (name, to) => change({ cols: moveColumn(names, name, to).join(",") }),
    onHide: (name) => change({ cols: names.filter((n) => n !== name).join(",") }),
    onWidth: (name, by) => onWidths({ ...state.widths, [name]: Math.max(MIN_WIDTH, (state.widths[name] ?? 160) + by) }),
  }), [state, leadTo, toggleSort, change, names, onWidths]);
  const { headers, resizing } = model;
  const { some } = selection;
  const active = roving.row === -1 ? roving.col : undefined;
  // The menus of a dozen columns cost more than the rows: they stay as they are while rows pass by.
  const head = useMemo(() => (
    <GridHead columns={state.columns} headers={headers} sorting={sorting} active={active} menu={menu} resizing={resizing} frozen={frozen} chosen={some} actions={headActions} />
  ), [state.columns, headers, sorting, active, menu, resizing, frozen, some, headActions]);

  // One object for all rows that never changes: rows render again only for reasons of their own.
  const latest = useRef({ cells, startEdit, selection, cols: state.columns.length });
  latest.current = { cells, startEdit, selection, cols: state.columns.length };
  const actions = useMemo((): RowActions => ({
    onOpen,
    onCell: (row, col) => leadTo({ row, col }),
    onEdit: (index, col) => latest.current.startEdit(index, col),
    onDraft: (draft) => latest.current.cells.draft(draft),
    onCommit: (column, draft) => latest.current.cells.commit(column, draft),
    onCancel: (row, col) => { latest.current.cells.cancel(); leadTo({ row, col }); },
    onTab: (row, col, by) => {
      const next = Math.max(0, Math.min(latest.current.cols - 1, col + by));
      // At once: what is typed right after Tab belongs to the next cell.
      flushSync(() => {
        const goesOn = next !== col && latest.current.startEdit(row, next);
        leadTo({ row, col: next }, !goesOn);
      });
    },
    onChoose: (index, range) => { leadTo({ row: index, col: 0 }, false); latest.current.selection.toggle(index, range); },
  }), [onOpen, leadTo]);

  const words = useMemo(() => ({ choose: t("select.row", { name: NAME }), unnamed: t("value.unnamed") }), [t]);

  // After an edit the cursor is on its cell again.
  const edited = useRef(false);
  useEffect(() => {
    if (edited.current && !cells.edit && !scroller.current?.contains(document.activeElement)) leadTo({ row: roving.row, col: roving.col });
    edited.current = cells.edit !== undefined;
  });

  function onCopy(event: ClipboardEvent) {
    if (event.target instanceof HTMLInputElement || String(getSelection() ?? "") !== "") return;
    if (selection.count !== 0) {
      event.preventDefault();
      return onCopyChosen();
    }
    const row = rowAt(roving.row);
    const text = row ? tableText(state.columns.slice(roving.col, roving.col + 1), [row], false) : "";
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
      tabIndex={-1} aria-rowcount={data.total === undefined ? -1 : data.total + 1} aria-colcount={state.columns.length} onKeyDown={roving.onKeyDown} onCopy={onCopy} onPaste={onPaste} aria-multiselectable="true" onFocus={(e) => {
        entered.current = true;
        // The cursor is where the focus is, however it came there.
        const [row, col] = (e.target.dataset.place ?? "").split(":").map(Number);
        if (row !== undefined && col !== undefined && (row !== roving.row || col !== roving.col)) roving.goTo({ row, col }, false);
      }}
      style={{ ["--cols" as string]: model.template, ["--first" as string]: `${(frozen.at(-1) ?? 0) + (model.headers[frozen.length - 1]?.getSize() ?? 200)}px`, ["--row" as string]: `${height}px` }}
      data-stale={data.stale || undefined}>
      <div className={classes.sizer} role="presentation" style={{ minWidth: model.total }}>
        {head}
        <div role="rowgroup" className={classes.rows} style={{ height: list.height }}>
          {list.rows.map((index) => {
            const row = rowAt(index);
            const id = row && String(row[table.primaryid]);
            const top = list.topOf(index);
            return row && id ? (
              <GridRow key={index} table={table} columns={state.columns} row={row} index={index} offset={top} href={open(id)}
                activeCol={roving.row === index ? roving.col : undefined} peeked={id === peek} gone={data.gone.has(id)}
                id={id} frozen={frozen} chosen={isChosen(selection.selection, id)} edit={cells.edit?.id === id ? cells.edit : undefined} actions={actions} words={words} />
            ) : (
              <div key={index} aria-hidden="true" className={classes.waiting} style={{ transform: `translateY(${top}px)` }}>
                <span style={{ inlineSize: `${34 + ((index * 37) % 30)}%` }} />
              </div>
            );
          })}
        </div>
      </div>
    </div>
    {cells.conflict && <MergeDialog conflict={cells.conflict} onResolve={cells.resolve} />}
    {pasted && <PasteDialog table={table} columns={state.columns.slice(pasted.col)} read={(n) => data.read(pasted.row, Math.min(count, pasted.row + n) - 1)} left={count - pasted.row} text={pasted.text} write={cells.write} onClose={() => setPasted(undefined)} />}
    <div role="status" className="sr-only">
      {data.loading ? t("grid.loading") : data.total !== undefined ? t("grid.count", { count: data.total }) : ""}
    </div>
    </>
  );
}
