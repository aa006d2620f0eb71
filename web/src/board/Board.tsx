import { ActionIcon, NativeSelect, Textarea } from "@mantine/core";
import { monitorForElements } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type ApiError, asApiError } from "@/api/errors";
import { nameOf } from "@/api/rows";
import type { Column as TableColumn, Row, Table } from "@/api/types";
import type { GridSearch } from "@/app/router";
import { LivePill } from "@/grid/LivePill";
import { isRtl } from "@/lib/direction";
import { formatCurrency, formatNumber } from "@/lib/format";
import { Calm, Failure } from "@/ui/Calm";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { toast, toastFailure, toastUndo } from "@/ui/toast";
import { columnOfRecord, idOfCard, type Spot, step } from "./arrange";
import classes from "./Board.module.css";
import { Card } from "./Card";
import { Column } from "./Column";
import { Refused } from "./Refused";
import { cardColumns, useBoard } from "./useBoard";

interface Props {
  table: Table;
  columns: TableColumn[];
  filter: string;
  orderby?: string;
  ready: boolean;
  search: GridSearch;
  phone: boolean;
  change: (next: Partial<GridSearch>) => void;
  open: (id: string) => string;
}

interface Wish {
  id: string;
  name: string;
  to: string;
  stage: string;
}

/** The list as a board: a column for each stage or choice, cards that are moved by mouse, menu or keys. */
export default function Board({ table, columns, filter, orderby, ready, search, phone, change, open }: Props) {
  const { t } = useTranslation();
  const root = useRef<HTMLDivElement>(null);
  const { board, error, failed, stale, changed, more, move, refresh } = useBoard({
    table, select: cardColumns(table, columns), filter, orderby, by: search.board === "auto" ? undefined : search.board, amount: search.sum,
  }, ready);
  const [spot, setSpot] = useState<Spot>({ column: 0, card: 0 });
  const [reveal, setReveal] = useState<Spot>();
  const [menu, setMenu] = useState<string>();
  const [said, setSaid] = useState("");
  const [wish, setWish] = useState<Wish & { failure: ApiError }>();
  const [back, setBack] = useState<Wish>();
  const [reason, setReason] = useState("");
  const [only, setOnly] = useState<string>();
  const wantsFocus = useRef(false);
  const firstSeen = useRef<string>(undefined);

  useEffect(() => {
    if (!wantsFocus.current) return;
    const link = root.current?.querySelector<HTMLElement>(`[data-spot="${spot.column}:${spot.card}"]`);
    if (!link) return; // it is still being scrolled into sight
    wantsFocus.current = false;
    link.focus({ preventScroll: true });
    link.closest("section")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  const wished = useRef<(id: string, to: string) => void>(() => undefined);
  wished.current = (id, to) => {
    if (!board) return;
    const from = columnOfRecord(board, id);
    const target = board.columns.findIndex((c) => c.key === to);
    const row = board.columns[from]?.rows.find((r) => idOfCard(board, r) === id);
    if (!row || target < 0 || target === from) return;
    const asked = { id, to, name: nameOf(table, row as Row) || t("value.unnamed"), stage: board.columns[target]!.name };
    if (board.process?.backreason && target < from) {
      setReason("");
      setBack(asked);
      return;
    }
    void send(asked, board.columns[from]!.key);
  };

  async function send(asked: Wish, from: string) {
    try {
      await arrive(asked);
      const done = t("board.moved", { name: asked.name, stage: asked.stage });
      if (board?.process?.backreason) toast(done);
      else toastUndo(done, { label: asked.name, run: () => move(asked.id, from) });
    } catch (error) {
      const failure = asApiError(error);
      setSaid(t("board.refused", { name: asked.name, stage: asked.stage }));
      if (failure.code === "process.gate") setWish({ ...asked, failure });
      else toastFailure(error);
    }
  }

  async function arrive(asked: Wish, why?: string) {
    await move(asked.id, asked.to, why);
    setSaid(t("board.moved", { name: asked.name, stage: asked.stage }));
    const column = board?.columns.findIndex((c) => c.key === asked.to) ?? -1;
    if (column >= 0 && !phone) {
      setSpot({ column, card: 0 });
      setReveal({ column, card: 0 });
      wantsFocus.current = true;
    }
  }

  useEffect(() => monitorForElements({
    onDrop: ({ source, location }) => {
      const to = location.current.dropTargets[0]?.data.column;
      if (typeof source.data.card === "string" && typeof to === "string") wished.current(source.data.card, to);
    },
  }), []);

  function onKeyDown(event: KeyboardEvent) {
    if (!board || menu || !(event.target as HTMLElement).dataset.spot) return;
    const row = board.columns[spot.column]?.rows[spot.card];
    const id = row ? idOfCard(board, row) : "";
    const sideways = event.key === "ArrowLeft" || event.key === "ArrowRight";
    const key = sideways && isRtl() ? (event.key === "ArrowLeft" ? "ArrowRight" : "ArrowLeft") : event.key;
    if (event.shiftKey && sideways && row) {
      const next = board.columns[spot.column + (key === "ArrowRight" ? 1 : -1)];
      event.preventDefault();
      if (next && movable(row as Row)) wished.current(id, next.key);
    } else if (event.key === "m" && !event.ctrlKey && !event.metaKey && !event.altKey && row) {
      event.preventDefault();
      event.stopPropagation();
      if (movable(row as Row)) setMenu(id);
    } else if (/^(Arrow|Home|End)/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      const next = step(board, spot, key);
      setSpot(next);
      setReveal(next);
      wantsFocus.current = true;
    }
  }

  if (failed) return <Failure error={error} onRetry={refresh} />;
  if (!board) return <div className={classes.board} aria-busy="true" />;
  const movable = (row: Row) => {
    if (!board.process) return table.privileges.write;
    const column = board.columns[columnOfRecord(board, idOfCard(board, row))];
    return (column?.cards?.[idOfCard(board, row)]?.state ?? "active") === "active";
  };
  const sumOf = (sum: number | undefined) => (board.amount ? (board.currency ? formatCurrency(sum ?? 0, board.currency) : formatNumber(sum ?? 0)) : undefined);
  // The column in sight stays, also when its last card has gone.
  const one = board.columns.find((c) => c.key === only) ?? board.columns.find((c) => c.key === firstSeen.current) ?? board.columns.find((c) => c.count > 0) ?? board.columns[0];
  firstSeen.current = one?.key;
  const shown = phone ? board.columns.filter((c) => c === one) : board.columns;
  const at = board.columns.findIndex((c) => c.key === shown[0]?.key);
  return (
    <div ref={root} className={classes.board} data-stale={stale || undefined} onKeyDown={onKeyDown}>
      <LivePill count={changed} label={changed === 1 ? table.label : table.pluralLabel} text={t("board.changed", { count: changed })} onShow={refresh} />
      <div className={classes.tools}>
        <NativeSelect size="xs" aria-label={t("board.by")} value={board.by} onChange={(e) => change({ board: e.currentTarget.value })} data={board.ways.map((w) => ({ value: w.name, label: w.label }))} />
        {board.amounts.length > 0 && (
          <NativeSelect size="xs" aria-label={t("board.amount")} value={board.amount ?? "-"} onChange={(e) => change({ sum: e.currentTarget.value })}
            data={[{ value: "-", label: t("board.noAmount") }, ...board.amounts.map((a) => ({ value: a.name, label: a.label }))]} />
        )}
        {board.elsewhere > 0 && <span className="faint">{t("board.elsewhere", { count: board.elsewhere, shown: formatNumber(board.elsewhere) })}</span>}
      </div>
      {phone && shown[0] && (
        <div className={classes.pick}>
          <ActionIcon variant="default" size="lg" disabled={at <= 0} aria-label={t("board.before")} onClick={() => setOnly(board.columns[at - 1]?.key)}><Icon name="chevronLeft" /></ActionIcon>
          <NativeSelect className="grow" aria-label={t("board.column")} value={shown[0].key} onChange={(e) => setOnly(e.currentTarget.value)} data={board.columns.map((c) => ({ value: c.key, label: `${c.name} (${formatNumber(c.count)})` }))} />
          <ActionIcon variant="default" size="lg" disabled={at >= board.columns.length - 1} aria-label={t("board.after")} onClick={() => setOnly(board.columns[at + 1]?.key)}><Icon name="chevronRight" /></ActionIcon>
        </div>
      )}
      {board.columns.length === 0 ? <Calm small icon="list" title={t("board.none")} /> : (
        <div className={classes.columns} role="group" aria-label={t("board.label", { what: table.pluralLabel })}>
          {shown.map((column) => {
            const index = board.columns.indexOf(column);
            return (
              <Column key={column.key} column={column} sum={sumOf(column.sum)} whole={phone} reveal={reveal?.column === index ? reveal.card : undefined} onMore={() => void more(column.key).catch(toastFailure)}
                render={(card) => {
                  const row = column.rows[card] as Row | undefined;
                  if (!row) return null;
                  const id = idOfCard(board, row);
                  const focused = board.columns[spot.column]?.rows[spot.card] ? spot.column === index && spot.card === card : phone ? card === 0 : column === board.columns.find((c) => c.rows.length > 0) && card === 0;
                  return (
                    <Card key={id} table={table} columns={columns} row={row} card={column.cards?.[id]} place={`${index}:${card}`} focused={focused} movable={movable(row)} targets={board.columns} here={column.key}
                      menu={menu === id} onMenu={(is) => setMenu(is ? id : undefined)} onMove={(to) => wished.current(id, to)} onFocus={() => setSpot({ column: index, card })} href={open(id)} />
                  );
                }} />
            );
          })}
        </div>
      )}
      <div className="sr-only" role="status" aria-live="polite">{said}</div>
      {wish && <Refused table={table} id={wish.id} name={wish.name} to={wish.stage} failure={wish.failure} onTry={() => arrive(wish)} onClose={() => setWish(undefined)} />}
      {back && (
        <ConfirmDialog title={t("process.reasonTitle", { stage: back.stage })} confirm={t("board.backTo", { stage: back.stage })} disabled={reason.trim() === ""} onClose={() => setBack(undefined)} run={() => arrive(back, reason.trim())}>
          <Textarea label={t("process.reason")} autosize minRows={2} maxLength={1000} data-autofocus value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
        </ConfirmDialog>
      )}
    </div>
  );
}
