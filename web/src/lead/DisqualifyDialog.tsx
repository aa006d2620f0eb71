import { Radio, Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { callBound } from "@/api/records";
import { columnOf, idOf, nameOf } from "@/api/rows";
import type { Column, Reference, Row, Table } from "@/api/types";
import { LookupEditor } from "@/record/editors/LookupEditor";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { toastUndo } from "@/ui/toast";

const DISQUALIFIED = 2;

export function DisqualifyDialog({ table, row, onClose, onDone }: { table: Table; row: Row; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const statuses = (columnOf(table, "statuscode")?.options ?? []).filter((o) => o.state === DISQUALIFIED);
  const [status, setStatus] = useState(statuses[0]?.value);
  const [reason, setReason] = useState("");
  const rivals = columnOf(table, "rpt_competitorid");
  const [rival, setRival] = useState<Reference | null>(null);
  const id = idOf(table, row);

  async function disqualify() {
    await callBound(table.entityset, id, "rpt_DisqualifyLead", { Status: status ?? -1, Reason: reason.trim(), Competitor: rival ? { "@odata.type": "Microsoft.Dynamics.CRM.competitor", competitorid: rival.id } : undefined });
    onDone();
    const label = t("lead.disqualified", { name: nameOf(table, row) });
    toastUndo(label, { label, run: async () => { await callBound(table.entityset, id, "rpt_ReactivateLead"); onDone(); } });
  }

  return (
    <ConfirmDialog title={t("lead.disqualifyTitle", { name: nameOf(table, row) })} confirm={t("lead.disqualify")} run={disqualify} onClose={onClose}>
      {statuses.length > 0 && (
        <Radio.Group label={t("lead.why")} value={String(status)} onChange={(v) => setStatus(Number(v))}>
          <div className="stack" style={{ marginTop: 6 }}>
            {statuses.map((o, i) => <Radio key={o.value} value={String(o.value)} label={o.label} data-autofocus={i === 0 || undefined} />)}
          </div>
        </Radio.Group>
      )}
      <Textarea mt="md" label={t("lead.reasonLabel")} description={t("lead.reasonHint")} autosize minRows={2} maxRows={8} value={reason} maxLength={2000}
        onChange={(e) => setReason(e.currentTarget.value)} />
      {rivals && <div style={{ marginTop: 16 }}><p style={{ marginBottom: 4 }}>{rivals.label}</p><LookupEditor column={rivals as Column} value={rival} onChange={setRival} make={false} aria-label={rivals.label} /></div>}
    </ConfirmDialog>
  );
}
