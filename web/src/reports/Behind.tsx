import { Button, Drawer } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Report, ReportRows } from "@/api/generated/ui";
import { request } from "@/api/http";
import { useTableMeta } from "@/api/metadata";
import type { Row } from "@/api/types";
import { nameOf, wireName } from "@/api/rows";
import { Cell } from "@/grid/cells";
import { formatInstant, formatNumber, formatSpan } from "@/lib/format";
import { recordPath } from "@/lib/paths";
import { Calm, Failure } from "@/ui/Calm";
import classes from "./Reports.module.css";

/** The rows that a number counts. */
export function Behind({ report, asked, step, title, group, onClose }: { report: Report; asked: string; step: string; group: string; title: string; onClose: () => void }) {
  const { t } = useTranslation();
  const address = `/api/ui/reports/${report.name}/rows?${asked}${step ? `&step=${step}` : ""}${group ? `&key=${encodeURIComponent(group)}` : ""}`;
  const query = useInfiniteQuery({
    queryKey: ["report", "rows", address], initialPageParam: "", getNextPageParam: (last: ReportRows) => last.next,
    queryFn: async ({ pageParam, signal }) => (await request<ReportRows>(`${address}${pageParam ? `&after=${encodeURIComponent(pageParam)}` : ""}`, { signal })).data,
  });
  const first = query.data?.pages[0];
  const { data: table } = useTableMeta(first?.table ?? "");
  const rows = query.data?.pages.flatMap((p) => p.rows) ?? [];
  const amount = report.steps.find((s) => s.name === step)?.amount;
  return (
    <Drawer opened onClose={onClose} position="right" size="md" title={`${title}${first ? ` · ${formatNumber(first.total)}` : ""}`} closeButtonProps={{ "aria-label": t("common.close") }}>
      {query.isError && <Failure small error={query.error} onRetry={() => void query.refetch()} />}
      {first && first.total === 0 && <Calm small icon="list" title={t("reports.empty")} />}
      <ul className={classes.rows}>
        {first?.stays?.map((s, i) => (
          <li key={i}>
            <Link to={recordPath(first.table, s.id)} className="link">{s.name || t("value.unnamed")}</Link>
            <span className="dim">{formatSpan(s.seconds)} · {s.owner} · {formatInstant(s.entered)}</span>
            {s.reason && <span className="dim">{t("process.reason")}: {s.reason}</span>}
          </li>
        ))}
        {table && rows.map((r) => {
          const row = r as Row;
          const shown = table.columns.filter((c) => c.name !== table.primaryname && c.name !== table.primaryid && (c.name === "ownerid" || c.name === "createdon" || amount) && row[wireName(c)] !== undefined && row[wireName(c)] !== null);
          return (
            <li key={String(row[table.primaryid])}>
              <Link to={recordPath(table.logicalname, String(row[table.primaryid]))} className="link">{nameOf(table, row) || t("value.unnamed")}</Link>
              <span className={classes.facts}>{shown.map((c) => <span key={c.name} title={c.label}><Cell table={table} column={c} row={row} /></span>)}</span>
            </li>
          );
        })}
      </ul>
      {query.hasNextPage && <Button variant="default" fullWidth loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{t("group.more")}</Button>}
    </Drawer>
  );
}
