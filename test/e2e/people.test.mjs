// What a seller and a service representative do all day: hand over, put a
// colleague on a record, win, lose, resolve, take back what was deleted.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, axe, base, holds, inBothThemes, makeLead, settled, signedIn, skip, start, stop } from "./helpers.mjs";

before(start);
after(stop);
const clean = (page) => assert.deepEqual(page.trouble, []);
const has = (page, path, column, value) => holds(page, async ([path, column, value]) => (await (await fetch(`/api/data/v9.2/${path}`)).json())[column] === value, [path, column, value]);

test("a colleague is put on one lead, sees it, and leaves", { skip }, async () => {
  const page = await signedIn({ viewport: { width: 1024, height: 768 } });
  const lead = await makeLead(page);
  await page.goto(`${base}/r/lead/${lead.id}`);
  const open = async () => {
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("menuitem", { name: "Access team" }).click();
  };
  await open();
  const dialog = page.getByRole("dialog", { name: `Access team of ${lead.name}` });
  const team = dialog.getByRole("region", { name: "Helps with this lead" });
  await team.getByText("Nobody is in it yet.").waitFor();
  await team.getByRole("combobox", { name: "Add somebody" }).fill("Sato");
  await page.getByRole("option", { name: "Henrik Sato" }).click();
  await team.getByRole("listitem").getByText("Henrik Sato").waitFor();
  assert.deepEqual(await axe(page), []);
  const colleague = await signedIn({ who: "henrik.sato" });
  await colleague.goto(`${base}/r/lead/${lead.id}`);
  await colleague.getByRole("heading", { level: 1, name: lead.name }).waitFor();
  await colleague.context().close();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  // Who has access, and why, calls the team by its template.
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Access and sharing" }).click();
  await page.getByRole("dialog").getByRole("rowheader", { name: "Access team Helps with this lead" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await open();
  await team.getByRole("button", { name: "Remove Henrik Sato" }).click();
  await team.getByText("Nobody is in it yet.").waitFor();
  clean(page);
  await page.context().close();
});

test("a record is handed over from its menu, deleted, and taken back by Ctrl+Z", { skip }, async () => {
  const page = await signedIn();
  const lead = await makeLead(page);
  await page.goto(`${base}/r/lead/${lead.id}`);
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Assign", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: `Assign ${lead.name}` });
  await dialog.getByRole("combobox", { name: "To whom" }).fill("Grace");
  await page.getByRole("option", { name: "Grace Okafor" }).click();
  await dialog.getByRole("button", { name: "Assign", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
  await page.locator('[data-field="ownerid"]').first().getByText("Grace Okafor").waitFor();

  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.waitForURL((url) => url.pathname === "/r/lead");
  await page.getByText(`${lead.name} deleted`).waitFor();
  await page.keyboard.press("Control+z");
  await page.waitForURL(new RegExp(lead.id));
  await page.getByRole("heading", { level: 1, name: lead.name }).waitFor();
  clean(page);
  await page.context().close();
});

test("a deal is won, opened again, and lost with a reason; a task is done", { skip }, async () => {
  const page = await signedIn();
  const deal = (await api(page, "POST", "/api/data/v9.2/opportunities", { name: `Crane ${Date.now().toString(36)}`, estimatedvalue: 12_500 })).body;
  const path = `opportunities(${deal.opportunityid})`;
  await page.goto(`${base}/r/opportunity/${deal.opportunityid}`);
  await page.getByRole("button", { name: "Close as won" }).click();
  const won = page.getByRole("dialog", { name: `Win ${deal.name}` });
  await won.getByLabel("Amount of the deal").fill("13000");
  await settled(page);
  assert.deepEqual(await axe(page), []);
  await won.getByRole("button", { name: "Close as won" }).click();
  await has(page, path, "statecode", 1);
  await has(page, path, "actualvalue", 13_000);
  await page.getByRole("button", { name: "Open again" }).click();
  await has(page, path, "statecode", 0);
  await page.getByRole("button", { name: "Close as lost" }).click();
  const lost = page.getByRole("dialog", { name: `Lose ${deal.name}` });
  await lost.getByRole("radio").last().click();
  await lost.getByLabel("In your words").fill("The other bank was quicker");
  await lost.getByRole("button", { name: "Close as lost" }).click();
  await has(page, path, "statecode", 2);

  const task = (await api(page, "POST", "/api/data/v9.2/tasks", { subject: "Send the offer" })).body;
  await page.goto(`${base}/r/task/${task.activityid}`);
  await page.getByRole("button", { name: "Mark as done" }).click();
  await has(page, `tasks(${task.activityid})`, "statecode", 1);
  await page.keyboard.press("Control+z");
  await has(page, `tasks(${task.activityid})`, "statecode", 0);
  clean(page);
  await page.context().close();
});

test("a service representative finds the cases on the home screen and resolves one", { skip }, async () => {
  for (const width of [1440, 390]) {
    const page = await signedIn({ who: "samir.haddad", viewport: { width, height: 844 } });
    const customer = (await api(page, "POST", "/api/data/v9.2/contacts", { lastname: `Asks${width}` })).body.contactid;
    const made = await api(page, "POST", "/api/data/v9.2/incidents", { title: `Card lost ${width} ${Date.now().toString(36)}`, prioritycode: 1, "customerid_contact@odata.bind": `/contacts(${customer})` });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    await page.goto(`${base}/`);
    const cases = page.getByRole("region", { name: "My open cases, urgent first" });
    await cases.getByRole("link", { name: new RegExp(made.body.title) }).click();
    await page.waitForURL(new RegExp(made.body.incidentid));
    await page.getByRole("button", { name: "Resolve", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: `Resolve ${made.body.title}` });
    await dialog.getByLabel("In your words").fill("Sent a new one");
    await dialog.getByRole("button", { name: "Resolve", exact: true }).click();
    await has(page, `incidents(${made.body.incidentid})`, "statecode", 1);
    clean(page);
    await page.context().close();
  }
});

test("a slip of the hand makes no record of nothing", { skip }, async () => {
  const page = await signedIn();
  await page.goto(`${base}/r/lead/new`);
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByText("Nothing is filled in yet.").waitFor();
  assert.equal(new URL(page.url()).pathname, "/r/lead/new");
  clean(page);
  await page.context().close();
});

test("an item of a queue is picked, sent elsewhere, given back and done on its page", { skip }, async () => {
  const page = await signedIn();
  const me = (await api(page, "GET", "/api/data/v9.2/WhoAmI")).body.UserId;
  const mark = Date.now().toString(36);
  const queues = [];
  for (const name of [`Mornings ${mark}`, `Evenings ${mark}`]) queues.push((await api(page, "POST", "/api/data/v9.2/queues", { name })).body.queueid);
  const task = (await api(page, "POST", "/api/data/v9.2/tasks", { subject: `Call back ${mark}` })).body.activityid;
  const put = await api(page, "POST", `/api/data/v9.2/queues(${queues[0]})/Microsoft.Dynamics.CRM.AddToQueue`, { Target: { "@odata.type": "Microsoft.Dynamics.CRM.task", activityid: task } });
  const item = `queueitems(${put.body.QueueItemId})`;
  await page.goto(`${base}/r/queueitem/${put.body.QueueItemId}`);
  const bar = page.locator("main#main");
  const press = (name) => bar.getByRole("button", { name, exact: true }).click();
  await press("Pick");
  await has(page, item, "_workerid_value", me);
  await bar.getByRole("button", { name: "Done", exact: true }).waitFor();
  assert.deepEqual(await inBothThemes(page, "queueitem"), []);

  await press("Release");
  await has(page, item, "_workerid_value", null);
  await press("Route");
  const dialog = page.getByRole("dialog", { name: `Route Call back ${mark}` });
  await dialog.getByRole("combobox").fill(`Evenings ${mark}`);
  await page.getByRole("option", { name: `Evenings ${mark}` }).click();
  await dialog.getByRole("button", { name: "Route", exact: true }).click();
  await has(page, item, "_queueid_value", queues[1]);
  await dialog.waitFor({ state: "detached" });

  await press("Pick");
  await press("Done");
  await has(page, item, "statecode", 1);
  await press("Put back into the queue");
  await has(page, item, "statecode", 0);
  clean(page);
  await page.context().close();
});

test("what the platform fills in is not asked of a new case or e-mail", { skip }, async () => {
  const page = await signedIn();
  for (const [table, asked, later] of [["incident", "Title", ["Case Number", "Resolve By", "First Response Sent"]], ["email", "Subject", ["Tracking Token", "Message ID", "Open Count"]]]) {
    await page.goto(`${base}/r/${table}/new`);
    await page.getByLabel(asked).first().waitFor();
    for (const label of later) assert.equal(await page.getByLabel(label).count(), 0, `${table}: ${label}`);
  }
  clean(page);
  await page.context().close();
});

test("a record is made quickly by the palette, stands among the recent ones and is kept at hand", { skip }, async () => {
  const page = await signedIn();
  const name = `Ring the bank ${Date.now().toString(36)}`;
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search and commands" }).fill("New task");
  await page.getByRole("option", { name: "New Task", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: /New Task/i });
  await dialog.getByLabel("Subject").fill(name);
  await page.keyboard.press("Control+Enter");
  await page.getByRole("heading", { level: 1, name }).waitFor();
  const noted = (times) => holds(page, async ([name, times]) => JSON.stringify(await (await fetch("/api/ui/preferences")).json()).split(name).length > times, [name, times]);
  await noted(1);
  await page.goto(`${base}/`);
  const kept = page.locator("aside [data-visits]");
  await kept.getByRole("link", { name }).waitFor();
  await kept.getByRole("button", { name: `Keep ${name} at hand` }).click();
  await kept.getByRole("button", { name: `Let ${name} go` }).waitFor();
  await noted(2); // recent, and pinned
  await page.reload();
  await kept.getByRole("button", { name: `Let ${name} go` }).click();
  await kept.getByRole("button", { name: `Keep ${name} at hand` }).waitFor();
  clean(page);
  await page.context().close();
});

test("a rule hides, asks and refuses on the form as values are typed", { skip }, async () => {
  const page = await signedIn();
  const clientdata = JSON.stringify({
    rule: `new_fax_${Date.now().toString(36)}`, title: { en: "Faxes to nowhere" }, table: "fax", scope: "form",
    branches: [{ when: "faxnumber eq '000'", then: [{ hide: ["numberofpages"] }, { require: ["description"] }] }, { when: "faxnumber eq '999'", then: [{ error: { column: "faxnumber", message: { en: "Nobody is there" } } }] }],
  });
  const rule = await api(page, "POST", "/api/data/v9.2/workflows", { name: "Faxes to nowhere", category: 2, clientdata, statecode: 1 });
  assert.equal(rule.status, 201, JSON.stringify(rule.body));
  try {
    await page.goto(`${base}/r/fax/new`);
    await page.getByLabel("Subject").fill("A test");
    await page.getByLabel("Number of Pages").waitFor();
    await page.getByLabel("Fax Number").fill("000");
    await page.getByLabel("Number of Pages").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Create", exact: true }).click();
    await page.getByText("Please fill this in.").waitFor();
    await page.getByLabel("Fax Number").fill("999");
    await page.getByText("Nobody is there").waitFor();
    await page.getByLabel("Fax Number").fill("123");
    await page.getByText("Nobody is there").waitFor({ state: "detached" });
    await page.getByLabel("Number of Pages").waitFor();
  } finally {
    await api(page, "PATCH", `/api/data/v9.2/workflows(${rule.body.workflowid})`, { statecode: 0 });
    await api(page, "DELETE", `/api/data/v9.2/workflows(${rule.body.workflowid})`);
  }
  clean(page);
  await page.context().close();
});
