import { useMediaQuery } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { GridSearch } from "@/app/router";
import type { Table } from "@/api/types";
import { Failure } from "@/ui/Calm";
import { toast } from "@/ui/toast";
import { FilterChips } from "@/filter/FilterChips";
import { GridCards } from "./GridCards";
import { GridEmpty } from "./GridEmpty";
import { GridPreview } from "./GridPreview";
import { GridTable } from "./GridTable";
import { GridToolbar } from "./GridToolbar";
import { gridState, widthsToText } from "./gridState";
import { LivePill } from "./LivePill";
import classes from "./RecordGrid.module.css";
import { SelectionBar } from "./SelectionBar";
import { isChosen, useSelection } from "./selection";
import { tableText } from "./tableText";
import { useGridData } from "./useGridData";

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
export function RecordGrid({ table, search, fixed, open, newPath, empty, actions }: RecordGridProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const phone = useMediaQuery("(max-width: 767px)", undefined, { getInitialValueInEffect: false });
  // The preview is no part of the list's question: opening it must not ask again.
  const { peek, ...asked } = search;
  const signature = JSON.stringify(asked);
  const state = useMemo(() => gridState(table, asked), [table, signature]);
  const data = useGridData(table, state, asked, fixed);

  const change = useCallback((next: Partial<GridSearch>) => {
    void navigate({ to: ".", search: (old: GridSearch) => ({ ...old, ...next }), replace: true });
  }, [navigate]);
  const openRecord = useCallback((id: string) => void navigate({ to: open(id) }), [navigate, open]);
  const onWidths = useCallback((widths: Record<string, number>) => change({ w: widthsToText(widths) }), [change]);
  const onPreview = useCallback((id: string | undefined) => change({ peek: id }), [change]);
  const narrowed = Boolean(search.q || search.filter);
  const ids = useMemo(() => data.rows.map((r) => String(r[table.primaryid])), [data.rows, table.primaryid]);
  const selection = useSelection(ids, data.total, data.filter);
  const copyChosen = () => {
    const chosen = data.rows.filter((r) => isChosen(selection.selection, String(r[table.primaryid])));
    void navigator.clipboard?.writeText(tableText(state.columns, chosen, true)).then(() => toast(t("select.copied")));
  };

  return (
    <div className={classes.grid}>
      <GridToolbar table={table} state={state} search={asked} total={data.total} change={change} newPath={newPath} actions={actions}
        onRefresh={data.refresh} />
      <FilterChips table={table} value={search.filter} onChange={(filter) => change({ filter })} />
      <div className={classes.body}>
        <div className={classes.main}>
          <LivePill count={data.fresh} label={data.fresh === 1 ? table.label : table.pluralLabel} onShow={data.refresh} />
          {data.error ? (
            <Failure error={data.error} onRetry={data.refresh} />
          ) : !data.loading && data.rows.length === 0 ? (
            <GridEmpty table={table} narrowed={narrowed} newPath={newPath} onClear={() => change({ q: undefined, filter: undefined })}>{empty}</GridEmpty>
          ) : phone ? (
            <GridCards table={table} state={state} data={data} open={open} />
          ) : (
            <GridTable table={table} state={state} data={data} peek={peek} open={open} onOpen={openRecord} onPreview={onPreview}
              onWidths={onWidths} change={change} selection={selection} />
          )}
          <SelectionBar context={{ table, selection: selection.selection, count: selection.count, filter: data.filter, clear: selection.clear, refresh: data.refresh }} total={data.total}
            loadedAll={selection.loaded === "all"} onAll={selection.all} onCopy={copyChosen} />
        </div>
        {peek && !phone && <GridPreview table={table} id={peek} open={open} onClose={() => onPreview(undefined)} />}
      </div>
    </div>
  );
}
