import { inWords } from "@/i18n/messages";
import { ApiError } from "./errors";
import { currentSession, signedInAgain } from "./session";

function once(path: string, file: File, headers: Record<string, string>, onProgress: (part: number) => void, signal?: AbortSignal): Promise<XMLHttpRequest> {
  return new Promise((resolve, reject) => {
    const ask = new XMLHttpRequest();
    ask.open("PATCH", path);
    const all: Record<string, string> = { Accept: "application/json", "Content-Type": "application/octet-stream", "x-ms-file-name": encodeURIComponent(file.name), ...headers };
    const { session } = currentSession();
    if (session) all["X-CSRF-Token"] = session.csrf;
    for (const [name, value] of Object.entries(all)) ask.setRequestHeader(name, value);
    ask.upload.onprogress = (e) => { if (e.lengthComputable) onProgress(e.loaded / e.total); };
    ask.onload = () => resolve(ask);
    ask.onerror = () => reject(new ApiError(0, "network", "The connection broke while the file was sent."));
    ask.onabort = () => reject(new DOMException("aborted", "AbortError"));
    signal?.addEventListener("abort", () => ask.abort());
    ask.send(file);
  });
}

async function problem(ask: XMLHttpRequest): Promise<ApiError> {
  try {
    const { error } = JSON.parse(ask.responseText) as { error?: { code?: string; message?: string } };
    return new ApiError(ask.status, error?.code ?? "", error?.message ? await inWords(error.message) : ask.statusText);
  } catch {
    return new ApiError(ask.status, "", ask.statusText);
  }
}

/** Sends a file to the address of a file or image column and tells how far it has come, from 0 to 1. fetch can't tell. */
export async function sendFile(path: string, file: File, onProgress: (part: number) => void, signal?: AbortSignal): Promise<void> {
  let ask = await once(path, file, {}, onProgress, signal);
  while (ask.status === 401) {
    await signedInAgain();
    ask = await once(path, file, {}, onProgress, signal);
  }
  if (ask.status >= 300) throw await problem(ask);
}
