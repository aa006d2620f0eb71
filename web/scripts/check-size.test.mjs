import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";

const made = [];
afterAll(() => made.forEach((dir) => rmSync(dir, { recursive: true, force: true })));

/** Checks a build whose parts have these sizes in KiB; noise does not compress. */
function check({ entry = 10, css = 1, chunk = 1, library = 1 }) {
  const dist = `${mkdtempSync(`${tmpdir()}/size-`)}/`;
  made.push(dist);
  mkdirSync(`${dist}assets`);
  const write = (file, kib) => writeFileSync(dist + file, randomBytes(kib * 1024));
  write("entry.js", entry);
  write("entry.css", css);
  write("page.js", chunk);
  write("draw.js", library);
  writeFileSync(`${dist}assets/manifest.json`, JSON.stringify({
    "index.html": { file: "entry.js", isEntry: true, css: ["entry.css"] }, "page.tsx": { file: "page.js", name: "Page", isDynamicEntry: true }, "draw.ts": { file: "draw.js", name: "draw", isDynamicEntry: true },
  }));
  const { status, stdout } = spawnSync(process.execPath, [fileURLToPath(new URL("check-size.mjs", import.meta.url)), dist], { encoding: "utf8" });
  return { status, over: stdout.split("\n").filter((line) => line.startsWith("OVER")).length };
}

it("passes what is within its budget", () => expect(check({ entry: 299, css: 39, chunk: 119, library: 199 })).toEqual({ status: 0, over: 0 }), 60_000);
it.each([["first JavaScript", { entry: 301 }], ["styles", { css: 41 }], ["a route's chunk", { chunk: 121 }], ["a shared library", { library: 201 }]])("fails when %s is too heavy", (_, sizes) => expect(check(sizes)).toEqual({ status: 1, over: 1 }), 60_000);
