import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import de from "./de.json";
import en from "./en.json";

type Texts = { [key: string]: string | Texts };

function flat(texts: Texts, prefix = ""): Map<string, string> {
  return new Map(Object.entries(texts).flatMap(([key, value]) => (typeof value === "string" ? [[prefix + key, value] as const] : [...flat(value, `${prefix}${key}.`)])));
}

const english = flat(en);
const german = flat(de);

it("has every text in both languages", () => {
  expect([...german.keys()].sort()).toEqual([...english.keys()].sort());
});

it("fills in the same values in both languages", () => {
  const holes = (text: string) => (text.match(/\{\{\w+\}\}/g) ?? []).sort().join();
  const uneven = [...english].filter(([key, text]) => holes(text) !== holes(german.get(key) ?? "")).map(([key]) => key);
  expect(uneven).toEqual([]);
});

it("knows every text that the code names", () => {
  const source = fileURLToPath(new URL("..", import.meta.url));
  const missing: string[] = [];
  for (const file of readdirSync(source, { recursive: true }) as string[]) {
    if (!/\.tsx?$/.test(file) || file.endsWith(".test.ts")) continue;
    const code = readFileSync(source + file, "utf8");
    for (const [, key] of code.matchAll(/(?:\bt\(|label: |group: )"([a-z][A-Za-z]*(?:\.[A-Za-z0-9_]+)+)"/g)) {
      if (!english.has(key!) && !english.has(`${key}_other`)) missing.push(`${file}: ${key}`);
    }
  }
  expect(missing).toEqual([]);
});

it("has no text that nothing names", () => {
  const source = fileURLToPath(new URL("..", import.meta.url));
  const named = new Set<string>();
  const patterns: RegExp[] = [];
  for (const file of readdirSync(source, { recursive: true }) as string[]) {
    if (!/\.tsx?$/.test(file) || file.endsWith(".test.ts")) continue;
    const code = readFileSync(source + file, "utf8");
    for (const [, key] of code.matchAll(/["'`]([a-z][A-Za-z]*(?:\.[A-Za-z0-9_]+)+)["'`]/g)) named.add(key!);
    for (const [, text] of code.matchAll(/`([a-z][A-Za-z]*\.[^`\s]*\$\{[^`]*)`/g)) {
      const pieces = text!.split(/\$\{[^}]*\}/).map((p) => p.replace(/\./g, "\\."));
      // A whole section must not pass because some text begins with its name.
      if (/^[A-Za-z._\\]+$/.test(pieces[0]!)) patterns.push(new RegExp(`^${pieces.join("[A-Za-z0-9_]+")}$`));
    }
  }
  const unused = [...english.keys()].filter((key) => {
    const bare = key.replace(/_(?:one|other)$/, "");
    return ![key, bare].some((k) => named.has(k) || patterns.some((p) => p.test(k)));
  });
  expect(unused).toEqual([]);
});
