// What administrators do about people, and what people do about their own sign-in.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { api, base, inBothThemes, makeLead, openPage, signedIn, skip, start, stop } from "./helpers.mjs";

before(start);
after(stop);

const checked = async (page, name) => assert.deepEqual(await inBothThemes(page, name), []);

/** The code of an authenticator app at a moment (RFC 6238). */
function totp(secret, at = Date.now()) {
  const bits = [...secret.replace(/=+$/, "")].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac("sha1", key).update(counter).digest();
  const offset = mac[19] & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

test("a user is made, given a role and a team, and disabled", { skip, timeout: 180_000 }, async () => {
  const page = await signedIn();
  await page.goto(`${base}/admin/users`);
  await page.getByRole("button", { name: "New user" }).click();
  const name = `pia${Date.now().toString(36)}`;
  await page.getByRole("textbox", { name: "First name" }).fill("Pia");
  await page.getByRole("textbox", { name: "Last name" }).fill("Probe");
  await page.getByRole("textbox", { name: "User name" }).fill(name);
  await page.getByRole("button", { name: "Create", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Pia Probe" });
  await dialog.waitFor();
  await dialog.getByRole("combobox", { name: "Roles" }).click();
  await page.getByRole("option").first().click();
  await page.keyboard.press("Escape");
  await checked(page, "admin-user");
  await dialog.getByRole("button", { name: "Link for a new password" }).click();
  const link = await dialog.getByText(/\/reset#/).innerText();
  let user;
  for (let i = 0; i < 300 && !user?.systemuserroles_association?.length; i++) {
    user = (await api(page, "GET", `/api/data/v9.2/systemusers?$filter=domainname eq '${name}'&$select=fullname&$expand=systemuserroles_association($select=name)`)).body.value[0];
    await page.waitForTimeout(100);
  }
  assert.equal(user.systemuserroles_association.length, 1);

  // The person chooses a password by the link and signs in with it.
  const other = await openPage();
  await other.goto(link);
  await other.getByRole("heading", { name: "Choose a new password" }).waitFor();
  await other.getByLabel("New password", { exact: true }).fill("a password for pia");
  await other.getByLabel("New password again").fill("a password for pia");
  await other.getByRole("button", { name: "Set password" }).click();
  await other.getByText("The new password is set").waitFor();
  await other.goto(base);
  await other.getByLabel("User name").fill(name);
  await other.getByLabel("Password", { exact: true }).fill("a password for pia");
  await other.getByRole("button", { name: "Sign in", exact: true }).click();
  await other.locator("main#main").waitFor();

  // Who is disabled is out at once.
  await dialog.getByRole("button", { name: "Disable" }).click();
  await dialog.getByRole("button", { name: "Enable" }).waitFor();
  let status;
  for (let i = 0; i < 300 && status !== 401; i++) {
    status = await other.evaluate(() => fetch("/api/auth/session").then((r) => r.status));
    await page.waitForTimeout(100);
  }
  assert.equal(status, 401);
  await page.keyboard.press("Escape");
  await checked(page, "admin-users");
  assert.deepEqual(page.trouble, []);
});

test("a role is edited by the keyboard alone", { skip, timeout: 180_000 }, async () => {
  const page = await signedIn();
  await page.goto(`${base}/admin/roles`);
  await page.getByRole("button", { name: "New role" }).click();
  const role = `Keys ${Date.now().toString(36)}`;
  await page.getByRole("textbox", { name: "Name" }).fill(role);
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("textbox", { name: "Find a table" }).fill("lead");
  const create = page.getByRole("button", { name: "Leads, Create: None" });
  await create.focus();
  await page.keyboard.press("1");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("4");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "Leads, Create: Own records" }).waitFor();
  await page.getByRole("button", { name: "Leads, Read: Everything" }).waitFor();
  await page.getByRole("button", { name: "Leads, Change: Own records" }).waitFor();
  await checked(page, "admin-roles");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved").waitFor();
  const kept = await api(page, "GET", `/api/data/v9.2/roleprivilegescollection?$filter=roleid/name eq '${role}'&$select=accessright,privilegedepthmask`);
  assert.deepEqual(kept.body.value.map((p) => `${p.accessright} ${p.privilegedepthmask}`).sort(), ["1 8", "2 1", "32 1"]);
  assert.deepEqual(page.trouble, []);
});

test("a role is made with the rights of another", { skip, timeout: 180_000 }, async () => {
  const page = await signedIn();
  await page.goto(`${base}/admin/roles`);
  await page.getByRole("button", { name: "New role" }).click();
  const name = `Night shift ${Date.now().toString(36)}`;
  const dialog = page.getByRole("dialog", { name: "New role" });
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByRole("combobox", { name: "With the rights of" }).click();
  await page.getByRole("option", { name: "Salesperson", exact: true }).click();
  await dialog.getByRole("button", { name: "Create" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("table", { name: `Privileges of ${name}` }).waitFor();
  const rights = async (role) => (await api(page, "GET", `/api/data/v9.2/roleprivilegescollection?$select=rpt_table,accessright,privilegedepthmask&$filter=roleid/name eq '${role}'`, undefined, { Prefer: "odata.maxpagesize=5000" })).body.value
    .map((r) => `${r.rpt_table} ${r.accessright} ${r.privilegedepthmask}`).sort();
  const copied = await rights(name);
  assert.ok(copied.length > 20);
  assert.deepEqual(copied, await rights("Salesperson"));
  // Ties between tables have words, too.
  await page.getByLabel("Find a table").fill("leadcompetitors");
  await page.getByRole("rowheader", { name: /–/ }).first().waitFor();
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});

test("an app is made from text; what is no JSON is refused where it stands", { skip, timeout: 180_000 }, async () => {
  const page = await signedIn();
  const mark = Date.now().toString(36);
  await page.goto(`${base}/r/appmodule/new`);
  await page.getByLabel("Name", { exact: false }).first().fill(`Counter ${mark}`);
  await page.getByLabel("Unique Name").fill(`new_counter_${mark}`);
  await page.getByRole("textbox", { name: "Navigation" }).fill("[{");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByText("This is no valid JSON.").waitFor();
  await page.getByRole("textbox", { name: "Navigation" }).fill(JSON.stringify([{ label: { en: "Work", de: "Arbeit" }, items: [{ table: "task" }] }]));
  await page.getByRole("button", { name: "Begin with an example: Label" }).click();
  assert.deepEqual(JSON.parse(await page.getByRole("textbox", { name: "Label" }).inputValue()), { en: "Sales", de: "Vertrieb" });
  await checked(page, "admin-app");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: `Counter ${mark}` }).waitFor();

  await page.getByRole("button", { name: "Change Navigation" }).click();
  const text = page.getByRole("textbox", { name: "Navigation" });
  await text.fill((await text.inputValue()).replace("task", "phonecall"));
  await page.keyboard.press("Control+Enter");
  await page.getByRole("button", { name: "Change Navigation" }).waitFor();
  let kept;
  for (let i = 0; i < 300 && !kept?.includes("phonecall"); i++) {
    kept = (await api(page, "GET", `/api/data/v9.2/appmodules?$select=rpt_navigation&$filter=uniquename eq 'new_counter_${mark}'`)).body.value[0].rpt_navigation;
    await page.waitForTimeout(100);
  }
  assert.match(kept, /phonecall/);
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});

test("every screen of administration is there and can be read by all", { skip, timeout: 240_000 }, async () => {
  const page = await signedIn();
  for (const area of ["teams", "units", "profiles", "providers", "keys", "log"]) {
    await page.goto(`${base}/admin/${area}`);
    await page.getByRole("heading", { name: "Access and sign-in" }).waitFor();
    await checked(page, `admin-${area}`);
  }
  await page.goto(`${base}/admin/units`);
  await page.getByRole("button", { name: "New business unit" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Branch of the test");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Change Branch of the test" }).waitFor();
  assert.deepEqual(page.trouble, []);
});

test("keys have scopes, and do no more", { skip, timeout: 120_000 }, async () => {
  const page = await signedIn();
  await page.goto(`${base}/account`);
  await page.getByRole("button", { name: "New key" }).click();
  await page.getByRole("textbox", { name: "What is it for?" }).fill("sync");
  await page.getByRole("textbox", { name: "Scopes" }).fill("lead:read");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  const secret = await page.getByText(/^rpt_/).innerText();
  const ask = (path) => fetch(`${base}/api/data/v9.2/${path}`, { headers: { Authorization: `Bearer ${secret}` } }).then((r) => r.status);
  assert.equal(await ask("leads?$top=1"), 200);
  assert.equal(await ask("contacts?$top=1"), 403);
  await checked(page, "account");
  await page.getByRole("row", { name: /sync/ }).getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("row", { name: /sync/ }).waitFor({ state: "detached" });
  assert.equal(await ask("leads?$top=1"), 401);
  assert.deepEqual(page.trouble, []);
});

test("a second factor is added and asked for", { skip, timeout: 120_000 }, async () => {
  const admin = await signedIn();
  const name = `tim${Date.now().toString(36)}`;
  const unit = (await api(admin, "GET", "/api/data/v9.2/businessunits?$filter=parentbusinessunitid eq null&$select=name")).body.value[0].businessunitid;
  const made = (await api(admin, "POST", "/api/data/v9.2/systemusers", { lastname: "Timo", domainname: name, "businessunitid@odata.bind": `/businessunits(${unit})` })).body;
  const { secret } = (await api(admin, "POST", `/api/auth/admin/users/${made.systemuserid}/reset`)).body;
  await api(admin, "POST", "/api/auth/signin/reset", { secret, password: "a password for tim" });
  const page = await openPage();
  const enter = async () => {
    await page.goto(base);
    await page.getByLabel("User name").fill(name);
    await page.getByLabel("Password", { exact: true }).fill("a password for tim");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
  };
  await enter();
  await page.locator("main#main").waitFor();
  await page.goto(`${base}/account`);
  await page.getByRole("button", { name: "Add an app" }).click();
  const seed = await page.getByRole("dialog").getByText(/^[A-Z2-7]{16,}$/).innerText();
  await page.getByRole("textbox", { name: "Code" }).fill(totp(seed));
  await checked(page, "account-totp");
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByText("Recovery codes, for when").waitFor();
  await page.evaluate(async () => {
    const session = await (await fetch("/api/auth/session")).json();
    await fetch("/api/auth/signout", { method: "POST", headers: { "X-CSRF-Token": session.csrf } });
  });
  await enter();
  await page.getByRole("textbox", { name: "Code" }).fill("000000");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("alert").waitFor();
  await page.getByRole("textbox", { name: "Code" }).fill(totp(seed, Date.now() + 30_000));
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.locator("main#main").waitFor();
});

test("a record is shared, and says who sees it and why", { skip, timeout: 120_000 }, async () => {
  const page = await signedIn();
  const lead = await makeLead(page);
  await page.goto(`${base}/r/lead/${lead.id}`);
  await page.getByRole("button", { name: "More actions" }).or(page.getByRole("button", { name: "More", exact: true })).first().click();
  await page.getByRole("menuitem", { name: "Access and sharing" }).click();
  const dialog = page.getByRole("dialog", { name: /^Access to/ });
  await dialog.getByText(/by role .+ \(everything\)/).first().waitFor();
  await dialog.getByRole("combobox", { name: "With" }).click();
  await page.locator("[data-combobox-option]:visible").nth(1).click();
  await dialog.getByRole("button", { name: "Share", exact: true }).click();
  let shares = [];
  for (let i = 0; i < 300 && shares.length === 0; i++) {
    shares = (await api(page, "GET", `/api/data/v9.2/principalobjectaccessset?$filter=objectid eq ${lead.id}&$select=accessrightsmask`)).body.value;
    await page.waitForTimeout(100);
  }
  assert.deepEqual(shares.map((s) => s.accessrightsmask), [1]);
  assert.deepEqual(page.trouble, []);
});

test("an index that a view wants is built and taken away again", { skip, timeout: 300_000 }, async () => {
  const page = await signedIn();
  const columns = ["websiteurl", "createdon"];
  const same = (x) => x.Table === "competitor" && x.Columns.join() === columns.join();
  // A table is large from 10,000 rows on, which the sample does not have: what is
  // proposed and what has failed is added to the answer, all else is the product's.
  await page.route(/rpt_RetrieveViewIndexes/, async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    if (!body.Indexes.some(same)) body.Indexes.unshift({ Table: "competitor", Name: "", Columns: columns, State: "proposed", Views: ["All competitors", "My competitors"] });
    body.Indexes.push({ Table: "account", Name: "f", Columns: ["name"], State: "failed", Views: [], Error: "the disk of the database is full" });
    await route.fulfill({ response: answer, json: body });
  });
  await page.goto(`${base}/admin/indexes`);
  const table = page.getByRole("table", { name: "Indexes" });
  await table.getByText("the disk of the database is full").waitFor();
  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 900 });
    await checked(page, "admin-indexes");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `nothing sticks out at ${width}`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await table.getByRole("button", { name: "Build the index on websiteurl, createdon" }).click();
  const row = table.getByRole("row", { name: /websiteurl, createdon/ });
  await row.getByText("built", { exact: true }).waitFor({ timeout: 120_000 }); // by itself: the page looks again
  assert.ok((await api(page, "GET", "/api/data/v9.2/rpt_RetrieveViewIndexes()")).body.Indexes.some((x) => same(x) && x.State === "built"));
  await row.getByRole("button", { name: /^Remove the index/ }).click();
  const dialog = page.getByRole("dialog", { name: /^Remove the index/ });
  await dialog.getByRole("button", { name: "Remove" }).click();
  await dialog.waitFor({ state: "hidden", timeout: 60_000 });
  await row.getByText("proposed", { exact: true }).waitFor({ timeout: 120_000 });
});

test("a program is let in by a secret that is shown once, and shut out again", { skip }, async () => {
  const page = await signedIn({ viewport: { width: 1440, height: 900 } });
  await page.goto(`${base}/admin/keys`);
  await page.getByRole("button", { name: "New secret" }).click();
  const dialog = page.getByRole("dialog");
  const name = `sync-${Date.now()}`;
  await dialog.getByRole("combobox", { name: "Acts as" }).click();
  await page.getByRole("option", { name: "A new program" }).click();
  await dialog.getByRole("textbox", { name: "User name" }).fill(name);
  await dialog.getByRole("textbox", { name: "What is it for?" }).fill("Nightly sync");
  await dialog.getByRole("button", { name: "Create" }).click();
  const said = page.getByRole("status").filter({ hasText: "Client id" });
  await said.waitFor();
  const text = await said.innerText();
  const form = { grant_type: "client_credentials", client_id: /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(text)[0], client_secret: /rpc_\S+/.exec(text)[0], scope: `${base}/.default` };
  const ask = async () => (await fetch(`${base}/oauth2/v2.0/token`, { method: "POST", body: new URLSearchParams(form) })).status;
  assert.equal(await ask(), 200);
  const row = page.getByRole("row").filter({ hasText: name });
  await row.getByRole("button", { name: "Revoke" }).click();
  await row.waitFor({ state: "detached" });
  assert.equal(await ask(), 401);
  assert.deepEqual(page.trouble, []);
});
