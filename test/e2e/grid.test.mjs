// The list as a picky person uses it: places deep in it, groups, views that keep
// how they look.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, base, inBothThemes, signedIn, skip, start, stop } from "./helpers.mjs";

before(start);
after(stop);
const clean = (page) => assert.deepEqual(page.trouble, []);
const LONG = { timeout: 120_000 };
const chosen = (page) => page.getByRole("region", { name: "Chosen rows" });

/** So many accounts with a name of their own, and the address of the list that holds just them. */
async function many(page, count) {
  const word = `Gridfield${Date.now().toString(36)}`;
  for (let from = 0; from < count; from += 100) {
    const targets = Array.from({ length: Math.min(100, count - from) }, (_, i) => ({ "@odata.type": "Microsoft.Dynamics.CRM.account", name: `${word} ${String(from + i + 1).padStart(4, "0")}`, address1_city: (from + i) % 3 ? "Ulm" : "Jena" }));
    const answer = await api(page, "POST", "/api/data/v9.2/accounts/Microsoft.Dynamics.CRM.CreateMultiple", { Targets: targets });
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
  }
  return { word, list: `${base}/r/account?q=${word}&sort=name&cols=name,address1_city,telephone1` };
}

test("any place of a list is reached, by key, by scrollbar and by its name, and found again", { skip, timeout: 300_000 }, async () => {
  const page = await signedIn();
  const { word, list } = await many(page, 450);
  await page.goto(list);
  const name = (n) => page.locator('[role="rowheader"]', { hasText: `${word} ${n}` });
  await name("0001").waitFor(LONG);
  await page.waitForFunction(() => document.querySelector('[role="grid"]').getAttribute("aria-rowcount") === "451", undefined, LONG);
  await name("0001").click({ position: { x: 4, y: 4 } });
  await page.keyboard.press("Control+End");
  await name("0450").waitFor(LONG);
  await page.keyboard.press("Control+Home");
  await name("0001").waitFor(LONG);
  await page.getByRole("grid").evaluate((g) => { g.scrollTop = g.scrollHeight / 2; });
  await name("0226").waitFor(LONG);
  assert.ok((await page.locator('[role="grid"] [role="row"]').count()) < 90, "only the rows in sight are in the page");

  await page.keyboard.press("Control+g");
  await page.getByRole("dialog").getByRole("textbox").fill(`${word} 03`);
  await page.keyboard.press("Enter");
  await name("0300").waitFor(LONG);
  await page.waitForFunction(() => document.activeElement?.getAttribute("data-place") === "299:0", undefined, LONG);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: `${word} 0300` }).waitFor(LONG);
  await page.goBack();
  await name("0300").waitFor(LONG);
  clean(page);
  await page.context().close();
});

test("rows are chosen in groups, one or all, by mouse and keys; a view keeps groups", { skip, timeout: 300_000 }, async () => {
  const page = await signedIn();
  const { word, list } = await many(page, 120);
  await page.goto(`${list}&group=address1_city&fz=2`);
  const group = (name) => page.locator("section", { has: page.getByRole("checkbox", { name: `Choose all of ${name}` }) });
  await group("Ulm").getByText("80", { exact: true }).waitFor(LONG);
  await group("Ulm").locator("[data-stop]").first().click();
  await group("Ulm").getByRole("link", { name: `${word} 0002` }).waitFor(LONG);
  await group("Ulm").getByRole("button", { name: "Show more (50 of 80)" }).click();
  await group("Ulm").getByRole("link", { name: `${word} 0120` }).waitFor(LONG);
  await group("Ulm").getByRole("checkbox", { name: `Choose ${word} 0002` }).click();
  await chosen(page).getByText("1 chosen").waitFor(LONG);
  await page.getByRole("checkbox", { name: "Choose all of Ulm" }).click();
  await chosen(page).getByText("80 chosen").waitFor(LONG);
  assert.deepEqual(await inBothThemes(page, "groups"), []);
  // By keys: down to the other group, choose it, and let all go.
  await group("Jena").locator("[data-stop]").first().focus();
  await page.keyboard.press("x");
  await chosen(page).getByText("120 chosen").waitFor(LONG);
  await page.keyboard.press("Escape");
  await chosen(page).waitFor({ state: "detached", ...LONG });

  const view = page.getByRole("button", { name: /^View: / });
  await view.click();
  await page.getByRole("menuitem", { name: "Save as a new view" }).click();
  await page.getByRole("dialog").getByRole("textbox").fill(word);
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.waitForURL((url) => url.searchParams.get("view")?.startsWith("u-") && !url.searchParams.has("group"), LONG);
  await page.getByRole("region", { name: /^Accounts by / }).waitFor(LONG);
  await page.reload();
  await page.getByRole("region", { name: /^Accounts by / }).waitFor(LONG);
  clean(page);
  await page.context().close();
});
