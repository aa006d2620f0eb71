// The way through PocketBase's administration pages, as far as they have the same.
import { firstLoad, memory, quiet, tasks, tell, waits } from "./watch.mjs";

const base = process.env.PEER_URL;
const side = "PocketBase";
const rows = "table tbody tr";
const listed = () => document.querySelectorAll("table tbody tr").length > 5;

async function signIn(page) {
  await page.goto(`${base}/_/`);
  await page.locator('input[type="email"]').fill(process.env.PEER_USER);
  await page.locator('input[type="password"]').fill(process.env.PEER_PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => !document.querySelector('input[type="password"]'));
}

async function list(page) {
  await page.goto("about:blank");
  await page.goto(`${base}/_/#/collections?collection=leads`);
  await quiet(page, listed);
}

async function pages({ fresh, rounds }) {
  const cold = [], warm = [];
  for (let i = 0; i < rounds; i++) {
    const page = await fresh();
    for (const into of [cold, warm]) {
      await list(page);
      into.push(await page.evaluate(() => globalThis.__bench.lcp));
    }
    await page.context().close();
  }
  tell(side, "Pages", "list, cold: largest contentful paint", "ms", cold);
  tell(side, "Pages", "list, warm: largest contentful paint", "ms", warm);
  const page = await fresh();
  const { Script, Stylesheet } = await firstLoad(page, () => list(page));
  tell(side, "Pages", "list: script over the wire", "KiB", [Script]);
  tell(side, "Pages", "list: style over the wire", "KiB", [Stylesheet]);
  await page.context().close();
}

async function interactions({ fresh, rounds }) {
  const page = await fresh();
  const sort = [], open = [];
  for (let i = 0; i < rounds; i++) {
    await list(page);
    sort.push(...await waits(page, async () => { await page.locator("table thead th", { hasText: "companyname" }).first().click(); await quiet(page, listed); }));
    open.push(...await waits(page, async () => { await page.locator(rows).nth(i).locator("td").nth(2).click(); await page.locator('input[name="subject"], [name="subject"]').first().waitFor(); }));
    await page.keyboard.press("Escape");
  }
  tell(side, "Waits after a key or click", "sort by a column's head", "ms", sort);
  tell(side, "Waits after a key or click", "record opened from the list", "ms", open);
  await page.context().close();
}

async function scrolling({ fresh }) {
  const page = await fresh();
  await list(page);
  const before = await memory(page);
  const found = await tasks(page, async () => {
    const box = await page.locator("table").first().boundingBox();
    await page.mouse.move(box.x + 200, box.y + 200);
    const until = Date.now() + 60_000;
    for (let i = 0; i < 300 && Date.now() < until; i++) {
      await page.mouse.wheel(0, 900);
      const more = page.getByRole("button", { name: /load more/i });
      if (i % 10 === 9 && await more.isVisible().catch(() => false)) await more.click({ timeout: 5_000 }).catch(() => undefined);
    }
  });
  tell(side, "Scrolling", "300 turns of the wheel: longest tasks", "ms", found);
  tell(side, "Scrolling", "rows in the page after that", "rows", [await page.locator(rows).count()]);
  const after = await memory(page);
  tell(side, "Scrolling", "live objects more than before", "MiB", [after.heap - before.heap]);
  tell(side, "Scrolling", "elements more than before", "nodes", [after.nodes - before.nodes]);
  await page.context().close();
}

export default { signIn, pages, interactions, scrolling };
