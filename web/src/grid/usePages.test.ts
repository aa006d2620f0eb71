import { QueryClient } from "@tanstack/react-query";
import { afterEach, describe, expect, it, vi } from "vitest";
import { fetchPage } from "@/api/records";
import type { Page } from "@/api/types";
import { PAGE, pageQuery } from "./usePages";

vi.mock("@/api/records", () => ({ fetchPage: vi.fn() }));

const asked = vi.mocked(fetchPage);
afterEach(() => asked.mockReset());

/** Answers each request when told, with a link to the page after it. */
function server() {
  const waiting: { url: string; skip: number | undefined; answer: () => void; fail: () => void }[] = [];
  asked.mockImplementation((url, _size, _signal, skip) => new Promise<Page>((resolve, reject) => {
    waiting.push({ url, skip, answer: () => resolve({ rows: [{ id: `${url} ${skip ?? ""}` }], next: `${url}+` } as unknown as Page), fail: () => reject(new Error("lost")) });
  }));
  return waiting;
}

describe("pages of a list", () => {
  const key = ["list"];
  const ask = (client: QueryClient, n: number) => client.fetchQuery({ ...pageQuery(client, key, "/leads?&$count=true", n), retry: false });

  it("walks once for pages that follow each other", async () => {
    const waiting = server(), client = new QueryClient();
    const pages = [40, 41, 42].map((n) => ask(client, n));
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    expect(waiting[0]).toMatchObject({ url: "/leads?", skip: 40 * PAGE });
    waiting[0]!.answer();
    await vi.waitFor(() => expect(waiting).toHaveLength(2));
    expect(waiting[1]).toMatchObject({ url: "/leads?+", skip: undefined });
    waiting[1]!.answer();
    await vi.waitFor(() => expect(waiting).toHaveLength(3));
    expect(waiting[2]).toMatchObject({ url: "/leads?++", skip: undefined });
    waiting[2]!.answer();
    expect((await Promise.all(pages)).map((p) => p.rows.length)).toEqual([1, 1, 1]);
  });

  it("walks by itself where the page before did not come, or is not asked for", async () => {
    const waiting = server(), client = new QueryClient();
    const lost = ask(client, 7).catch(() => "lost");
    const page = ask(client, 8);
    const other = ask(client, 20);
    await vi.waitFor(() => expect(waiting).toHaveLength(2));
    expect(waiting[1]).toMatchObject({ skip: 20 * PAGE });
    waiting[0]!.fail();
    expect(await lost).toBe("lost");
    await vi.waitFor(() => expect(waiting).toHaveLength(3));
    expect(waiting[2]).toMatchObject({ skip: 8 * PAGE });
    waiting[1]!.answer();
    waiting[2]!.answer();
    expect((await page).rows).toHaveLength(1);
    expect((await other).rows).toHaveLength(1);
  });
});
