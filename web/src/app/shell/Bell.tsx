import { ActionIcon, Button, Popover } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLive } from "@/api/live";
import { useTableMeta, useTables } from "@/api/metadata";
import { fetchRecord, fetchTop, patchRecord } from "@/api/records";
import { parseJson } from "@/api/rows";
import { currentSession, useSession } from "@/api/session";
import type { Row, Table } from "@/api/types";
import { Said } from "@/i18n/Said";
import { inWords } from "@/i18n/messages";
import { formatAgo } from "@/lib/format";
import { recordPath } from "@/lib/paths";
import { settings } from "@/lib/settings";
import { Calm } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { toastFailure } from "@/ui/toast";
import classes from "./Bell.module.css";

const TABLE = "appnotification";

/** Where a notification leads: to the record it is about. */
function target(row: Row): string | undefined {
  const data = parseJson<{ table?: string; id?: string } | null>(row.data ?? row.rpt_data, null);
  if (data?.table && data.id) return recordPath(data.table, data.id);
  const { rpt_regardingtype: type, rpt_regardingid: id } = row;
  return typeof type === "string" && typeof id === "string" && type && id ? recordPath(type, id) : undefined;
}

async function dismiss(table: Table, row: Row) {
  const id = String(row[table.primaryid]);
  await patchRecord(table, id, { rpt_readon: new Date().toISOString() });
}

/** Shows a message of one's own on the desktop, while another window has the eyes. */
async function onDesktop(table: Table, id: string) {
  if (typeof Notification === "undefined" || Notification.permission !== "granted") return;
  const row = await fetchRecord(table.entityset, id).catch(() => undefined);
  const me = currentSession().session?.user.systemuserid;
  if (!row || row._ownerid_value !== me || row.rpt_readon) return;
  const notice = new Notification(await inWords(String(row.title ?? "")), { body: await inWords(String(row.body ?? "")), tag: id });
  notice.onclick = () => {
    window.focus();
    const to = target(row);
    if (to) window.location.assign(to);
  };
}

function List({ table, rows, onOpen, onDismiss }: { table: Table; rows: Row[]; onOpen: () => void; onDismiss: (row: Row) => void }) {
  const { t } = useTranslation();
  if (rows.length === 0) return <Calm small icon="bell" title={t("bell.emptyTitle")}>{t("bell.empty")}</Calm>;
  return (
    <ul className={classes.list}>
      {rows.map((row) => {
        const to = target(row);
        const body = (
          <>
            <span className={classes.title}><Said text={row.title ?? row[table.primaryname]} /></span>
            {row.body ? <span className={classes.text}><Said text={row.body} /></span> : null}
            <span className={classes.time}>{formatAgo(String(row.createdon ?? ""))}</span>
          </>
        );
        return (
          <li key={String(row[table.primaryid])} className={classes.item}>
            {to ? <Link to={to} className={classes.link} onClick={onOpen}>{body}</Link> : <div className={classes.link}>{body}</div>}
            <ActionIcon aria-label={t("bell.dismiss")} onClick={() => onDismiss(row)}><Icon name="check" /></ActionIcon>
          </li>
        );
      })}
    </ul>
  );
}

export function Bell() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const { session } = useSession();
  const readable = useTables().data?.some((x) => x.logicalname === TABLE) ?? false;
  const { data: table } = useTableMeta(readable ? TABLE : "");
  const key = [TABLE, "mine"];
  const me = session?.user.systemuserid;
  const rows = useQuery({
    queryKey: key,
    enabled: table !== undefined && me !== undefined,
    queryFn: ({ signal }) => {
      return fetchTop(table!.entityset, { filter: `_ownerid_value eq ${me} and rpt_readon eq null`, orderby: "createdon desc", top: 30, count: true }, signal);
    },
  });
  useLive(readable ? TABLE : "", (change) => {
    void client.invalidateQueries({ queryKey: key });
    if (table && change.op === "create" && settings().desktop && document.hidden) void onDesktop(table, change.id);
  });
  if (!table) return null;
  const dismissAll = async () => {
    await Promise.allSettled((rows.data?.rows ?? []).map((row) => dismiss(table, row)));
    await client.invalidateQueries({ queryKey: key });
  };
  const count = rows.data?.count ?? rows.data?.rows.length ?? 0;

  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" width={340} trapFocus>
      <Popover.Target>
        <ActionIcon className={classes.bell} data-tour="bell" aria-label={t("bell.label", { count })} aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name="bell" />
          {count > 0 && <span className={classes.count} aria-hidden="true">{count > 99 ? "99+" : count}</span>}
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown p={0} aria-label={t("bell.title")}>
        <div className={classes.head}>
          <span className="grow">{t("bell.title")}</span>
          {(rows.data?.rows.length ?? 0) > 1 && <Button variant="subtle" size="compact-xs" onClick={() => void dismissAll()}>{t("bell.dismissAll")}</Button>}
          <ActionIcon component={Link} to="/settings" aria-label={t("settings.notify")} onClick={() => setOpen(false)}><Icon name="settings" /></ActionIcon>
        </div>
        <List table={table} rows={rows.data?.rows ?? []} onOpen={() => setOpen(false)}
          onDismiss={(row) => void dismiss(table, row).then(() => client.invalidateQueries({ queryKey: key }), toastFailure)} />
      </Popover.Dropdown>
    </Popover>
  );
}
