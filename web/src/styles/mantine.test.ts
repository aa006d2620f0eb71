import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const source = fileURLToPath(new URL("..", import.meta.url));
const sheets = join(dirname(createRequire(import.meta.url).resolve("@mantine/core/styles.css")), "styles");

it("brings the style sheet of every Mantine component that is used", () => {
  const css = readFileSync(`${source}styles/base.css`, "utf8");
  const used = new Set<string>();
  for (const file of readdirSync(source, { recursive: true }) as string[]) {
    if (!file.endsWith(".tsx") && !file.endsWith(".ts")) continue;
    for (const [, names] of readFileSync(source + file, "utf8").matchAll(/import \{([^}]*)\} from "@mantine\/core"/g)) {
      for (const name of names!.split(",")) used.add(name.trim());
    }
  }
  expect(used.size).toBeGreaterThan(15);
  expect([...used].filter((name) => existsSync(join(sheets, `${name}.css`)) && !css.includes(`styles/${name}.css"`))).toEqual([]);
});
