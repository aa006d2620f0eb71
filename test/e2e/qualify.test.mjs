// Qualifying a lead into records that are there already, with what hangs on it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, axe, base, makeLead, signedIn, skip, start, stop } from "./helpers.mjs";

before(start);
after(stop);

const clean = (page) => assert.deepEqual(page.trouble, [], "what went wrong in the browser");
const odata = "/api/data/v9.2/";

test("a lead joins a known contact and account; its note goes on with the new opportunity", { skip }, async () => {
  const page = await signedIn();
  const company = `Lantern Yard ${Date.now().toString(36)}`;
  const account = (await api(page, "POST", `${odata}accounts`, { name: company })).body.accountid;
  const lead = await makeLead(page, { companyname: company });
  const contact = (await api(page, "POST", `${odata}contacts`, { firstname: "Quilla", lastname: lead.lastname, emailaddress1: `${lead.lastname.toLowerCase()}@example.org` })).body.contactid;
  const note = (await api(page, "POST", `${odata}annotations`, { subject: "Called", notetext: "Wants an offer", "objectid_lead@odata.bind": `/leads(${lead.id})` })).body.annotationid;
  await page.goto(`${base}/r/lead/${lead.id}`);
  await page.getByRole("button", { name: "Qualify", exact: true }).click();
  const dialog = page.getByRole("dialog");
  // Both are proposed, with what speaks for them.
  await dialog.getByText(`same company: ${company}`).waitFor();
  await dialog.getByText("same e-mail address", { exact: false }).waitFor();
  assert.deepEqual(await axe(page), [], "qualify");
  await dialog.getByRole("button", { name: "Qualify" }).click();
  await dialog.getByText("It goes on here").waitFor();
  const after = (await api(page, "GET", `${odata}leads(${lead.id})?$select=statecode,_parentaccountid_value,_parentcontactid_value,_qualifyingopportunityid_value`)).body;
  assert.equal(after.statecode, 1);
  assert.equal(after._parentaccountid_value, account);
  assert.equal(after._parentcontactid_value, contact);
  assert.ok(after._qualifyingopportunityid_value);
  const carried = (await api(page, "GET", `${odata}annotations(${note})?$select=_objectid_value`)).body;
  assert.equal(carried._objectid_value, after._qualifyingopportunityid_value);
  clean(page);
  await page.context().close();
});

test("without what it could join, each part can be new, searched for, or none", { skip }, async () => {
  const page = await signedIn();
  const lead = await makeLead(page, { companyname: "" });
  await page.goto(`${base}/r/lead/${lead.id}`);
  await page.getByRole("button", { name: "Qualify", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("The lead names no company.").waitFor();
  const part = (name) => dialog.getByRole("group", { name, exact: true });
  await part("Opportunity").getByText("None", { exact: true }).click();
  await dialog.getByRole("button", { name: "Qualify" }).click();
  await dialog.getByText("It goes on here").waitFor();
  const after = (await api(page, "GET", `${odata}leads(${lead.id})?$select=statecode,_parentaccountid_value,_parentcontactid_value,_qualifyingopportunityid_value`)).body;
  assert.equal(after.statecode, 1);
  assert.equal(after._parentaccountid_value ?? null, null);
  assert.ok(after._parentcontactid_value);
  assert.equal(after._qualifyingopportunityid_value ?? null, null);
  clean(page);
  await page.context().close();
});
