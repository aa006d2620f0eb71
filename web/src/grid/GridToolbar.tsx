import { ActionIcon, Button, Menu, TextInput, Tooltip } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { GridSearch } from "@/app/router";
import type { Table } from "@/api/types";
import { FilterButton } from "@/filter/FilterButton";
import { formatNumber, roughly } from "@/lib/format";
import { useShortcuts } from "@/lib/keys";
import { Icon, tableIcon } from "@/ui/icons";
import { PageBar } from "@/ui/PageBar";
import { groupable } from "./GridHead";
import { ColumnChooser } from "./ColumnChooser";
import classes from "./GridToolbar.module.css";
import { type GridState, UNGROUPED } from "./gridState";
import { EMPTY } from "./savedViews";
import { ViewPicker } from "./ViewPicker";

interface Props {
  table: Table;
  state: GridState;
  search: GridSearch;
  total?: number;
  about?: number;
  change: (next: Partial<GridSearch>) => void;
  newPath?: string;
  actions?: ReactNode;
  onRefresh: () => void;
  saveable: Record<"mine" | "organisation", boolean>;
  onSaved: () => void;
  chartOpen: boolean;
  boardOpen: boolean;
}

export function GridToolbar({ table, state, search, total, about, change, newPath, actions, onRefresh, saveable, onSaved, chartOpen, boardOpen }: Props) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const box = useRef<HTMLInputElement>(null);
  const creatable = newPath !== undefined && table.privileges.create;
  useShortcuts([
    { keys: "/", label: "keys.search", group: "keys.list", run: () => box.current?.focus() },
    { keys: "c", label: "keys.create", group: "keys.list", run: () => { if (creatable) void navigate({ to: newPath }); } },
  ]);

  return (
    <PageBar
      title={
        <>
          <span className={classes.icon}><Icon name={tableIcon(table.logicalname, table.icon)} /></span>
          <h1>{table.pluralLabel}</h1>
          <ViewPicker table={table} state={state} search={search} saveable={saveable} change={change} onSaved={onSaved} />
          {total !== undefined ? <span className={`faint tnum ${classes.count}`}>{formatNumber(total)}</span>
            : about !== undefined && <span className={`faint tnum ${classes.count}`}>{t("grid.about", { number: formatNumber(roughly(about)) })}</span>}
        </>
      }
      actions={
        <>
          <SearchBox box={box} value={search.q ?? ""} onChange={(q) => change({ q: q || undefined })} label={t("grid.search", { what: table.pluralLabel })} />
          <FilterButton table={table} value={search.filter ?? state.view?.model} onChange={(filter) => change({ filter: filter ?? (state.view?.model ? EMPTY : undefined) })} />
          <ColumnChooser table={table} state={state} onChange={(names) => change({ cols: names.join(",") })}
            onReset={() => change({ cols: undefined, w: undefined })} />
          <GroupMenu table={table} state={state} group={state.group} change={change} />
          {!state.view?.whole && (
            <Tooltip label={t(boardOpen ? "board.asList" : "board.show")}>
              <ActionIcon aria-label={t("board.show")} aria-pressed={boardOpen} onClick={() => change({ board: boardOpen ? undefined : "auto", sum: undefined })} className={classes.board}><Icon name="board" /></ActionIcon>
            </Tooltip>
          )}
          <Tooltip label={t("charts.show")}>
            <ActionIcon aria-label={t("charts.show")} aria-pressed={chartOpen} onClick={() => change({ chart: chartOpen ? undefined : "default" })} className={classes.wide}><Icon name="chart" /></ActionIcon>
          </Tooltip>
          <Tooltip label={t("grid.refresh")}>
            <ActionIcon aria-label={t("grid.refresh")} onClick={onRefresh} className={classes.wide}><Icon name="refresh" /></ActionIcon>
          </Tooltip>
          {actions}
          {creatable && (
            <Button component={Link} to={newPath} leftSection={<Icon name="plus" size={15} />} className={classes.new} aria-label={t("grid.new", { what: table.label })}>
              <span className={classes.newText}>{t("grid.newShort")}</span>
            </Button>
          )}
        </>
      }
    />
  );
}

function GroupMenu({ table, state, group, change }: { table: Table; state: GridState; group?: string; change: Props["change"] }) {
  const { t } = useTranslation();
  const columns = [...state.columns, ...table.columns.filter((c) => !state.columns.includes(c) && (c.type === "choice" || c.name === "ownerid"))].filter(groupable);
  const current = table.columns.find((c) => c.name === group);
  if (columns.length === 0) return null;
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <Tooltip label={current ? t("group.by", { column: current.label }) : t("group.menu")}>
          <ActionIcon aria-label={current ? t("group.by", { column: current.label }) : t("group.menu")} className={classes.wide} data-on={current ? true : undefined}><Icon name="list" /></ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown className={classes.views}>
        <Menu.Label>{t("group.menu")}</Menu.Label>
        {current && <Menu.Item onClick={() => change({ group: state.view?.group ? UNGROUPED : undefined })}>{t("group.off")}</Menu.Item>}
        {columns.map((c) => <Menu.Item key={c.name} rightSection={c.name === group ? <Icon name="check" /> : undefined} onClick={() => change({ group: c.name })}>{c.label}</Menu.Item>)}
      </Menu.Dropdown>
    </Menu>
  );
}

function SearchBox({ box, value, onChange, label }: {
  box: React.RefObject<HTMLInputElement | null>; value: string; onChange: (value: string) => void; label: string;
}) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(value);
  const sent = useRef(value);
  const send = useDebouncedCallback((next: string) => {
    sent.current = next;
    onChange(next);
  }, 220);
  // The address may change from elsewhere: a cleared filter, the way back.
  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value;
      setTyped(value);
    }
  }, [value]);

  return (
    <TextInput ref={box} className={classes.search} type="search" aria-label={label} placeholder={t("grid.searchShort")} value={typed}
      leftSection={<Icon name="search" size={15} />}
      onChange={(e) => { setTyped(e.currentTarget.value); send(e.currentTarget.value.trim()); }}
      onKeyDown={(e) => {
        if (e.key === "Escape") { setTyped(""); send(""); e.currentTarget.blur(); }
      }} />
  );
}
