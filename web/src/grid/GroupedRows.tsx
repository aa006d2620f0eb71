import { Button } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { allOf, API, listUrl, text } from "@/api/odata";
import { fetchPage } from "@/api/records";
import { columnOf, wireName } from "@/api/rows";
import type { Column, Page, Row, Table } from "@/api/types";
import { displayValue, formatNumber, isNumeric, optionFor } from "@/lib/format";
import { Avatar } from "@/ui/Avatar";
import { Calm, Failure } from "@/ui/Calm";
import { ChoiceBadge } from "@/ui/ChoiceBadge";
import { Icon } from "@/ui/icons";
import { Cell } from "./cells";
import classes from "./GroupedRows.module.css";
import type { GridState } from "./gridState";

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
export function GroupedRows({ table, state, filter, by, open }: { table: Table; state: GridState; filter: string; by: Column; open: (id: string) => string }) {
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
  const toggle = (key: string) => setShown((old) => { const next = new Set(old); if (!next.delete(key)) next.add(key); return next; });
  const all = groups.map((g) => String(g[wire] ?? ""));
  return (
    <div className={classes.scroller} tabIndex={0} role="region" aria-label={t("group.label", { what: table.pluralLabel, column: by.label })}>
      <div className={classes.tools}>
        <span className="faint">{t("group.count", { count: groups.length })}</span>
        <Button size="compact-sm" variant="subtle" onClick={() => setShown(shown.size ? new Set() : new Set(all))}>{t(shown.size ? "group.closeAll" : "group.openAll")}</Button>
      </div>
      {groups.map((group) => {
        const key = String(group[wire] ?? "");
        const on = shown.has(key);
        const option = by.type === "choice" ? optionFor(by, group[wire]) : undefined;
        return (
          <section key={key} className={classes.group}>
            <h2 className={classes.head}>
              <button type="button" className={classes.toggle} aria-expanded={on} onClick={() => toggle(key)}>
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
            {on && <GroupRows table={table} state={state} filter={allOf(filter, condition(by, group[wire]))} label={label(group)} open={open} />}
          </section>
        );
      })}
    </div>
  );
}

function GroupRows({ table, state, filter, label, open }: { table: Table; state: GridState; filter: string; label: string; open: (id: string) => string }) {
  const { t } = useTranslation();
  const columns = state.columns;
  const orderby = state.sort.length ? state.sort.flatMap((s) => { const c = columnOf(table, s.column); return c ? [`${wireName(c)} ${s.desc ? "desc" : "asc"}`] : []; }).join(",") : state.view?.orderby;
  const url = listUrl(table.entityset, { select: [...new Set([table.primaryid, ...columns.map(wireName)])], filter, orderby });
  const query = useInfiniteQuery({ queryKey: ["rows", table.logicalname, "group", url], initialPageParam: url, queryFn: ({ pageParam, signal }) => fetchPage(pageParam, PAGE, signal), getNextPageParam: (last: Page) => last.next, staleTime: 15_000 });
  if (query.isError && !query.data) return <Failure small error={query.error} onRetry={() => void query.refetch()} />;
  const rows = query.data?.pages.flatMap((p) => p.rows) ?? [];
  return (
    <>
      <table className={classes.table} aria-label={label}>
        <colgroup>{columns.map((c) => <col key={c.name} style={{ width: state.widths[c.name] }} />)}</colgroup>
        <thead><tr>{columns.map((c) => <th key={c.name} scope="col" data-end={isNumeric(c) || undefined}>{c.label}</th>)}</tr></thead>
        <tbody>
          {rows.map((row) => {
            const id = String(row[table.primaryid]);
            return (
              <tr key={id}>
                {columns.map((c, i) => <td key={c.name} data-end={isNumeric(c) || undefined}>{i === 0 ? <Link to={open(id)} className={classes.link}><Cell table={table} column={c} row={row} /></Link> : <Cell table={table} column={c} row={row} />}</td>)}
              </tr>
            );
          })}
        </tbody>
      </table>
      {query.hasNextPage && <Button variant="subtle" color="gray" fullWidth loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{t("group.more")}</Button>}
    </>
  );
}
