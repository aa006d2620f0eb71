import { Badge, Button, Select, Textarea, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTableMeta } from "@/api/metadata";
import { recordUrl } from "@/api/odata";
import { callBound, callUnbound, fetchTop } from "@/api/records";
import { columnOf } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { formatInstant, optionFor } from "@/lib/format";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { toast, toastFailure } from "@/ui/toast";
import classes from "./document.module.css";

const tones: Record<number, string> = { 1: "#1864ab", 2: "#1e6e31", 3: "#a51d1d", 4: "#8a4b00", 5: "#495057" };

/** On a record: what was sent to be signed, what became of it, and its proof. */
export default function Signatures({ table, id, contact, files }: { table: Table; id: string; contact?: string; files: Row[] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const meta = useTableMeta("rpt_signaturerequest");
  const [sending, setSending] = useState(false);
  const [back, setBack] = useState<Row>();
  const list = useQuery({
    queryKey: ["signatures", id], enabled: Boolean(meta.data?.privileges.read), refetchInterval: 30_000,
    queryFn: ({ signal }) => fetchTop("rpt_signaturerequests", { filter: `rpt_recordid eq ${id}`, orderby: "createdon desc", top: 50 }, signal),
  });
  const refresh = () => void client.invalidateQueries({ queryKey: ["signatures", id] });
  if (!meta.data || !list.data) return null;
  const status = columnOf(meta.data, "rpt_status");
  const canSend = table.privileges.write && contact !== undefined;

  async function verify(row: Row) {
    try {
      const out = await callBound<{ Valid: boolean; Findings: string[] }>("rpt_signaturerequests", String(row.rpt_signaturerequestid), "rpt_VerifySignature");
      if (out.Valid) toast(t("signatures.valid", { name: String(row.rpt_name) }));
      else toastFailure(new Error(t("signatures.invalid", { why: out.Findings.join("; ") })));
    } catch (error) {
      toastFailure(error);
    }
  }
  if (list.data.rows.length === 0 && !canSend) return null;
  return (
    <div className={classes.sub}>
      <header className={classes.head}>
        <h3>{t("signatures.title")}</h3>
        <span className="grow" />
        {canSend && <Button size="compact-sm" variant="subtle" onClick={() => setSending(true)}>{t("signatures.send")}</Button>}
      </header>
      {list.data.rows.length > 0 && (
        <ul className={classes.list}>
          {list.data.rows.map((row) => (
            <li key={String(row.rpt_signaturerequestid)} className={classes.item}>
              <div className={classes.what}>
                <span className={classes.name}>{String(row.rpt_name)}</span>
                <span className="faint">{t(Number(row.rpt_status) === 1 ? "signatures.until" : "signatures.on", { when: formatInstant(String(row.rpt_status === 1 ? row.rpt_expireson : row.rpt_completedon ?? row.modifiedon)) })}</span>
                {typeof row.rpt_reason === "string" && row.rpt_reason && <span className="dim">{row.rpt_reason}</span>}
              </div>
              <Badge color={tones[Number(row.rpt_status)]} variant="filled">{status ? optionFor(status, row.rpt_status)?.label : ""}</Badge>
              <div className={classes.do}>
                {Number(row.rpt_status) === 2 && (
                  <>
                    <Button size="compact-sm" variant="default" onClick={() => void verify(row)}>{t("signatures.verify")}</Button>
                    <Button size="compact-sm" variant="subtle" component="a" target="_blank" rel="noopener noreferrer" leftSection={<Icon name="clip" size={14} />}
                      href={`${recordUrl(meta.data.entityset, String(row.rpt_signaturerequestid))}/rpt_certificate/$value?view=inline`}>{t("signatures.certificate")}</Button>
                  </>
                )}
                {Number(row.rpt_status) === 1 && meta.data.privileges.write && <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setBack(row)}>{t("signatures.withdraw")}</Button>}
              </div>
            </li>
          ))}
        </ul>
      )}
      {sending && contact && <SendDialog table={table} id={id} contact={contact} files={files} onClose={() => setSending(false)} onDone={refresh} />}
      {back && <BackDialog row={back} onClose={() => setBack(undefined)} onDone={refresh} />}
    </div>
  );
}

function SendDialog({ table, id, contact, files, onClose, onDone }: { table: Table; id: string; contact: string; files: Row[]; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [file, setFile] = useState<string | null>(null);
  const [text, setText] = useState("");
  const [message, setMessage] = useState("");
  const usable = files.filter((f) => f.rpt_mediatype === "application/pdf" || f.rpt_mediatype === "text/plain");
  async function run() {
    await callUnbound("rpt_RequestSignature", {
      Target: { LogicalName: table.logicalname, Id: id }, Name: name.trim(), Message: message.trim(), Contacts: [{ LogicalName: "contact", Id: contact }],
      ...(file ? { File: { LogicalName: "rpt_documentfile", Id: file } } : { Text: text }),
    });
    toast(t("signatures.sent", { name: name.trim() }));
    onDone();
  }
  return (
    <ConfirmDialog title={t("signatures.sendTitle")} confirm={t("signatures.send")} run={run} onClose={onClose} disabled={name.trim() === "" || (!file && text.trim() === "")}>
      <TextInput label={t("signatures.name")} maxLength={300} data-autofocus value={name} onChange={(e) => setName(e.currentTarget.value)} />
      {usable.length > 0 && (
        <Select mt="sm" label={t("signatures.file")} clearable value={file} onChange={setFile} data={usable.map((f) => ({ value: String(f.rpt_documentfileid), label: String(f.rpt_name) }))} clearButtonProps={{ "aria-label": t("signatures.noFile") }} />
      )}
      {!file && <Textarea mt="sm" label={t("signatures.text")} autosize minRows={4} maxRows={12} value={text} onChange={(e) => setText(e.currentTarget.value)} />}
      <Textarea mt="sm" label={t("signatures.message")} autosize minRows={2} maxRows={6} maxLength={2000} value={message} onChange={(e) => setMessage(e.currentTarget.value)} />
    </ConfirmDialog>
  );
}

function BackDialog({ row, onClose, onDone }: { row: Row; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  async function run() {
    await callBound("rpt_signaturerequests", String(row.rpt_signaturerequestid), "rpt_WithdrawSignature", { Reason: reason.trim() });
    onDone();
  }
  return (
    <ConfirmDialog title={t("signatures.withdrawTitle", { name: String(row.rpt_name) })} confirm={t("signatures.withdraw")} danger run={run} onClose={onClose} disabled={reason.trim() === ""}>
      <Textarea label={t("documents.reason")} autosize minRows={2} maxRows={6} maxLength={2000} data-autofocus value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
    </ConfirmDialog>
  );
}
