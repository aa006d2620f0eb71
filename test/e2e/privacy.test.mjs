// Duplicates are found and merged, a merge is undone, and a person is exported
// and erased, in the browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, base, holds, inBothThemes, signedIn, skip, start, stop } from "./helpers.mjs";

before(start);
after(stop);
const API = "/api/data/v9.2";

const checked = async (page, name) => assert.deepEqual(await inBothThemes(page, name), []);

async function made(page, set, body) {
  const answer = await api(page, "POST", `${API}/${set}`, body);
  assert.ok(answer.status < 300, `${set}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

test("duplicates are found by a scan, merged column by column, and parted again", { skip, timeout: 240_000 }, async () => {
  const page = await signedIn();
  const mark = Date.now().toString(36);
  const one = await made(page, "contacts", { firstname: "Dora", lastname: `Meier${mark}`, telephone1: "030 5551", jobtitle: "Baker" });
  const works = await made(page, "accounts", { name: `Forge ${mark}` });
  const two = await made(page, "contacts", { firstname: "Dora", lastname: `Maier${mark}`, telephone1: "+49 30 5551", jobtitle: "Smith", "parentcustomerid_account@odata.bind": `/accounts(${works.accountid})` });
  const rule = await made(page, "duplicaterules", { name: `Same ${mark}`, baseentityname: "contact", matchingentityname: "contact" });
  for (const [column, operatorcode] of [["lastname", 100000003], ["telephone1", 100000001]]) {
    await made(page, "duplicateruleconditions", { "regardingobjectid@odata.bind": `/duplicaterules(${rule.duplicateruleid})`, baseattributename: column, matchingattributename: column, operatorcode });
  }
  await page.goto(`${base}/duplicates`);
  const row = page.getByRole("row", { name: new RegExp(`Same ${mark}`) });
  await row.getByRole("button", { name: "Publish", exact: true }).click();
  await row.getByText("Published", { exact: true }).waitFor({ timeout: 60_000 });
  await row.getByRole("button", { name: "Look through the table" }).click();
  const pair = page.getByRole("row", { name: new RegExp(`M[ea][i]er${mark}.*M[ea][i]er${mark}`) });
  await pair.waitFor({ timeout: 60_000 });
  await checked(page, "duplicates");
  await pair.getByRole("link", { name: "Merge" }).click();
  await page.getByRole("heading", { name: "Merge two records" }).waitFor();
  await page.getByRole("radio", { name: "Job Title: Smith" }).check();
  await page.getByRole("radio", { name: `Company: Forge ${mark}` }).check();
  await checked(page, "merge");
  await page.getByRole("button", { name: "Merge", exact: true }).click();
  await page.getByText("Merged into").waitFor();
  const both = async () => Promise.all([one, two].map(async (c) => (await api(page, "GET", `${API}/contacts(${c.contactid})`)).body));
  const stays = (await both()).find((c) => c.statecode === 0);
  assert.deepEqual((await both()).map((c) => c.statecode).sort(), [0, 1]);
  assert.deepEqual([stays.jobtitle, stays._parentcustomerid_value], ["Smith", works.accountid]);
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await page.getByText(/^Undone:/).waitFor();
  const [a, b] = await both();
  assert.deepEqual([a.statecode, b.statecode, a.jobtitle, b.jobtitle, a._parentcustomerid_value, b._parentcustomerid_value], [0, 0, "Baker", "Smith", null, works.accountid]);
  assert.deepEqual(page.trouble, []);
});

test("whoever enters a person who is there already is told, and may go on", { skip, timeout: 240_000 }, async () => {
  const page = await signedIn();
  const mark = Date.now().toString(36);
  const mail = `dora.${mark}@example.org`;
  const there = await made(page, "contacts", { firstname: "Dora", lastname: `Alike${mark}`, emailaddress1: mail, mobilephone: "0171 5550", address1_city: "Bremen" });
  const other = await made(page, "contacts", { firstname: "Nora", lastname: `Unlike${mark}` });
  await page.goto(`${base}/r/contact/new`);
  await page.getByLabel("Last Name").fill(`Alike${mark}`);
  await page.getByLabel("Email", { exact: true }).fill(mail.toUpperCase());
  await page.getByRole("button", { name: "Create", exact: true }).click();
  const warning = page.getByRole("alert").filter({ hasText: "A record like this is there already" });
  const link = warning.getByRole("link", { name: `Dora Alike${mark}` });
  await link.waitFor();
  assert.ok((await link.getAttribute("href")).includes(there.contactid));
  await warning.getByText("Bremen").waitFor();
  await checked(page, "alike");
  await page.getByRole("button", { name: "Create anyway" }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/r/contact/") && !url.pathname.endsWith("/new"));
  const all = async (filter) => (await api(page, "GET", `${API}/contacts?$select=contactid&$filter=${encodeURIComponent(filter)}`)).body.value.length;
  assert.equal(await all(`lastname eq 'Alike${mark}'`), 2);

  // The same where a record that is there becomes like others.
  await page.goto(`${base}/r/contact/${other.contactid}`);
  await page.getByRole("button", { name: /^Email/ }).first().click();
  await page.getByRole("textbox", { name: /^Email/ }).fill(mail);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "2 records like this are there already" });
  await dialog.getByRole("link", { name: `Dora Alike${mark}` }).waitFor();
  assert.equal(await all(`emailaddress1 eq '${mail}'`), 2);
  await dialog.getByRole("button", { name: "Save anyway" }).click();
  await dialog.waitFor({ state: "detached" });
  await holds(page, async ([path]) => (await (await fetch(path)).json()).emailaddress1 !== null, [`${API}/contacts(${other.contactid})?$select=emailaddress1`]);
  assert.deepEqual(page.trouble, []);
});

test("a person gets an archive and is erased", { skip, timeout: 240_000 }, async () => {
  const page = await signedIn();
  const mark = Date.now().toString(36);
  const mail = `zacharias.${mark}@example.org`;
  const lead = await made(page, "leads", { firstname: "Zacharias", lastname: `Quermann${mark}`, emailaddress1: mail, subject: "A loan" });
  await page.goto(`${base}/privacy`);
  await page.getByRole("textbox", { name: "Value" }).fill(mail);
  await page.getByRole("button", { name: "Look", exact: true }).click();
  await page.getByRole("heading", { name: new RegExp(`Quermann${mark}`) }).waitFor();
  await checked(page, "privacy");
  await page.getByRole("button", { name: "Make an archive" }).click();
  const asked = page.locator("li", { hasText: "Access by e-mail" }).first();
  await asked.getByText("Done", { exact: true }).waitFor({ timeout: 60_000 });
  await asked.locator("summary").click();
  const href = await asked.getByRole("link", { name: "Download the archive" }).getAttribute("href");
  const size = await page.evaluate(async (h) => { const r = await fetch(h); return [r.status, (await r.arrayBuffer()).byteLength]; }, href);
  assert.equal(size[0], 200);
  assert.ok(size[1] > 500, `an archive of ${size[1]} bytes`);
  await page.getByRole("button", { name: "Erase", exact: true }).click();
  const dialog = page.getByRole("dialog");
  assert.equal(await dialog.getByRole("button", { name: "Erase" }).isDisabled(), true);
  await dialog.getByRole("textbox").fill("erase");
  await checked(page, "erase");
  await dialog.getByRole("button", { name: "Erase" }).click();
  const erasure = page.locator("li", { hasText: "Erasure by e-mail" }).first();
  await erasure.getByText("Done", { exact: true }).waitFor({ timeout: 120_000 });
  await erasure.locator("summary").click();
  await erasure.getByText("anonymised").first().waitFor();
  await checked(page, "report");
  const after = await api(page, "GET", `${API}/leads(${lead.leadid})`);
  assert.equal(after.body.lastname, "Erased");
  assert.equal(after.body.emailaddress1, null);
  assert.deepEqual(page.trouble, []);
});
