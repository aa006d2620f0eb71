// Changes taken back, deleted records brought back, the chain verified, retention set, in the browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, base, inBothThemes, makeLead, signedIn, skip, start, stop } from "./helpers.mjs";

before(start);
after(stop);
const clean = (page) => assert.deepEqual(page.trouble, []);

const checked = async (page, name) => assert.deepEqual(await inBothThemes(page, name), []);

const leadOf = async (page, id) => (await api(page, "GET", `/api/data/v9.2/leads(${id})`)).body;

test("a change is taken back, and a record is put back to as it was", { skip, timeout: 120_000 }, async () => {
  const page = await signedIn();
  const lead = await makeLead(page, { jobtitle: "Analyst" });
  const { id } = lead;
  await api(page, "PATCH", `/api/data/v9.2/leads(${id})`, { jobtitle: "Countess" });
  await page.goto(`${base}/r/lead/${id}`);
  await page.getByRole("button", { name: "Take back" }).first().click();
  await page.getByText("The old values are back.").first().waitFor({ timeout: 60_000 });
  assert.equal((await leadOf(page, id)).jobtitle, "Analyst");

  await page.getByRole("button", { name: "As it was then" }).nth(1).click();
  await page.getByRole("dialog").getByText("Countess").waitFor({ timeout: 60_000 });
  await checked(page, "as of");
  await page.getByRole("button", { name: "Put the record back to this" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached", timeout: 60_000 });
  assert.equal((await leadOf(page, id)).jobtitle, "Countess");

  // The history says who and from where, and shows the record at any moment.
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "History" }).click();
  const history = page.getByRole("dialog", { name: `History of ${lead.name}` });
  await history.getByText("made it").waitFor();
  await history.getByText(/^From: browser, \S+/).first().waitFor();
  await checked(page, "history");
  await history.getByLabel("As it was on").fill("2001-02-03T04:05");
  await history.getByRole("button", { name: "Show the record" }).click();
  await page.getByRole("dialog").getByText(/the record was made at/).waitFor();
  clean(page);
});

test("a deleted account comes back with its contact", { skip, timeout: 120_000 }, async () => {
  const page = await signedIn();
  const name = `Engines ${Date.now()}`;
  const account = crypto.randomUUID();
  const contact = crypto.randomUUID();
  await api(page, "POST", "/api/data/v9.2/accounts", { accountid: account, name });
  await api(page, "POST", "/api/data/v9.2/contacts", { contactid: contact, lastname: "Lovelace", "parentcustomerid_account@odata.bind": `/accounts(${account})` });
  await api(page, "DELETE", `/api/data/v9.2/accounts(${account})`);
  await page.goto(`${base}/recycle-bin`);
  await page.getByRole("textbox", { name: "Search by name" }).fill(name);
  const button = page.getByRole("button", { name: `Restore ${name}` });
  await button.waitFor({ timeout: 60_000 });
  await checked(page, "recycle bin");
  await page.getByRole("button", { name: `History of ${name}, which was deleted` }).click();
  const history = page.getByRole("dialog");
  await history.getByText("deleted it").waitFor();
  await history.getByRole("button", { name: "As it was then" }).last().click();
  await history.getByText("This record was deleted on").waitFor();
  await history.getByRole("cell", { name, exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await history.waitFor({ state: "detached" });
  await button.click();
  await page.getByText(`${name} is back`).first().waitFor({ timeout: 60_000 });
  const back = await api(page, "GET", `/api/data/v9.2/contacts(${contact})?$select=_parentcustomerid_value`);
  assert.equal(back.body._parentcustomerid_value, account);
  clean(page);
});

test("the chain is verified, and retention is set", { skip, timeout: 120_000 }, async () => {
  const page = await signedIn();
  await page.goto(`${base}/audit`);
  await page.getByRole("button", { name: "Verify" }).click();
  await page.getByText("whole", { exact: true }).waitFor({ timeout: 60_000 });
  const days = page.getByRole("textbox", { name: "Days for Recycle bin" });
  await days.fill("45");
  await checked(page, "audit");
  await page.getByRole("button", { name: "Save Recycle bin" }).click();
  await page.getByText("Saved.").first().waitFor({ timeout: 60_000 });
  const kept = await api(page, "GET", "/api/data/v9.2/rpt_RetrieveRetention()");
  assert.equal(kept.body.Rules.find((r) => r.Kind === "recyclebin").Days, 45);
  await api(page, "POST", "/api/data/v9.2/rpt_SetRetention", { Kind: "recyclebin", Days: -1 });
  await page.getByRole("button", { name: "Make the index anew" }).click();
  await page.getByText("The index is being made anew, in the background.").first().waitFor();
  clean(page);
});
