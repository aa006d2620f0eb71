// From a file of past leads to a lead whose score has risen, in the browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, base, inBothThemes, makeLead, settled, signedIn, skip, start, stop } from "./helpers.mjs";

before(start);
after(stop);
const clean = (page) => assert.deepEqual(page.trouble, []);
const shots = process.env.SCREENSHOTS;
const shot = async (page, name) => { if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true }); };

/** Past leads: managers buy, students don't. The same file each time. */
function customers(rows) {
  let state = 42;
  const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
  const lines = ["Mail;Profession;Income;Since;Bought"];
  for (let i = 0; i < rows; i++) {
    const job = ["student", "manager", "nurse"][Math.floor(random() * 3)];
    const bought = random() < { student: 0.03, manager: 0.5, nurse: 0.15 }[job];
    const since = new Date(Date.UTC(2023, 0, 1) + i * 8 * 3_600_000).toISOString().slice(0, 16).replace("T", " ");
    lines.push(`c${i}@example.com;${job};${1000 + Math.floor(random() * 4000)};${since};${bought ? "yes" : "no"}`);
  }
  lines.push("half;a row");
  return lines.join("\n");
}

const checked = async (page, name) => assert.deepEqual(await inBothThemes(page, name), []);

test("a file of past leads becomes a model, and a lead rises", { skip, timeout: 240_000 }, async () => {
  const page = await signedIn();
  const lead = await makeLead(page, { rpt_extra: JSON.stringify({ Profession: "manager", Income: 4200 }) });

  await page.goto(`${base}/history`);
  await page.locator('input[type="file"]').setInputFiles({ name: "customers.csv", mimeType: "text/csv", buffer: Buffer.from(customers(2000)) });
  await page.waitForURL(/\/history\/[0-9a-f-]+/);
  await page.getByRole("heading", { name: "What do the columns mean?" }).waitFor();
  await page.getByRole("combobox", { name: "Outcome", exact: true }).click();
  await page.getByRole("option", { name: "Bought" }).click();
  await page.getByRole("textbox", { name: "Values that mean success" }).fill("yes");
  await page.getByRole("combobox", { name: "When the row was true" }).click();
  await page.getByRole("option", { name: "Since" }).click();
  await checked(page, "import");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByText("2,000 rows are in the lake, 1 were refused.").waitFor({ timeout: 30_000 });
  const refused = await page.evaluate((href) => fetch(href).then((r) => r.text()), await page.getByRole("link", { name: "Download the refused rows" }).getAttribute("href"));
  assert.match(refused, /2 fields, but the header has 5/);

  await page.goto(`${base}/scoring`);
  await page.getByRole("heading", { name: "What should it learn from?" }).waitFor();
  await page.getByRole("textbox", { name: "A success converts within (days)" }).fill("30");
  await checked(page, "setup");
  await page.getByRole("button", { name: "Check the data" }).click();
  await page.getByText("The data are fit").waitFor({ timeout: 30_000 });
  await checked(page, "fitness");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await page.waitForURL(/\/scoring\/versions\//);
  await page.getByRole("button", { name: "Put in force" }).waitFor({ timeout: 60_000 });
  await page.getByRole("heading", { name: "Do the best leads convert?" }).waitFor();
  await checked(page, "card");
  await page.getByRole("button", { name: "Put in force" }).click();
  await page.getByText("In force", { exact: true }).first().waitFor();

  for (let i = 0; i < 300; i++) {
    const row = (await api(page, "GET", `/api/data/v9.2/leads(${lead.id})?$select=rpt_modelversion`)).body;
    if (row.rpt_modelversion === "model 1") break;
    await page.waitForTimeout(250);
  }
  await page.goto(`${base}/r/lead/${lead.id}`);
  await page.getByRole("heading", { name: "Why the score is what it is" }).waitFor();
  assert.match(await page.locator("main").innerText(), /Profession: manager – \d+\s?% of such leads converted/);
  await checked(page, "lead");

  await page.goto(`${base}/scoring`);
  await page.getByRole("heading", { name: "Versions" }).waitFor();
  await checked(page, "scoring");
  await page.goto(`${base}/r/lead?view=worklist`);
  await page.locator('[role="rowheader"]').first().waitFor();
  await shot(page, "worklist");
  await page.goto(`${base}/lake`);
  await page.getByRole("cell", { name: /history\/lead|changes\/lead/ }).or(page.getByRole("rowheader", { name: /history\/lead/ })).first().waitFor();
  await checked(page, "lake");
  clean(page);
  await page.context().close();
});

test("on a phone nothing is wider than the screen", { skip }, async () => {
  const page = await signedIn({ viewport: { width: 390, height: 844 }, hasTouch: true });
  for (const path of ["/scoring", "/history", "/lake"]) {
    await page.goto(`${base}${path}`);
    await page.locator("h1").first().waitFor();
    await settled(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${path} is ${wide} pixels too wide`);
    await shot(page, `phone${path.replace("/", "-")}`);
  }
  clean(page);
  await page.context().close();
});
