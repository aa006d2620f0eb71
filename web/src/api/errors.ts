import { inWords } from "@/i18n/messages";

/** One refused field, in the server's words. */
export interface FieldError {
  name: string;
  code: string;
  message: string;
}

export type ErrorKind =
  | "network" | "unauthorised" | "forbidden" | "notfound" | "conflict" | "invalid" | "busy" | "server";

/** A request that did not succeed, with what a screen needs to say about it. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: FieldError[];
  /** Seconds to wait, when the server named them. */
  readonly retryAfter?: number;

  constructor(status: number, code: string, message: string, fields: FieldError[] = [], retryAfter?: number) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.retryAfter = retryAfter;
  }

  get kind(): ErrorKind {
    if (this.status === 0) return "network";
    if (this.status === 401) return "unauthorised";
    if (this.status === 403) return "forbidden";
    if (this.status === 404 || this.status === 410) return "notfound";
    // A record like it is there: that is for the person to judge, not a change meanwhile.
    if (this.status === 412) return this.code === "duplicate.found" ? "invalid" : "conflict";
    if (this.status === 429 || this.status === 503) return "busy";
    return this.status >= 500 ? "server" : "invalid";
  }
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(0, "network", error instanceof Error ? error.message : String(error));
}

/** Reads the error body that the server's contract promises, and bears with any other. */
export async function errorFrom(response: Response): Promise<ApiError> {
  let code = "";
  let message = response.statusText;
  let fields: FieldError[] = [];
  try {
    const body = (await response.json()) as { error?: Record<string, unknown> };
    const inner = body.error ?? {};
    // The product's own code, where the Web API's is one that Dataverse has for many things.
    if (typeof inner["@rapport.code"] === "string") code = inner["@rapport.code"];
    else if (typeof inner.code === "string") code = inner.code;
    if (typeof inner.message === "string") message = await inWords(inner.message);
    const named = inner["@rapport.fields"];
    if (Array.isArray(named)) fields = await Promise.all((named as FieldError[]).map(async (f) => ({ ...f, message: await inWords(f.message) })));
  } catch {
    // Not JSON: a proxy's page, or no body. The status alone must do.
  }
  const wait = Number(response.headers.get("Retry-After"));
  return new ApiError(response.status, code, message, fields, Number.isFinite(wait) && wait > 0 ? wait : undefined);
}
