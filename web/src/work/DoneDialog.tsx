import { SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { callUnbound } from "@/api/records";
import { addDays, dayAt } from "@/filter/dates";
import { fromWall } from "@/lib/zone";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { toast } from "@/ui/toast";
import type { WorkItem } from "./api";
import { useStepLabel } from "./WorkPage";

type Next = "" | "phonecall" | "task";

/** Closes the step that was done, or notes a call, and plans the one that follows. */
export function DoneDialog({ item, table, name, onClose, onDone }: { item: WorkItem; table: string; name: string; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const step = item.step?.kind === "activity" ? item.step : undefined;
  const label = useStepLabel(table, item.step);
  const [subject, setSubject] = useState(t("work.called"));
  const [note, setNote] = useState("");
  const [next, setNext] = useState<Next>("");
  const [text, setText] = useState<string>();
  const [due, setDue] = useState(`${addDays(dayAt(new Date()), 1)}T09:00`);
  const words = text ?? (next === "phonecall" ? t("work.callBack") : "");
  const ready = (step !== undefined || subject.trim() !== "") && (next === "" || (words.trim() !== "" && due !== ""));

  async function run() {
    await callUnbound("rpt_CompleteStep", {
      Target: { LogicalName: table, Id: item.id },
      Activity: step ? { LogicalName: step.table, Id: step.id } : undefined,
      Subject: step ? undefined : subject.trim(),
      Note: note.trim() || undefined,
      Next: next || undefined,
      NextText: next ? words.trim() : undefined,
      NextDue: next ? fromWall(due).toISOString() : undefined,
    });
    toast(t("work.noted", { name }));
    onDone();
  }

  return (
    <ConfirmDialog title={t("work.doneTitle", { name })} confirm={t("work.doneGo")} disabled={!ready} run={run} onClose={onClose}>
      {step
        ? <p>{t("work.closes", { what: label ?? "" })}</p>
        : <TextInput label={t("work.did")} description={t("work.didHint")} maxLength={300} value={subject} onChange={(e) => setSubject(e.currentTarget.value)} data-autofocus />}
      <Textarea mt="sm" label={t("work.note")} autosize minRows={2} maxRows={8} maxLength={1500} value={note} onChange={(e) => setNote(e.currentTarget.value)} data-autofocus={step ? true : undefined} />
      <p style={{ margin: "14px 0 4px", fontWeight: 500 }} id="work-next">{t("work.follows")}</p>
      <SegmentedControl fullWidth value={next} onChange={(v) => setNext(v as Next)} aria-labelledby="work-next"
        data={[{ value: "", label: t("work.nothing") }, { value: "phonecall", label: t("work.call") }, { value: "task", label: t("work.task") }]} />
      {next !== "" && (
        <>
          <TextInput mt="sm" label={t("work.followsWhat")} maxLength={300} value={words} onChange={(e) => setText(e.currentTarget.value)} />
          <TextInput mt="sm" type="datetime-local" label={t("work.followsWhen")} value={due} onChange={(e) => setDue(e.currentTarget.value)} />
        </>
      )}
    </ConfirmDialog>
  );
}
