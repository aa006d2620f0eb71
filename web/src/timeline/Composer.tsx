import { ActionIcon, Button, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { useTranslation } from "react-i18next";
import { entitySets, tableQuery, useTables } from "@/api/metadata";
import { createRecord, deleteRecord } from "@/api/records";
import { useSession } from "@/api/session";
import { useShortcuts } from "@/lib/keys";
import { toast, toastFailure, toastUndo } from "@/ui/toast";
import { Icon } from "@/ui/icons";
import classes from "./Composer.module.css";
import { keepDraft, keptDraft } from "./draft";
import type NoteEditor from "./NoteEditor";
import type { NoteEditorHandle } from "./NoteEditor";
import type { useAttach } from "./useAttach";

type Mode = "annotation" | "task" | "adx_portalcomment";

/** Adds a note or a task to the record, or answers the member who has written about it. What is typed stays until the server has it. */
export function Composer({ table, id, onAdded, files, over, answers }: { table: string; id: string; onAdded: () => void; answers: boolean; files: ReturnType<typeof useAttach>; over: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { session } = useSession();
  const { data: tables } = useTables();
  const [mode, setMode] = useState<Mode>("annotation");
  const [text, setPlain] = useState(() => keptDraft(table, id));
  const setText = (next: string) => { setPlain(next); keepDraft(table, id, next); };
  const [due, setDue] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  const note = useRef<NoteEditorHandle>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [Editor, setEditor] = useState<typeof NoteEditor>();
  // The editor takes the plain field's place once it is loaded, but never under somebody's hands; what stands there
  // goes along. It does so at once: whoever came to the field in between would find it gone.
  useEffect(() => {
    let gone = false;
    void import("./NoteEditor").then((m) => { if (!gone && document.activeElement !== area.current) flushSync(() => setEditor(() => m.default)); }, () => undefined);
    return () => { gone = true; };
  }, []);
  const modes = (["annotation", "task", "adx_portalcomment"] as const).filter((m) => (m !== "adx_portalcomment" || answers) && tables?.some((x) => x.logicalname === m));
  const current = modes.includes(mode) ? mode : modes[0];
  useShortcuts([{ keys: "n", label: "keys.note", group: "keys.record", run: () => (note.current ? note.current.focus() : area.current?.focus()) }]);

  const add = useMutation({
    mutationFn: async (kind: Mode) => {
      const meta = await client.ensureQueryData(tableQuery(kind));
      const bind = `/${entitySets(client)[table] ?? table}(${id})`;
      const [first, ...rest] = text.trim().split("\n");
      const body: Record<string, unknown> = kind === "annotation"
        ? { notetext: text.trim(), "objectid@odata.bind": bind }
        : kind === "adx_portalcomment" ? { description: text.trim(), "regardingobjectid@odata.bind": bind }
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
      if (kind === "adx_portalcomment") toast(label); // it has been sent: there is no taking back
      else if (made) toastUndo(label, { label, run: async () => { await deleteRecord(set, made); onAdded(); } });
    },
    onError: toastFailure,
  });
  if (!current) return null;
  const submit = () => { if (text.trim() && !add.isPending) add.mutate(current); };

  const attachable = modes.includes("annotation");

  return (
    <form className={classes.composer} data-over={over || undefined} onSubmit={(e) => { e.preventDefault(); submit(); }}>
      {Editor && current === "annotation" ? (
        <Editor label={t("timeline.placeholder.annotation")} onChange={setText} onSubmit={submit} handle={note} initial={text} files={files.send} />
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
        {attachable && (
          <>
            <input ref={picker} type="file" multiple hidden onChange={(e) => { files.send([...(e.currentTarget.files ?? [])]); e.currentTarget.value = ""; }} />
            <ActionIcon aria-label={t("note.attach")} onClick={() => picker.current?.click()}><Icon name="clip" /></ActionIcon>
          </>
        )}
        {files.sending && <progress className={classes.progress} value={files.sending.part} aria-label={t("note.sending", { name: files.sending.name })} />}
        <span role="status" className="faint clip">{files.sending ? t("note.sending", { name: files.sending.name }) : over ? t("note.drop") : ""}</span>
        <Button type="submit" size="compact-sm" ml="auto" disabled={!text.trim()} loading={add.isPending}>{t("timeline.add")}</Button>
      </div>
    </form>
  );
}
