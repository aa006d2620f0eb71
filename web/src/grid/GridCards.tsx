import { Button, Checkbox, Menu } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type MouseEvent, type TouchEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { GridSearch } from "@/app/router";
import { nameOf, valueOf } from "@/api/rows";
import type { Column, Row, Table } from "@/api/types";
import { Icon } from "@/ui/icons";
import { Cell } from "./cells";
import classes from "./GridCards.module.css";
import { type GridState, nextSort, sortFromOrderBy, sortToText } from "./gridState";
import { isChosen, type SelectionHandle } from "./selection";
import type { GridData } from "./useGridData";
import { useTall } from "./useTall";

const CARD = 92;
const LONG_MS = 480;

function filled(columns: Column[], row: Row): Column[] {
  return columns.filter((c) => {
    const value = valueOf(c, row);
    return value !== null && value !== "" && c.type !== "json" && c.type !== "memo";
  });
}

/** The list on a phone: the same rows, a card each. A long press, or "Select", begins to choose. */
export function GridCards({ table, state, data, open, selection, change, jump }: {
  table: Table; state: GridState; data: GridData; open: (id: string) => string; selection: SelectionHandle; change: (next: Partial<GridSearch>) => void;
  jump: { current: ((row: number) => void) | undefined };
}) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const { rowAt, count, show } = data;
  const tall = useTall({ count, height: CARD, head: 0, scroller });
  useEffect(() => show(tall.first, tall.last), [show, tall.first, tall.last]);
  const { goTo, reveal } = tall;
  useEffect(() => goTo(0), [data.question, goTo]);
  useEffect(() => { jump.current = (row) => reveal(row, true); }, [jump, reveal]);
  const [mode, setMode] = useState(false);
  const choosing = mode || selection.count !== 0;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const pressedLong = useRef(false);
  useEffect(() => () => clearTimeout(timer.current), []);
  const begin = (index: number) => (event: TouchEvent) => {
    pressedLong.current = false;
    clearTimeout(timer.current);
    if (event.touches.length !== 1) return;
    timer.current = setTimeout(() => {
      pressedLong.current = true;
      navigator.vibrate?.(8);
      selection.toggle(index, false);
    }, LONG_MS);
  };
  const end = () => clearTimeout(timer.current);
  const press = (index: number) => (event: MouseEvent) => {
    if (pressedLong.current) {
      pressedLong.current = false;
      event.preventDefault();
    } else if (choosing) {
      event.preventDefault();
      selection.toggle(index, false);
    }
  };
  const first = state.columns[0];
  const rest = state.columns.slice(1);
  const sorting = state.sort.length ? state.sort : sortFromOrderBy(state.view?.orderby);
  const sorted = state.columns.find((c) => c.name === sorting[0]?.column);

  return (
    <>
      <div className={classes.tools}>
        <Menu position="bottom-start" width={240}>
          <Menu.Target>
            <Button variant="subtle" color="gray" size="sm" leftSection={<Icon name={sorting[0]?.desc ? "arrowDown" : "arrowUp"} size={14} />}>
              <span className="clip">{sorted ? t("grid.sortedBy", { column: sorted.label }) : t("grid.sort")}</span>
            </Button>
          </Menu.Target>
          <Menu.Dropdown className={classes.menu}>
            {state.columns.filter((c) => c.sortable).map((c) => (
              <Menu.Item key={c.name} rightSection={sorting[0]?.column === c.name ? <Icon name={sorting[0].desc ? "arrowDown" : "arrowUp"} size={14} /> : undefined}
                onClick={() => change({ sort: sortToText(sorting[0]?.column === c.name ? [{ column: c.name, desc: !sorting[0].desc }] : nextSort([], c.name)) })}>{c.label}</Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
        <span className="grow" />
        <Button variant={choosing ? "light" : "subtle"} color={choosing ? undefined : "gray"} size="sm" aria-pressed={choosing}
          onClick={() => { if (choosing) selection.clear(); setMode(!choosing); }}>{t(choosing ? "common.done" : "select.begin")}</Button>
      </div>
      <div ref={scroller} className={classes.scroller} tabIndex={-1} data-bar={selection.count !== 0 || undefined}>
        <ul className={classes.list} style={{ height: tall.height }} aria-label={table.pluralLabel}>
          {tall.rows.map((index) => {
            const row = rowAt(index);
            const style = { transform: `translateY(${tall.topOf(index)}px)` };
            if (!row || !first) return <li key={index} className={classes.item} style={style} aria-hidden="true"><span className={classes.waiting} /></li>;
            const id = String(row[table.primaryid]);
            const columns = filled(rest, row);
            const score = columns.find((c) => c.name === "msdyn_leadscore");
            const shown = columns.filter((c) => c !== score).slice(0, 4);
            const chosen = isChosen(selection.selection, id);
            return (
              <li key={index} className={classes.item} style={style} aria-setsize={data.total ?? -1} aria-posinset={index + 1}>
                {choosing && (
                  <span className={classes.choose}>
                    <Checkbox size="sm" checked={chosen} aria-label={t("select.row", { name: nameOf(table, row) || t("value.unnamed") })} onChange={() => selection.toggle(index, false)} />
                  </span>
                )}
                <Link to={open(id)} className={classes.card} data-chosen={chosen || undefined} data-choosing={choosing || undefined} data-gone={data.gone.has(id) || undefined} draggable={false}
                  onTouchStart={begin(index)} onTouchEnd={end} onTouchMove={end} onTouchCancel={end} onContextMenu={(e) => { if (pressedLong.current) e.preventDefault(); }} onClick={press(index)}>
                  <span className={classes.top}>
                    <span className="row grow"><Cell table={table} column={first} row={row} /></span>
                    {score && <span className={classes.score}><Cell table={table} column={score} row={row} /></span>}
                  </span>
                  <span className={classes.line}>{shown.slice(0, 2).map((c) => <span key={c.name} className="clip" title={c.label}><Cell table={table} column={c} row={row} /></span>)}</span>
                  <span className={classes.line}>{shown.slice(2).map((c) => <span key={c.name} className="clip" title={c.label}><Cell table={table} column={c} row={row} /></span>)}</span>
                </Link>
              </li>
            );
          })}
        </ul>
      </div>
    </>
  );
}
