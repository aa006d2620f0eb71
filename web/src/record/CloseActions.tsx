import { Button, NumberInput, Radio, Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { callUnbound, patchRecord } from "@/api/records";
import { columnOf, idOf, nameOf } from "@/api/rows";
import type { Option, Row, Table } from "@/api/types";
import { useCommands } from "@/lib/commands";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { toastFailure, toastUndo } from "@/ui/toast";

/** A way to bring a record to its end. */
interface Way {
  key: "won" | "lost" | "resolve" | "done";
  state: number;
  icon: "check" | "close";
}

const activity: Way[] = [{ key: "done", state: 1, icon: "check" }];
const ways: Record<string, Way[]> = {
  opportunity: [{ key: "lost", state: 2, icon: "close" }, { key: "won", state: 1, icon: "check" }],
  incident: [{ key: "resolve", state: 1, icon: "check" }],
  task: activity, phonecall: activity, letter: activity, fax: activity, appointment: activity,
};

/** Whether records of a table are closed from their page. */
export const closes = (table: string) => table in ways;

const reasonsOf = (table: Table, state: number): Option[] => (columnOf(table, "statuscode")?.options ?? []).filter((o) => o.state === state);

/** What ends a record, by its table: a deal is won or lost, a case resolved, an activity done; and the way back. */
export function CloseActions({ table, row, onDone }: { table: Table; row: Row; onDone: () => void }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<Way>();
  const [busy, setBusy] = useState(false);
  const id = idOf(table, row);
  const list = ways[table.logicalname] ?? [];
  const open = !list.some((w) => w.state === row.statecode) && row.statecode !== 2;
  const allowed = table.privileges.write;

  async function put(state: number): Promise<void> {
    await patchRecord(table, id, { statecode: state, statuscode: reasonsOf(table, state)[0]?.value });
    onDone();
  }
  async function act(work: () => Promise<void>) {
    setBusy(true);
    try {
      await work();
    } catch (error) {
      toastFailure(error);
    } finally {
      setBusy(false);
    }
  }
  const back = (label: string, state: number) => toastUndo(label, { label, run: () => put(state) });
  const finish = (way: Way) => (way.key === "done" ? void act(async () => { await put(way.state); back(t("close.closed.done", { name: nameOf(table, row) }), 0); }) : setAsking(way));
  const reopen = () => void act(async () => { const was = Number(row.statecode); await put(0); back(t("close.reopened", { name: nameOf(table, row) }), was); });

  useCommands(!allowed ? [] : open
    ? list.map((way) => ({ id: `close-${way.key}`, label: t(`close.do.${way.key}`), icon: way.icon, run: () => finish(way) }))
    : [{ id: "reopen", label: t("close.reopen"), icon: "undo", run: reopen }]);
  if (!allowed) return null;
  return (
    <>
      {open
        ? list.map((way, i) => <Button key={way.key} variant={i === list.length - 1 ? "filled" : "default"} loading={busy} leftSection={i === list.length - 1 ? <Icon name={way.icon} size={15} /> : undefined} onClick={() => finish(way)}>{t(`close.do.${way.key}`)}</Button>)
        : <Button variant="default" loading={busy} leftSection={<Icon name="undo" size={15} />} onClick={reopen}>{t("close.reopen")}</Button>}
      {asking && <CloseDialog table={table} row={row} way={asking} onClose={() => setAsking(undefined)} onDone={() => { onDone(); back(t(`close.closed.${asking.key}`, { name: nameOf(table, row) }), 0); }} />}
    </>
  );
}

function CloseDialog({ table, row, way, onClose, onDone }: { table: Table; row: Row; way: Way; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const reasons = reasonsOf(table, way.state);
  const [status, setStatus] = useState(reasons[0]?.value);
  const [words, setWords] = useState("");
  const [amount, setAmount] = useState<number | string>(typeof row.estimatedvalue === "number" ? row.estimatedvalue : "");
  const name = nameOf(table, row);

  async function close() {
    const said = { subject: t(`close.closed.${way.key}`, { name }).slice(0, 200), ...(words.trim() ? { description: words.trim() } : {}) };
    if (way.key === "resolve") {
      await callUnbound("CloseIncident", { IncidentResolution: { "@odata.type": "Microsoft.Dynamics.CRM.incidentresolution", "incidentid@odata.bind": `/incidents(${idOf(table, row)})`, ...said }, Status: status ?? -1 });
    } else {
      const close = { "@odata.type": "Microsoft.Dynamics.CRM.opportunityclose", "opportunityid@odata.bind": `/opportunities(${idOf(table, row)})`, ...said, ...(way.key === "won" && amount !== "" ? { actualrevenue: Number(amount) } : {}) };
      await callUnbound(way.key === "won" ? "WinOpportunity" : "LoseOpportunity", { OpportunityClose: close, Status: status ?? -1 });
    }
    onDone();
  }

  return (
    <ConfirmDialog title={t(`close.title.${way.key}`, { name })} confirm={t(`close.do.${way.key}`)} run={close} onClose={onClose}>
      {reasons.length > 1 && (
        <Radio.Group label={t("close.why")} value={String(status)} onChange={(v) => setStatus(Number(v))}>
          <div className="stack" style={{ marginTop: 6 }}>{reasons.map((o, i) => <Radio key={o.value} value={String(o.value)} label={o.label} data-autofocus={i === 0 || undefined} />)}</div>
        </Radio.Group>
      )}
      {way.key === "won" && <NumberInput mt="md" label={t("close.amount")} value={amount} onChange={setAmount} min={0} decimalScale={2} thousandSeparator=" " data-autofocus={reasons.length < 2 || undefined} />}
      <Textarea mt="md" label={t("close.words")} autosize minRows={2} maxRows={8} maxLength={2000} value={words} onChange={(e) => setWords(e.currentTarget.value)} data-autofocus={(reasons.length < 2 && way.key !== "won") || undefined} />
    </ConfirmDialog>
  );
}
