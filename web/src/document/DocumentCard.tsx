import { ActionIcon, Badge, Button, Checkbox, Menu, Textarea, TextInput } from "@mantine/core";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useTableMeta } from "@/api/metadata";
import { recordUrl } from "@/api/odata";
import { callBound, callUnbound, fetchTop } from "@/api/records";
import { columnOf } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { currentLanguage } from "@/i18n";
import { formatInstant, optionFor } from "@/lib/format";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { toast, toastFailure } from "@/ui/toast";
import classes from "./document.module.css";

const Preview = lazy(() => import("@/record/files/Preview"));
const Signatures = lazy(() => import("./Signatures"));

type Ask = { kind: "refuse" | "waive" | "receive" | "again"; request: Row };

/** On a record: the documents that it needs, what has come, and what a reviewer makes of it. */
export function DocumentCard({ table, id, row, onDone }: { table: Table; id: string; row: Row; onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const meta = useTableMeta("rpt_documentrequest");
  const fileMeta = useTableMeta("rpt_documentfile");
  const [asking, setAsking] = useState<Ask>();
  const [more, setMore] = useState(false);
  const readable = Boolean(meta.data?.privileges.read && fileMeta.data?.privileges.read);
  const lists = useQuery({
    queryKey: ["documents", "lists", table.logicalname], enabled: readable, staleTime: 60_000, retry: false,
    queryFn: ({ signal }) => fetchTop("rpt_documentchecklists", { filter: `rpt_table eq '${table.logicalname}' and statecode eq 0`, top: 1 }, signal),
  });
  const requests = useQuery({
    queryKey: ["documents", id, row["@odata.etag"]], enabled: readable, placeholderData: keepPreviousData, refetchInterval: 30_000,
    queryFn: async ({ signal }) => {
      const [asked, files] = await Promise.all([
        fetchTop("rpt_documentrequests", { filter: `rpt_recordid eq ${id} and rpt_status ne 6`, orderby: "rpt_order asc", top: 200 }, signal),
        fetchTop("rpt_documentfiles", { filter: `rpt_recordid eq ${id} and rpt_state ne 4`, orderby: "createdon asc", top: 1000 }, signal),
      ]);
      return { asked: asked.rows, files: files.rows };
    },
  });
  const refresh = async () => { await client.invalidateQueries({ queryKey: ["documents", id] }); onDone(); };
  const all = useMutation({ mutationFn: () => callUnbound("rpt_AskForDocuments", { Target: { LogicalName: table.logicalname, Id: id } }), onSuccess: () => void refresh(), onError: toastFailure });
  if (!meta.data || !fileMeta.data || !requests.data) return null;
  const listed = (lists.data?.rows.length ?? 0) > 0;
  const { asked, files } = requests.data;
  if (!listed && asked.length === 0) return null;
  const needed = asked.filter((r) => r.rpt_required !== false);
  const settled = needed.filter((r) => Number(r.rpt_status) === 3 || Number(r.rpt_status) === 5).length;
  const contact = asked.map((r) => r._rpt_contactid_value).find((c) => typeof c === "string") as string | undefined;
  const waiting = asked.filter((r) => Number(r.rpt_status) === 2).length;

  return (
    <section className={classes.card} aria-label={t("documents.title")}>
      <header className={classes.head}>
        <h2>{t("documents.title")}</h2>
        {needed.length > 0 && <Badge color={settled === needed.length ? "#1e6e31" : "#495057"} variant="filled">{t("documents.settled", { done: settled, all: needed.length })}</Badge>}
        {waiting > 0 && <Badge color="#8a4b00" variant="filled">{t("documents.waiting", { count: waiting })}</Badge>}
        <span className="grow" />
        {table.privileges.write && <Button size="compact-sm" variant="default" onClick={() => setMore(true)}>{t("documents.ask")}</Button>}
      </header>
      {asked.length === 0 && (
        <p className="dim">{t("documents.none")} {table.privileges.write && <button type="button" className="link" disabled={all.isPending} onClick={() => all.mutate()}>{t("documents.askAll")}</button>}</p>
      )}
      {asked.length > 0 && (
        <ul className={classes.list}>
          {asked.map((r) => (
            <Request key={String(r.rpt_documentrequestid)} table={meta.data} row={r} files={files.filter((f) => f._rpt_requestid_value === r.rpt_documentrequestid)} fileSet={fileMeta.data.entityset} onAsk={setAsking} onDone={() => void refresh()} />
          ))}
        </ul>
      )}
      <Suspense><Signatures table={table} id={id} contact={contact} files={files.filter((f) => Number(f.rpt_state) === 2)} /></Suspense>
      {asking && <ReasonDialog ask={asking} onClose={() => setAsking(undefined)} onDone={() => void refresh()} />}
      {more && <AskDialog table={table} id={id} onClose={() => setMore(false)} onDone={() => void refresh()} />}
    </section>
  );
}

const tones: Record<number, string> = { 1: "#1864ab", 2: "#8a4b00", 3: "#1e6e31", 4: "#a51d1d", 5: "#495057" };

function nameOfRequest(row: Row): string {
  return String((currentLanguage() === "de" && row.rpt_namede) || row.rpt_name || "");
}

function Request({ table, row, files, fileSet, onAsk, onDone }: { table: Table; row: Row; files: Row[]; fileSet: string; onAsk: (ask: Ask) => void; onDone: () => void }) {
  const { t } = useTranslation();
  const status = Number(row.rpt_status);
  const name = nameOfRequest(row);
  const column = columnOf(table, "rpt_status");
  const accept = useMutation({
    mutationFn: () => callBound("rpt_documentrequests", String(row.rpt_documentrequestid), "rpt_AcceptDocument"),
    onSuccess: () => { toast(t("documents.accepted", { name })); onDone(); },
    onError: toastFailure,
  });
  const may = table.privileges.write;
  const choices = ([
    ["receive", status !== 3 && status !== 5], ["waive", status !== 3 && status !== 5], ["again", status === 3 || status === 5],
  ] as const).filter(([, can]) => can);
  return (
    <li className={classes.item} data-status={status}>
      <div className={classes.what}>
        <span className={classes.name}>{name}{row.rpt_required === false && <span className="faint"> · {t("documents.optional")}</span>}</span>
        {typeof row.rpt_reason === "string" && row.rpt_reason && <span className="dim">{row.rpt_reason}</span>}
        {files.length > 0 && <ul className={classes.files}>{files.map((f) => <File key={String(f.rpt_documentfileid)} row={f} set={fileSet} />)}</ul>}
      </div>
      <Badge color={tones[status]} variant="filled">{column ? optionFor(column, status)?.label : status}</Badge>
      {may && (
        <div className={classes.do}>
          {status === 2 && <Button size="compact-sm" loading={accept.isPending} onClick={() => accept.mutate()} aria-label={t("documents.acceptWhat", { name })}>{t("documents.accept")}</Button>}
          {status === 2 && <Button size="compact-sm" variant="default" onClick={() => onAsk({ kind: "refuse", request: row })} aria-label={t("documents.refuseWhat", { name })}>{t("documents.refuse")}</Button>}
          <Menu position="bottom-end" width={240}>
            <Menu.Target><ActionIcon size={28} aria-label={t("documents.moreWhat", { name })}><Icon name="more" size={16} /></ActionIcon></Menu.Target>
            <Menu.Dropdown>{choices.map(([kind]) => <Menu.Item key={kind} onClick={() => onAsk({ kind, request: row })}>{t(`documents.${kind}`)}</Menu.Item>)}</Menu.Dropdown>
          </Menu>
        </div>
      )}
    </li>
  );
}

function File({ row, set }: { row: Row; set: string }) {
  const { t } = useTranslation();
  const [looking, setLooking] = useState(false);
  const name = String(row.rpt_name ?? "");
  const state = Number(row.rpt_state);
  const address = `${recordUrl(set, String(row.rpt_documentfileid))}/rpt_content/$value`;
  if (state !== 2) return <li className="faint"><Icon name="clip" size={14} /> {name} · {t(state === 3 ? "documents.infected" : "documents.held")}</li>;
  const pdf = row.rpt_mediatype === "application/pdf";
  return (
    <li>
      <Icon name="clip" size={14} />
      {pdf
        ? <a className="link" href={`${address}?view=inline`} target="_blank" rel="noopener noreferrer">{name}</a>
        : <button type="button" className="link" onClick={() => setLooking(true)}>{name}</button>}
      <span className="faint">{formatInstant(String(row.createdon))}</span>
      {looking && <Suspense><Preview file={{ full: address, name }} name={name} onClose={() => setLooking(false)} /></Suspense>}
    </li>
  );
}

const actions = { refuse: "rpt_RefuseDocument", waive: "rpt_WaiveDocument", receive: "rpt_ReceiveDocument", again: "rpt_AskAgainForDocument" } as const;

function ReasonDialog({ ask, onClose, onDone }: { ask: Ask; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const [words, setWords] = useState("");
  const name = nameOfRequest(ask.request);
  async function run() {
    await callBound("rpt_documentrequests", String(ask.request.rpt_documentrequestid), actions[ask.kind], ask.kind === "receive" ? { Note: words.trim() } : { Reason: words.trim() });
    toast(t(`documents.${ask.kind}Done`, { name }));
    onDone();
  }
  return (
    <ConfirmDialog title={t(`documents.${ask.kind}Title`, { name })} confirm={t(`documents.${ask.kind}`)} run={run} onClose={onClose} disabled={ask.kind !== "receive" && words.trim() === ""}>
      <Textarea label={t(ask.kind === "receive" ? "documents.note" : "documents.reason")} description={t(`documents.${ask.kind}Hint`)} autosize minRows={2} maxRows={8} maxLength={2000} data-autofocus value={words} onChange={(e) => setWords(e.currentTarget.value)} />
    </ConfirmDialog>
  );
}

function AskDialog({ table, id, onClose, onDone }: { table: Table; id: string; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [help, setHelp] = useState("");
  const [optional, setOptional] = useState(false);
  async function run() {
    await callUnbound("rpt_AskForDocument", { Target: { LogicalName: table.logicalname, Id: id }, Name: name.trim(), Help: help.trim(), Optional: optional });
    toast(t("documents.asked", { name: name.trim() }));
    onDone();
  }
  return (
    <ConfirmDialog title={t("documents.askTitle")} confirm={t("documents.ask")} run={run} onClose={onClose} disabled={name.trim() === ""}>
      <TextInput label={t("documents.name")} description={t("documents.nameHint")} maxLength={300} data-autofocus value={name} onChange={(e) => setName(e.currentTarget.value)} />
      <Textarea mt="sm" label={t("documents.help")} autosize minRows={2} maxRows={6} maxLength={2000} value={help} onChange={(e) => setHelp(e.currentTarget.value)} />
      <Checkbox mt="sm" label={t("documents.optionalLabel")} checked={optional} onChange={(e) => setOptional(e.currentTarget.checked)} />
    </ConfirmDialog>
  );
}
