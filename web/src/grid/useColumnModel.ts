import {
  type ColumnDef, columnOrderingFeature, columnResizingFeature, columnSizingFeature, columnVisibilityFeature, tableFeatures, useTable,
} from "@tanstack/react-table";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Row } from "@/api/types";
import { isRtl } from "@/lib/direction";
import { type GridState, MAX_WIDTH, MIN_WIDTH } from "./gridState";

const features = tableFeatures({ columnOrderingFeature, columnVisibilityFeature, columnSizingFeature, columnResizingFeature });
const noRows: Row[] = [];

/**
 * Order, visibility and width of the columns. Widths change here while a head
 * is dragged and reach the address once, when it is let go.
 */
export function useColumnModel(state: GridState, onWidths: (widths: Record<string, number>) => void) {
  const [sizing, setSizing] = useState(state.widths);
  useEffect(() => setSizing(state.widths), [state.widths]);

  const defs = useMemo(
    (): ColumnDef<typeof features, Row>[] =>
      state.columns.map((c) => ({ id: c.name, header: c.label, minSize: MIN_WIDTH, maxSize: MAX_WIDTH })),
    [state.columns],
  );
  const order = useMemo(() => state.columns.map((c) => c.name), [state.columns]);
  const table = useTable({
    features,
    columns: defs,
    data: noRows,
    columnResizeMode: "onChange",
    columnResizeDirection: isRtl() ? "rtl" : "ltr",
    state: { columnSizing: sizing, columnOrder: order },
    onColumnSizingChange: (next) => setSizing((old) => (typeof next === "function" ? next(old) : next)),
  });

  const resizing = table.state.columnResizing.isResizingColumn;
  const was = useRef<string | false>(false);
  useEffect(() => {
    if (was.current && !resizing) onWidths(sizing);
    was.current = resizing;
  }, [resizing, sizing, onWidths]);

  const headers = table.getHeaderGroups()[0]?.headers ?? [];
  const widths = headers.map((h) => h.getSize());
  return {
    headers,
    template: `${widths.map((w) => `${w}px`).join(" ")} minmax(0, 1fr)`,
    total: widths.reduce((sum, w) => sum + w, 0),
    resizing,
  };
}
