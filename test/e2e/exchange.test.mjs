// The exchange of cases: what a counterpart sent and nobody understood is shown,
// and a person puts it aside.
import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { api, axe, base, signedIn, skip, start, stop } from "./helpers.mjs";

before(start);
after(stop);
const long = { timeout: 60_000 };
const secret = "a secret of both sides";

/** Sends an event as the counterpart would, until it is known here that it may. */
async function say(event) {
  const body = JSON.stringify(event);
  for (let left = 300; ; left--) {
    const seconds = Math.floor(Date.now() / 1000);
    const mac = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
    const res = await fetch(`${base}/api/exchange/loanbackend/events`, { method: "POST", headers: { "Content-Type": "application/json", "X-Exchange-Signature": `t=${seconds},v1=${mac}` }, body });
    if (res.status === 202 || left === 0) return res.status;
    await new Promise((go) => setTimeout(go, 200));
  }
}

test("an event that nobody understands waits for a person", { skip }, async () => {
  const page = await signedIn();
  const found = await api(page, "GET", "/api/data/v9.2/rpt_counterparts?$filter=rpt_uniquename eq 'loanbackend'&$select=rpt_counterpartid");
  const row = `/api/data/v9.2/rpt_counterparts(${found.body.value[0].rpt_counterpartid})`;
  const enabled = await api(page, "PATCH", row, { rpt_url: "https://counterpart.example.com", rpt_token: "a token of the other side", rpt_signingsecret: secret, rpt_poll: 0, statecode: 0, statuscode: 1 });
  assert.ok(enabled.status < 300, JSON.stringify(enabled.body));
  assert.equal(await say({ id: randomUUID(), caseId: randomUUID(), sequence: 1, type: "status", time: new Date().toISOString(), status: "received" }), 202);
  await page.goto(`${base}/exchange`);
  const card = page.getByRole("region", { name: "Loan back-end" });
  await card.getByText("no such case is exchanged").first().waitFor(long);
  await card.getByText("Answers", { exact: true }).waitFor(long);
  assert.deepEqual(await axe(page), []);
  await card.getByRole("button", { name: "Mend" }).first().click();
  await card.getByRole("textbox", { name: "The event as it should have been" }).waitFor(long);
  assert.deepEqual(await axe(page), []);
  for (let left = await card.getByRole("button", { name: "Discard" }).count(); left > 0; left--) {
    await card.getByRole("button", { name: "Discard" }).first().click();
    await page.waitForFunction((n) => document.querySelectorAll("section li").length < n, left, long);
  }
  await card.getByText("Nothing needs a person.").waitFor(long);
  assert.ok((await api(page, "PATCH", row, { statecode: 1, statuscode: 2 })).status < 300);
  await card.getByText("Not in force").waitFor(long);
  assert.deepEqual(page.trouble, []);
  await page.context().close();
});
