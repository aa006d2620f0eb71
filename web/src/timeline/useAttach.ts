import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { entitySets, tableQuery } from "@/api/metadata";
import { deleteRecord } from "@/api/records";
import { toastFailure, toastUndo } from "@/ui/toast";
import { attach, LARGEST } from "./attach";

export interface Sending {
  name: string;
  /** From 0 to 1. */
  part: number;
}

/** Puts files to a record, one after the other, and tells how far the one at hand has come. */
export function useAttach(table: string, id: string, onAdded: () => void) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [sending, setSending] = useState<Sending>();
  const line = useRef<Promise<void>>(Promise.resolve());

  async function one(file: File) {
    if (file.size > LARGEST) return toastFailure(new Error(t("note.tooLarge", { name: file.name, size: LARGEST / 2 ** 20 })));
    setSending({ name: file.name, part: 0 });
    try {
      const meta = await client.ensureQueryData(tableQuery("annotation"));
      const made = await attach(meta, `/${entitySets(client)[table] ?? table}(${id})`, file, (part) => setSending({ name: file.name, part }));
      onAdded();
      const label = t("note.attached", { name: file.name });
      toastUndo(label, { label, run: async () => { await deleteRecord(meta.entityset, made); onAdded(); } });
    } catch (error) {
      toastFailure(error);
    } finally {
      setSending(undefined);
    }
  }
  return {
    sending,
    send: (files: Iterable<File>) => {
      for (const file of files) line.current = line.current.then(() => one(file));
    },
  };
}
