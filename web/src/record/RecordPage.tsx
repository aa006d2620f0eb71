import { ActionIcon, Menu, SegmentedControl } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useViewers } from "@/api/live";
import { useTableMeta } from "@/api/metadata";
import { callUnbound, deleteRecord } from "@/api/records";
import { columnOf, nameOf } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { LeadActions } from "@/lead/LeadActions";
import { useCommands } from "@/lib/commands";
import { LeadPanel } from "@/lead/LeadPanel";
import { useShortcuts } from "@/lib/keys";
import { listPath, recordPath } from "@/lib/paths";
import { StageBar } from "@/process/StageBar";
import { QueueActions } from "@/queue/QueueActions";
import { Alike } from "@/duplicates/Alike";
import { Timeline } from "@/timeline/Timeline";
import { useDiscussed } from "@/timeline/useDiscussed";
import { usePins } from "@/workspace/usePreferences";
import { useVisit } from "@/workspace/useVisit";
import { Avatar } from "@/ui/Avatar";
import { Calm, Failure } from "@/ui/Calm";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { PageBar } from "@/ui/PageBar";
import { toast, toastUndo } from "@/ui/toast";
import { CloseActions, closes } from "./CloseActions";
import { Field } from "./Field";
import { Face } from "./files/Face";
import { Follow, useFollow } from "./Follow";
import { MergeDialog } from "./MergeDialog";
import { formOf, RecordForm } from "./RecordForm";
import classes from "./RecordPage.module.css";
import { Viewers } from "./Viewers";
import { type RecordHandle, useRecord } from "./useRecord";

const DecisionCards = lazy(() => import("@/decision/DecisionCard").then((m) => ({ default: m.DecisionCards })));
const DocumentCard = lazy(() => import("@/document/DocumentCard").then((m) => ({ default: m.DocumentCard })));
const BulkRunning = lazy(() => import("@/transfer/BulkDialog").then((m) => ({ default: m.Running })));
const WorkBar = lazy(() => import("@/work/WorkBar"));
const HistoryDialog = lazy(() => import("@/audit/HistoryDialog"));
const MergePicker = lazy(() => import("./MergePicker"));
const AssignDialog = lazy(() => import("./AssignDialog"));
const AccessTeam = lazy(() => import("./AccessTeam"));
const PrintSheet = lazy(() => import("./PrintSheet"));
const AccessDialog = lazy(() => import("@/admin/AccessDialog").then((m) => ({ default: m.AccessDialog })));

/** What a table adds to its records' page. */
interface Extra {
  actions?: (table: Table, row: Row, handle: RecordHandle) => ReactNode;
  panel?: (table: Table, row: Row, handle: RecordHandle) => ReactNode;
}

const extras: Record<string, Extra> = {
  lead: {
    actions: (table, row, handle) => <LeadActions table={table} row={row} onDone={handle.refetch} />,
    panel: (table, row) => <LeadPanel table={table} row={row} />,
  },
  rpt_bulkoperation: { panel: (table, row, handle) => <Suspense><div style={{ padding: 16 }}><BulkRunning id={String(row[table.primaryid])} onChanged={handle.refetch} /></div></Suspense> },
  queueitem: { actions: (table, row, handle) => <QueueActions table={table} row={row} onDone={handle.refetch} /> },
};

/** The page of any record. */
export function RecordPage() {
  const { table: logical = "", id = "" } = useParams({ strict: false });
  const meta = useTableMeta(logical);
  if (meta.isError) return <Failure error={meta.error} onRetry={() => void meta.refetch()} />;
  if (!meta.data) return null;
  return <Loaded key={`${logical}/${id}`} table={meta.data} id={id} />;
}

type Part = "details" | "timeline" | "panel";

function Loaded({ table, id }: { table: Table; id: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const handle = useRecord(table, id);
  const narrow = useMediaQuery("(max-width: 767px)", undefined, { getInitialValueInEffect: false });
  const extra = extras[table.logicalname];
  // Three columns need room; with less of it details and timeline share a place.
  const medium = useMediaQuery("(max-width: 1280px)", undefined, { getInitialValueInEffect: false }) && !narrow && extra?.panel !== undefined;
  const [part, setPart] = useState<Part>(extra?.panel && narrow ? "panel" : "details");
  const working = (useSearch({ strict: false }) as { work?: string }).work === "1";
  const { row } = handle;
  const name = row ? nameOf(table, row) : "";
  useEffect(() => {
    document.title = name ? `${name} · Rapport` : "Rapport";
    return () => { document.title = "Rapport"; };
  }, [name]);
  useVisit(table.logicalname, id, name);
  const discussed = useDiscussed(table.logicalname);
  const viewers = useViewers(table.logicalname, id);
  useShortcuts([{ keys: "escape", label: "keys.back", group: "keys.record", run: () => void navigate({ to: working ? "/work" : listPath(table.logicalname) }) }]);

  if (handle.error && !row) return <Failure error={handle.error} onRetry={handle.refetch} />;
  const bar = (
    <PageBar
      title={
        <nav className={classes.crumbs} aria-label={t("record.crumbs")}>
          <Link to={listPath(table.logicalname)} className={classes.crumb}><Icon name="arrowLeft" size={18} className={classes.back} /><span className={classes.crumbText}>{table.pluralLabel}</span></Link>
          <Icon name="chevronRight" size={14} className={classes.sep} />
          <span className={`clip ${classes.here}`}>{name}</span>
        </nav>
      }
      actions={row && <><Viewers people={viewers} />{extra?.actions?.(table, row, handle)}{closes(table.logicalname) && <CloseActions table={table} row={row} onDone={handle.refetch} />}<Follow table={table.logicalname} id={id} /><More table={table} id={id} row={row} name={name} handle={handle} /></>}
    />
  );
  if (!row) return bar;
  if (handle.deleted) {
    return <>{bar}<Calm icon="trash" title={t("record.goneTitle")} action={<Link className="link" to={listPath(table.logicalname)}>{t("record.backTo", { what: table.pluralLabel })}</Link>}>{t("record.gone")}</Calm></>;
  }
  const shows = (which: Part) => (narrow ? part === which : !medium || which === "panel" || part === which || (which === "details" && part === "panel"));

  return (
    <>
      {bar}
      {working && <Suspense><WorkBar table={table.logicalname} id={id} name={name} onDone={handle.refetch} /></Suspense>}
      <Head table={table} row={row} name={name} handle={handle} />
      <StageBar table={table} id={id} row={row} handle={handle} />
      {(narrow || medium) && (
        <SegmentedControl className={classes.parts} fullWidth={narrow} value={medium && part === "panel" ? "details" : part} onChange={(v) => setPart(v as Part)} aria-label={t("record.parts")}
          data={[
            ...(extra?.panel && narrow ? [{ value: "panel", label: t("record.panel") }] : []),
            { value: "details", label: t("record.details") }, { value: "timeline", label: t("timeline.title") },
          ]} />
      )}
      <div className={classes.body} data-panel={Boolean(extra?.panel) || undefined}>
        {shows("details") && <div className={classes.details}><Suspense><DecisionCards table={table} id={id} row={row} onDone={handle.refetch} /><DocumentCard table={table} id={id} row={row} onDone={handle.refetch} /></Suspense><RecordForm table={table} row={row} handle={handle} /></div>}
        {shows("timeline") && <div className={classes.timeline}><Timeline table={table.logicalname} id={id} composer={discussed} /></div>}
        {extra?.panel && shows("panel") && <aside className={classes.panel} tabIndex={0} aria-label={t("record.panel")}>{extra.panel(table, row, handle)}</aside>}
      </div>
      {handle.alike && (
        <ConfirmDialog title={t("duplicates.alikeTitle", { count: handle.alike.found.length })} confirm={t("duplicates.saveAnyway")} run={() => handle.resolveAlike(true)} onClose={() => void handle.resolveAlike(false)}>
          <Alike found={handle.alike.found} />
          <p className="dim">{t("duplicates.alikeSave")}</p>
        </ConfirmDialog>
      )}
      {handle.conflict && <MergeDialog conflict={handle.conflict} onResolve={(chosen) => void handle.resolve(chosen)} />}
    </>
  );
}

function Head({ table, row, name, handle }: { table: Table; row: Row; name: string; handle: RecordHandle }) {
  const { t } = useTranslation();
  const fields = (formOf(table).header ?? []).flatMap((n) => columnOf(table, n) ?? []).filter((c) => c.name !== table.primaryname);
  const picture = table.columns.find((c) => c.type === "image");
  const second = ["jobtitle", "companyname"].flatMap((n) => (typeof row[n] === "string" && row[n] ? [String(row[n])] : []));
  return (
    <header className={classes.head}>
      {picture ? <Face table={table} column={picture} row={row} handle={handle} name={name} /> : <Avatar name={name} size={40} square />}
      <div className={classes.who}>
        <h1 className="clip">{name || t("value.unnamed")}</h1>
        {second.length > 0 && <p className="dim clip">{second.join(" · ")}</p>}
      </div>
      <div className={classes.strip}>
        {fields.map((column) => <Field key={column.name} table={table} column={column} row={row} handle={handle} strip />)}
      </div>
    </header>
  );
}

function More({ table, id, row, name, handle }: { table: Table; id: string; row: Row; name: string; handle: RecordHandle }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const [access, setAccess] = useState(false);
  const [team, setTeam] = useState(false);
  const [assigning, setAssigning] = useState(false);
  const [printing, setPrinting] = useState(false);
  const [merging, setMerging] = useState(false);
  const [history, setHistory] = useState(false);
  const { isPinned, toggle } = usePins();
  const follow = useFollow(table.logicalname, id);
  const discussed = useDiscussed(table.logicalname);
  // Of a record that has gone into another nothing is left to merge.
  const mergeable = table.privileges.write && columnOf(table, "masterid") !== undefined && row.statecode === 0;
  // Rows of the organisation can't be shared.
  const owner = columnOf(table, "ownerid");
  const shared = owner !== undefined;
  const assignable = owner !== undefined && !owner.readonly && table.privileges.assign;
  const copy = () => void navigator.clipboard?.writeText(location.href).then(() => toast(t("record.copied")));
  useShortcuts([{ keys: "mod+p", label: "record.print", group: "keys.record", whileTyping: true, run: () => setPrinting(true) }]);
  useCommands([
    ...(assignable ? [{ id: "assign", label: t("assign.open"), icon: "user", run: () => setAssigning(true) } as const] : []),
    { id: "print", label: t("record.print"), icon: "print", run: () => setPrinting(true) },
    { id: "history", label: t("audit.history"), icon: "history", run: () => setHistory(true) },
    { id: "access", label: t("access.open"), icon: "lock", run: () => setAccess(true) },
    ...(shared ? [{ id: "team", label: t("recordTeam.open"), icon: "team", run: () => setTeam(true) } as const] : []),
    { id: "copy", label: t("record.copy"), icon: "link", run: copy },
    ...(mergeable ? [{ id: "merge", label: t("mergePick.open"), icon: "link", run: () => setMerging(true) }] : []),
    ...(table.privileges.delete ? [{ id: "delete", label: t("record.delete"), icon: "trash", run: () => setAsking(true) }] : []),
  ]);
  return (
    <>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <ActionIcon aria-label={t("record.more")}><Icon name="more" /></ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="link" />} onClick={copy}>
            {t("record.copy")}
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="pin" />} onClick={() => void toggle({ table: table.logicalname, id, name })}>
            {t(isPinned(table.logicalname, id) ? "visits.unpin" : "visits.pin", { name: name || t("value.unnamed") })}
          </Menu.Item>
          {follow && <Menu.Item leftSection={<Icon name="bell" />} onClick={follow.toggle}>{t(follow.following ? "follow.stop" : "follow.start")}</Menu.Item>}
          {assignable && <Menu.Item leftSection={<Icon name="user" />} onClick={() => setAssigning(true)}>{t("assign.open")}</Menu.Item>}
          <Menu.Item leftSection={<Icon name="print" />} onClick={() => setPrinting(true)}>{t("record.print")}</Menu.Item>
          <Menu.Item leftSection={<Icon name="history" />} onClick={() => setHistory(true)}>{t("audit.history")}</Menu.Item>
          <Menu.Item leftSection={<Icon name="lock" />} onClick={() => setAccess(true)}>{t("access.open")}</Menu.Item>
          {shared && <Menu.Item leftSection={<Icon name="team" />} onClick={() => setTeam(true)}>{t("recordTeam.open")}</Menu.Item>}
          {mergeable && <Menu.Item leftSection={<Icon name="merge" />} onClick={() => setMerging(true)}>{t("mergePick.open")}</Menu.Item>}
          {table.privileges.delete && (
            <Menu.Item color="red" leftSection={<Icon name="trash" />} onClick={() => setAsking(true)}>{t("record.delete")}</Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {printing && <Suspense><PrintSheet table={table} row={row} id={id} notes={discussed} onDone={() => setPrinting(false)} /></Suspense>}
      {history && <Suspense><HistoryDialog table={table.logicalname} id={id} name={name} onClose={() => setHistory(false)} onDone={handle.refetch} /></Suspense>}
      {merging && <Suspense><MergePicker table={table} id={id} name={name} onClose={() => setMerging(false)} /></Suspense>}
      {access && <Suspense><AccessDialog table={table} id={id} name={name} onClose={() => setAccess(false)} /></Suspense>}
      {assigning && owner && <Suspense><AssignDialog column={owner} row={row} name={name} handle={handle} onClose={() => setAssigning(false)} /></Suspense>}
      {team && <Suspense><AccessTeam table={table} id={id} name={name} onClose={() => setTeam(false)} /></Suspense>}
      {asking && (
        <ConfirmDialog title={t("record.deleteTitle", { name })} confirm={t("record.delete")} danger onClose={() => setAsking(false)}
          run={async () => {
            await deleteRecord(table.entityset, id);
            void navigate({ to: listPath(table.logicalname) });
            toastUndo(t("record.deleted", { name }), {
              label: name,
              run: async () => {
                await callUnbound("rpt_Restore", { EntityLogicalName: table.logicalname, Id: id });
                await client.invalidateQueries();
                void navigate({ to: recordPath(table.logicalname, id) });
              },
            });
          }}>
          {t("record.deleteText")}
        </ConfirmDialog>
      )}
    </>
  );
}
