import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const source = fileURLToPath(new URL("..", import.meta.url));

/** Placed by measured coordinates of the screen, which have no reading direction. */
const measured = new Set(["workspace/Tour.module.css"]);

it("names sides by the direction of reading, never left or right", () => {
  const found: string[] = [];
  for (const file of readdirSync(source, { recursive: true }) as string[]) {
    if (!file.endsWith(".css") || measured.has(file)) continue;
    const css = readFileSync(source + file, "utf8");
    for (const [text] of css.matchAll(/(?<![-\w])(?:(?:margin|padding|border)-(?:left|right)|left|right|border-(?:top|bottom)-(?:left|right)-radius|text-align: (?:left|right)|float)\b[^;{}]*/g)) {
      if (!text.startsWith("left ") && !text.startsWith("right ") || text.includes(":")) found.push(`${file}: ${text}`);
    }
    for (const [text, , values] of css.matchAll(/\b(margin|padding): ([^;{}]*)/g)) {
      const [, right, , left] = values!.trim().split(/\s+/);
      if (left !== undefined && left !== right) found.push(`${file}: ${text}`);
    }
  }
  expect(found).toEqual([]);
});
