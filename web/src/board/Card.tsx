import { ActionIcon, Menu } from "@mantine/core";
import { draggable } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { nameOf, valueOf } from "@/api/rows";
import type { Column, Row, Table } from "@/api/types";
import { Cell } from "@/grid/cells";
import { formatSpan } from "@/lib/format";
import { Icon } from "@/ui/icons";
import type { BoardCard, BoardColumn } from "./arrange";
import classes from "./Board.module.css";

const LINES = 3;

interface Props {
  table: Table;
  columns: Column[];
  row: Row;
  card?: BoardCard;
  place: string;
  focused: boolean;
  movable: boolean;
  targets: BoardColumn[];
  here: string;
  menu: boolean;
  onMenu: (open: boolean) => void;
  onMove: (to: string) => void;
  onFocus: () => void;
  href: string;
}

/** A record on the board: its name, a few of its columns, how long it has been here. */
export function Card({ table, columns, row, card, place, focused, movable, targets, here, menu, onMenu, onMove, onFocus, href }: Props) {
  const { t } = useTranslation();
  const element = useRef<HTMLDivElement>(null);
  const [dragging, setDragging] = useState(false);
  const id = String(row[table.primaryid] ?? "");
  const name = nameOf(table, row) || t("value.unnamed");
  const active = !card || card.state === "active";
  useEffect(() => {
    if (!element.current || !movable) return;
    return draggable({ element: element.current, getInitialData: () => ({ card: id, from: here }), onDragStart: () => setDragging(true), onDrop: () => setDragging(false) });
  }, [id, here, movable]);
  const filled = columns.filter((c) => {
    const value = valueOf(c, row);
    return c.name !== table.primaryname && c.name !== "stageid" && c.name !== "rpt_stalledon" && value !== null && value !== "" && c.type !== "json" && c.type !== "memo";
  }).slice(0, LINES);
  return (
    <div ref={element} className={classes.card} data-dragging={dragging || undefined} data-stalled={card?.stalledon && active ? true : undefined}>
      <div className={classes.name}>
        <Link to={href} className="clip grow" data-spot={place} tabIndex={focused ? 0 : -1} onFocus={onFocus} draggable={false}>{name}</Link>
        {movable && (
          <Menu opened={menu} onChange={onMenu} position="bottom-end" width={220} returnFocus>
            <Menu.Target>
              <ActionIcon className={classes.menu} variant="subtle" color="gray" size="sm" aria-label={t("board.move", { name })} tabIndex={focused ? 0 : -1}><Icon name="more" size={15} /></ActionIcon>
            </Menu.Target>
            <Menu.Dropdown className={classes.targets}>
              <Menu.Label>{t("board.moveTo")}</Menu.Label>
              {targets.map((c) => <Menu.Item key={c.key} disabled={c.key === here} onClick={() => onMove(c.key)}>{c.name}</Menu.Item>)}
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
      {filled.map((c) => <div key={c.name} className={classes.line} title={c.label}><Cell table={table} column={c} row={row} /></div>)}
      {card && (
        <div className={classes.foot}>
          {active && card.stalledon && <strong className={classes.stalled}><Icon name="warning" size={12} />{t("process.stalled")}</strong>}
          {card.enteredon && active && <span className="faint">{t("process.since", { span: formatSpan((Date.now() - new Date(card.enteredon).getTime()) / 1000) })}</span>}
          {!active && <span className={classes.ended}>{t(`board.${card.state}`)}</span>}
        </div>
      )}
    </div>
  );
}
