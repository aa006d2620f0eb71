import { recordUrl } from "@/api/odata";
import { createRecord, deleteRecord } from "@/api/records";
import { sendFile } from "@/api/sendFile";
import type { Table } from "@/api/types";

/** Larger files than this are not taken from the browser. */
export const LARGEST = 32 * 2 ** 20;

/** Puts a file to a record as a note with an attachment; nothing stays when its content does not arrive. */
export async function attach(notes: Table, bind: string, file: File, onProgress: (part: number) => void): Promise<string> {
  const id = await createRecord(notes.entityset, notes.primaryid, { subject: file.name.slice(0, 200), "objectid@odata.bind": bind });
  try {
    await sendFile(`${recordUrl(notes.entityset, id)}/documentbody?x-ms-file-name=${encodeURIComponent(file.name)}`, file, onProgress);
  } catch (error) {
    await deleteRecord(notes.entityset, id).catch(() => undefined);
    throw error;
  }
  return id;
}

export function attachmentUrl(id: string): string {
  return `${recordUrl("annotations", id)}/documentbody/$value`;
}
