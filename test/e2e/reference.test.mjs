// Key screens beside the pictures in reference/, at three widths, light and some
// dark. Made anew by `make references`; look at them before they are committed.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { api, base, openPage, settled, signedIn, skip, start, still, stop } from "./helpers.mjs";
import { compare, differs } from "./compare.mjs";

const folder = new URL("reference/", import.meta.url);
const update = process.env.RAPPORT_REFERENCES === "update";
const MOST = 200 * 1024;
const noon = new Date("2026-11-18T12:00:00Z");
const sizes = { 1440: 900, 1024: 768, 390: 844 };

/** The home screen's rows do not depend on what the tests before have made. */
const person = (i, name, company, score, grade, why) => ({
  leadid: `00000000-0000-4000-8000-00000000000${i}`, fullname: name, companyname: company, jobtitle: "CFO", msdyn_leadscore: score, msdyn_leadgrade: grade, rpt_nextaction: 1,
  rpt_reasons: JSON.stringify([{ points: 25, text: why }]), createdon: "2026-11-18T09:00:00Z",
});
const people = [person(1, "Ada Berg", "Berg Freight", 96, 0, "Asks for 50,000 or more"), person(2, "Ben Tal", "Tal Textiles", 84, 0, "Writes from a work e-mail address"), person(3, "Cleo Marsh", "", 61, 1, "Left a complete phone number")];

/** The navigation does not depend on what is installed. */
const apps = [{
  name: "rpt_sales", label: "Sales", icon: "opportunity", dashboards: [],
  groups: [{ label: "Sales", items: ["lead", "opportunity", "account", "contact"].map((table) => ({ table })) }, { label: "Work", items: ["task", "phonecall", "appointment"].map((table) => ({ table })) }],
}];

/** Answers what is not about the picture at hand with the same words every time. */
async function quiet(page, home) {
  const json = (route, body) => route.fulfill({ status: 200, contentType: "application/json", body: JSON.stringify(body) });
  const preferences = { settings: {}, timeZone: "UTC", done: home ? ["tour"] : ["tour", "checklist"], pinned: [], recent: [] };
  await page.route("**/api/ui/preferences", (route) => json(route, preferences));
  await page.route("**/api/auth/session", async (route) => {
    const answer = await route.fetch();
    return answer.ok() ? json(route, { ...(await answer.json()), preferences }) : route.fulfill({ response: answer });
  });
  await page.route("**/api/ui/apps", (route) => json(route, apps));
  await page.route(/\/api\/data\/v9\.2\/rpt_decision/, (route) => json(route, { value: [] }));
  await page.route(/appnotifications/, (route) => json(route, { value: [], "@odata.count": 0 }));
  await page.route("**/api/live*", (route) => route.abort());
  if (!home) return;
  await page.route(/\/api\/data\/v9\.2\//, (route) => {
    const url = decodeURIComponent(route.request().url());
    if (/\/leads\?.*\$apply/.test(url)) return json(route, { value: [] });
    if (/\/leads\?/.test(url) && !/_createdby_value/.test(url)) return json(route, { value: people, "@odata.count": people.length });
    if (/RetrieveSampleData/.test(url)) return json(route, { Tables: [{ Table: "lead", Count: 61, InUse: 0 }], People: 9 });
    return json(route, { value: [], "@odata.count": 0 });
  });
}

/** What tells of now reads the same on every day, and nothing blinks. */
async function calm(page) {
  await page.addStyleTag({ content: "*, *::before, *::after { caret-color: transparent !important; transition: none !important; animation: none !important; } ::-webkit-scrollbar { display: none; } [data-visits] { display: none !important; }" }); // what was visited is noted in its own time
  await page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      node.nodeValue = node.nodeValue
        .replace(/(?:\d+ \w+\.? ago|this minute|in \d+ \w+)/g, "5 min ago")
        .replace(/vor \d+ \S+|in dieser Minute/g, "vor 5 Min.")
        .replace(/(?:\w{3,9},? )?\d{1,2}\.? \w{3,9}\.? 20\d\d(?:, \d\d:\d\d)?/g, "18 Nov 2026")
        .replace(/for \d+ minutes?/g, "for 5 minutes");
    }
  });
  await still(page);
}

let lead, rows, session;
before(async () => {
  await start();
  if (skip) return;
  const page = await signedIn();
  const gone = (await api(page, "GET", "/api/data/v9.2/leads?$select=leadid&$filter=startswith(lastname,'Refpicture')")).body.value;
  for (const row of gone) await api(page, "DELETE", `/api/data/v9.2/leads(${row.leadid})`);
  rows = [];
  for (const [i, city] of ["Bremen", "Kassel", "Lyon", "Porto", "Turku"].entries()) {
    const made = await api(page, "POST", "/api/data/v9.2/leads", { firstname: ["Ada", "Ben", "Cleo", "Dora", "Emil"][i], lastname: `Refpicture${i}`, companyname: ["Berg Freight", "Tal Textiles", "Marsh & Daughters", "Quarry Works", "Lakeside Dairy"][i], jobtitle: "CFO", address1_city: city, emailaddress1: `person${i}@example.org`, mobilephone: `+49151000000${i}`, subject: "Equipment loan", budgetamount: 40_000 + i * 10_000 });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    rows.push(made.body.leadid);
  }
  lead = rows[0];
  session = await page.context().storageState();
  await page.context().close();
});
after(stop);

const list = () => `/r/lead?view=all&cols=fullname,companyname,jobtitle,address1_city,budgetamount&sort=lastname&filter=${encodeURIComponent(JSON.stringify(["and", ["lastname", "contains", "Refpicture"]]))}`;
const listed = (page) => page.waitForFunction(() => document.querySelectorAll('[role="rowheader"], [role="list"] > [role="listitem"], ul[aria-label] > li').length >= 5);

/** The screens: where they are, and what is done before they are looked at. */
const screens = {
  signin: { widths: [1440, 390], anonymous: true },
  home: { widths: [1440, 1024, 390], dark: [1440], path: () => "/", home: true },
  list: { widths: [1440, 1024, 390], dark: [1440], path: list, then: listed },
  record: { widths: [1440, 1024, 390], dark: [390], path: () => `/r/lead/${lead}`, then: (page) => page.getByRole("region", { name: "Lead to Opportunity Sales Process" }).waitFor() },
  new: { widths: [1440, 390], path: () => "/r/account/new" },
  settings: { widths: [1440, 1024, 390], path: () => "/settings" },
  team: { widths: [1024, 390], path: () => `/r/lead/${lead}`, then: async (page) => {
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("menuitem", { name: "Access team" }).click();
    await page.getByRole("dialog").getByRole("heading", { name: "Helps with this lead" }).waitFor();
  } },
  keys: { widths: [1440], path: () => "/settings", then: async (page) => {
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  } },
};

async function show(screen, width, scheme) {
  const options = { viewport: { width, height: sizes[width] }, colorScheme: scheme, timezoneId: "UTC", reducedMotion: "reduce" };
  if (screen.anonymous) {
    const page = await openPage(options);
    await page.goto(`${base}/`);
    await page.getByLabel("User name").waitFor();
    await calm(page);
    return page;
  }
  const page = await openPage({ ...options, storageState: session });
  await quiet(page, screen.home);
  if (screen.home) await page.clock.setFixedTime(noon);
  await page.goto(base + screen.path());
  await settled(page);
  await screen.then?.(page);
  await settled(page);
  await calm(page);
  return page;
}

const shoot = (page) => page.screenshot({ animations: "disabled", caret: "hide", scale: "css" });

for (const [name, screen] of Object.entries(screens)) {
  for (const [width, scheme] of [...screen.widths.map((w) => [w, "light"]), ...(screen.dark ?? []).map((w) => [w, "dark"])]) {
    const file = `${name}-${width}${scheme === "dark" ? "-dark" : ""}.png`;
    test(`${file} looks as it did`, { skip }, async () => {
      const page = await show(screen, width, scheme);
      const picture = await shoot(page);
      assert.deepEqual(page.trouble.filter((x) => !x.includes("api/live")), []);
      await page.context().close();
      assert.ok(picture.length <= MOST, `${file} has ${picture.length} bytes`);
      const at = new URL(file, folder);
      if (update) {
        mkdirSync(folder, { recursive: true });
        writeFileSync(at, picture);
        return;
      }
      assert.ok(existsSync(at), `there is no ${file}; \`make references\` makes it`);
      const found = compare(readFileSync(at), picture);
      if (differs(found)) writeFileSync(`${tmpdir()}/rapport-${file}`, picture);
      assert.ok(!differs(found), `${file} differs in ${(found.share * 100).toFixed(1)} % of its squares, and ${(found.worst * 100).toFixed(0)} % ${found.at}; the picture is ${tmpdir()}/rapport-${file}. If this is meant, run \`make references\`.`);
    });
  }
}

test("what is missing, moved or overlaps is told apart, and how letters are drawn is not", { skip: skip || update }, async () => {
  const page = await show(screens.home, 1440, "light");
  const as = async (css) => {
    const tag = await page.addStyleTag({ content: css });
    const picture = await shoot(page);
    await tag.evaluate((e) => e.remove());
    return compare(readFileSync(new URL("home-1440.png", folder)), picture);
  };
  const wrong = {
    "a card is missing": '[data-tour="work"] > section { visibility: hidden; }',
    "the checklist is gone and all moves up": 'section[aria-label="First steps"] { display: none; }',
    "cards overlap": '[data-tour="work"] > div { margin-inline-start: -160px; }',
    "the columns fall below each other": '[data-tour="work"] { display: block !important; }',
    "the navigation is gone": "aside { visibility: hidden; }",
    "dark where it is light": "main { filter: invert(1); }",
  };
  for (const [what, css] of Object.entries(wrong)) {
    const found = await as(css);

    assert.ok(differs(found), `${what} passes: ${JSON.stringify(found)}`);
  }
  for (const [what, css] of Object.entries({ "nothing changed": ":root {}", "letters drawn thinner": "body { -webkit-font-smoothing: antialiased; text-rendering: geometricPrecision; }", "letters a little apart": "* { letter-spacing: 0.04px !important; }", "a shade beside": "main { filter: brightness(0.985); }" })) {
    const found = await as(css);

    assert.ok(!differs(found), `${what} fails: ${JSON.stringify(found)}`);
  }
  await page.context().close();
});
