import { dropTargetForElements } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatNumber } from "@/lib/format";
import type { BoardColumn } from "./arrange";
import classes from "./Board.module.css";

const CARD = 118;
const AHEAD = 8;

/** One column: its totals, and its cards as far as they are in sight. */
export function Column({ column, sum, whole, reveal, onMore, render }: {
  column: BoardColumn; sum?: string; whole?: boolean; reveal?: number; onMore: () => void; render: (card: number) => ReactNode;
}) {
  const { t } = useTranslation();
  const id = useId();
  const element = useRef<HTMLElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const [over, setOver] = useState(false);
  const virtual = useVirtualizer({ count: column.rows.length, getScrollElement: () => scroller.current, estimateSize: () => CARD, overscan: 4 });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (column.next && last >= column.rows.length - AHEAD) onMore();
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [last, column.next, column.rows.length]);
  useEffect(() => {
    if (reveal !== undefined) virtual.scrollToIndex(reveal);
  }, [reveal, virtual]);
  useEffect(() => {
    if (!element.current) return;
    return dropTargetForElements({
      element: element.current, getData: () => ({ column: column.key }), canDrop: ({ source }) => source.data.from !== undefined,
      onDragEnter: ({ source }) => setOver(source.data.from !== column.key), onDragLeave: () => setOver(false), onDrop: () => setOver(false),
    });
  }, [column.key]);
  return (
    <section ref={element} className={classes.column} aria-labelledby={id} data-over={over || undefined} data-whole={whole || undefined} data-column={column.key}>
      <header className={classes.head}>
        {column.color && <span className={classes.dot} style={{ background: column.color }} aria-hidden="true" />}
        <h2 id={id} className="clip grow">{column.name}</h2>
        <span className={`${classes.count} tnum`} aria-label={t("board.count", { count: column.count, shown: formatNumber(column.count) })}>{formatNumber(column.count)}</span>
        <span className={`${classes.sum} tnum`}>{sum}</span>
      </header>
      <div ref={scroller} className={classes.cards} tabIndex={-1}>
        {column.rows.length === 0 && <p className={classes.none}>{t("board.none")}</p>}
        <ul style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => (
            <li key={item.key} ref={virtual.measureElement} data-index={item.index} style={{ transform: `translateY(${item.start}px)` }} aria-setsize={column.count} aria-posinset={item.index + 1}>{render(item.index)}</li>
          ))}
        </ul>
      </div>
    </section>
  );
}
