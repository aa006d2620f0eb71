import { useMediaQuery } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useCallback, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { GridSearch } from "@/app/router";
import { columnOf } from "@/api/rows";
import type { Table } from "@/api/types";
import { Failure } from "@/ui/Calm";
import { toast, toastFailure } from "@/ui/toast";
import { FilterChips } from "@/filter/FilterChips";
import { useCommands } from "@/lib/commands";
import { useShortcuts } from "@/lib/keys";
import { tableIcon } from "@/ui/icons";
import { groupable } from "./GridHead";
import { GoTo } from "./GoTo";
import { GridCards } from "./GridCards";
import { GroupedRows } from "./GroupedRows";
import { GridEmpty } from "./GridEmpty";
import { GridPreview } from "./GridPreview";
import { GridTable } from "./GridTable";
import { GridToolbar } from "./GridToolbar";
import { gridState, sortFromOrderBy, UNGROUPED, widthsToText } from "./gridState";
import { LivePill } from "./LivePill";
import classes from "./RecordGrid.module.css";
import { SelectionBar } from "./SelectionBar";
import { EMPTY, useSavedViews } from "./savedViews";
import { useSelection } from "./selection";
import { chosenRows, toClipboard } from "./copyRows";
import { tableText } from "./tableText";
import { TransferMenu } from "@/transfer/TransferMenu";
import { orderBy, select, useGridData } from "./useGridData";

const ChartPane = lazy(() => import("@/charts/ChartPane"));
const Board = lazy(() => import("@/board/Board"));

export interface RecordGridProps {
  table: Table;
  search: GridSearch;
  /** A condition that always holds on this screen. */
  fixed?: string;
  /** Where a record opens. */
  open: (id: string) => string;
  /** What may be made here; none when absent. */
  newPath?: string;
  /** Said when the table is empty and nothing narrows it. */
  empty?: ReactNode;
  actions?: ReactNode;
}

/** The list of any table. Its whole state stands in the address. */
export function RecordGrid({ table: bare, search, fixed, open, newPath, empty, actions }: RecordGridProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const phone = useMediaQuery("(max-width: 767px)", undefined, { getInitialValueInEffect: false });
  // The preview is no part of the list's question: opening it must not ask again.
  const { peek, chart, board, sum, ...question } = search;
  const signature = JSON.stringify(question);
  const asked = useMemo(() => question, [signature]);
  const { table, saveable, again, ready } = useSavedViews(bare);
  const state = useMemo(() => gridState(table, asked), [table, signature]);
  const known = ready || !/^[us]-/.test(asked.view ?? "");
  // What is asked by text of its own, as some saved views, has no board.
  const asBoard = board !== undefined && !state.view?.whole;
  const data = useGridData(table, state, asked, fixed, known && !asBoard);

  const change = useCallback((next: Partial<GridSearch>) => {
    void navigate({ to: ".", search: (old: GridSearch) => ({ ...old, ...next }), replace: true });
  }, [navigate]);
  const openRecord = useCallback((id: string) => void navigate({ to: open(id) }), [navigate, open]);
  const onWidths = useCallback((widths: Record<string, number>) => change({ w: widthsToText(widths) }), [change]);
  const onPreview = useCallback((id: string | undefined) => change({ peek: id }), [change]);
  const by = state.group && !state.view?.whole ? columnOf(table, state.group) : undefined;
  const narrowed = Boolean(search.q || search.filter);
  const selection = useSelection(table, data, data.filter, !state.view?.whole);
  const jump = useRef<(row: number) => void>(undefined);
  const [going, setGoing] = useState(false);
  const far = !by && !asBoard && data.count > 0;
  useShortcuts(far ? [{ keys: "mod+g", label: "goto.title", group: "keys.list", run: () => setGoing(true) }] : []);
  useCommands([
    ...table.views.filter((v) => v.id !== state.view?.id).map((v) => ({
      id: `view-${v.id}`, label: t("palette.view", { what: v.name }), hint: table.pluralLabel, icon: tableIcon(table.logicalname, table.icon),
      run: () => change({ view: v.default ? undefined : v.id, sort: undefined, cols: undefined, w: undefined, filter: undefined, group: undefined, fz: undefined }),
    })),
    ...(by ? [{ id: "grid-ungroup", label: t("group.off"), icon: "list", run: () => change({ group: state.view?.group ? UNGROUPED : undefined }) }]
      : state.columns.filter(groupable).slice(0, 8).map((c) => ({ id: `group-${c.name}`, label: t("group.by", { column: c.label }), icon: "list", run: () => change({ group: c.name }) }))),
    ...(search.filter || search.q ? [{ id: "grid-clear", label: t("grid.clear"), icon: "close", run: () => change({ q: undefined, filter: undefined }) }] : []),
    ...(far ? [{ id: "grid-goto", label: t("goto.title"), hint: "Ctrl+G", icon: "search", run: () => setGoing(true) }] : []),
    { id: "grid-refresh", label: t("grid.refresh"), icon: "refresh", run: data.refresh },
    { id: "grid-chart", label: t("charts.show"), icon: "chart", run: () => change({ chart: chart ? undefined : "default" }) },
    ...(state.view?.whole ? [] : [{ id: "grid-board", label: t(asBoard ? "board.asList" : "board.show"), icon: "board", run: () => change({ board: asBoard ? undefined : "auto" }) }]),
  ]);
  const copyChosen = useCallback(() => {
    // The text may only be known after a fetch: the clipboard is promised it while the key press still counts.
    const text = chosenRows(table, select(table, state), selection.selection, data).then((rows) => tableText(state.columns, rows, true));
    void toClipboard(text).then(() => toast(t("select.copied")), toastFailure);
  }, [table, state, selection.selection, data, t]);

  const { total, about, filter, refresh } = data;
  const chartOpen = chart !== undefined;
  // Choosing rows and moving the cursor leave what stands over the list as it is.
  const head = useMemo(() => (
    <>
      <GridToolbar table={table} state={state} search={asked} total={total} about={about} change={change} newPath={newPath}
        actions={<>{actions}{!phone && <TransferMenu table={table} columns={state.columns} filter={filter} orderby={orderBy(table, state)} whole={state.view?.whole} by={by} />}</>}
        onRefresh={refresh} saveable={saveable} onSaved={again} chartOpen={chartOpen} boardOpen={asBoard} />
      <FilterChips table={table} value={asked.filter ?? state.view?.model} onChange={(next) => change({ filter: next ?? (state.view?.model ? EMPTY : undefined) })} />
    </>
  ), [table, state, asked, total, about, change, newPath, actions, phone, filter, by, refresh, saveable, again, chartOpen, asBoard]);

  return (
    <div className={classes.grid}>
      {head}
      <div className={classes.body}>
        <div className={classes.main}>
          {asBoard ? (
            <Suspense fallback={null}>
              <Board table={table} columns={state.columns} filter={data.filter} orderby={orderBy(table, state)} ready={known && data.ready} search={search} phone={phone} change={change} open={open} />
            </Suspense>
          ) : <>
          <LivePill count={data.fresh} label={data.fresh === 1 ? table.label : table.pluralLabel} onShow={data.refresh} />
          {data.error ? (
            <Failure error={data.error} onRetry={data.refresh} />
          ) : !data.loading && !data.stale && data.count === 0 ? (
            <GridEmpty table={table} narrowed={narrowed} newPath={newPath} onClear={() => change({ q: undefined, filter: undefined })}>{empty}</GridEmpty>
          ) : by ? (
            <GroupedRows table={table} state={state} filter={data.filter} by={by} open={open} selection={selection} />
          ) : phone ? (
            <GridCards table={table} state={state} data={data} open={open} selection={selection} change={change} jump={jump} />
          ) : (
            <GridTable table={table} state={state} data={data} peek={peek} open={open} onOpen={openRecord} onPreview={onPreview}
              onWidths={onWidths} change={change} selection={selection} onCopyChosen={copyChosen} jump={jump} />
          )}
          {going && <GoTo table={table} sort={state.sort[0] ?? sortFromOrderBy(state.view?.orderby)[0]} filter={data.filter} count={data.count} onGo={(row) => jump.current?.(row)} onClose={() => setGoing(false)} />}
          <SelectionBar context={{ table, selection: selection.selection, count: selection.count, filter: (selection.selection.mode === "all" && selection.selection.within?.filter) || data.filter, clear: selection.clear, refresh: data.refresh }} total={data.total}
            onAll={state.view?.whole ? undefined : selection.all} onCopy={copyChosen} />
          </>}
        </div>
        {chart && (
          <Suspense fallback={null}>
            <ChartPane table={table} chosen={chart} onChoose={(id) => change({ chart: id })} onFilter={(filter) => change({ filter })} onClose={() => change({ chart: undefined })} />
          </Suspense>
        )}
        {peek && !phone && <GridPreview table={table} id={peek} open={open} onClose={() => onPreview(undefined)} />}
      </div>
    </div>
  );
}
