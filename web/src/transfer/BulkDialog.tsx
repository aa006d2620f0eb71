import { Alert, Button, Modal, Progress, Select } from "@mantine/core";
import type { Actions } from "@/api/generated/webapi";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { request } from "@/api/http";
import { callBound } from "@/api/records";
import type { Column, Reference, Table } from "@/api/types";
import type { SelectionContext } from "@/grid/selection";
import { Said } from "@/i18n/Said";
import { formatNumber } from "@/lib/format";
import { recordPath } from "@/lib/paths";
import { FieldEditor, isTyped } from "@/record/editors/FieldEditor";
import { LookupEditor } from "@/record/editors/LookupEditor";
import { fromInput } from "@/record/fieldValue";
import { Icon } from "@/ui/icons";
import { toastFailure } from "@/ui/toast";
import { busy, status, type BulkRequest, type BulkState } from "./types";

const EVERY = 500;

/** Which rows, as the server takes it. */
function rowsOf({ table, selection, filter }: SelectionContext): Pick<BulkRequest, "table" | "ids" | "filter" | "except"> {
  if (selection.mode === "rows") return { table: table.logicalname, ids: [...selection.ids] };
  return { table: table.logicalname, filter, except: selection.except.size ? [...selection.except] : undefined };
}

/** One change to many rows: what, how many, how far, and back. */
export function BulkDialog({ kind, context, onClose }: { kind: BulkRequest["kind"]; context: SelectionContext; onClose: () => void }) {
  const { t } = useTranslation();
  const { table } = context;
  const [change, setChange] = useState<Partial<BulkRequest> | undefined>(kind === "delete" ? {} : undefined);
  const [running, setRunning] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const [working, setWorking] = useState(false);
  const [rows] = useState(() => rowsOf(context));
  const ask: BulkRequest | undefined = change && { ...rows, kind, ...change };
  const preview = useQuery({
    queryKey: ["bulk preview", JSON.stringify(ask ?? null)], enabled: ask !== undefined && !running, retry: false,
    queryFn: async ({ signal }) => (await request<{ total: number; sample: { id: string; name: string }[] }>("/api/bulk/preview", { method: "POST", body: ask, signal })).data,
  });
  const go = async () => {
    setWorking(true);
    setProblem(undefined);
    try {
      setRunning((await request<{ id: string }>("/api/bulk", { method: "POST", body: ask })).data.id);
    } catch (error) {
      setProblem(asApiError(error).message);
    } finally {
      setWorking(false);
    }
  };
  const close = () => {
    if (running) {
      context.clear();
      context.refresh();
    }
    onClose();
  };
  return (
    <Modal opened onClose={close} title={t(`bulk.${kind}Title`, { what: table.pluralLabel })} closeButtonProps={{ "aria-label": t("common.close") }}>
      {running ? <Running id={running} onClose={close} onChanged={context.refresh} /> : (
        <form onSubmit={(e) => { e.preventDefault(); if (ask && !working) void go(); }}>
          {kind === "update" && <EditField table={table} onChange={setChange} />}
          {kind === "action" && <ActionField table={table} onChange={setChange} />}
          {kind === "assign" && <OwnerField onChange={setChange} />}
          {preview.data && (
            <p className="faint" aria-live="polite">
              {t("bulk.would", { count: preview.data.total, number: formatNumber(preview.data.total) })} {preview.data.sample.slice(0, 3).map((s) => s.name).filter(Boolean).join(", ")}
              {preview.data.total > 3 ? " …" : ""}
            </p>
          )}
          {(problem || preview.isError) && <Alert data-tone="bad" role="alert" mt="md" p="xs">{problem ?? asApiError(preview.error).message}</Alert>}
          <div style={{ display: "flex", justifyContent: "flex-end", gap: 8, marginTop: 20 }}>
            <Button variant="default" onClick={close}>{t("common.cancel")}</Button>
            <Button type="submit" color={kind === "delete" ? "red.8" : undefined} loading={working} disabled={!ask || preview.isError}>{t(`bulk.${kind}`)}</Button>
          </div>
        </form>
      )}
    </Modal>
  );
}

const MOST_REASONS = 3;

/** Why rows could not be changed: the reasons that there are, not row by row. */
function Reasons({ id }: { id: string }) {
  const { data } = useQuery({
    queryKey: ["bulk failed", id],
    queryFn: async ({ signal }) => {
      const response = await fetch(`/api/bulk/${id}/failed`, { signal });
      if (!response.ok) throw new Error(response.statusText);
      const lines = (await response.text()).trim().split("\n").slice(1);
      const reasons = lines.flatMap((line) => {
        const last = /,(?:"((?:[^"]|"")*)"|([^,"]*))\r?$/.exec(line);
        return last ? [(last[1]?.replaceAll('""', '"') ?? last[2] ?? "").trim()] : [];
      });
      return [...new Set(reasons)].filter(Boolean).slice(0, MOST_REASONS);
    },
  });
  return data?.length ? <ul className="dim">{data.map((reason) => <li key={reason}><Said text={reason} /></li>)}</ul> : null;
}

type OnChange = (change: Partial<BulkRequest> | undefined) => void;

function EditField({ table, onChange }: { table: Table; onChange: OnChange }) {
  const { t } = useTranslation();
  const [name, setName] = useState<string | null>(null);
  const [draft, setDraft] = useState<unknown>(null);
  const [problem, setProblem] = useState<string>();
  const editable = table.columns.filter((c) => !c.readonly && !["id", "json", "file", "image"].includes(c.type) && c.name !== "ownerid" && (c.type !== "lookup" || c.targets?.length === 1));
  const column = editable.find((c) => c.name === name);
  const take = (c: Column, value: unknown) => {
    setDraft(value);
    if (isTyped(c)) {
      const parsed = fromInput(c, String(value ?? ""), t);
      setProblem(parsed.problem);
      onChange(parsed.problem === undefined ? { values: { [c.name]: parsed.value } } : undefined);
      return;
    }
    onChange({ values: { [c.name]: c.type === "lookup" ? ((value as Reference | null)?.id ?? null) : c.type === "multichoice" && Array.isArray(value) ? value.join(",") : value } });
  };
  return (
    <>
      <Select label={t("bulk.column")} searchable allowDeselect={false} data={editable.map((c) => ({ value: c.name, label: c.label }))} value={name}
        onChange={(v) => { setName(v); setDraft(null); onChange(undefined); }} />
      {column && <div style={{ marginBlock: 12 }}><FieldEditor key={column.name} column={column} draft={draft} onDraft={(v) => take(column, v)} error={problem} /></div>}
    </>
  );
}

function ActionField({ table, onChange }: { table: Table; onChange: OnChange }) {
  const { t, i18n } = useTranslation();
  const [name, setName] = useState<string | null>(null);
  const [given, setGiven] = useState<Record<string, Reference>>({});
  const actions = table.actions ?? [];
  const chosen = actions.find((a) => a.name === name);
  /** It can be run once every record that it asks for is named. */
  const tell = (action: typeof chosen, named: Record<string, Reference>) => onChange(action && (action.asks ?? []).every((x) => named[x.name])
    ? { action: action.name, params: Object.fromEntries((action.asks ?? []).map((x) => [x.name, { LogicalName: x.table, Id: named[x.name]?.id }])) } : undefined);
  return (
    <>
      <Select label={t("bulk.whichAction")} allowDeselect={false} value={name} description={chosen?.about}
        data={actions.map((a) => ({ value: a.name, label: i18n.exists(`action.${a.name}`) ? t(`action.${a.name}`) : a.name }))}
        onChange={(v) => { setName(v); setGiven({}); tell(actions.find((a) => a.name === v), {}); }} mb="sm" />
      {chosen?.asks?.map((ask) => (
        <div key={`${chosen.name} ${ask.name}`} style={{ marginBlockEnd: 12 }}>
          <label htmlFor={`bulk-${ask.name}`} style={{ display: "block", marginBlockEnd: 4, fontWeight: 500 }}>{ask.label}</label>
          <LookupEditor id={`bulk-${ask.name}`} column={{ name: ask.name, type: "lookup", label: ask.label, targets: [ask.table] }} value={given[ask.name] ?? null} aria-label={ask.label}
            onChange={(v) => { const { [ask.name]: _, ...others } = given; const now = v ? { ...others, [ask.name]: v } : others; setGiven(now); tell(chosen, now); }} />
        </div>
      ))}
    </>
  );
}

function OwnerField({ onChange }: { onChange: OnChange }) {
  const { t } = useTranslation();
  const [owner, setOwner] = useState<Reference | null>(null);
  const column: Column = { name: "ownerid", type: "lookup", label: t("bulk.owner"), targets: ["systemuser", "team"] };
  return <LookupEditor column={column} value={owner} aria-label={t("bulk.owner")} onChange={(v) => { setOwner(v); onChange(v ? { owner: { table: v.table, id: v.id } } : undefined); }} />;
}

/** How a change to many rows fares, its stopping and its undoing. */
export function Running({ id, onClose, onChanged }: { id: string; onClose?: () => void; onChanged: () => void }) {
  const { t } = useTranslation();
  const look = useQuery({
    queryKey: ["bulk", id],
    queryFn: async ({ signal }) => {
      const { data } = await request<BulkState>(`/api/bulk/${id}`, { signal });
      if (!busy(data.status)) onChanged();
      return data;
    },
    refetchInterval: (q) => (!q.state.data || busy(q.state.data.status) ? EVERY : false),
  });
  const call = (action: keyof Actions) => void callBound("rpt_bulkoperations", id, action).then(() => look.refetch(), toastFailure);
  const state = look.data;
  if (!state) return null;
  const counts = { done: formatNumber(state.done), total: formatNumber(state.total), failed: formatNumber(state.failed), undone: formatNumber(state.undone), kept: formatNumber(state.kept) };
  const over = state.status === status.undoing || state.status === status.undone;
  return (
    <div aria-live="polite">
      {busy(state.status)
        ? <Progress value={state.status === status.undoing ? 100 : (100 * (state.done + state.failed)) / Math.max(1, state.total)} animated aria-label={t("bulk.running")} mb="sm" />
        : <Alert data-tone={state.status === status.done ? "good" : state.status === status.failed ? "bad" : undefined} icon={<Icon name="info" />} title={t(`transfer.state.s${state.status}`)} mb="sm"><Said text={state.error} /></Alert>}
      <p>{over ? t("transfer.undone", { undone: counts.undone, kept: counts.kept }) : t("bulk.progress", counts)}</p>
      {state.failed > 0 && !busy(state.status) && <Reasons id={id} />}
      {state.failed > 0 && <p><a className="link" href={`/api/bulk/${id}/failed`} download>{t("bulk.failedFile")}</a></p>}
      {over && state.kept > 0 && <p><a className="link" href={`/api/bulk/${id}/kept`} download>{t("transfer.keptFile")}</a></p>}
      {onClose && <p className="faint">{busy(state.status) && t("bulk.goesOn")} <Link className="link" to={recordPath("rpt_bulkoperation", id)}>{t("bulk.page")}</Link></p>}
      <div style={{ display: "flex", justifyContent: "flex-end", gap: 8, marginTop: 20 }}>
        {(state.status === status.waiting || state.status === status.running) && <Button variant="default" onClick={() => call("rpt_CancelBulk")}>{t("bulk.stop")}</Button>}
        {(state.status === status.done || state.status === status.cancelled || state.status === status.failed) && state.done > 0 && <Button variant="default" leftSection={<Icon name="undo" size={15} />} onClick={() => call("rpt_UndoBulk")}>{t("transfer.undo")}</Button>}
        {onClose && <Button onClick={onClose}>{t("common.close")}</Button>}
      </div>
    </div>
  );
}
