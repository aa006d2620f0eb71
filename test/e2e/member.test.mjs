// The members' area as a member lives it: by the link from a letter, on a phone,
// without script, with the staff on the other side.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { api, axe, base, openPage, signedIn, skip, start, stop } from "./helpers.mjs";

before(start);
after(stop);
const API = "/api/data/v9.2";
const outbox = process.env.RAPPORT_OUTBOX ?? "";
const phone = { viewport: { width: 390, height: 844 }, javaScriptEnabled: false };

/** Waits until something is so. */
async function until(what, is) {
  for (let tries = 0; tries < 600; tries++) {
    const found = await is();
    if (found) return found;
    await new Promise((r) => setTimeout(r, 200));
  }
  throw new Error(`never so: ${what}`);
}

/** The letters to an address that say something, by file name. */
function letters(to, words) {
  if (!existsSync(outbox)) return [];
  return readdirSync(outbox).filter((f) => f.endsWith(".eml")).sort().map((f) => readFileSync(join(outbox, f), "utf8")).filter((text) => text.includes(`To: <${to}>`) && text.includes(words));
}

/** The link of the newest letter to an address, once there are so many. */
async function link(to, words, n = 1) {
  const list = await until(`letter ${n} to ${to}`, () => { const l = letters(to, words); return l.length >= n && l; });
  return list.at(-1).match(/http\S+/)[0];
}

/** Shows a page again until it says something. */
async function reloaded(page, words) {
  await until(`the page says ${words}`, async () => { await page.reload(); return (await page.content()).includes(words); });
}

async function fits(page) {
  assert.equal(page.viewportSize().width, 390);
  const box = await page.locator("main").boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 390.5, `wider than the phone: ${JSON.stringify(box)}`);
}

/** Axe on a phone in both themes, and on a wide screen. */
async function look(page, name) {
  for (const [width, colorScheme] of [[1440, "light"], [390, "light"], [390, "dark"]]) {
    await page.setViewportSize({ width, height: 844 });
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await axe(page), [], `axe on ${name}, ${width} px, ${colorScheme}`);
    if (width === 390) await fits(page);
  }
}

test("a visitor registers, applies, follows the application and writes, on a phone without script", { skip: skip || (!outbox && "RAPPORT_OUTBOX is not set"), timeout: 480_000 }, async () => {
  const mark = Date.now().toString(36);
  const mail = `nele.${mark}@example.com`;
  const page = await openPage(phone);
  await page.goto(`${base}/member`);
  await page.getByRole("link", { name: "Create an account" }).click();
  await page.getByLabel("First name").fill("Nele");
  await page.getByLabel("Last name").fill(`Neu${mark}`);
  await page.getByLabel("E-mail address").fill(mail);
  await page.getByRole("checkbox").check();
  await fits(page);
  await page.getByRole("button", { name: "Send me the link" }).click();
  await page.getByRole("heading", { name: "Please look at your e-mail" }).waitFor();
  const address = await link(mail, "/member/open?key=");
  await page.goto(address.replace(/^https?:\/\/[^/]+/, base));
  await page.getByRole("button", { name: "Sign me in" }).click();
  await page.getByRole("heading", { name: `Hello, Nele Neu${mark}` }).waitFor();
  await fits(page);

  // Applying: what is known is there already, and the address is the member's own.
  await page.getByRole("link", { name: "New application" }).click();
  await page.locator('main a[href^="/member/apply/loan?"]').click();
  assert.equal(await page.locator('input[name="emailaddress1"]').inputValue(), mail);
  assert.equal(await page.locator('input[name="lastname"]').inputValue(), `Neu${mark}`);
  await page.locator('input[name="rpt_productinterest"][value="OTHER"]').check({ force: true });
  await page.locator('input[name="budgetamount"]').fill("12000");
  await page.locator('select[name="address1_country"]').selectOption("DE");
  await page.locator('input[name="rpt_consent"]').check();
  await page.locator('main form button[type="submit"]').last().click();
  await page.waitForURL("**/member/home?note=applied");
  await page.getByText("We have your application.").waitFor();
  await reloaded(page, "Something else");
  assert.match(await page.locator(".cards").textContent(), /Received/);

  // The staff takes it on; the member sees the step, in the member's words.
  const staff = await signedIn();
  const found = await until("the lead", async () => (await api(staff, "GET", `${API}/leads?$filter=emailaddress1 eq '${mail}'&$select=leadid,_parentcontactid_value`)).body.value[0]);
  const contact = found._parentcontactid_value;
  assert.ok(contact, "the lead is the contact's");
  const qualified = await api(staff, "POST", `${API}/leads(${found.leadid})/Microsoft.Dynamics.CRM.QualifyLead`, { CreateAccount: false, CreateContact: false, CreateOpportunity: true, Status: 3 });
  assert.ok(qualified.status < 300, JSON.stringify(qualified.body));
  const [opportunity] = (await api(staff, "GET", `${API}/opportunities?$filter=_parentcontactid_value eq ${contact}&$select=opportunityid,name`)).body.value;
  await page.goto(`${base}/member/home`);
  await page.locator(`a[href="/member/r/opportunity/${opportunity.opportunityid}"]`).click();
  assert.match(await page.locator(".way [aria-current=step]").textContent(), /Talking it over with you/);
  const [instance] = (await api(staff, "GET", `${API}/leadtoopportunitysalesprocesses?$filter=_opportunityid_value eq ${opportunity.opportunityid}`)).body.value;
  const way = (await api(staff, "GET", `${API}/RetrieveActivePath(ProcessInstanceId=${instance.businessprocessflowinstanceid})`)).body.value;
  const next = way[way.findIndex((s) => s.processstageid === instance._activestageid_value) + 1];
  const moved = await api(staff, "PATCH", `${API}/leadtoopportunitysalesprocesses(${instance.businessprocessflowinstanceid})`, { "activestageid@odata.bind": `/processstages(${next.processstageid})` });
  assert.ok(moved.status < 300, JSON.stringify(moved.body));
  await page.reload();
  assert.match(await page.locator(".way [aria-current=step]").textContent(), /Our offer/);
  assert.match(await page.locator(".history").textContent(), /Our offer.*Talking it over/s);
  await fits(page);

  // A message to the staff, who reads it in the timeline and answers there.
  await page.getByLabel("Your message").fill("When do you call me?");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByText("Your message has been sent.").waitFor();
  await staff.goto(`${base}/r/opportunity/${opportunity.opportunityid}`);
  await staff.getByText("When do you call me?").first().waitFor();
  await staff.locator("form label", { hasText: "Message to the member" }).click();
  await staff.getByRole("textbox", { name: "Answer the member…" }).fill("Tomorrow at nine.");
  await staff.getByRole("button", { name: "Add", exact: true }).click();
  await staff.getByText("Sent to the member").waitFor();
  const told = await link(mail, "there is a message for you");
  assert.ok(told.endsWith(`/member/r/opportunity/${opportunity.opportunityid}`), told);
  assert.ok(!letters(mail, "Tomorrow at nine").length, "the letter holds the message");
  await page.goto(`${base}/member/home`);
  await page.getByText("1 new").waitFor();
  await page.goto(told.replace(/^https?:\/\/[^/]+/, base));
  await page.getByText("Tomorrow at nine.").waitFor();
  await page.goto(`${base}/member/messages`);
  await page.getByText("Tomorrow at nine.").waitFor();
  assert.equal(await page.locator(".count").count(), 0, "it has been read");

  // Another device, seen and ended from here; its link leads where it went.
  const second = await openPage();
  await second.goto(`${base}/member/security`);
  await second.locator("#link-email").fill(mail);
  await second.getByRole("button", { name: "Send me a link" }).click();
  await second.getByRole("heading", { name: "Please look at your e-mail" }).waitFor();
  await second.goto((await link(mail, "/member/open?key=", 2)).replace(/^https?:\/\/[^/]+/, base));
  await second.getByRole("button", { name: "Sign me in" }).click();
  await second.getByRole("heading", { name: "Security" }).waitFor();
  assert.equal(await second.locator("#sessions .row").count(), 2);

  // Accessible, in both themes, with all that there is.
  for (const path of ["home", `r/opportunity/${opportunity.opportunityid}`, "messages", "apply", "profile", "security"]) {
    await second.goto(`${base}/member/${path}`);
    await look(second, path);
  }
  await page.goto(`${base}/member/security`);
  await page.getByRole("button", { name: "End all others" }).click();
  await page.getByText("The session has been ended.").waitFor();
  await second.goto(`${base}/member/home`);
  await second.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
  for (const path of ["", "/register", "/open?key=x"]) {
    await second.goto(`${base}/member${path}`);
    await look(second, `/member${path}`);
  }

  // Somebody else's page, and the way out.
  const [other] = (await api(staff, "GET", `${API}/opportunities?$filter=_parentcontactid_value ne ${contact}&$top=1&$select=opportunityid`)).body.value;
  assert.equal((await page.goto(`${base}/member/r/opportunity/${other.opportunityid}`)).status(), 404);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
  assert.deepEqual([...page.trouble, ...second.trouble, ...staff.trouble], []);
});
