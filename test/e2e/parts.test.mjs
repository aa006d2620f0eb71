// The parts of a record's page: lookups with their card and making in place,
// pictures and files, the timeline, printing, merging, and calm screens.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, base, dropFile, holds, inBothThemes, makeLead, settled, signedIn, skip, start, stop } from "./helpers.mjs";

before(start);
after(stop);
const clean = (page) => assert.deepEqual(page.trouble, []);
const field = (page, name) => page.locator(`[data-field="${name}"]:not([data-strip])`);
const API = "/api/data/v9.2";
async function made(page, set, body) {
  const answer = await api(page, "POST", `${API}/${set}`, body);
  assert.ok(answer.status < 300, `${set}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}
const mark = () => Date.now().toString(36);
/** Waits until the server says so of a row. */
const until = (page, path, test, arg) => holds(page, async ([path, test, arg]) => new Function("row", "arg", `return ${test}`)(await (await fetch(path)).json(), arg), [`${API}/${path}`, test, arg], { polling: 250 });

test("a lookup shows its record in short, and a customer who is not there yet is made on the spot", { skip, timeout: 240_000 }, async () => {
  const page = await signedIn();
  const name = `Harbour ${mark()}`;
  const account = await made(page, "accounts", { name, telephone1: "+41 44 000 00 00", address1_city: "Basel" });
  const opportunity = await made(page, "opportunities", { name: `Deal ${mark()}`, "customerid_account@odata.bind": `/accounts(${account.accountid})` });
  await page.goto(`${base}/r/opportunity/${opportunity.opportunityid}`);
  await page.getByRole("region", { name: "Lead to Opportunity Sales Process" }).waitFor();
  const card = page.getByRole("dialog", { name: `In short: ${name}` });
  // What loads above may push the field away from under the mouse: then it is sought again.
  for (let tries = 0; tries < 30 && !(await card.isVisible()); tries++) {
    await page.mouse.move(700, 5);
    await field(page, "customerid").getByText(name).hover();
    await card.waitFor({ timeout: 2000 }).catch(() => {});
  }
  await card.getByText("+41 44 000 00 00").waitFor();
  assert.deepEqual(await inBothThemes(page, "card"), []);
  await page.keyboard.press("Escape");
  await card.waitFor({ state: "detached" });
  // By keyboard the card comes with the focus on the way to the record.
  await page.mouse.move(700, 5);
  await field(page, "customerid").getByRole("button").focus();
  await page.keyboard.press("Tab");
  await card.waitFor();
  await page.keyboard.press("Escape");
  await card.waitFor({ state: "detached" });

  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  const other = `Brand New ${mark()}`;
  await page.keyboard.type(other);
  await page.getByRole("option", { name: `New Account: ${other}` }).waitFor();
  await page.getByRole("option", { name: `New Contact: ${other}` }).waitFor();
  await page.getByRole("option", { name: `New Account: ${other}` }).click();
  const dialog = page.getByRole("dialog", { name: "New Account" });
  await dialog.getByRole("textbox", { name: /^Account Name/ }).waitFor();
  assert.deepEqual(await inBothThemes(page, "make-in-place"), []);
  await dialog.getByRole("button", { name: "Create" }).click();
  await field(page, "customerid").getByText(other).waitFor();
  await until(page, `opportunities(${opportunity.opportunityid})?$expand=customerid_account($select=name)`, "row.customerid_account?.name === arg", other);
  clean(page);
  await page.context().close();
});

// One pixel, as PNG.
const pixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJggg==", "base64");

test("a contact gets a picture, which is looked at, and taken away", { skip, timeout: 240_000 }, async () => {
  const page = await signedIn();
  const last = `Face${mark()}`;
  const contact = await made(page, "contacts", { firstname: "Ida", lastname: last });
  await page.goto(`${base}/r/contact/${contact.contactid}`);
  const face = page.getByRole("button", { name: `Picture of Ida ${last}` });
  await face.waitFor();
  await page.locator('input[type=file][accept="image/*"]').setInputFiles({ name: "ida.png", mimeType: "image/png", buffer: pixel });
  await face.locator("img").waitFor();
  await page.waitForFunction(() => document.querySelector("main header img")?.naturalWidth > 0);
  await face.click();
  await page.getByRole("menuitem", { name: "Look at it" }).click();
  await page.getByRole("dialog", { name: `Ida ${last}` }).getByRole("img", { name: `Ida ${last}` }).waitFor();
  assert.deepEqual(await inBothThemes(page, "picture"), []);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  // The focus goes back to where the look began.
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label")?.startsWith("Picture of"));
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Remove" }).click();
  await face.locator("img").waitFor({ state: "detached" });
  // What is no picture is refused with the reason, and nothing changes.
  await page.locator('input[type=file][accept="image/*"]').setInputFiles({ name: "ida.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await page.getByRole("alert").first().waitFor();
  assert.equal(await face.locator("img").count(), 0);
  clean(page);
  await page.context().close();
});

test("a note's file is sent with its progress, looked at, replaced and removed on the note's own page", { skip, timeout: 240_000 }, async () => {
  const page = await signedIn();
  const lead = await makeLead(page);
  const note = await made(page, "annotations", { subject: `Paper ${mark()}`, "objectid_lead@odata.bind": `/leads(${lead.id})` });
  const path = `annotations(${note.annotationid})/documentbody/$value`;
  await page.goto(`${base}/r/annotation/${note.annotationid}`);
  await settled(page);
  const document = field(page, "documentbody");
  await document.getByRole("button", { name: "Add a file" }).waitFor();
  await document.locator("input[type=file]").setInputFiles({ name: "terms.txt", mimeType: "text/plain", buffer: Buffer.from("Twelve per cent.") });
  await document.getByRole("button", { name: /^Look at / }).click();
  await page.getByRole("dialog").getByText("Twelve per cent.").waitFor();
  assert.deepEqual(await inBothThemes(page, "file"), []);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await dropFile(document.locator("div").nth(1), { name: "other.txt", type: "text/plain", text: "Eleven." });
  await holds(page, async (p) => (await (await fetch(p)).text()) === "Eleven.", `${API}/${path}`, { polling: 250 });
  await document.getByRole("button", { name: /^Remove / }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await document.getByRole("button", { name: "Add a file" }).waitFor();
  clean(page);
  await page.context().close();
});

test("the timeline takes dropped files, keeps a draft over a reload, ticks tasks off, and shows stages", { skip, timeout: 240_000 }, async () => {
  const page = await signedIn();
  const lead = await makeLead(page, { purchasetimeframe: 1 });
  await made(page, "tasks", { subject: "Ring up", "regardingobjectid_lead_task@odata.bind": `/leads(${lead.id})` }).catch(() => made(page, "tasks", { subject: "Ring up", "regardingobjectid@odata.bind": `/leads(${lead.id})` }));
  await page.goto(`${base}/r/lead/${lead.id}`);
  const timeline = page.getByRole("region", { name: "Timeline" });
  await timeline.getByRole("button", { name: "Bold" }).waitFor();
  await dropFile(timeline, { name: "dropped.txt", type: "text/plain", text: "By drag and drop" });
  await timeline.getByRole("link", { name: /dropped.txt/ }).waitFor();

  await timeline.getByRole("textbox", { name: "Write a note…" }).click();
  await page.keyboard.type("Half a thought");
  await page.reload();
  await timeline.getByText("Half a thought").waitFor();
  await timeline.getByRole("button", { name: "Bold" }).waitFor();
  await timeline.getByRole("textbox", { name: "Write a note…" }).click();
  await page.keyboard.press("End");
  await page.keyboard.type(", finished");
  await page.keyboard.press("Control+Enter");
  const note = timeline.locator("article", { hasText: "Half a thought, finished" });
  await note.waitFor();
  await page.waitForFunction(() => !Object.keys(sessionStorage).some((k) => k.startsWith("rapport-draft")));

  await timeline.getByRole("button", { name: "Mark “Ring up” as done" }).click();
  await timeline.getByRole("button", { name: "Mark “Ring up” as done" }).waitFor({ state: "detached" });
  assert.equal((await api(page, "GET", `${API}/tasks?$filter=subject eq 'Ring up' and _regardingobjectid_value eq ${lead.id}`)).body.value[0].statecode, 1);

  await page.getByRole("button", { name: "Stop" }).click();
  await timeline.getByText("stopped the process").waitFor();
  await page.getByRole("button", { name: "Take up again" }).click();
  await timeline.getByText("took the process up again").waitFor();
  await timeline.getByRole("combobox", { name: "What is shown" }).selectOption("note");
  await timeline.getByText("stopped the process").waitFor({ state: "detached" });
  assert.deepEqual(await inBothThemes(page, "timeline"), []);
  await note.hover();
  await note.getByRole("button", { name: "Delete this note" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await note.waitFor({ state: "detached" });
  clean(page);
  await page.context().close();
});

test("a record prints whole, and is merged with another from its own page", { skip, timeout: 240_000 }, async () => {
  const page = await signedIn();
  const last = `Twin${mark()}`;
  const one = await made(page, "contacts", { firstname: "Ada", lastname: last, jobtitle: "Baker", description: "Likes paper." });
  const two = await made(page, "contacts", { firstname: "Eda", lastname: last });
  await page.goto(`${base}/r/contact/${one.contactid}`);
  await page.getByRole("heading", { level: 1, name: `Ada ${last}` }).waitFor();
  await page.evaluate(() => { globalThis.print = () => { globalThis.printed = document.querySelector('[data-print="sheet"]').innerText; }; });
  await page.keyboard.press("Control+p");
  await page.waitForFunction(() => globalThis.printed);
  await page.emulateMedia({ media: "print" });
  const sheet = page.locator('[data-print="sheet"]');
  await sheet.getByText("Likes paper.").waitFor();
  assert.ok(await sheet.getByText("Baker").isVisible() && !(await page.locator("#main").isVisible()), "only the sheet is printed");
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/print.png` });
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  await page.emulateMedia({ media: "screen" });
  await sheet.waitFor({ state: "detached" });

  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Merge with another…" }).click();
  const dialog = page.getByRole("dialog", { name: `Merge Ada ${last}` });
  await dialog.getByRole("combobox", { name: "The other record" }).fill(`Eda ${last}`);
  await page.getByRole("option", { name: `Eda ${last}` }).click();
  assert.deepEqual(await inBothThemes(page, "merge-pick"), []);
  await dialog.getByRole("button", { name: "Compare" }).click();
  await page.waitForURL(new RegExp(`/merge/contact/${one.contactid}/${two.contactid}`));
  clean(page);
  await page.context().close();
});

test("bad answers, a lost line and a forbidden record have calm screens, and what was typed stays", { skip, timeout: 240_000 }, async () => {
  const page = await signedIn();
  const lead = await makeLead(page);
  const record = `**/api/data/v9.2/leads(${lead.id})*`;
  const shows = async (answer, title) => {
    await page.route(record, answer);
    await page.goto(`${base}/r/lead/${lead.id}`);
    await page.getByRole("heading", { name: title }).waitFor();
    assert.deepEqual(await inBothThemes(page, `calm-${title.replace(/\W+/g, "-")}`), []);
    await page.unroute(record);
  };
  await shows((route) => route.fulfill({ status: 500, contentType: "text/html", body: "<h1>proxy</h1>" }), "That did not work");
  await shows((route) => route.fulfill({ status: 200, contentType: "application/json", body: "{not json" }), "That did not work");
  await shows((route) => route.fulfill({ status: 403, contentType: "application/json", body: '{"error":{"code":"x","message":"no"}}' }), "Not for your eyes");
  await shows((route) => route.abort(), "No connection");
  await page.getByRole("button", { name: "Try again" }).click();
  await field(page, "companyname").waitFor();

  // A save that cannot go out keeps its words in the field, and goes out at the next Enter.
  await page.route(record, (route) => (route.request().method() === "PATCH" ? route.abort() : route.continue()));
  await field(page, "companyname").getByRole("button").first().click();
  await field(page, "companyname").getByRole("textbox").fill("Kept Words AG");
  await page.keyboard.press("Enter");
  await field(page, "companyname").getByText("Not saved: no connection.").waitFor();
  assert.equal(await field(page, "companyname").getByRole("textbox").inputValue(), "Kept Words AG");
  await page.unroute(record);
  await field(page, "companyname").getByRole("textbox").press("Enter");
  await until(page, `leads(${lead.id})`, "row.companyname === arg", "Kept Words AG");
  clean(page);
  await page.context().close();
});
