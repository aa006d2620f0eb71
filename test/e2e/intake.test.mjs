// Quarantine, dead letters, flow runs and the rules editor.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, base, holds, signedIn, skip, start, stop } from "./helpers.mjs";

before(start);
after(stop);
const clean = (page) => assert.deepEqual(page.trouble, []);

/** An open quarantined event; when there is none, a broken lead is sent in by the form. */
async function quarantined(page) {
  const find = async () => (await api(page, "GET", "/api/data/v9.2/rpt_quarantines?$filter=statecode eq 0&$top=20")).body.value
    .find((row) => JSON.stringify(row.rpt_reasons).includes("emailaddress1"));
  let row = await find();
  if (row) return row;
  await page.evaluate(() => fetch("/f/loan", { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify({ firstname: "Bo", lastname: "Broken", emailaddress1: "bo@", companyname: "Broken Works" }) }));
  for (let i = 0; i < 300 && !row; i++) {
    await page.waitForTimeout(250);
    row = await find();
  }
  assert.ok(row, "a broken lead reaches quarantine");
  return row;
}

test("a quarantined event is mended as a form and replayed", { skip }, async () => {
  const page = await signedIn();
  const row = await quarantined(page);
  await page.goto(`${base}/quarantine/${row.rpt_quarantineid}`);
  const mail = page.locator('[id="q-emailaddress1"]');
  await mail.waitFor();
  const bad = page.locator("[data-bad]");
  assert.ok((await bad.count()) >= 1, "reasons stand beside their fields");
  const cures = { emailaddress1: `mended.${Date.now()}@example.org`, address1_country: "DE", telephone1: "+16175550100", mobilephone: "+16175550100", lastname: "Mended", address1_postalcode: "10115", numberofemployees: "220" };
  const done = page.getByText("The mended event went through intake.");
  const refused = page.getByText("Still not usable");
  // Replaying may bring further reasons to light: they are shown and mended the same way.
  for (let round = 0; round < 3 && !(await done.isVisible()); round++) {
    for (const [column, cure] of Object.entries(cures)) {
      if (await page.locator(`[data-bad]:has([id="q-${column}"])`).count()) await page.locator(`[id="q-${column}"]`).fill(cure);
    }
    await Promise.all([
      page.waitForResponse((response) => response.url().includes("rpt_ReplayQuarantine")),
      page.getByRole("button", { name: "Replay" }).click(),
    ]);
    await done.or(refused).first().waitFor();
  }
  await done.waitFor();
  const stored = (await api(page, "GET", `/api/data/v9.2/rpt_quarantines(${row.rpt_quarantineid})`)).body;
  assert.equal(stored.statecode, 1);
  clean(page);
  await page.context().close();
});

test("broken JSON is refused before it is sent", { skip }, async () => {
  const page = await signedIn();
  const row = await quarantined(page);
  await page.goto(`${base}/quarantine/${row.rpt_quarantineid}`);
  await page.getByText("JSON", { exact: true }).click();
  await page.getByRole("textbox", { name: "JSON" }).fill("{broken");
  let sent = 0;
  page.on("request", (request) => { if (request.url().includes("ReplayQuarantine")) sent += 1; });
  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByText("no valid JSON object").waitFor();
  assert.equal(sent, 0);
  clean(page);
  await page.context().close();
});

test("a flow run shows its steps with what went in and out", { skip }, async () => {
  const page = await signedIn();
  await page.goto(`${base}/flow-runs`);
  await page.locator('[role="rowheader"] a').first().click();
  await page.waitForURL(/flow-runs\/[0-9a-f-]{36}/);
  // The newest run may not have come to a checkpoint yet: look at one that has.
  const [checkpoint] = (await api(page, "GET", "/api/data/v9.2/rpt_flowcheckpoints?$top=1")).body.value;
  await page.goto(`${base}/flow-runs/${checkpoint._rpt_runid_value}`);
  const step = page.locator("details").first();
  await step.waitFor();
  if ((await step.getAttribute("open")) === null) await step.locator("summary").click();
  await step.locator("pre").first().waitFor();
  clean(page);
  await page.context().close();
});

test("a rule is checked while it is typed, tried on past leads, saved and switched", { skip }, async () => {
  const page = await signedIn();
  await page.goto(`${base}/rules/new`);
  const name = `Trial ${Date.now()}`;
  await page.getByLabel("Name", { exact: true }).fill(name);
  const condition = page.getByLabel("Condition", { exact: true });
  await condition.fill("(numberofemployees > 100");
  await page.locator('[data-state="bad"][role="status"]').waitFor();
  assert.equal(await page.getByRole("button", { name: "Save" }).isDisabled(), true);
  await condition.fill("numberofemployees > 100000");
  await page.getByText("The condition is understood").waitFor();
  await page.getByLabel("Points").fill("7");
  await page.getByLabel("Reason for sellers").fill("Very large company");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText("leads checked").waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/rules\/[0-9a-f-]{36}/);
  const id = page.url().split("/").pop();
  const saved = (await api(page, "GET", `/api/data/v9.2/rpt_rules(${id})`)).body;
  assert.deepEqual([saved.rpt_name, saved.rpt_points, saved.rpt_condition], [name, 7, "numberofemployees > 100000"]);
  await page.getByRole("switch").click({ force: true });
  await holds(page, async (id) => (await (await fetch(`/api/data/v9.2/rpt_rules(${id})`)).json()).statecode === 1, id);
  clean(page);
  await page.context().close();
});

test("what is half-written in one rule survives a look at another", { skip }, async () => {
  const page = await signedIn();
  await page.goto(`${base}/rules`);
  const links = page.getByRole("navigation", { name: "Rules" }).getByRole("link");
  await links.first().click();
  await page.getByLabel("Reason for sellers").fill("Half a thought");
  await links.nth(1).click();
  await links.first().click();
  assert.equal(await page.getByLabel("Reason for sellers").inputValue(), "Half a thought");
  await page.getByRole("button", { name: "Revert" }).click();
  clean(page);
  await page.context().close();
});
