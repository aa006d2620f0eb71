// What the browser tests share: the browser, a signed-in page, the API by the
// page's own session, and axe. Base address and credentials come from
// RAPPORT_URL, RAPPORT_USER and RAPPORT_PASSWORD.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

export const base = process.env.RAPPORT_URL ?? "";
export const user = process.env.RAPPORT_USER ?? "admin";
export const password = process.env.RAPPORT_PASSWORD ?? "admin";
// The shell without a window takes a quarter less of the processor than a whole browser that shows none.
const executablePath = process.env.CHROMIUM ?? ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].find(existsSync) ?? "/usr/bin/chromium";
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Why the tests can't run here; undefined when they can. */
export const skip = !base ? "RAPPORT_URL is not set" : !existsSync(executablePath) ? `no browser at ${executablePath}` : false;

let browser;
export async function start() {
  if (skip) return;
  browser = await chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
}
export async function stop() {
  await browser?.close();
}

/** A fresh page; what goes wrong in it is kept in `page.trouble`. */
export async function openPage(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(Number(process.env.RAPPORT_WAIT ?? 60_000));
  page.trouble = [];
  page.on("pageerror", (error) => page.trouble.push(String(error)));
  page.on("console", (message) => {
    // A refused request is reported by the browser itself; tests provoke some.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) page.trouble.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith("data:")) page.trouble.push(`third party: ${request.url()}`);
  });
  return page;
}

export async function signIn(page, who = user) {
  await page.goto(`${base}/`);
  await page.getByLabel("User name").fill(who);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("main#main").waitFor();
}

/** A page of somebody who is signed in; the screen of signing in is passed over, it has tests of its own. */
export async function signedIn({ who = user, ...options } = {}) {
  const page = await openPage(options);
  const answer = await page.context().request.post(`${base}/api/auth/signin`, { data: { username: who, password } });
  if (!answer.ok()) throw new Error(`${who} can't sign in: ${answer.status()} ${await answer.text()}`);
  await page.goto(`${base}/`);
  await page.locator("main#main").waitFor();
  return page;
}

/** Waits until nothing fades or moves any more. */
export async function still(page) {
  await page.evaluate(async () => {
    // Some begin a moment after what caused them, so that one look is not enough; of those who want no motion few things move.
    const [looks, apart] = matchMedia("(prefers-reduced-motion: reduce)").matches ? [2, 30] : [3, 80];
    for (let quiet = 0; quiet < looks; ) {
      await new Promise((r) => requestAnimationFrame(() => setTimeout(r, apart)));
      const ends = document.getAnimations().filter((a) => a.effect?.getComputedTiming().iterations !== Infinity && a.playState === "running");
      quiet = ends.length ? 0 : quiet + 1;
      await Promise.all(ends.map((a) => a.finished.catch(() => {})));
    }
  });
}

/** Axe's rules that look at colours. */
const COLOURS = ["color-contrast", "link-in-text-block"];

/** Axe on the page as it stands, in both themes; with SCREENSHOTS also a picture of each. */
export async function inBothThemes(page, name, ready = settled) {
  await ready(page);
  const found = [];
  for (const scheme of ["light", "dark"]) {
    await page.evaluate((s) => document.documentElement.setAttribute("data-mantine-color-scheme", s), scheme);
    await still(page);
    if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}-${page.viewportSize().width}-${scheme}.png`, animations: "disabled" });
    // What is there is the same in the dark; only its colours can be wrong anew.
    found.push(...(await axe(page, scheme === "dark" ? COLOURS : undefined)).map((x) => `${name}, ${scheme}: ${x}`));
  }
  await page.evaluate(() => document.documentElement.setAttribute("data-mantine-color-scheme", "light"));
  return found;
}

/** Drops a file onto an element, as a hand with a mouse does. */
export async function dropFile(target, { name, type, text }) {
  const data = await target.page().evaluateHandle(([name, type, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name, { type }));
    return transfer;
  }, [name, type, text]);
  for (const kind of ["dragenter", "dragover", "drop"]) await target.dispatchEvent(kind, { dataTransfer: data });
}

/** Calls the API with the page's session, beside the interface. */
export async function api(page, method, path, body, headers = {}) {
  return page.evaluate(async ([method, path, body, headers]) => {
    const session = await (await fetch("/api/auth/session")).json();
    const response = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": session.csrf, Prefer: 'return=representation, odata.include-annotations="*"', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : undefined };
  }, [method, path, body, headers]);
}

let counter = 0;
/** Makes a lead of its own for a test, owned by the signed-in person. */
export async function makeLead(page, more = {}) {
  counter += 1;
  const lastname = `Testlead${Date.now().toString(36)}${counter}`;
  const answer = await api(page, "POST", "/api/data/v9.2/leads", {
    firstname: "Quill", lastname, companyname: "Paper Lantern Works", emailaddress1: `${lastname.toLowerCase()}@example.org`, subject: "Equipment loan", ...more,
  });
  if (answer.status >= 300) throw new Error(`cannot make a lead: ${answer.status} ${JSON.stringify(answer.body)}`);
  return { id: answer.body.leadid, name: `Quill ${lastname}`, lastname };
}

/** Serious and critical findings of axe, in short; by all rules of WCAG 2.2 AA unless some are named. */
export async function axe(page, rules) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axeSource);
  const violations = await page.evaluate(async (rules) => {
    const runOnly = rules ?? ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    return (await globalThis.axe.run(document, { runOnly, resultTypes: ["violations"] })).violations;
  }, rules);
  return violations
    .filter((v) => v.impact === "serious" || v.impact === "critical")
    .flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(" ")} — ${(n.any[0] ?? n.all[0] ?? n.none[0])?.message ?? v.help}`));
}

/** Waits until no skeleton, no busy grid and no pending request is left. */
export async function settled(page) {
  await page.waitForLoadState("domcontentloaded");
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]') && document.querySelector("main#main")?.childElementCount);
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 150))));
}

/**
 * Asks in the page until the answer is true. The browser driver's own
 * waitForFunction takes the promise of an answer for the answer.
 */
export async function holds(page, ask, arg) {
  const limit = Date.now() + Number(process.env.RAPPORT_WAIT ?? 60_000);
  for (;;) {
    // A page on its way to another one can't be asked; then it is asked again.
    if (await page.evaluate(ask, arg).catch(() => false)) return;
    if (Date.now() > limit) throw new Error(`never true: ${ask}`);
    await page.waitForTimeout(150);
  }
}
