// Documents of a record from both sides: a member sends them on a phone, with and
// without script, goes on with an upload after a new page, and signs; the staff
// look at what came, refuse, accept, and send a text to be signed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, axe, base, openPage, signedIn, skip, start, stop } from "./helpers.mjs";

before(start);
after(stop);
const API = "/api/data/v9.2";
const clean = (page) => assert.deepEqual(page.trouble, []);
const pdf = (words) => Buffer.from(`%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n% ${words}\n%%EOF\n`);

/** A member with a loan whose documents are asked for. */
async function borrower(staff) {
  const mark = Date.now().toString(36);
  const contact = (await api(staff, "POST", `${API}/contacts`, { firstname: "Mara", lastname: `Muster${mark}`, emailaddress1: `mara.${mark}@example.com` })).body;
  const loan = (await api(staff, "POST", `${API}/opportunities`, { name: `Car of Mara ${mark}`, lend_product: "VEHICLE", "parentcontactid@odata.bind": `/contacts(${contact.contactid})` })).body;
  const asked = await api(staff, "POST", `${API}/rpt_AskForDocuments`, { Target: { LogicalName: "opportunity", Id: loan.opportunityid } });
  assert.equal(asked.status, 204);
  return { mark, name: contact.fullname, contact: contact.contactid, loan: loan.opportunityid };
}

/** Signs a member in by a link that the staff was given. */
async function comeIn(staff, page, contact) {
  const link = await api(staff, "POST", `/api/auth/admin/members/${contact}/link`);
  await page.goto(`${base}/member/open?key=${encodeURIComponent(link.body.secret)}`);
  await page.getByRole("button", { name: "Sign me in" }).click();
  await page.getByRole("heading", { level: 1 }).waitFor();
}

const item = (page, name) => page.locator("li[id^=request-]").filter({ has: page.getByRole("heading", { name, exact: true }) });

async function fits(page) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= page.viewportSize().width, `${wide} px on a phone`);
}

test("a member sends documents and signs; the staff refuse, accept and verify", { skip, timeout: 480_000 }, async () => {
  const staff = await signedIn();
  const who = await borrower(staff);
  const phone = await openPage({ viewport: { width: 390, height: 844 } });
  await comeIn(staff, phone, who.contact);
  await phone.goto(`${base}/member/r/opportunity/${who.loan}`);
  const identity = item(phone, "Identity card or passport");
  await identity.getByText("Still needed").waitFor();
  await fits(phone);
  assert.deepEqual(await axe(phone), []);
  if (process.env.SCREENSHOTS) await phone.screenshot({ path: `${process.env.SCREENSHOTS}/member-documents-390.png`, fullPage: true });

  // With the page's script: what was begun before is taken up again.
  const input = identity.locator("input[type=file]");
  const file = { name: "card.pdf", mimeType: "application/pdf", buffer: pdf("front") };
  await phone.route("**/documents/upload/*", (route) => (route.request().method() === "PATCH" ? route.abort() : route.continue()));
  await input.setInputFiles(file);
  await identity.getByRole("button", { name: "Send" }).click();
  await identity.getByText("The connection was lost").waitFor();
  await phone.unroute("**/documents/upload/*");
  await phone.reload();
  await identity.getByText("Sending card.pdf was interrupted").waitFor();
  await input.setInputFiles(file);
  await identity.getByRole("button", { name: "Send" }).click();
  await phone.getByText("Your files have arrived.").waitFor();
  await identity.getByText("Being looked at").waitFor();
  await identity.getByRole("link", { name: "card.pdf" }).waitFor();

  // What is no document is refused in words, and nothing has come.
  const offer = item(phone, "Offer or order of the vehicle");
  await offer.locator("input[type=file]").setInputFiles({ name: "offer.pdf", mimeType: "application/pdf", buffer: Buffer.from("just words") });
  await offer.getByRole("button", { name: "Send" }).click();
  await offer.getByText("this kind of file is not taken here").waitFor();
  await offer.getByText("Still needed").waitFor();

  // Without script the same form does it in one piece.
  const plain = await openPage({ viewport: { width: 390, height: 844 }, javaScriptEnabled: false });
  await comeIn(staff, plain, who.contact);
  await plain.goto(`${base}/member/r/opportunity/${who.loan}`);
  const statements = item(plain, "Bank statements of the last three months");
  await statements.locator("input[type=file]").setInputFiles([{ name: "one.pdf", mimeType: "application/pdf", buffer: pdf("one") }, { name: "two.pdf", mimeType: "application/pdf", buffer: pdf("two") }]);
  await statements.getByRole("button", { name: "Send" }).click();
  await plain.getByText("Your files have arrived.").waitFor();
  await statements.getByRole("link", { name: "two.pdf" }).waitFor();
  await statements.getByRole("button", { name: "Take back one.pdf" }).click();
  await plain.getByText("The file was taken back.").waitFor();
  assert.equal(await statements.getByRole("link", { name: "one.pdf" }).count(), 0);
  await plain.context().close();

  // The staff's side.
  await staff.goto(`${base}/r/opportunity/${who.loan}`);
  const card = staff.getByRole("region", { name: "Documents" });
  await card.getByText("2 to review").waitFor();
  await card.getByRole("link", { name: "card.pdf" }).waitFor();
  assert.deepEqual(await axe(staff), []);
  if (process.env.SCREENSHOTS) {
    for (const [width, height] of [[1440, 900], [1024, 768], [390, 844]]) {
      await staff.setViewportSize({ width, height });
      await card.scrollIntoViewIfNeeded();
      await staff.screenshot({ path: `${process.env.SCREENSHOTS}/staff-documents-${width}.png` });
    }
    await staff.setViewportSize({ width: 1440, height: 900 });
  }
  await card.getByRole("button", { name: "Refuse Identity card or passport" }).click();
  const refuse = staff.getByRole("dialog");
  await refuse.getByRole("textbox").fill("The back side is missing");
  await refuse.getByRole("button", { name: "Refuse" }).click();
  await card.getByText("The back side is missing").waitFor();
  await phone.reload();
  await identity.getByText("Please send again").waitFor();
  await identity.getByText("The back side is missing").waitFor();
  await identity.locator("input[type=file]").setInputFiles({ name: "both.pdf", mimeType: "application/pdf", buffer: pdf("both") });
  await identity.getByRole("button", { name: "Send" }).click();
  await phone.getByText("Your files have arrived.").waitFor();
  await staff.reload();
  await card.getByRole("button", { name: "Accept Identity card or passport" }).click();
  await card.getByRole("button", { name: "Accept Bank statements of the last three months" }).click();
  await card.getByRole("button", { name: "Accept Bank statements of the last three months" }).waitFor({ state: "detached" });

  // All the rest comes by post: the record says that it is complete.
  const left = await api(staff, "GET", `${API}/rpt_documentrequests?$filter=rpt_recordid eq ${who.loan} and rpt_status eq 1 and rpt_required eq true`);
  for (const r of left.body.value) await api(staff, "POST", `${API}/rpt_documentrequests(${r.rpt_documentrequestid})/Microsoft.Dynamics.CRM.rpt_ReceiveDocument`, { Note: "By post" });
  assert.equal((await api(staff, "GET", `${API}/opportunities(${who.loan})?$select=lend_documentscomplete`)).body.lend_documentscomplete, true);

  // A text to be signed.
  await card.getByRole("button", { name: "Send to be signed" }).click();
  const send = staff.getByRole("dialog");
  await send.getByLabel("Name of the document").fill("Offer 4711");
  await send.getByLabel("Or the text itself").fill("We lend, you pay back.");
  assert.deepEqual(await axe(staff), []);
  await send.getByRole("button", { name: "Send to be signed" }).click();
  await card.getByText("Offer 4711").waitFor();
  await phone.goto(`${base}/member/r/opportunity/${who.loan}`);
  await phone.getByRole("heading", { name: "Offer 4711" }).waitFor();
  const [paper] = await Promise.all([phone.context().waitForEvent("page"), phone.getByRole("link", { name: "Open and read the document" }).click()]);
  await paper.getByText("We lend, you pay back.").waitFor();
  await paper.close();
  await phone.reload();
  await phone.getByRole("checkbox").check();
  await phone.getByLabel("Type your name to sign").fill("Somebody Else");
  await fits(phone);
  assert.deepEqual(await axe(phone), []);
  await phone.getByRole("button", { name: "Sign the document" }).click();
  await phone.getByText("Type your name as it stands").or(phone.getByText("type your name as it stands")).waitFor();
  await phone.goto(`${base}/member/r/opportunity/${who.loan}`);
  await phone.getByRole("checkbox").check();
  await phone.getByLabel("Type your name to sign").fill(who.name);
  await phone.getByRole("button", { name: "Sign the document" }).click();
  await phone.getByText("Your signature has been kept").waitFor();
  await phone.getByRole("link", { name: "Certificate (PDF)" }).waitFor();
  await staff.reload();
  await card.getByRole("button", { name: "Verify" }).click();
  await staff.getByText("Offer 4711 is as it was signed").waitFor();
  clean(staff);
  await phone.context().close();
  await staff.context().close();
});
