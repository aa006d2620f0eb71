import { memo, type MouseEvent } from "react";
import { nameOf } from "@/api/rows";
import type { Column, Row, Table } from "@/api/types";
import { CellEditor } from "./CellEditor";
import { isNumeric } from "@/lib/format";
import { Tick } from "@/ui/Tick";
import { Cell } from "./cells";
import classes from "./GridRow.module.css";
import type { CellEdit } from "./useCellEdit";

/** What a row asks of its list; the same object for all rows and for as long as possible. */
export interface RowActions {
  onCell: (row: number, col: number) => void;
  onOpen: (id: string) => void;
  /** Answers whether the cell can be edited at all. */
  onEdit: (index: number, col: number) => boolean;
  onDraft: (draft: unknown) => void;
  onCommit: (column: Column, draft: unknown) => boolean;
  onCancel: (index: number, col: number) => void;
  onTab: (index: number, col: number, by: number) => void;
  onChoose: (index: number, range: boolean) => void;
}

interface Props {
  table: Table;
  columns: Column[];
  /** Where each of the columns that stay in sight begins. */
  frozen: number[];
  row: Row;
  id: string;
  index: number;
  offset: number;
  href: string;
  activeCol?: number;
  peeked: boolean;
  gone: boolean;
  chosen: boolean;
  edit?: CellEdit;
  actions: RowActions;
  /** What every row says, translated once for all; NAME stands for the row's own. */
  words: { choose: string; unnamed: string };
}

export const NAME = "{name}";

/** One row. It renders again only when its own record, place, cursor or choice changes. */
export const GridRow = memo(function GridRow({ table, columns, frozen, row, id, index, offset, href, activeCol, peeked, gone, chosen, edit, actions, words }: Props) {
  function follow(event: MouseEvent) {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    actions.onOpen(id);
  }
  return (
    <div role="row" aria-rowindex={index + 2} className={classes.row} style={{ transform: `translateY(${offset}px)` }} aria-selected={chosen}
      data-active={activeCol !== undefined || undefined} data-peeked={peeked || undefined} data-gone={gone || undefined} data-chosen={chosen || undefined} data-editing={edit ? true : undefined}>
      {columns.map((column, col) => {
        const editing = edit?.column === column.name;
        const content = editing ? null : <Cell table={table} column={column} row={row} />;
        return (
          <div key={column.name} role={col === 0 ? "rowheader" : "gridcell"} aria-colindex={col + 1} data-place={`${index}:${col}`}
            tabIndex={activeCol === col ? 0 : -1} className={classes.cell} data-first={col === 0 || undefined} data-frozen={col < frozen.length || undefined} data-edge={col === frozen.length - 1 || undefined}
            style={col < frozen.length && col > 0 ? { insetInlineStart: frozen[col] } : undefined} data-editing={editing || undefined}
            data-end={isNumeric(column) && column.name !== "msdyn_leadscore" ? true : undefined}
            onMouseDown={(e) => { if (e.button === 0) actions.onCell(index, col); }}
            onDoubleClick={() => { if (col === 0 || !actions.onEdit(index, col)) actions.onOpen(id); }}>
            {col === 0 && !editing && (
              <span className={classes.check} onMouseDown={(e) => e.stopPropagation()} onDoubleClick={(e) => e.stopPropagation()}>
                <Tick checked={chosen} label={words.choose.replace(NAME, () => nameOf(table, row) || words.unnamed)}
                  onChange={(e) => actions.onChoose(index, (e.nativeEvent as globalThis.MouseEvent).shiftKey)} />
              </span>
            )}
            {editing ? (
              <CellEditor column={column} draft={edit.draft} problem={edit.problem} onDraft={actions.onDraft} onCommit={(draft) => actions.onCommit(column, draft)}
                onCancel={() => actions.onCancel(index, col)} onTab={(by) => actions.onTab(index, col, by)} />
            ) : col === 0 ? (
              // A plain link: the router's own costs too much a row while the list scrolls.
              <a href={href} tabIndex={-1} className={classes.link} draggable={false} onClick={follow}>{content}</a>
            ) : content}
          </div>
        );
      })}
    </div>
  );
});
