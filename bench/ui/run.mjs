// The browser's part of bench/ui: node bench/ui/run.mjs ours|theirs. Figures go
// to standard output, one JSON object a line. bench/ui/main.go starts it.
import { createRequire } from "node:module";
import { watch } from "./watch.mjs";

const { chromium } = createRequire(new URL("../../test/e2e/package.json", import.meta.url))("playwright-core");
const side = process.argv[2];
const { default: way } = await import(`./${side}.mjs`);
const only = (process.env.ONLY ?? "").split(",").filter(Boolean);
// With a display (xvfb-run does) it shows a window, as people have it: without one, Chromium may hold a picture
// back until the next thing happens, and waits look longer than they are.
const display = Boolean(process.env.DISPLAY);
const browser = await chromium.launch({
  headless: !display,
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  // The scrollbar is dragged, so it has to be there.
  ignoreDefaultArgs: ["--hide-scrollbars"],
  args: [...(display ? ["--window-size=1500,1050"] : ["--headless"]), "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--enable-precise-memory-info"],
});
try {
  let state;
  /** A page of a browser that has never been here, signed in if somebody has. */
  const fresh = async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", storageState: state });
    await context.addInitScript(watch);
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    return page;
  };
  const first = await fresh();
  await way.signIn(first);
  state = await first.context().storageState();
  await first.context().close();
  const rounds = Number(process.env.ROUNDS ?? 5);
  for (const part of ["pages", "interactions", "scrolling"]) {
    if (only.length === 0 || only.includes(part)) await way[part]?.({ fresh, rounds });
  }
} finally {
  await browser.close();
}
