// A seller at work: one application from the lead to the money paid out, by mouse or
// by keyboard alone; and the applicant, who sends his documents from a phone.
import assert from "node:assert/strict";
import { base, openPage, settled } from "../helpers.mjs";
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

/** Over the gates to the payment in two tranches, and the deal is won. */
export async function payOut(page, by, a) {
  await page.goto(`${base}/r/opportunity/${a.opportunity}`);
  await onward(page, by, "Documents", "Underwriting", { lend_kycdone: true });
  await onward(page, by, "Underwriting", "Sanction");
  await onward(page, by, "Sanction", "Disbursement", { lend_sanctionedamount: String(a.amount), lend_sanctionedon: new Date().toISOString().slice(0, 10) });
  for (const number of [1, 2]) await tranche(page, by, a, number);
  await page.goto(`${base}/r/opportunity/${a.opportunity}`);
  await onward(page, by, "Disbursement", "Close", { lend_fullydisbursed: true });
  await page.keyboard.press("Escape");
  await by.press(page, page.getByRole("button", { name: "Close as won" }));
  const dialog = page.getByRole("dialog");
  await by.press(page, dialog.getByRole("button", { name: "Close as won" }));
  await page.getByRole("button", { name: "Open again" }).waitFor();
}

/** Pays a tranche out, from the list of what belongs to the loan. */
async function tranche(page, by, a, number) {
  await page.goto(`${base}/r/opportunity/${a.opportunity}`);
  await settled(page);
  await by.press(page, page.getByRole("tab", { name: "Related" }));
  await by.press(page, page.getByRole("button", { name: "New Disbursement tranche" }));
  const dialog = page.getByRole("dialog", { name: "New Disbursement tranche" });
  await by.write(page, dialog.getByLabel("Name", { exact: true }), `Tranche ${number}`);
  await by.write(page, dialog.getByLabel("Tranche", { exact: true }), String(number));
  await by.write(page, dialog.getByLabel("Amount", { exact: true }), String(a.amount / 2));
  await by.press(page, dialog.getByRole("button", { name: "Create", exact: true }));
  await dialog.waitFor({ state: "detached" });
  await until("the tranche is there", async () => {
    const [row] = await rows("lend_disbursements", `_lend_opportunityid_value eq ${a.opportunity} and lend_number eq ${number}`, "lend_disbursementid");
    a.tranche = row?.lend_disbursementid;
    return row !== undefined;
  });
  await page.goto(`${base}/r/lend_disbursement/${a.tranche}`);
  const reason = page.locator('[data-field="statuscode"]').first();
  await by.press(page, reason.getByRole("button").first());
  await pick(page, by, "Paid out");
  await until("it is paid out", async () => (await call("GET", `lend_disbursements(${a.tranche})?$select=statuscode`)).body.statuscode === 3);
}
