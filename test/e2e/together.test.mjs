// Several people at one record: who else looks at it, following, sharing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, base, holds, inBothThemes, signedIn, skip, start, stop } from "./helpers.mjs";

before(start);
after(stop);
const clean = (page) => assert.deepEqual(page.trouble, []);

// The sample's people share the administrator's password.
test("two people see each other at a record; who follows it is told of what the other does, and reads it under the bell", { skip, timeout: 240_000 }, async () => {
  const admin = await signedIn();
  const name = `Shared House ${Date.now().toString(36)}`;
  const made = await api(admin, "POST", "/api/data/v9.2/accounts", { name });
  const address = `${base}/r/account/${made.body.accountid}`;
  const maria = await signedIn({ who: "maria.lindgren" });
  await maria.goto(address);
  await maria.getByRole("heading", { level: 1, name }).waitFor();
  await maria.getByRole("button", { name: "Follow", exact: true }).waitFor();
  await maria.keyboard.press("w");
  await maria.getByRole("button", { name: "Following", exact: true }).waitFor();
  await admin.goto(address);
  await admin.getByText("Maria Lindgren is looking at this, too").waitFor({ state: "attached" });
  await maria.getByText("Administrator is looking at this, too").waitFor({ state: "attached" });
  assert.deepEqual(await inBothThemes(maria, "follow"), []);

  await api(admin, "PATCH", `/api/data/v9.2/accounts(${made.body.accountid})`, { telephone1: "+49 30 1" }, { "If-Match": "*" });
  await maria.goto(`${base}/`);
  await holds(maria, async (id) => (await (await fetch(`/api/data/v9.2/appnotifications?$filter=rpt_regardingid eq ${id}`)).json()).value.some((n) => n.body === "Administrator changed Main Phone"), made.body.accountid, { polling: 500 });
  await maria.getByRole("button", { name: /notification/i }).click();
  const list = maria.getByRole("dialog", { name: "Notifications" });
  await list.getByText("Administrator changed Main Phone").first().waitFor();
  assert.deepEqual(await inBothThemes(maria, "bell"), []);
  await list.getByRole("link", { name: new RegExp(name) }).click();
  await maria.waitForURL(address);
  await maria.getByRole("button", { name: "More actions" }).click();
  await maria.getByRole("menuitem", { name: "Stop following" }).click();
  await maria.getByRole("button", { name: "Follow", exact: true }).waitFor();
  assert.equal((await api(maria, "GET", `/api/data/v9.2/postfollows?$filter=_regardingobjectid_value eq ${made.body.accountid}`)).body.value.length, 0);

  // Who is named in a note is told, and comes to it by the bell.
  await admin.locator('[contenteditable="true"]').first().click();
  await admin.keyboard.type("Please look, @Maria");
  await admin.getByRole("option", { name: "Maria Lindgren" }).waitFor();
  await admin.keyboard.press("Enter");
  await admin.getByRole("button", { name: "Add", exact: true }).click();
  await maria.goto(`${base}/`);
  await holds(maria, async (id) => (await (await fetch(`/api/data/v9.2/appnotifications?$filter=rpt_regardingid eq ${id}`)).json()).value.some((n) => n.body.includes("Please look, @Maria Lindgren")), made.body.accountid);
  await maria.getByRole("button", { name: /notification/i }).click();
  await list.getByRole("link", { name: /Please look/ }).first().click();
  await maria.waitForURL(address);
  await maria.getByText("Please look,").first().waitFor();

  // Access is explained, by the role that gives it, and the record shared, from its own menu.
  await admin.getByRole("button", { name: "More actions" }).click();
  await admin.getByRole("menuitem", { name: "Access and sharing" }).click();
  const dialog = admin.getByRole("dialog");
  await dialog.getByText("by role System Administrator (everything)").first().waitFor();
  await dialog.getByRole("combobox", { name: "With" }).fill("Lena");
  await admin.getByRole("option", { name: "Lena Moreau" }).click();
  await dialog.getByRole("button", { name: "Share" }).click();
  await dialog.getByRole("checkbox", { name: "Lena Moreau: Read" }).waitFor();
  assert.deepEqual(await inBothThemes(admin, "access"), []);
  clean(maria);
  clean(admin);
  await maria.context().close();
  await admin.context().close();
});
