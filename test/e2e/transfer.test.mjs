// Files in, rows out, and one change to many rows, in the browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, base, inBothThemes, signedIn, skip, start, stop } from "./helpers.mjs";

before(start);
after(stop);
const clean = (page) => assert.deepEqual(page.trouble, []);
const shots = process.env.SCREENSHOTS;
const shot = async (page, name) => { if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true }); };
const mark = `T${Date.now().toString(36)}`;

const checked = async (page, name) => assert.deepEqual(await inBothThemes(page, name), []);

const total = async (page, set, filter) => (await api(page, "GET", `/api/data/v9.2/${set}?$select=createdon&$filter=${encodeURIComponent(filter)}&$count=true`)).body["@odata.count"];

test("accounts and their contacts come in together, and go again", { skip, timeout: 180_000 }, async () => {
  const page = await signedIn();
  await page.goto(`${base}/r/contact`);
  await page.getByRole("button", { name: "Import and export" }).click();
  await page.getByRole("menuitem", { name: "Import a file …" }).click();
  await page.waitForURL(/\/import\?table=contact/);
  await checked(page, "transfer-start");
  const contacts = ["First Name;Last Name;E-Mail;Company;Shoe size", ...Array.from({ length: 60 }, (_, i) => `Ann ${i};${mark};ann${i}@${mark.toLowerCase()}.example;${mark} ${i % 3};4${i % 7}`), `Bad;${mark};x@example.com;Nobody ${mark};40`].join("\n");
  await page.locator('input[type="file"]').setInputFiles({ name: "contacts.csv", mimeType: "text/csv", buffer: Buffer.from(contacts) });
  await page.waitForURL(/\/imports\/[0-9a-f-]+/);
  await page.getByRole("combobox", { name: "E-Mail becomes" }).waitFor();
  assert.equal(await page.getByRole("combobox", { name: "E-Mail becomes" }).inputValue(), "Email");
  assert.equal(await page.getByRole("combobox", { name: "Shoe size becomes" }).inputValue(), "Leave out");
  await page.getByRole("combobox", { name: "Company leads to" }).click();
  await page.getByRole("option", { name: "Accounts", exact: true }).click();
  await page.getByRole("combobox", { name: "Company is found by" }).click();
  await page.getByRole("option", { name: "Account Name", exact: true }).click();
  await checked(page, "transfer-map");
  await page.getByRole("button", { name: "Use these columns" }).click();
  await page.getByRole("button", { name: "Columns in use" }).waitFor();

  const accounts = `Account Name\n${[0, 1, 2].map((i) => `${mark} ${i}`).join("\n")}\n`;
  await page.locator('input[type="file"]').last().setInputFiles({ name: "accounts.csv", mimeType: "text/csv", buffer: Buffer.from(accounts) });
  const second = page.getByRole("region", { name: "accounts.csv" });
  await second.waitFor();
  await second.getByRole("combobox", { name: "Table" }).click();
  await page.getByRole("option", { name: "Accounts", exact: true }).click();
  await second.getByRole("combobox", { name: "Account Name becomes" }).waitFor();
  await second.getByRole("button", { name: "Use these columns" }).click();
  await second.getByRole("button", { name: "Columns in use" }).waitFor();

  await page.getByRole("button", { name: "Dry run" }).click();
  await page.getByText("Dry run complete: nothing has been written").waitFor({ timeout: 60_000 });
  assert.equal(await total(page, "contacts", `lastname eq '${mark}'`), 0);
  await checked(page, "transfer-checked");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByRole("button", { name: "Take everything back" }).waitFor({ timeout: 60_000 });
  assert.equal(await total(page, "contacts", `lastname eq '${mark}'`), 60);
  assert.equal(await total(page, "contacts", `parentcustomerid_account/name eq '${mark} 1'`), 20);
  const refused = await page.evaluate((href) => fetch(href).then((r) => r.text()), await page.getByRole("link", { name: "Download" }).first().getAttribute("href"));
  assert.match(refused, /62,lookup\.missing,/);
  await checked(page, "transfer-done");
  await page.getByRole("button", { name: "Take everything back" }).click();
  await page.getByText("Taken back", { exact: true }).waitFor({ timeout: 60_000 });
  assert.equal(await total(page, "contacts", `lastname eq '${mark}'`), 0);
  assert.equal(await total(page, "accounts", `startswith(name,'${mark}')`), 0);
  clean(page);
});

test("a list goes out as a file, and its rows are changed at once", { skip, timeout: 120_000 }, async () => {
  const page = await signedIn();
  const made = `B${mark}`;
  for (let i = 0; i < 5; i++) await api(page, "POST", "/api/data/v9.2/leads", { firstname: `Row ${i}`, lastname: made, jobtitle: "=1+1" });
  await page.goto(`${base}/r/lead?q=${made}`);
  await page.getByText(`Row 0 ${made}`).first().waitFor();
  await page.getByRole("button", { name: "Import and export" }).click();
  await page.getByRole("menuitem", { name: "CSV" }).waitFor();
  await shot(page, "transfer-menu");
  const href = await page.getByRole("menuitem", { name: "CSV" }).getAttribute("href");
  const text = await page.evaluate((h) => fetch(h).then((r) => r.text()), href);
  assert.equal(text.trim().split("\n").length, 6);
  for (const format of ["xlsx", "jsonl", "parquet"]) {
    const size = await page.evaluate((h) => fetch(h).then((r) => (r.ok ? r.arrayBuffer() : new ArrayBuffer(0))).then((b) => b.byteLength), href.replace("format=csv", `format=${format}`));
    assert.ok(size > 100, format);
  }
  const guarded = await page.evaluate((h) => fetch(h).then((r) => r.text()), `/api/exports/lead?format=csv&$select=jobtitle&$filter=${encodeURIComponent(`lastname eq '${made}'`)}`);
  assert.match(guarded, /'=1\+1/);
  await page.keyboard.press("Escape");

  await page.getByRole("checkbox", { name: "Choose all rows" }).click();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox", { name: "Column" }).click();
  await page.getByRole("option", { name: "Job Title", exact: true }).click();
  await dialog.getByRole("textbox", { name: "Job Title" }).fill("Chief");
  await dialog.getByText("5 rows will change:").waitFor();
  await checked(page, "bulk-edit");
  await dialog.getByRole("button", { name: "Edit", exact: true }).click();
  await dialog.getByText("5 of 5 rows changed, 0 could not be.").waitFor({ timeout: 30_000 });
  assert.equal(await total(page, "leads", `lastname eq '${made}' and jobtitle eq 'Chief'`), 5);
  await checked(page, "bulk-done");
  await dialog.getByRole("button", { name: "Take everything back" }).click();
  await dialog.getByText("Taken back", { exact: true }).waitFor({ timeout: 30_000 });
  assert.equal(await total(page, "leads", `lastname eq '${made}' and jobtitle eq 'Chief'`), 0);
  clean(page);
});
