// A seller at work: an application from the lead to accepted documents, by mouse or by
// keyboard alone; and the applicant, who sends his documents from a phone.
import assert from "node:assert/strict";
import { base, openPage } from "../helpers.mjs";
import { call, rows, until } from "./world.mjs";

const process = "Loan from application to disbursement";

/** How a person works: hand(target) presses something, write(target, text) fills something in. */
export const mouse = {
  press: (page, target) => target.click(),
  async write(page, target, text) {
    await target.fill(text);
  },
};

/** With the keyboard alone: Tab until it is reached, then Enter. */
export const keyboard = {
  async press(page, target) {
    await reach(page, target);
    await page.keyboard.press("Enter");
  },
  async write(page, target, text) {
    await reach(page, target);
    await page.keyboard.press("Control+a");
    await page.keyboard.type(text);
  },
};

async function reach(page, target) {
  await target.waitFor();
  for (let presses = 0; presses < 300; presses++) {
    if (await target.evaluate((e) => e === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`not reached by Tab: ${target}`);
}

/** Opens the panel of the stage that the record is in. */
async function panel(page, stage) {
  const bar = page.getByRole("region", { name: process });
  await bar.locator('li[aria-current="step"]').filter({ hasText: stage }).waitFor();
  const open = page.getByRole("dialog", { name: stage });
  if (!(await open.isVisible())) await page.keyboard.press("s");
  await open.waitFor();
  return open;
}

/** Sets fields of the panel: words are typed and sent off by Enter, true is picked as Yes. */
async function set(page, by, open, fields) {
  for (const [name, value] of Object.entries(fields)) {
    const field = open.locator(`[data-field="${name}"]`);
    await by.press(page, field.getByRole("button").first());
    if (value === true) {
      await pick(page, by, "Yes");
      continue;
    }
    const input = field.locator("input").first();
    await input.waitFor();
    await by.write(page, input, value);
    await page.keyboard.press("Enter");
  }
}

/** Picks an option of the list that has just opened. */
async function pick(page, by, name) {
  const option = page.getByRole("option", { name, exact: true });
  await option.waitFor();
  if (by === mouse) return option.click();
  for (let presses = 0; presses < 20; presses++) {
    if (await option.evaluate((e) => e.hasAttribute("data-combobox-selected"))) return page.keyboard.press("Enter");
    await page.keyboard.press("ArrowDown");
  }
  throw new Error(`not reached by arrows: ${name}`);
}

/** Goes on to the next stage of the process; fields are set before. */
export async function onward(page, by, from, to, fields = {}) {
  const open = await panel(page, from);
  await set(page, by, open, fields);
  await by.press(page, open.getByRole("button", { name: `On to ${to}` }));
  await page.getByRole("region", { name: process }).locator('li[aria-current="step"]').filter({ hasText: to }).waitFor();
}

/** Takes the lead over as an opportunity. */
export async function qualify(page, by, a) {
  await page.goto(`${base}/r/lead/${a.lead}`);
  await by.press(page, page.getByRole("button", { name: "Qualify", exact: true }));
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("group", { name: "Opportunity", exact: true }).waitFor();
  await by.press(page, dialog.getByRole("button", { name: "Qualify", exact: true }));
  await dialog.getByText("It goes on here").waitFor();
}

/** From the talk with the applicant to the offer, which opens a case at the back-end. */
export async function propose(page, by, a) {
  await page.goto(`${base}/r/opportunity/${a.opportunity}`);
  await onward(page, by, "Develop", "Propose");
  const open = await panel(page, "Propose");
  await set(page, by, open, { msfsi_interestrate: "3.5", lend_prequalified: true });
  await until("the prequalification is won", async () => (await call("GET", `opportunities(${a.opportunity})?$select=lend_prequalified`)).body.lend_prequalified === true);
}

const pdf = (words) => Buffer.from(`%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n% ${words}\n%%EOF\n`);

/** The applicant signs in on a phone and sends every document that is asked for. */
export async function upload(a) {
  const phone = await openPage({ viewport: { width: 390, height: 844 } });
  const link = await call("POST", `/api/auth/admin/members/${a.contact}/link`, {});
  await phone.goto(`${base}/member/open?key=${encodeURIComponent(link.body.secret)}`);
  await phone.getByRole("button", { name: "Sign me in" }).click();
  await phone.getByRole("heading", { level: 1 }).waitFor();
  const asked = await rows("rpt_documentrequests", `rpt_recordid eq ${a.opportunity} and rpt_required eq true and rpt_status eq 1`, "rpt_documentrequestid,rpt_name");
  assert.ok(asked.length > 0);
  for (const d of asked) {
    await phone.goto(`${base}/member/r/opportunity/${a.opportunity}`); // whose page says nothing of the one before
    const item = phone.locator(`#request-${d.rpt_documentrequestid}`);
    await item.locator("input[type=file]").setInputFiles({ name: "paper.pdf", mimeType: "application/pdf", buffer: pdf(`${d.rpt_name} of ${a.email}`) });
    await item.getByRole("button", { name: "Send" }).click();
    await phone.getByText("Your files have arrived.").waitFor();
    await item.getByText("Being looked at").waitFor();
  }
  assert.deepEqual(phone.trouble, []);
  await phone.context().close();
  return asked.map((d) => d.rpt_name);
}

/** Looks at what came, and accepts it. */
export async function accept(page, by, a, names) {
  await page.goto(`${base}/r/opportunity/${a.opportunity}`);
  const card = page.getByRole("region", { name: "Documents" });
  for (const name of names) {
    const button = card.getByRole("button", { name: `Accept ${name}`, exact: true });
    await by.press(page, button);
    await button.waitFor({ state: "detached" });
  }
}

/** From complete documents to the end: the sanction, two tranches paid out, and the deal won. */
export async function payout(page, a) {
  const loan = `${base}/r/opportunity/${a.opportunity}`;
  await page.goto(loan);
  if (a.product === "HOME" || a.product === "BUSINESS") {
    await onward(page, mouse, "Documents", "Collateral");
    await onward(page, mouse, "Collateral", "Underwriting", { lend_collateralvalued: true });
  } else await onward(page, mouse, "Documents", "Underwriting");
  await onward(page, mouse, "Underwriting", "Sanction");
  await onward(page, mouse, "Sanction", "Disbursement", { lend_sanctionedamount: String(a.amount), lend_sanctionedon: new Date().toISOString().slice(0, 10) });
  for (const number of [1, 2]) {
    if (number > 1) await page.goto(loan);
    await page.getByRole("tab", { name: "Related" }).click();
    await page.getByRole("combobox", { name: "List" }).selectOption({ label: "Disbursement tranches" });
    await page.getByRole("button", { name: "New disbursement tranche" }).click();
    const tranche = page.getByRole("dialog");
    await tranche.getByRole("textbox", { name: /^Name/ }).fill(`Tranche ${number}`);
    await tranche.getByRole("textbox", { name: /^Tranche/ }).fill(String(number));
    await tranche.getByRole("textbox", { name: /^Amount/ }).fill(String(a.amount / 2));
    await tranche.getByRole("button", { name: "Create" }).click();
    await tranche.waitFor({ state: "detached" });
    await page.getByRole("link", { name: `Tranche ${number}`, exact: true }).click();
    await page.getByRole("heading", { level: 1, name: `Tranche ${number}` }).waitFor();
    const state = page.locator('[data-field="statuscode"]').first();
    await state.getByRole("button").first().click();
    await pick(page, mouse, "Paid out");
    await state.getByText("Paid out").waitFor();
  }
  await page.goto(loan);
  await onward(page, mouse, "Disbursement", "Close", { lend_fullydisbursed: true });
  await page.getByRole("button", { name: "Close as won" }).click();
  const won = page.getByRole("dialog", { name: /^Win / });
  await won.getByRole("button", { name: "Close as won" }).click();
  await page.getByRole("button", { name: "Open again" }).waitFor();
}
