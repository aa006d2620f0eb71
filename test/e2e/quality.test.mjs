// Keyboard alone, phone width, dark mode, and axe on every route in both themes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { api, base, holds, inBothThemes, makeLead, openPage, password, settled, signedIn, skip, start, still, stop, user } from "./helpers.mjs";

before(start);
after(stop);
const clean = (page) => assert.deepEqual(page.trouble, []);
const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute("data-place") ?? document.activeElement?.tagName);

test("from sign-in to an edited field by keyboard alone", { skip }, async () => {
  const page = await openPage();
  await page.goto(`${base}/`);
  await page.getByLabel("User name").waitFor();
  await page.keyboard.type(user);
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await page.locator("main#main").waitFor();
  const lead = await makeLead(page);

  await page.keyboard.press("g");
  await page.keyboard.press("l");
  await page.waitForURL(/\/r\/lead/);
  await page.locator('[role="rowheader"]').first().waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type(lead.lastname);
  await page.waitForFunction(() => document.querySelectorAll('[role="rowheader"]').length === 1);

  // Tab leads into the grid, which is a single stop.
  for (let i = 0; i < 12 && !/^\d+:/.test(String(await focused(page))); i++) await page.keyboard.press("Tab");
  assert.equal(await focused(page), "0:0");
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(page), "0:1");
  await page.keyboard.press("ArrowUp");
  assert.equal(await focused(page), "-1:1");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Home");
  await page.keyboard.press("Space");
  await page.getByRole("complementary", { name: "Preview" }).getByRole("heading", { name: lead.name }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(lead.id));

  await page.locator('[data-field="companyname"]').waitFor();
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement?.closest('[data-field="companyname"]') !== null)) break;
  }
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("Typed Ltd");
  await page.keyboard.press("Enter");
  await holds(page, async (id) => (await (await fetch(`/api/data/v9.2/leads(${id})`)).json()).companyname === "Typed Ltd", lead.id);
  assert.ok(await page.evaluate(() => document.activeElement?.closest('[data-field="companyname"]') !== null), "the focus stays on the field");
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
  clean(page);
  await page.context().close();
});

test("j and k walk the list from wherever the focus was, and scrolling keeps pace", { skip }, async () => {
  const page = await signedIn();
  await page.goto(`${base}/r/lead`);
  await page.locator('[role="rowheader"]').first().waitFor();
  await page.keyboard.press("j");
  assert.equal(await focused(page), "0:0");
  for (let i = 0; i < 30; i++) await page.keyboard.press("j");
  const total = Number(await page.getByRole("grid").getAttribute("aria-rowcount")) - 1;
  const row = Math.min(30, total - 1);
  assert.equal(await focused(page), `${row}:0`);
  const seen = await page.evaluate(() => {
    const cell = document.activeElement.getBoundingClientRect();
    const grid = document.querySelector('[role="grid"]').getBoundingClientRect();
    return cell.top >= grid.top + 33 && cell.bottom <= grid.bottom + 1;
  });
  assert.ok(seen, "the focused row is neither below the edge nor under the sticky head");
  await page.keyboard.press("k");
  assert.equal(await focused(page), `${row - 1}:0`);
  clean(page);
  await page.context().close();
});

test("single-key shortcuts can be switched off", { skip }, async () => {
  const page = await signedIn();
  await page.keyboard.press("?");
  await page.getByRole("switch", { name: "Shortcuts of a single key" }).click({ force: true });
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("g");
  await page.keyboard.press("l");
  await page.waitForTimeout(300);
  assert.equal(new URL(page.url()).pathname, "/");
  // Settings follow the person: the next test begins with the usual ones.
  await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
  await page.getByRole("switch", { name: "Shortcuts of a single key" }).click({ force: true });
  await page.waitForTimeout(1_200);
  clean(page);
  await page.context().close();
});

for (const width of [390, 320]) {
  test(`at ${width} pixels nothing runs out of sight`, { skip }, async () => {
    const page = await signedIn({ viewport: { width, height: 844 }, hasTouch: true, isMobile: true });
    const lead = await makeLead(page);
    for (const path of ["/", "/r/lead", `/r/lead/${lead.id}`, "/quarantine", "/flow-runs", "/rules", "/search?q=keller", "/settings"]) {
      await page.goto(base + path);
      await settled(page);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${path} is ${over} pixels too wide`);
      const small = await page.locator("nav[aria-label='Quick navigation'] a, nav[aria-label='Quick navigation'] button").evaluateAll((all) => all.filter((e) => e.getBoundingClientRect().height < 44).length);
      assert.equal(small, 0, "what the thumb taps is large enough");
    }
    await page.goto(`${base}/r/lead`);
    await page.getByRole("list", { name: "Leads" }).getByRole("link").first().tap();
    await page.waitForURL(/\/r\/lead\/[0-9a-f-]{36}/);
    await page.getByText("Details", { exact: true }).tap();
    await page.locator('[data-field="companyname"]').waitFor();
    clean(page);
    await page.context().close();
  });
}

test("dark is dark from the first paint, and the choice stays", { skip }, async () => {
  const page = await signedIn({ colorScheme: "dark" });
  const scheme = () => page.evaluate(() => [document.documentElement.dataset.mantineColorScheme, getComputedStyle(document.body).backgroundColor]);
  const [name, background] = await scheme();
  assert.equal(name, "dark");
  assert.ok(background.match(/\d+/g).slice(0, 3).every((part) => Number(part) < 40), background);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search and commands" }).waitFor();
  await page.keyboard.type("light theme");
  await page.keyboard.press("Enter");
  await page.waitForSelector('html[data-mantine-color-scheme="light"]');
  // Before any module has run, the blocking script has already set the scheme.
  await page.route("**/assets/*.js", (route) => route.abort());
  await page.reload({ waitUntil: "domcontentloaded" });
  assert.equal((await scheme())[0], "light");
  await page.context().close();
});

test("German is complete on the screens people meet first", { skip }, async () => {
  const page = await openPage({ locale: "de-DE" });
  await page.goto(`${base}/`);
  await page.getByLabel("Benutzername").fill(user);
  await page.getByLabel("Passwort", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Anmelden" }).click();
  await page.getByRole("heading", { name: /^(Guten Morgen|Hallo|Guten Abend)/ }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
  clean(page);
  await page.context().close();
});

test("unknown addresses and records have their calm screen", { skip }, async () => {
  const page = await signedIn();
  for (const path of ["/nowhere", "/r/nosuchtable", "/r/lead/00000000-0000-0000-0000-000000000000"]) {
    await page.goto(base + path);
    await page.getByRole("heading", { name: "Nothing here" }).waitFor();
  }
  clean(page);
  await page.context().close();
});

/** Every address that the router knows: a new one can't be forgotten. */
const patterns = [...readFileSync(new URL("../../web/src/app/router.tsx", import.meta.url), "utf8").matchAll(/^ {2}path: "([^"]+)",$/gm)].map(([, path]) => path);
const nobody = "00000000-0000-4000-8000-000000000000";

/** The addresses worth looking at: of each pattern of the router those that are named here, else one with made-up values. */
async function addresses(page) {
  const lead = await makeLead(page);
  const first = async (set, id, filter = "") => (await api(page, "GET", `/api/data/v9.2/${set}?$top=1${filter}`)).body.value[0]?.[id];
  const scored = await first("leads", "leadid", "&$filter=msdyn_leadscore gt 0");
  const given = async (set, id) => (await first(set, id)) ?? nobody;
  const named = {
    "/r/$table": ["/r/lead", scored && `/r/lead?peek=${scored}`, "/r/lead?group=ownerid", "/r/lead?chart=default", "/r/lead?board=auto", "/r/account", "/r/contact", "/r/opportunity", "/r/task", "/r/incident", "/r/appmodule"],
    "/r/$table/new": ["/r/lead/new", "/r/incident/new"], "/r/$table/$id": [`/r/lead/${lead.id}`, scored && `/r/lead/${scored}`, `/r/opportunity/${await given("opportunities", "opportunityid")}`],
    "/quarantine/$id": [`/quarantine/${await given("rpt_quarantines", "rpt_quarantineid")}`], "/dead-letters/$id": [`/dead-letters/${await given("rpt_deadletters", "rpt_deadletterid")}`],
    "/flow-runs/$id": [`/flow-runs/${await given("rpt_flowruns", "rpt_flowrunid")}`], "/rules/{-$id}": ["/rules", "/rules/new", `/rules/${await given("rpt_rules", "rpt_ruleid")}`],
    "/decisions/{-$id}": ["/decisions", `/decisions/${await given("rpt_decisionversions", "rpt_decisionversionid")}`], "/search": ["/search?q=keller"], "/dashboards/$name": ["/dashboards/sales"],
    "/admin/$area": ["users", "teams", "units", "roles", "profiles", "providers", "keys", "indexes", "log"].map((area) => `/admin/${area}`),
    "/merge/$table/$stays/$goes": scored ? [`/merge/lead/${lead.id}/${scored}`] : [],
  };
  const routes = [...patterns.flatMap((p) => named[p] ?? [p.replace(/\/\{-\$\w+\}/g, ""), ...(p.includes("$") ? [p.replace(/\{?-?\$\w+\}?/g, nobody)] : [])]), "/nowhere"];
  return { lead, routes: [...new Set(routes.filter(Boolean))] };
}

test("axe finds nothing serious on any route in both themes", { skip, timeout: 1_200_000 }, async () => {
  assert.ok(patterns.length >= 30, `the router has only ${patterns.length} addresses`);
  const found = [];
  const anonymous = await openPage();
  await anonymous.goto(`${base}/`);
  await anonymous.getByLabel("User name").waitFor();
  found.push(...await inBothThemes(anonymous, "sign-in", still));
  await anonymous.context().close();

  const page = await signedIn();
  const { lead, routes } = await addresses(page);
  const left = [...routes];
  // Two tabs: while one waits for the server the other reckons.
  const look = async (tab) => {
    for (let route = left.shift(); route; route = left.shift()) {
      await tab.goto(base + route);
      found.push(...await inBothThemes(tab, route.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "…").replaceAll("/", "~")));
    }
  };
  const second = await signedIn();
  await Promise.all([look(page), look(second)]);
  await second.context().close();

  await page.goto(`${base}/r/lead`);
  await settled(page);
  await page.keyboard.press("f");
  await page.getByRole("dialog").waitFor();
  found.push(...await inBothThemes(page, "filter"));
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("Control+k");
  await page.getByRole("option").first().waitFor();
  found.push(...await inBothThemes(page, "palette"));
  await page.keyboard.press("Escape");
  await page.goto(`${base}/r/lead/${lead.id}`);
  await page.getByRole("button", { name: "Qualify", exact: true }).click();
  await page.getByRole("dialog").waitFor();
  found.push(...await inBothThemes(page, "qualify"));
  await page.context().close();
  assert.deepEqual(found, []);
});
