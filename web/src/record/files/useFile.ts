import { useState, useRef } from "react";
import { asApiError } from "@/api/errors";
import { request } from "@/api/http";
import { recordUrl } from "@/api/odata";
import { sendFile } from "@/api/sendFile";
import type { Column, Row, Table } from "@/api/types";
import type { RecordHandle } from "../useRecord";

/** The content of a file or image column of one record: what is there, and its sending, replacing and removing. */
export function useFile(table: Table, column: Column, row: Row, handle: Pick<RecordHandle, "refetch">) {
  const [part, setPart] = useState<number>();
  const [problem, setProblem] = useState<string>();
  const [version, setVersion] = useState(0);
  const stop = useRef<AbortController>(undefined);
  const address = `${recordUrl(table.entityset, String(row[table.primaryid]))}/${column.name}`;
  const image = column.type === "image";
  const key = image ? row[`${column.name}id`] : row[column.name];
  // Of a note's paper the row tells the name alone.
  const name = row[`${column.name}_name`] ?? (column.name === "documentbody" ? row.filename : undefined);
  const there = (typeof key === "string" && key !== "") || (typeof name === "string" && name !== "");

  async function run(work: () => Promise<unknown>) {
    setProblem(undefined);
    try {
      await work();
      setVersion((v) => v + 1);
      handle.refetch();
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) setProblem(asApiError(error).message);
    } finally {
      setPart(undefined);
    }
  }
  return {
    there, image, part, problem,
    name: typeof name === "string" ? name : "",
    /** Where the content is fetched; of a picture the small form. */
    src: `${address}/$value?v=${encodeURIComponent(String(key ?? ""))}${version || ""}`,
    full: `${address}/$value?${image ? "size=full&" : ""}v=${encodeURIComponent(String(key ?? ""))}${version || ""}`,
    send: (file: File) => {
      stop.current = new AbortController();
      setPart(0);
      return run(() => sendFile(`${address}?x-ms-file-name=${encodeURIComponent(file.name)}`, file, setPart, stop.current!.signal));
    },
    cancel: () => stop.current?.abort(),
    remove: () => run(() => request(address, { method: "DELETE" })),
  };
}

export type FileHandle = ReturnType<typeof useFile>;
