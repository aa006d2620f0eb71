import { ApiError, errorFrom } from "./errors";
import { currentSession, signedInAgain } from "./session";

export interface RequestOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  /** A file, sent as it is instead of a body. */
  file?: Blob;
  headers?: Record<string, string>;
  /** How the answer is read: JSON unless "text". */
  as?: "text";
  signal?: AbortSignal;
}

export interface Answer<T> {
  data: T;
  status: number;
  etag: string | null;
  headers: Headers;
}

async function send(path: string, options: RequestOptions): Promise<Response> {
  const method = options.method ?? "GET";
  const headers: Record<string, string> = { Accept: options.as === "text" ? "*/*" : "application/json", ...options.headers };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.file) headers["Content-Type"] = options.file.type || "application/octet-stream";
  const { session } = currentSession();
  if (method !== "GET" && session) headers["X-CSRF-Token"] = session.csrf;
  try {
    return await fetch(path, {
      method,
      headers,
      body: options.file ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
      signal: options.signal,
      cache: "no-store",
    });
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new ApiError(0, "network", cause instanceof Error ? cause.message : String(cause));
  }
}

/**
 * Sends one request. When the session has ended meanwhile, it waits for the
 * person to sign in again and then sends the same request once more, so that
 * nothing typed is lost.
 */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  let response = await send(path, options);
  while (response.status === 401) {
    await signedInAgain();
    response = await send(path, options);
  }
  if (!response.ok) throw await errorFrom(response);
  const text = response.status === 204 ? "" : await response.text();
  let data: unknown;
  if (options.as === "text") data = text;
  else if (text !== "") {
    try {
      data = JSON.parse(text);
    } catch {
      throw new ApiError(502, "answer.unreadable", "The server's answer could not be read.");
    }
  }
  return { data: data as T, status: response.status, etag: response.headers.get("ETag"), headers: response.headers };
}
