import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { GridSearch } from "@/app/router";
import type { Table } from "@/api/types";
import { useShortcuts } from "@/lib/keys";
import { rowHeight, useSettings } from "@/lib/settings";
import { GridHead } from "./GridHead";
import { GridRow } from "./GridRow";
import { type GridState, moveColumn, nextSort, sortFromOrderBy, sortToText } from "./gridState";
import classes from "./GridTable.module.css";
import { useColumnModel } from "./useColumnModel";
import type { GridData } from "./useGridData";
import { useRoving } from "./useRoving";

const HEAD = 34;
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
}

export function GridTable({ table, state, data, peek, open, onOpen, onPreview, onWidths, change }: Props) {
  const { t } = useTranslation();
  const { density, singleKeys } = useSettings();
  const height = rowHeight[density];
  const scroller = useRef<HTMLDivElement>(null);
  const [menu, setMenu] = useState<number>();
  const model = useColumnModel(state, onWidths);
  const { rows, more, loadMore } = data;
  const idAt = useCallback((row: number) => (rows[row] ? String(rows[row][table.primaryid]) : undefined), [rows, table.primaryid]);

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

  const toggleSort = useCallback((name: string) => change({ sort: sortToText(nextSort(state.sort, name)) }), [change, state.sort]);
  const reveal = useCallback((row: number) => virtual.scrollToIndex(row, { align: "auto" }), [virtual]);
  const roving = useRoving({
    rows: rows.length,
    cols: state.columns.length,
    scroller,
    reveal,
    letters: singleKeys,
    page: () => Math.max(1, Math.floor(((scroller.current?.clientHeight ?? 400) - HEAD) / height) - 1),
    onOpen: (row) => { const id = idAt(row); if (id) onOpen(id); },
    onPreview: (row) => { const id = idAt(row); onPreview(id === peek ? undefined : id); },
    onHead: (col, asMenu) => {
      const column = state.columns[col];
      if (asMenu) setMenu(col);
      else if (column?.sortable) toggleSort(column.name);
    },
  });
  focused.current = roving.row;
  const step = (by: number) => roving.goTo({ row: Math.max(0, Math.min(rows.length - 1, roving.row + (entered.current ? by : 0))), col: roving.col });
  useShortcuts([
    { keys: "j", label: "keys.next", group: "keys.list", run: () => step(1) },
    { keys: "k", label: "keys.previous", group: "keys.list", run: () => step(-1) },
    { keys: "enter", label: "keys.openRow", group: "keys.list" },
    { keys: "space", label: "keys.preview", group: "keys.list" },
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

  const sorting = state.sort.length ? state.sort : sortFromOrderBy(state.view?.orderby);
  const names = useMemo(() => state.columns.map((c) => c.name), [state.columns]);
  const { goTo } = roving;
  const onCell = useCallback((row: number, col: number) => goTo({ row, col }), [goTo]);

  return (
    <>
    <div ref={scroller} className={classes.scroller} role="grid" aria-label={table.pluralLabel} aria-busy={data.loading || data.stale}
      aria-rowcount={data.total === undefined ? -1 : data.total + 1} aria-colcount={state.columns.length} onKeyDown={roving.onKeyDown} onFocus={() => { entered.current = true; }}
      style={{ ["--cols" as string]: model.template, ["--first" as string]: `${model.headers[0]?.getSize() ?? 200}px`, ["--row" as string]: `${height}px` }}
      data-stale={data.stale || undefined}>
      <div className={classes.sizer} role="presentation" style={{ minWidth: model.total }}>
        <GridHead columns={state.columns} headers={model.headers} sorting={sorting} active={roving.row === -1 ? roving.col : undefined} menu={menu}
          resizing={model.resizing} onMenu={setMenu} onFocus={(col) => roving.goTo({ row: -1, col }, false)} onSort={toggleSort}
          onSortTo={(column, desc) => change({ sort: sortToText([{ column, desc }]) })}
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
                onCell={onCell} onOpen={onOpen} id={id} />
            ) : (
              <div key={`wait-${item.index}`} aria-hidden="true" className={classes.waiting} style={{ transform: `translateY(${item.start - HEAD}px)` }}>
                <span style={{ inlineSize: `${34 + ((item.index * 37) % 30)}%` }} />
              </div>
            );
          })}
        </div>
      </div>
    </div>
    <div role="status" className="sr-only">
      {data.loading ? t("grid.loading") : data.total !== undefined ? t("grid.count", { count: data.total }) : ""}
    </div>
    </>
  );
}
