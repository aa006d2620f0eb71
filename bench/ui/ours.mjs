// The way through the product's interface.
import { firstLoad, memory, quiet, tasks, tell, waits } from "./watch.mjs";

const base = process.env.RAPPORT_URL;
const side = "Rapport";
const still = () => !document.querySelector('[aria-busy="true"]') && Boolean(document.querySelector("main#main")?.childElementCount);
const listed = () => document.querySelectorAll('[role="grid"] [role="rowheader"]').length > 5 && !document.querySelector('[role="grid"][aria-busy="true"]');
const opened = () => Boolean(document.querySelector("main#main h1")?.textContent.trim()) && !document.querySelector('[role="grid"]');
/** Between two letters of a quick typist, and between the repeats of a key held down, in milliseconds. */
const TYPED = 60, HELD = 33;
const grid = (page) => page.getByRole("grid");

async function signIn(page) {
  await page.goto(`${base}/`);
  await page.getByLabel("User name").fill("admin");
  await page.getByLabel("Password", { exact: true }).fill(process.env.RAPPORT_PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await quiet(page, still);
}

async function aLead(page) {
  return page.evaluate(async () => (await (await fetch("/api/data/v9.2/leads?$select=leadid&$top=1")).json()).value[0].leadid);
}

async function list(page) {
  await page.goto(`${base}/r/lead`);
  await quiet(page, listed);
}

async function pages({ fresh, rounds }) {
  const at = await fresh();
  await at.goto(`${base}/`);
  const lead = await aLead(at);
  await at.context().close();
  for (const [name, path, ready] of [["home", "/", still], ["list", "/r/lead", listed], ["record", `/r/lead/${lead}`, opened]]) {
    const cold = [], warm = [];
    for (let i = 0; i < rounds; i++) {
      const page = await fresh();
      for (const into of [cold, warm]) {
        await page.goto(base + path);
        await quiet(page, ready);
        into.push(await page.evaluate(() => globalThis.__bench.lcp));
      }
      await page.context().close();
    }
    tell(side, "Pages", `${name}, cold: largest contentful paint`, "ms", cold, "≤ 2500 ms");
    tell(side, "Pages", `${name}, warm: largest contentful paint`, "ms", warm, "≤ 2500 ms");
  }
  const page = await fresh();
  const { Script, Stylesheet } = await firstLoad(page, async () => { await page.goto(`${base}/`); await quiet(page, still); });
  tell(side, "Pages", "home: script over the wire, with what is fetched ahead", "KiB", [Script]);
  tell(side, "Pages", "home: style over the wire", "KiB", [Stylesheet], "≤ 40 KiB");
  await page.context().close();
}

async function interactions({ fresh, rounds }) {
  const page = await fresh();
  const inp = (what, list) => tell(side, "Waits after a key or click", what, "ms", list, "≤ 200 ms");
  await list(page);
  await page.locator('[role="rowheader"]').first().click({ position: { x: 4, y: 4 } });
  inp("down through the rows by arrow key", await waits(page, async () => { for (let i = 0; i < 12 * rounds; i++) await page.keyboard.press("ArrowDown"); }));
  inp("along the cells by arrow key", await waits(page, async () => { for (let i = 0; i < 4 * rounds; i++) await page.keyboard.press(i % 8 < 4 ? "ArrowRight" : "ArrowLeft"); }));
  inp("a row chosen by x", await waits(page, async () => { for (let i = 0; i < 2 * rounds; i++) { await page.keyboard.press("x"); await page.waitForTimeout(HELD); } }));

  const all = { open: [], sort: [], palette: [], typed: [], filter: [], preview: [], field: [] };
  for (let i = 0; i < rounds; i++) {
    await list(page);
    all.sort.push(...await waits(page, async () => { await page.getByRole("columnheader", { name: i % 2 ? "Name" : "Created On", exact: true }).click(); await quiet(page, listed); }));
    all.preview.push(...await waits(page, async () => { await page.locator('[role="rowheader"]').nth(2).click({ position: { x: 4, y: 4 } }); await page.keyboard.press("Space"); await page.locator("aside dl").waitFor(); }));
    await page.keyboard.press("Escape");
    all.filter.push(...await waits(page, async () => {
      await page.getByRole("button", { name: "Filter", exact: true }).click();
      await page.getByRole("dialog").getByLabel("Value").pressSequentially("ada", { delay: TYPED });
      await page.getByRole("button", { name: "Done" }).click();
      await page.waitForURL(/filter=/);
      await quiet(page, listed);
    }));
    await list(page);
    all.palette.push(...await waits(page, async () => { await page.keyboard.press("Control+k"); await page.getByRole("combobox", { name: "Search and commands" }).waitFor(); }));
    all.typed.push(...await waits(page, async () => { await page.getByRole("combobox", { name: "Search and commands" }).pressSequentially("settings", { delay: TYPED }); }));
    await page.keyboard.press("Escape");
    await list(page);
    all.open.push(...await waits(page, async () => { await page.locator('[role="rowheader"] a').nth(i).click(); await quiet(page, opened); }));
    const field = page.locator("main#main").getByRole("textbox").first();
    if (await field.count() === 0) await page.locator("main#main button", { hasText: /./ }).first().waitFor();
    all.field.push(...await waits(page, async () => {
      await page.getByLabel("Company Name", { exact: false }).first().click();
      await page.keyboard.type("Paper", { delay: TYPED });
      await page.keyboard.press("Escape");
    }));
  }
  inp("sort by a column's head", all.sort);
  inp("preview of a row", all.preview);
  inp("filter: opened, typed into, used", all.filter);
  inp("palette opened", all.palette);
  inp("palette typed into", all.typed);
  inp("record opened from the list", all.open);
  inp("field of a record typed into", all.field);
  await page.context().close();
}

async function scrolling({ fresh }) {
  const page = await fresh();
  await list(page);
  const before = await memory(page);
  const held = (what, found) => tell(side, "Scrolling", `${what}: longest tasks`, "ms", found, "≤ 200 ms");
  const box = await grid(page).boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  held("300 turns of the wheel", await tasks(page, async () => { for (let i = 0; i < 300; i++) await page.mouse.wheel(0, 900); await quiet(page, listed); }));
  await page.locator('[role="rowheader"]').nth(3).click({ position: { x: 4, y: 4 } });
  held("200 times Page Down", await tasks(page, async () => { for (let i = 0; i < 200; i++) await page.keyboard.press("PageDown"); await quiet(page, listed); }));
  held("to the end and back by keys", await tasks(page, async () => { for (let i = 0; i < 3; i++) { await page.keyboard.press("Control+End"); await quiet(page, listed); await page.keyboard.press("Control+Home"); await quiet(page, listed); } }));
  held("the scrollbar dragged from top to bottom", await tasks(page, async () => {
    await page.mouse.move(box.x + box.width - 6, box.y + 12);
    await page.mouse.down();
    for (let i = 1; i <= 80; i++) await page.mouse.move(box.x + box.width - 6, box.y + 12 + (i * (box.height - 24)) / 80);
    await page.mouse.up();
    await quiet(page, listed);
  }));
  held("all rows from top to bottom, a screen at a time", await tasks(page, async () => {
    await grid(page).evaluate(async (g) => {
      const frame = () => new Promise((r) => requestAnimationFrame(r));
      g.scrollTop = 0;
      const until = performance.now() + 90_000;
      for (let i = 0; i < 20_000 && performance.now() < until; i++) {
        const was = g.scrollTop;
        g.scrollTop += g.clientHeight - 60;
        await frame();
        if (g.scrollTop === was) break;
      }
    });
    await quiet(page, listed);
  }));
  const last = await page.evaluate(() => Math.max(...[...document.querySelectorAll('[role="row"][aria-rowindex]')].map((r) => Number(r.getAttribute("aria-rowindex")))));
  const after = await memory(page);
  tell(side, "Scrolling", "row that was reached at the bottom", "rows", [last - 1]);
  tell(side, "Scrolling", "live objects before", "MiB", [before.heap]);
  tell(side, "Scrolling", "live objects after all of it, more than before", "MiB", [after.heap - before.heap]);
  tell(side, "Scrolling", "elements after, more than before", "nodes", [after.nodes - before.nodes]);
  await page.context().close();
}

export default { signIn, pages, interactions, scrolling };
