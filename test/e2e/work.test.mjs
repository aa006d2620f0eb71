// The work list: what is mine stands in the order in which it should be worked, and is worked through without going back to the list.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, axe, base, inBothThemes, makeLead, settled, signedIn, skip, start, still, stop } from "./helpers.mjs";

before(start);
after(stop);
const clean = (page) => assert.deepEqual(page.trouble, []);
const DAY = 86_400_000;

/** Makes three leads of mine: one with a call that is overdue, one with a task in three days, one with nothing planned but first contact. */
async function threeLeads(page, mark) {
  const lead = async (lastname) => (await makeLead(page, { lastname, companyname: mark })).id;
  const [late, today, open] = [await lead(`Late ${mark}`), await lead(`Today ${mark}`), await lead(`Open ${mark}`)];
  const step = (set, about, subject, due) => api(page, "POST", `/api/data/v9.2/${set}`, { subject, scheduledend: due, [`regardingobjectid_lead_${set.slice(0, -1)}@odata.bind`]: `/leads(${about})` });
  for (const done of [await step("phonecalls", late, `Ring ${mark}`, new Date(Date.now() - DAY).toISOString()), await step("tasks", today, `Papers ${mark}`, new Date(Date.now() + 3 * DAY).toISOString())]) assert.ok(done.status < 300, JSON.stringify(done.body));
  return { late, today, open };
}

test("my work is worked through by keyboard", { skip }, async () => {
  const page = await signedIn({ who: "maria.lindgren" }); // who owns little that other tests make
  const mark = `W${Date.now()}`;
  const { late, today, open } = await threeLeads(page, mark);
  await page.goto(`${base}/work`);
  const part = (why) => page.locator(`section[data-why="${why}"]`);
  const item = (why, name) => part(why).getByRole("link", { name: new RegExp(`${name} ${mark}`) });
  await item("overdue", "Late").waitFor();
  const any = (name) => page.locator("section[data-why]").getByRole("link", { name: new RegExp(`${name} ${mark}`) });
  await any("Today").waitFor();
  await any("Open").waitFor();
  assert.match(await item("overdue", "Late").innerText(), new RegExp(`Ring ${mark}`));
  await settled(page);
  assert.deepEqual(await inBothThemes(page, "my work"), []);

  // Keys move among the rows of all parts; Enter opens.
  await item("overdue", "Late").focus();
  await page.keyboard.press("ArrowDown");
  assert.ok(await page.evaluate(() => document.activeElement?.hasAttribute("data-item")), "the focus is on the next row");
  await item("overdue", "Late").focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(`${late}\\?work=1`));
  const bar = page.getByRole("region", { name: "My work" });
  await bar.getByText("Overdue").waitFor();
  await bar.getByText(`Ring ${mark}`).waitFor();
  await settled(page);
  assert.deepEqual(await inBothThemes(page, "a record of my work"), []);

  // Done with what follows: the call is closed, the next one is planned, and the next record is there.
  await page.keyboard.press("m");
  const dialog = page.getByRole("dialog");
  await dialog.getByText(`Closes the step “Ring ${mark}”.`).waitFor();
  await still(page);
  assert.deepEqual(await axe(page), []);
  await dialog.getByLabel("What came of it").fill("Wants an offer");
  await dialog.getByText("A task", { exact: true }).click();
  await dialog.getByLabel("Next step").fill(`Offer ${mark}`);
  await dialog.getByRole("button", { name: "Done, go on" }).click();
  await dialog.waitFor({ state: "hidden" });
  await page.waitForURL((url) => url.search === "?work=1" && !url.pathname.includes(late) || url.pathname === "/work");
  const about = (await api(page, "GET", `/api/data/v9.2/activitypointers?$select=subject,statecode,activitytypecode&$filter=_regardingobjectid_value eq ${late}&$orderby=subject`)).body.value;
  assert.deepEqual(about.map((a) => [a.activitytypecode, a.subject, a.statecode]), [["task", `Offer ${mark}`, 0], ["phonecall", `Ring ${mark}`, 1]]);

  // On and back by keys, in the order in which the list was begun.
  await page.goto(`${base}/work`);
  await any("Open").click();
  await page.waitForURL(new RegExp(open));
  await bar.getByRole("button", { name: "Done" }).waitFor();
  const next = bar.getByRole("button", { name: "Next in my work" });
  if (await next.isEnabled()) {
    await page.keyboard.press("j");
    await page.waitForURL((url) => !url.pathname.includes(open) && url.search === "?work=1");
    await bar.getByRole("button", { name: "Previous in my work" }).waitFor();
    await page.keyboard.press("k");
    await page.waitForURL(new RegExp(open));
  }
  // A call that was made without being planned.
  await bar.getByRole("button", { name: "Done" }).click();
  await dialog.getByLabel("What you did").fill(`Called ${mark}`);
  await dialog.getByText("A call", { exact: true }).click();
  assert.equal(await dialog.getByLabel("Next step").inputValue(), "Call back");
  await dialog.getByRole("button", { name: "Done, go on" }).click();
  await dialog.waitFor({ state: "hidden" });
  const calls = (await api(page, "GET", `/api/data/v9.2/phonecalls?$select=subject,statecode&$filter=_regardingobjectid_value eq ${open}&$orderby=subject`)).body.value;
  assert.deepEqual(calls.map((c) => [c.subject, c.statecode]), [["Call back", 0], [`Called ${mark}`, 1]]);
  // It was the first contact as well.
  assert.ok((await api(page, "GET", `/api/data/v9.2/leads(${open})?$select=rpt_contactedon`)).body.rpt_contactedon);
  // Escape leads back to the list from a record.
  await page.goto(`${base}/r/lead/${today}?work=1`);
  await bar.waitFor();
  await page.keyboard.press("Escape");
  await page.waitForURL(/\/work$/);
  clean(page);
  await page.context().close();
});

test("my work on a phone", { skip }, async () => {
  const page = await signedIn({ who: "maria.lindgren", viewport: { width: 390, height: 844 } });
  const mark = `P${Date.now()}`;
  const { late } = await threeLeads(page, mark);
  await page.goto(`${base}/work`);
  await page.getByRole("link", { name: new RegExp(`Late ${mark}`) }).waitFor();
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
  assert.ok(await fits(), "nothing sticks out of the list");
  assert.deepEqual(await inBothThemes(page, "my work"), []);
  await page.getByRole("link", { name: new RegExp(`Late ${mark}`) }).click();
  await page.waitForURL(new RegExp(late));
  const bar = page.getByRole("region", { name: "My work" });
  await bar.getByText(`Ring ${mark}`).waitFor();
  assert.ok(await fits(), "nothing sticks out of the record");
  assert.deepEqual(await inBothThemes(page, "a record of my work"), []);
  await bar.getByRole("button", { name: "Done" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Done, go on" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  const call = (await api(page, "GET", `/api/data/v9.2/phonecalls?$select=statecode&$filter=_regardingobjectid_value eq ${late}`)).body.value[0];
  assert.equal(call.statecode, 1);
  clean(page);
  await page.context().close();
});
