import { ApiError, errorFrom } from "./errors";
import { request } from "./http";
import { API } from "./odata";

export interface Operation {
  method: "POST" | "PATCH" | "DELETE";
  /** Below the API's address, such as `roles(…)`. */
  path: string;
  body?: unknown;
}

const CHANGES = "changes";
const BATCH = "batch";

/** The body of a `$batch` with one change set. */
export function changeSet(operations: Operation[]): string {
  const parts = operations.map((o, i) => [
    `--${CHANGES}`, "Content-Type: application/http", "Content-Transfer-Encoding: binary", `Content-ID: ${i + 1}`, "",
    `${o.method} ${API}/${o.path} HTTP/1.1`, "Content-Type: application/json", ...(o.method === "PATCH" ? ["If-Match: *"] : []), "",
    o.body === undefined ? "" : JSON.stringify(o.body),
  ].join("\r\n"));
  return [`--${BATCH}`, `Content-Type: multipart/mixed; boundary=${CHANGES}`, "", ...parts, `--${CHANGES}--`, `--${BATCH}--`, ""].join("\r\n");
}

/** The first refusal in the answer of a `$batch`; undefined when there is none. */
export function refusal(answer: string): { status: number; body: string } | undefined {
  const found = /HTTP\/1\.1 ([45]\d\d)[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n([\s\S]*?)\r?\n--/.exec(answer);
  return found ? { status: Number(found[1]), body: found[2]! } : undefined;
}

/** Makes all changes or none. */
export async function changeTogether(operations: Operation[]): Promise<void> {
  if (operations.length === 0) return;
  const file = new Blob([changeSet(operations)], { type: `multipart/mixed;boundary=${BATCH}` });
  const answer = await request<string>(`${API}/$batch`, { method: "POST", file, as: "text" });
  if (typeof answer.data !== "string") throw new ApiError(502, "answer.unreadable", "The server's answer could not be read.");
  const refused = refusal(answer.data);
  if (refused) throw await errorFrom(new Response(refused.body, { status: refused.status }));
}
