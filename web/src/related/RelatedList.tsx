import { ActionIcon, Button } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { useLive } from "@/api/live";
import { entitySets } from "@/api/metadata";
import { API, listUrl, recordUrl } from "@/api/odata";
import { fetchPage } from "@/api/records";
import { columnOf, idOf, nameOf, wireName } from "@/api/rows";
import type { Page, Reference, Related, Table } from "@/api/types";
import { viewOf } from "@/grid/gridState";
import { Cell } from "@/grid/cells";
import { formatNumber } from "@/lib/format";
import { recordPath } from "@/lib/paths";
import { QuickCreate } from "@/record/QuickCreate";
import { LookupEditor } from "@/record/editors/LookupEditor";
import { Calm, Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { toastFailure, toastUndo } from "@/ui/toast";
import classes from "./Related.module.css";

const PAGE = 25;
const COLUMNS = 4;

/** One list of what belongs to a record, with adding, linking and letting go. */
export function RelatedList({ table, id, name, relation, other }: { table: Table; id: string; name: string; relation: Related; other: Table }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [making, setMaking] = useState(false);
  const [linking, setLinking] = useState(false);
  const many = relation.inverse !== undefined;
  const names = [...new Set([other.primaryname, ...(viewOf(other, {})?.columns.map((c) => c.name) ?? [])])].filter((n) => n !== relation.column);
  const columns = names.flatMap((n) => columnOf(other, n) ?? []).filter((c) => c.type !== "json" && c.type !== "id").slice(0, COLUMNS);
  const select = [...new Set([other.primaryid, ...columns.map(wireName)])];
  const url = many
    ? listUrl(other.entityset, { select, filter: `${relation.inverse}/any(x:x/${table.primaryid} eq ${id})`, orderby: `${other.primaryname} asc`, count: true })
    : listUrl(other.entityset, { select, filter: `_${relation.column}_value eq ${id}`, orderby: columnOf(other, "createdon") ? "createdon desc" : undefined, count: true });
  const key = ["related", table.logicalname, id, relation.nav];
  const query = useInfiniteQuery({ queryKey: key, initialPageParam: url, queryFn: ({ pageParam, signal }) => fetchPage(pageParam, PAGE, signal), getNextPageParam: (last: Page) => last.next });
  const again = () => void client.invalidateQueries({ queryKey: key });
  useLive(other.logicalname, again);
  const rows = query.data?.pages.flatMap((p) => p.rows) ?? [];
  const total = query.data?.pages[0]?.count;

  const associate = (to: string) => request(`${recordUrl(table.entityset, id)}/${relation.nav}/$ref`, { method: "POST", body: { "@odata.id": `${location.origin}${API}/${other.entityset}(${to})` } });
  const part = (to: string) => request(`${recordUrl(table.entityset, id)}/${relation.nav}(${to})/$ref`, { method: "DELETE" });
  async function link(ref: Reference | null) {
    setLinking(false);
    if (!ref) return;
    try {
      if (many) await associate(ref.id);
      else await request(recordUrl(other.entityset, ref.id), { method: "PATCH", body: { [`${relation.column}@odata.bind`]: `/${entitySets(client)[table.logicalname]}(${id})` }, headers: { "If-Match": "*" } });
      again();
    } catch (error) {
      toastFailure(error);
    }
  }
  async function letGo(to: string, label: string) {
    try {
      await part(to);
      again();
      toastUndo(t("related.parted", { name: label }), { label, run: async () => { await associate(to); again(); } });
    } catch (error) {
      toastFailure(error);
    }
  }

  return (
    <div className={classes.list}>
      <div className={classes.head}>
        <h2>{relation.label} {total !== undefined && <span className="faint tnum">{formatNumber(total)}</span>}</h2>
        {other.privileges.create && !many && <Button size="compact-sm" variant="default" leftSection={<Icon name="plus" size={14} />} onClick={() => setMaking(true)}>{t("grid.new", { what: other.label })}</Button>}
        {many && table.privileges.write && <Button size="compact-sm" variant="default" leftSection={<Icon name="link" size={14} />} onClick={() => setLinking(true)}>{t("related.add", { what: other.label })}</Button>}
      </div>
      {linking && <LookupEditor column={{ name: relation.nav, type: "lookup", label: other.label, targets: [other.logicalname] }} value={null} autoFocus aria-label={t("related.add", { what: other.label })} onChange={(ref) => void link(ref)} onCancel={() => setLinking(false)} />}
      {query.isError && rows.length === 0 && <Failure small error={query.error} onRetry={() => void query.refetch()} />}
      {query.isSuccess && rows.length === 0 && <Calm small icon="table" title={t("grid.emptyTitle", { what: relation.label })} />}
      {rows.length > 0 && (
        <div className={classes.scroll} tabIndex={0} role="region" aria-label={relation.label}>
          <table className={classes.table}>
            <thead><tr>{columns.map((c) => <th key={c.name} scope="col">{c.label}</th>)}{many && <th><span className="sr-only">{t("related.part")}</span></th>}</tr></thead>
            <tbody>
              {rows.map((row) => {
                const key = idOf(other, row);
                const label = nameOf(other, row) || t("value.unnamed");
                return (
                  <tr key={key}>
                    {columns.map((c, i) => (
                      <td key={c.name}>{i === 0 ? <Link to={recordPath(other.logicalname, key)} className={classes.link}><Cell table={other} column={c} row={row} /></Link> : <Cell table={other} column={c} row={row} />}</td>
                    ))}
                    {many && <td><ActionIcon size={24} aria-label={t("related.partOne", { name: label })} onClick={() => void letGo(key, label)}><Icon name="close" size={14} /></ActionIcon></td>}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {query.hasNextPage && <Button variant="subtle" color="gray" fullWidth loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{t("timeline.older")}</Button>}
      {making && <QuickCreate logical={other.logicalname} preset={relation.column ? { [relation.column]: { id, table: table.logicalname, name } } : {}} onClose={() => setMaking(false)} onMade={() => { setMaking(false); again(); }} />}
    </div>
  );
}
