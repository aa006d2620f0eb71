import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useBlocker, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLive } from "@/api/live";
import { useTableMeta } from "@/api/metadata";
import { fetchTop } from "@/api/records";
import type { Row } from "@/api/types";
import { formatNumber } from "@/lib/format";
import { useShortcuts } from "@/lib/keys";
import { Calm, Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { PageBar } from "@/ui/PageBar";
import { blank, type Draft, draftOf, isChanged } from "./draft";
import { RuleEditor } from "./RuleEditor";
import classes from "./Rules.module.css";

const TABLE = "rpt_rule";
const NEW = "new";

/** The rules in their order, and the one that is open beside them. */
export function Rules() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { id } = useParams({ strict: false });
  const meta = useTableMeta(TABLE);
  const lead = useTableMeta("lead");
  const [drafts, setDrafts] = useState<Record<string, Draft>>({});
  const key = ["rules"];
  const rules = useQuery({
    queryKey: key,
    enabled: meta.data !== undefined,
    queryFn: ({ signal }) => fetchTop(meta.data!.entityset, { orderby: "rpt_order asc,rpt_name asc", top: 1000 }, signal),
  });
  const refresh = () => client.invalidateQueries({ queryKey: key });
  useLive(TABLE, () => void refresh());
  const rows = rules.data?.rows ?? [];
  const byId = (which: string) => rows.find((r) => r.rpt_ruleid === which);
  const unsaved = Object.entries(drafts).some(([which, draft]) => isChanged(draft, byId(which)));
  useBlocker({ shouldBlockFn: ({ next }) => unsaved && !next.pathname.startsWith("/rules") && !confirm(t("record.leave")), enableBeforeUnload: () => unsaved });
  useShortcuts([{ keys: "c", label: "rules.new", group: "keys.list", run: () => void navigate({ to: "/rules/{-$id}", params: { id: NEW } }) }]);

  const failed = meta.error ?? rules.error;
  if (failed && rows.length === 0) return <Failure error={failed} onRetry={() => void rules.refetch()} />;
  if (!meta.data || !rules.data) return null;
  const table = meta.data;
  const current = id ? byId(id) : undefined;
  const shown = current || id === NEW;
  const draft = id ? (drafts[id] ?? (current ? draftOf(current) : { ...blank, order: String(nextOrder(rows)) })) : blank;
  const forget = (which: string) => setDrafts((old) => Object.fromEntries(Object.entries(old).filter(([k]) => k !== which)));

  return (
    <>
      <PageBar title={<><h1>{table.pluralLabel}</h1><span className="faint tnum">{formatNumber(rows.length)}</span></>}
        actions={table.privileges.create && (
          <Button component={Link} to="/rules/new" leftSection={<Icon name="plus" size={15} />}>{t("rules.new")}</Button>
        )} />
      <div className={classes.body} data-open={shown ? true : undefined}>
        <nav className={classes.list} aria-label={table.pluralLabel}>
          {rows.length === 0 && <Calm small icon="rules" title={t("rules.emptyTitle")}>{t("rules.empty")}</Calm>}
          <ol>
            {rows.map((row) => <Item key={String(row.rpt_ruleid)} row={row} changed={isChanged(drafts[String(row.rpt_ruleid)] ?? draftOf(row), row)} />)}
          </ol>
        </nav>
        <div className={classes.editor}>
          {shown && id ? (
            <RuleEditor key={id} table={table} lead={lead.data} row={current} rows={rows} draft={draft}
              onDraft={(next) => setDrafts((old) => ({ ...old, [id]: next }))} onForget={() => forget(id)}
              onSaved={(made) => {
                forget(id);
                void refresh();
                if (made && made !== id) void navigate({ to: "/rules/{-$id}", params: { id: made }, replace: true });
              }} onRefresh={() => refresh()} />
          ) : (
            <Calm icon="rules" title={id ? t("calm.notFoundTitle") : t("rules.pickTitle")}>{id ? t("calm.notFound") : t("rules.pick")}</Calm>
          )}
        </div>
      </div>
    </>
  );
}

function nextOrder(rows: Row[]): number {
  return Math.max(0, ...rows.map((r) => Number(r.rpt_order ?? 0))) + 10;
}

function Item({ row, changed }: { row: Row; changed: boolean }) {
  const { t } = useTranslation();
  const points = Number(row.rpt_points ?? 0);
  const active = row.statecode === 0 || row.statecode === undefined;
  return (
    <li>
      <Link to="/rules/{-$id}" params={{ id: String(row.rpt_ruleid) }} className={classes.item} activeProps={{ "data-active": true, "aria-current": "page" }} data-off={!active || undefined}>
        <span className={`${classes.order} tnum`}>{String(row.rpt_order ?? "")}</span>
        <span className="grow">
          <span className={classes.name}><span className="clip">{String(row.rpt_name ?? "")}</span>{changed && <span className={classes.changed} role="img" aria-label={t("rules.unsaved")} />}</span>
          <span className={`${classes.condition} clip`}>{String(row.rpt_condition ?? "")}</span>
        </span>
        {!active && <span className="faint">{t("rules.off")}</span>}
        {points !== 0 && <span className={`${classes.points} tnum`} data-sign={points < 0 ? "minus" : "plus"}>{points > 0 ? "+" : "−"}{Math.abs(points)}</span>}
      </Link>
    </li>
  );
}
