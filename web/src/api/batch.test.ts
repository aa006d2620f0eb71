import { describe, expect, it } from "vitest";
import { changeSet, refusal } from "./batch";

describe("a change set", () => {
  it("holds every change as a request of its own", () => {
    const text = changeSet([{ method: "PATCH", path: "roles(1)", body: { name: "x" } }, { method: "DELETE", path: "roles(2)" }]);
    expect(text).toContain('PATCH /api/data/v9.2/roles(1) HTTP/1.1\r\nContent-Type: application/json\r\nIf-Match: *\r\n\r\n{"name":"x"}');
    expect(text).toContain("DELETE /api/data/v9.2/roles(2) HTTP/1.1");
    expect(text.match(/--changes\r\n/g)).toHaveLength(2);
    expect(text.endsWith("--changes--\r\n--batch--\r\n")).toBe(true);
  });

  it("tells of a refusal", () => {
    expect(refusal("--b\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\r\n--b--")).toBeUndefined();
    expect(refusal('--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n\r\n{"error":{"code":"x"}}\r\n--b--\r\n')).toEqual({ status: 403, body: '{"error":{"code":"x"}}' });
  });
});
