import { ActionIcon, Button, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { entitySets, tableQuery, useTables } from "@/api/metadata";
import { createRecord, deleteRecord } from "@/api/records";
import { useSession } from "@/api/session";
import { useShortcuts } from "@/lib/keys";
import { toastFailure, toastUndo } from "@/ui/toast";
import { Icon } from "@/ui/icons";
import { attach, LARGEST } from "./attach";
import classes from "./Composer.module.css";
import type { NoteEditorHandle } from "./NoteEditor";

const loadEditor = () => import("./NoteEditor");
const NoteEditor = lazy(loadEditor);

type Mode = "annotation" | "task";

/** Adds a note or a task to the record. What is typed stays until the server has it. */
export function Composer({ table, id, onAdded }: { table: string; id: string; onAdded: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { session } = useSession();
  const { data: tables } = useTables();
  const [mode, setMode] = useState<Mode>("annotation");
  const [text, setText] = useState("");
  const [due, setDue] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  const note = useRef<NoteEditorHandle>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [rich, setRich] = useState(false);
  const [over, setOver] = useState(false);
  const [sending, setSending] = useState<string>();
  // The editor takes the plain field's place once it is loaded, but never while something stands in that.
  const plainText = useRef("");
  plainText.current = rich ? "" : text;
  useEffect(() => {
    let gone = false;
    void loadEditor().then(() => { if (!gone && plainText.current === "" && document.activeElement !== area.current) setRich(true); }, () => undefined);
    return () => { gone = true; };
  }, []);
  const modes = (["annotation", "task"] as const).filter((m) => tables?.some((x) => x.logicalname === m));
  const current = modes.includes(mode) ? mode : modes[0];
  useShortcuts([{ keys: "n", label: "keys.note", group: "keys.record", run: () => (note.current ? note.current.focus() : area.current?.focus()) }]);

  const add = useMutation({
    mutationFn: async (kind: Mode) => {
      const meta = await client.ensureQueryData(tableQuery(kind));
      const bind = `/${entitySets(client)[table] ?? table}(${id})`;
      const [first, ...rest] = text.trim().split("\n");
      const body: Record<string, unknown> = kind === "annotation"
        ? { notetext: text.trim(), "objectid@odata.bind": bind }
        : {
            subject: first?.slice(0, 200), description: rest.join("\n").trim() || null, scheduledend: due ? new Date(`${due}T17:00`).toISOString() : null,
            "regardingobjectid@odata.bind": bind, "ownerid@odata.bind": `/systemusers(${session?.user.systemuserid})`,
          };
      const made = await createRecord(meta.entityset, meta.primaryid, body);
      return { kind, made, set: meta.entityset };
    },
    onSuccess: ({ kind, made, set }) => {
      setText("");
      note.current?.clear();
      setDue("");
      onAdded();
      const label = t(`timeline.added.${kind}`);
      if (made) toastUndo(label, { label, run: async () => { await deleteRecord(set, made); onAdded(); } });
    },
    onError: toastFailure,
  });
  if (!current) return null;
  const submit = () => { if (text.trim() && !add.isPending) add.mutate(current); };

  async function sendFiles(list: File[]) {
    const meta = await client.ensureQueryData(tableQuery("annotation"));
    for (const file of list) {
      if (file.size > LARGEST) {
        toastFailure(new Error(t("note.tooLarge", { name: file.name, size: LARGEST / 2 ** 20 })));
        continue;
      }
      setSending(file.name);
      try {
        const made = await attach(meta, `/${entitySets(client)[table] ?? table}(${id})`, file);
        onAdded();
        const label = t("note.attached", { name: file.name });
        toastUndo(label, { label, run: async () => { await deleteRecord(meta.entityset, made); onAdded(); } });
      } catch (error) {
        toastFailure(error);
      }
    }
    setSending(undefined);
  }
  const files = modes.includes("annotation");

  return (
    <form className={classes.composer} data-over={over || undefined}
      onDragOver={(e) => { if (files && e.dataTransfer.types.includes("Files")) { e.preventDefault(); setOver(true); } }} onDragLeave={() => setOver(false)}
      onDrop={(e) => { setOver(false); if (files && e.dataTransfer.files.length) { e.preventDefault(); void sendFiles([...e.dataTransfer.files]); } }}
      onSubmit={(e) => { e.preventDefault(); submit(); }}>
      {rich && current === "annotation" ? (
        <Suspense fallback={null}><NoteEditor label={t("timeline.placeholder.annotation")} onChange={setText} onSubmit={submit} handle={note} files={(list) => void sendFiles(list)} /></Suspense>
      ) : <Textarea ref={area} autosize minRows={text ? 3 : 1} maxRows={12} value={text} variant="unstyled" aria-label={t(`timeline.placeholder.${current}`)}
        placeholder={t(`timeline.placeholder.${current}`)} onChange={(e) => setText(e.currentTarget.value)}
        onKeyDown={(e) => {
          if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) submit();
          if (e.key === "Escape") e.currentTarget.blur();
        }} />}
      <div className={classes.foot}>
        {modes.length > 1 && (
          <SegmentedControl size="xs" value={current} onChange={(v) => { setMode(v as Mode); setText(""); }} aria-label={t("timeline.kindLabel")}
            data={modes.map((m) => ({ value: m, label: t(`timeline.kind.${m}`) }))} />
        )}
        {current === "task" && <TextInput type="date" size="xs" value={due} onChange={(e) => setDue(e.currentTarget.value)} aria-label={t("timeline.due")} />}
        {files && (
          <>
            <input ref={picker} type="file" multiple hidden onChange={(e) => { void sendFiles([...(e.currentTarget.files ?? [])]); e.currentTarget.value = ""; }} />
            <ActionIcon aria-label={t("note.attach")} onClick={() => picker.current?.click()}><Icon name="clip" /></ActionIcon>
          </>
        )}
        <span role="status" className="faint clip">{sending ? t("note.sending", { name: sending }) : over ? t("note.drop") : ""}</span>
        <Button type="submit" size="compact-sm" ml="auto" disabled={!text.trim()} loading={add.isPending}>{t("timeline.add")}</Button>
      </div>
    </form>
  );
}
