import { Button, Checkbox } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { allOf, API, listUrl, text } from "@/api/odata";
import { fetchPage } from "@/api/records";
import { columnOf, nameOf, wireName } from "@/api/rows";
import type { Column, Page, Row, Table } from "@/api/types";
import { displayValue, formatNumber, isNumeric, optionFor } from "@/lib/format";
import { Avatar } from "@/ui/Avatar";
import { Calm, Failure } from "@/ui/Calm";
import { ChoiceBadge } from "@/ui/ChoiceBadge";
import { Icon } from "@/ui/icons";
import { toastFailure } from "@/ui/toast";
import { pressed } from "@/lib/keys";
import { Cell } from "./cells";
import classes from "./GroupedRows.module.css";
import type { GridState } from "./gridState";
import { chosenOf, isChosen, MOST_CHOSEN, type Part, type SelectionHandle } from "./selection";

const FORMATTED = "@OData.Community.Display.V1.FormattedValue";
const PAGE = 50;
const MOST_GROUPS = 500;

/** Columns whose sum says something. */
function summed(columns: Column[]): Column[] {
  return columns.filter((c) => isNumeric(c) && !/score|propensity|percent|probability/.test(c.name)).slice(0, 4);
}

function condition(column: Column, value: unknown): string {
  const wire = wireName(column);
  if (value === null || value === undefined) return `${wire} eq null`;
  return column.type === "text" ? `${wire} eq ${text(String(value))}` : `${wire} eq ${String(value)}`;
}

/** The list brought together by a column: a line for each value with its count and sums, its rows below. */
export function GroupedRows({ table, state, filter, by, open, selection }: {
  table: Table; state: GridState; filter: string; by: Column; open: (id: string) => string; selection: SelectionHandle;
}) {
  const { t } = useTranslation();
  // Where no shown column adds up to something, the table's amounts do.
  const shownSums = summed(state.columns);
  const sums = shownSums.length ? shownSums : table.columns.filter((c) => c.type === "money" && !c.name.endsWith("_base")).slice(0, 2);
  const wire = wireName(by);
  const apply = `groupby((${wire}),aggregate($count as n${sums.map((c, i) => `,${c.name} with sum as s${i}`).join("")}))`;
  const url = `${API}/${table.entityset}?$apply=${encodeURIComponent(filter ? `filter(${filter})/${apply}` : apply)}`;
  const query = useQuery({
    queryKey: ["groups", table.logicalname, url],
    staleTime: 15_000,
    queryFn: async ({ signal }) => (await request<{ value: Row[] }>(url, { signal, headers: { Prefer: `odata.maxpagesize=${MOST_GROUPS}, odata.include-annotations="*"` } })).data.value,
  });
  const [shown, setShown] = useState<ReadonlySet<string>>(new Set());
  /** The ids of groups, as far as they were read: what is chosen of a group is told by them. */
  const [known, setKnown] = useState<ReadonlyMap<string, string[]>>(new Map());
  useEffect(() => setKnown(new Map()), [url]);
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return null;
  const label = (row: Row) => {
    const value = row[wire];
    if (value === null || value === undefined || value === "") return t("group.none");
    if (by.type === "lookup") return String(row[wire + FORMATTED] ?? "") || t("value.unnamed");
    return displayValue(by, value, row[wire + FORMATTED] as string | undefined);
  };
  const position = new Map((by.options ?? []).map((o, i) => [o.value, i]));
  const groups = [...query.data].sort((a, b) => {
    if (by.type === "choice") return (position.get(Number(a[wire])) ?? 999) - (position.get(Number(b[wire])) ?? 999);
    return Number(b.n) - Number(a.n) || label(a).localeCompare(label(b));
  });
  if (groups.length === 0) return <Calm icon="search" title={t("grid.noneFoundTitle", { what: table.pluralLabel })}>{t("grid.noneFound")}</Calm>;
  /** All of a group or none: by their ids, or as a part of the list where they are too many for that. */
  async function choose(part: Part, on: boolean) {
    const { selection: chosen } = selection;
    if (!on && chosen.mode === "all" && chosen.within?.key === part.key) return selection.clear();
    if (part.count > MOST_CHOSEN) return on ? selection.allOf(part) : selection.put(known.get(part.key) ?? [], false);
    try {
      const ids = (known.get(part.key)?.length ?? 0) >= part.count ? known.get(part.key)! : await idsOf(table, part.filter);
      setKnown((old) => new Map(old).set(part.key, ids));
      if (chosen.mode === "all") selection.clear();
      selection.put(ids, on);
    } catch (error) {
      toastFailure(error);
    }
  }
  const toggle = (key: string) => setShown((old) => { const next = new Set(old); if (!next.delete(key)) next.add(key); return next; });
  const all = groups.map((g) => String(g[wire] ?? ""));
  return (
    <div className={classes.scroller} tabIndex={0} role="region" aria-label={t("group.label", { what: table.pluralLabel, column: by.label })} onKeyDown={walk}>
      <div className={classes.tools}>
        <span className="faint">{t("group.count", { count: groups.length })}</span>
        <Button size="compact-sm" variant="subtle" onClick={() => setShown(shown.size ? new Set() : new Set(all))}>{t(shown.size ? "group.closeAll" : "group.openAll")}</Button>
      </div>
      {groups.map((group) => {
        const key = String(group[wire] ?? "");
        const on = shown.has(key);
        const option = by.type === "choice" ? optionFor(by, group[wire]) : undefined;
        const part: Part = { key: `${by.name}:${key}`, filter: allOf(filter, condition(by, group[wire])), count: Number(group.n) };
        const some = chosenOf(selection.selection, part, known.get(part.key) ?? []);
        return (
          <section key={key} className={classes.group}>
            <h2 className={classes.head}>
              <Checkbox size="xs" tabIndex={-1} className={classes.check} checked={some === "all"} indeterminate={some === "some"} data-choose
                aria-label={t("group.choose", { name: label(group) })} onChange={() => void choose(part, some !== "all")} />
              <button type="button" className={classes.toggle} data-stop aria-expanded={on} onClick={() => toggle(key)}>
                <Icon name={on ? "chevronDown" : "chevronRight"} size={14} />
                {by.type === "lookup" && ["systemuser", "team"].includes(by.targets?.[0] ?? "") && group[wire] ? <Avatar name={label(group)} size={20} /> : null}
                <span className="clip">{option ? <ChoiceBadge option={option} fallback={label(group)} /> : label(group)}</span>
                <span className={`${classes.count} tnum`}>{formatNumber(Number(group.n))}</span>
                <span className={classes.sums}>
                  {sums.map((c, i) => group[`s${i}`] !== null && group[`s${i}`] !== undefined && (
                    <span key={c.name}><span className="faint">{t("group.sum", { column: c.label })}</span> <strong className="tnum">{displayValue({ ...c, precision: c.precision ?? 0 }, group[`s${i}`])}</strong></span>
                  ))}
                </span>
              </button>
            </h2>
            {on && <GroupRows table={table} state={state} part={part} label={label(group)} open={open} selection={selection}
              onKnown={(ids) => setKnown((old) => ((old.get(part.key)?.length ?? 0) >= ids.length ? old : new Map(old).set(part.key, ids)))} />}
          </section>
        );
      })}
    </div>
  );
}

/** The ids of a group's rows. */
async function idsOf(table: Table, filter: string): Promise<string[]> {
  const page = await fetchPage(listUrl(table.entityset, { select: [table.primaryid], filter }), MOST_CHOSEN);
  return page.rows.map((r) => String(r[table.primaryid]));
}

/** Up and down lead from line to line, left and right close and open a group, x chooses. */
function walk(event: KeyboardEvent<HTMLElement>) {
  const target = event.target as HTMLElement;
  const here = target.closest<HTMLElement>("[data-stop]") ?? target.closest("tr, h2")?.querySelector<HTMLElement>("[data-stop]");
  const stops = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-stop]")];
  const to = (by: number) => stops[here ? stops.indexOf(here) + by : by > 0 ? 0 : stops.length - 1]?.focus();
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "ArrowDown" || pressed(event, "keys.next", "j")) to(1);
  else if (event.key === "ArrowUp" || pressed(event, "keys.previous", "k")) to(-1);
  else if (event.key === "Home") stops[0]?.focus();
  else if (event.key === "End") stops.at(-1)?.focus();
  else if (here && pressed(event, "select.toggle", "x")) here.parentElement?.parentElement?.querySelector<HTMLElement>("[data-choose]")?.click();
  else if (here && event.key === "ArrowRight" && here.getAttribute("aria-expanded") === "false") here.click();
  else if (here && event.key === "ArrowLeft" && here.getAttribute("aria-expanded") === "true") here.click();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function GroupRows({ table, state, part, label, open, selection, onKnown }: {
  table: Table; state: GridState; part: Part; label: string; open: (id: string) => string; selection: SelectionHandle; onKnown: (ids: string[]) => void;
}) {
  const { filter } = part;
  const columns = state.columns;
  const orderby = state.sort.length ? state.sort.flatMap((s) => { const c = columnOf(table, s.column); return c ? [`${wireName(c)} ${s.desc ? "desc" : "asc"}`] : []; }).join(",") : state.view?.orderby;
  const url = listUrl(table.entityset, { select: [...new Set([table.primaryid, ...columns.map(wireName)])], filter, orderby });
  const query = useInfiniteQuery({ queryKey: ["rows", table.logicalname, "group", url], initialPageParam: url, queryFn: ({ pageParam, signal }) => fetchPage(pageParam, PAGE, signal), getNextPageParam: (last: Page) => last.next, staleTime: 15_000 });
  if (query.isError && !query.data) return <Failure small error={query.error} onRetry={() => void query.refetch()} />;
  return <GroupLines {...{ table, state, part, label, open, selection, onKnown }} rows={query.data?.pages.flatMap((p) => p.rows) ?? []} more={query.hasNextPage} loading={query.isFetchingNextPage} onMore={() => void query.fetchNextPage()} />;
}

function GroupLines({ table, state, part, label, open, selection, onKnown, rows, more, loading, onMore }: {
  table: Table; state: GridState; part: Part; label: string; open: (id: string) => string; selection: SelectionHandle; onKnown: (ids: string[]) => void;
  rows: Row[]; more: boolean; loading: boolean; onMore: () => void;
}) {
  const { t } = useTranslation();
  const { columns } = state;
  const count = rows.length;
  useEffect(() => {
    if (count > 0) onKnown(rows.map((r) => String(r[table.primaryid])));
    // Only when more rows came.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [count]);
  const chosen = selection.selection;
  const elsewhere = chosen.mode === "all" && chosen.within !== undefined && chosen.within.key !== part.key;
  const pick = (id: string) => {
    if (elsewhere) selection.clear();
    selection.put([id], elsewhere || !isChosen(chosen, id));
  };
  return (
    <>
      <table className={classes.table} aria-label={label}>
        <colgroup>{columns.map((c) => <col key={c.name} style={{ width: state.widths[c.name] }} />)}</colgroup>
        <thead><tr>{columns.map((c) => <th key={c.name} scope="col" data-end={isNumeric(c) || undefined}>{c.label}</th>)}</tr></thead>
        <tbody>
          {rows.map((row) => {
            const id = String(row[table.primaryid]);
            return (
              <tr key={id} data-chosen={(!elsewhere && isChosen(chosen, id)) || undefined}>
                {columns.map((c, i) => <td key={c.name} data-end={isNumeric(c) || undefined}>{i === 0 ? <span className={classes.first}><span><Checkbox size="xs" tabIndex={-1} data-choose
                  checked={!elsewhere && isChosen(chosen, id)} aria-label={t("select.row", { name: nameOf(table, row) || t("value.unnamed") })} onChange={() => pick(id)} /></span><Link to={open(id)} data-stop className={classes.link}><Cell table={table} column={c} row={row} /></Link></span> : <Cell table={table} column={c} row={row} />}</td>)}
              </tr>
            );
          })}
        </tbody>
      </table>
      {more && <Button variant="subtle" color="gray" fullWidth data-stop loading={loading} onClick={onMore}>{t("group.more", { shown: formatNumber(count), number: formatNumber(part.count) })}</Button>}
    </>
  );
}
