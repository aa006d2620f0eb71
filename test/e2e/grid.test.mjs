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

test("a column that is moved by keys keeps the cursor", { skip, timeout: 300_000 }, async () => {
  const page = await signedIn();
  const { word, list } = await many(page, 3);
  await page.goto(`${list},websiteurl,address1_country`);
  await page.locator('[role="rowheader"]', { hasText: `${word} 0001` }).waitFor(LONG);
  const heads = () => page.locator('[role="columnheader"]').evaluateAll((all) => all.map((h) => h.getAttribute("aria-label")));
  const names = await heads();
  assert.equal(names.length, 5);
  const [name, city, ...rest] = names;
  /** The heads stand in this order, and the cursor is on the city's. */
  const order = async (wanted) => {
    await page.waitForFunction(([all, on]) => {
      const found = [...document.querySelectorAll('[role="columnheader"]')].map((h) => h.getAttribute("aria-label"));
      const here = document.activeElement;
      return found.join() === all.join() && here?.getAttribute("aria-label") === on && here.getAttribute("data-place") === `-1:${all.indexOf(on)}` && here.tabIndex === 0;
    }, [wanted, city], LONG);
  };
  await page.locator('[role="columnheader"]').nth(1).focus();
  await page.keyboard.press("Control+Shift+ArrowRight");
  await order([name, rest[0], city, rest[1], rest[2]]);
  // A key held down comes faster than the heads are drawn anew.
  await page.keyboard.press("Control+Shift+ArrowRight");
  await page.keyboard.press("Control+Shift+ArrowRight");
  await order([name, ...rest, city]);
  await page.keyboard.press("Control+Shift+ArrowRight"); // it is the last: nothing moves
  for (let i = 0; i < 4; i++) await page.keyboard.press("Control+Shift+ArrowLeft"); // and the name stays first
  await order([name, city, ...rest]);
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction((on) => document.activeElement?.getAttribute("aria-label") === on, rest[0], LONG);
  clean(page);
  await page.context().close();
});

test("five hundred cells are pasted: each that is refused is told, and all go back at once", { skip, timeout: 300_000 }, async () => {
  const page = await signedIn();
  const word = `Pasted${Date.now().toString(36)}`;
  for (let from = 0; from < 250; from += 125) {
    const targets = Array.from({ length: 125 }, (_, i) => ({ "@odata.type": "Microsoft.Dynamics.CRM.task", subject: `${word} ${String(from + i + 1).padStart(3, "0")}` }));
    const answer = await api(page, "POST", "/api/data/v9.2/tasks/Microsoft.Dynamics.CRM.CreateMultiple", { Targets: targets });
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
  }
  const count = async (what) => (await api(page, "GET", `/api/data/v9.2/tasks?$select=subject&$top=1&$count=true&$filter=${encodeURIComponent(`startswith(subject,'${word}') and ${what}`)}`)).body["@odata.count"];
  await page.goto(`${base}/r/task?view=all&q=${word}&sort=subject&cols=subject,category,percentcomplete`);
  await page.waitForFunction(() => document.querySelector('[role="grid"]')?.getAttribute("aria-rowcount") === "251", undefined, LONG);
  await page.locator('[data-place="0:1"]').focus();
  await page.evaluate(() => {
    const line = (i) => `Kind ${i}\t${i === 7 ? "many" : i === 9 ? "150" : i % 101}`;
    const data = new DataTransfer();
    data.setData("text/plain", Array.from({ length: 250 }, (_, i) => line(i + 1)).join("\n"));
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  const dialog = page.getByRole("dialog", { name: "Paste from a spreadsheet" });
  await dialog.getByText("499 cells change in 250 rows.").waitFor(LONG);
  await dialog.getByText("Line 7, Percent Complete, “many”: Please enter a whole number.").waitFor(LONG);
  assert.equal(await count("category ne null"), 0, "nothing is written before it is said");
  await dialog.getByRole("button", { name: "Paste" }).click();
  // What the server alone knows to be wrong is named with its cell, and takes no other cell of its row with it.
  await dialog.getByText("1 cell was refused").waitFor(LONG);
  await dialog.getByText(`${word} 009, Percent Complete, “150”: `).waitFor(LONG);
  assert.deepEqual(await inBothThemes(page, "paste-refused"), []);
  assert.equal(await count("category ne null"), 250);
  assert.equal(await count("percentcomplete ne null"), 248);
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await dialog.waitFor({ state: "detached", ...LONG });
  await page.keyboard.press("Control+z");
  await page.getByText("Taken back", { exact: false }).first().waitFor(LONG);
  assert.equal(await count("category ne null or percentcomplete ne null"), 0);
  clean(page);
  await page.context().close();
});

test("on a phone a long press begins to choose, and a tap goes on", { skip, timeout: 300_000 }, async () => {
  const page = await signedIn({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const { word, list } = await many(page, 5);
  await page.goto(list);
  const card = (n) => page.getByRole("link", { name: `${word} ${n}` });
  await card("0001").waitFor(LONG);
  const box = await card("0002").boundingBox();
  const client = await page.context().newCDPSession(page);
  await client.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x: box.x + box.width / 2, y: box.y + box.height / 2 }] });
  await chosen(page).getByText("1 chosen").waitFor(LONG);
  await client.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await page.getByRole("checkbox", { name: `Choose ${word} 0002`, checked: true }).waitFor(LONG);
  assert.equal(new URL(page.url()).pathname, "/r/account", "the card that was pressed is not opened");
  await card("0004").tap();
  await chosen(page).getByText("2 chosen").waitFor(LONG);
  assert.deepEqual(await inBothThemes(page, "cards-chosen"), []);
  await page.getByRole("button", { name: "Done", exact: true }).tap();
  await chosen(page).waitFor({ state: "detached", ...LONG });
  await card("0004").tap();
  await page.getByRole("heading", { level: 1, name: `${word} 0004` }).waitFor(LONG);
  clean(page);
  await page.context().close();
});
