// A day in a lender's life: 500 applications of three campaigns → queues →
// eligibility → opportunities → cases at an outside back-end, whose answers flow
// back → documents → disbursement. Meanwhile the back-end is killed, slowed and
// made to lie. In the end nothing is lost or doubled, and the manager's numbers
// are those that are reckoned here.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, axe, base, openPage, settled, signedIn, skip, start, stop } from "../helpers.mjs";
import { backend, secret, token } from "./backend.mjs";
import { accept, keyboard, mouse, onward, payout, propose as proposeByHand, qualify, upload } from "./seller.mjs";
import { applicants, call, each, outcome, rows, until, ways } from "./world.mjs";

const count = Number(process.env.RAPPORT_DAY ?? 500);
const people = applicants(count);
const eligible = people.filter((a) => outcome(a) === 1);
const day = "endswith(emailaddress1,'@day.example.org')";
const there = skip ? undefined : backend(process.env.RAPPORT_LOANBACKEND_FILE, process.env.RAPPORT_LOANBACKEND_PORT);
// Their sellers work in the browser, the first by mouse, the second by keyboard alone; a third sends his documents himself, too.
let first, second, third, inBrowser, uploading;
const eur = (list) => list.reduce((sum, a) => sum + a.amount, 0);

/** A part of the day; it needs those before it, so that after a failure the rest says so and ends. */
let broken = "";
function part(name, minutes, work) {
  test(name, { skip, timeout: minutes * 60_000 }, async () => {
    assert.equal(broken, "", `the day ended at: ${broken}`);
    broken = name;
    await work();
    broken = "";
  });
}

before(start);
after(async () => {
  await there?.kill();
  await stop();
});

/** What an applicant types, by the names of the form's fields. */
const typed = (a) => ({
  firstname: a.first, lastname: a.last, emailaddress1: a.email, address1_postalcode: a.code, address1_city: a.city, address1_country: a.country,
  rpt_productinterest: a.product, lend_amount: a.amount, lend_term: a.term, lend_income: a.income, lend_debts: a.debts, lend_employment: String(a.employment), lend_birthdate: a.born, rate: 4,
  companyname: a.product === "BUSINESS" ? `${a.last} Works` : undefined, rpt_consent: true,
});

part("500 applications come in by three forms, some of them twice", 10, async () => {
  // One applicant of each campaign fills the form in with a browser, on a phone.
  for (const a of people.slice(0, 3)) {
    const page = await openPage({ viewport: { width: 390, height: 844 } });
    await page.goto(`${base}/f/${a.way.form}`);
    assert.deepEqual(await axe(page), [], a.way.form);
    await fill(page, a);
    await page.getByRole("heading", { name: /thank you/i }).waitFor();
    assert.deepEqual(page.trouble, []);
    await page.context().close();
  }
  // The others' come from their own networks; every tenth is sent again, as after a lost answer.
  await each(people.slice(3), async (a) => {
    for (let times = a.n % 10 === 7 ? 2 : 1; times > 0; times--) {
      const r = await fetch(`${base}/f/${a.way.form}`, {
        method: "POST", headers: { "Content-Type": "application/json", "Idempotency-Key": `day-${a.n}`, "X-Forwarded-For": `198.51.${a.n % 100}.${1 + Math.floor(a.n / 100)}` }, body: JSON.stringify(typed(a)),
      });
      assert.equal(r.status, 202, `${a.way.form}: ${r.status === 202 ? "" : await r.text()}`);
    }
  });
  await until("all applications are leads", async () => ((await rows("leads", day, "leadid")).length >= count ? true : (await rows("leads", day, "leadid")).length), 480);
  const leads = await rows("leads", day, "leadid,emailaddress1,lend_amount,_campaignid_value,_ownerid_value,rpt_productinterest");
  assert.equal(leads.length, count);
  assert.equal(new Set(leads.map((l) => l.emailaddress1)).size, count, "nobody twice");
  const campaigns = new Map((await rows("campaigns", "", "campaignid,name")).map((c) => [c.campaignid, c.name]));
  for (const way of ways) {
    assert.equal(leads.filter((l) => campaigns.get(l._campaignid_value) === way.campaign).length, people.filter((a) => a.way === way).length, way.campaign);
  }
  for (const l of leads) {
    const a = people[Number(/applicant(\d+)@/.exec(l.emailaddress1)[1])];
    a.lead = l.leadid;
    assert.equal(l.rpt_productinterest, a.product);
    assert.equal(l.lend_amount, a.amount, a.email);
  }
});

part("each lies in one queue, belongs to a seller, and keeps the reason", 5, async () => {
  const ids = new Set(people.map((a) => a.lead));
  let items = [];
  await until("all are dealt out", async () => {
    items = (await rows("queueitems", "", "_objectid_value,_queueid_value")).filter((i) => ids.has(i._objectid_value));
    return items.length >= count ? true : items.length;
  });
  assert.equal(items.length, count, "one queue item each");
  const queues = new Map((await rows("queues", "", "queueid,name")).map((q) => [q.queueid, q.name]));
  const by = new Map(items.map((i) => [i._objectid_value, queues.get(i._queueid_value)]));
  for (const a of people) assert.match(by.get(a.lead), a.city === "München" || a.city === "Stuttgart" || a.city === "Wien" ? /South/ : /North/, `${a.email} of ${a.city}`);
});

part("the rules decide on every one, as a reckoning by hand does", 10, async () => {
  // What a form did not ask for, the seller asks on the phone.
  const leads = new Map((await rows("leads", day, "leadid,lend_income,lend_birthdate,lend_employment,lend_term")).map((l) => [l.leadid, l]));
  await each(people, async (a) => {
    const l = leads.get(a.lead);
    if (l.lend_income == null || l.lend_birthdate == null || l.lend_employment == null || l.lend_term == null) {
      await call("PATCH", `leads(${a.lead})`, { lend_income: a.income, lend_birthdate: a.born, lend_employment: a.employment, lend_term: a.term });
    }
    const { body } = await call("POST", "rpt_Decide", { Target: { "@odata.type": "Microsoft.Dynamics.CRM.lead", leadid: a.lead } });
    assert.equal(body.Outcome, outcome(a), `${a.email}: ${a.amount} over ${a.term} months at ${a.income}`);
  });
  const decided = await rows("leads", day, "lend_eligibility");
  for (const n of [1, 2, 3]) assert.equal(decided.filter((l) => l.lend_eligibility === n).length, people.filter((a) => outcome(a) === n).length, `outcome ${n}`);
});

const sellers = new Map();
/** The page of the seller to whom a lead was dealt. */
async function sellerOf(a) {
  if (!sellers.has(a.seller)) sellers.set(a.seller, await signedIn({ who: a.seller }));
  return sellers.get(a.seller);
}

/** Chooses whose sellers work in the browser: of the sample's sellers these have a password. */
async function choose() {
  const names = new Map((await rows("systemusers", "", "systemuserid,domainname")).map((u) => [u.systemuserid, u.domainname]));
  for (const l of await rows("leads", day, "emailaddress1,_ownerid_value")) people[Number(/applicant(\d+)@/.exec(l.emailaddress1)[1])].seller = names.get(l._ownerid_value);
  [first, second, third] = eligible.filter((a) => ["jonas.weber", "henrik.sato", "lena.moreau", "samir.haddad"].includes(a.seller));
  assert.ok(third, "three applications of such sellers");
  [inBrowser, uploading] = [[[first, mouse], [second, keyboard]], [first, second, third]];
}

part("the eligible become opportunities, the others are told why not", 10, async () => {
  await choose();
  for (const [a, by] of inBrowser) await qualify(await sellerOf(a), by, a);
  await each(people.filter((a) => outcome(a) === 3), (a) => call("POST", `leads(${a.lead})/Microsoft.Dynamics.CRM.rpt_DisqualifyLead`, { Reason: "Not eligible by the rules" }));
  await each(eligible, async (a) => {
    if (a !== first && a !== second) await call("POST", `leads(${a.lead})/Microsoft.Dynamics.CRM.QualifyLead`, { CreateAccount: false, CreateContact: true, CreateOpportunity: true, Status: -1 });
    const found = await rows("opportunities", `_originatingleadid_value eq ${a.lead}`, "opportunityid,_parentcontactid_value");
    assert.equal(found.length, 1, a.email);
    [a.opportunity, a.contact] = [found[0].opportunityid, found[0]._parentcontactid_value];
    const { body } = await call("GET", `RetrieveProcessInstances(EntityId=${a.lead},EntityLogicalName='lead')`);
    a.instance = body.value[0].businessprocessflowinstanceid;
  });
});

/** Fills a form in as a visitor does, from step to step, and sends it. */
async function fill(page, a) {
  const values = typed(a);
  for (;;) {
    for (const [name, value] of Object.entries(values)) {
      const radio = page.locator(`input[type=radio][name="${name}"][value="${value}"]`);
      if (await radio.count()) {
        if (await radio.isVisible()) await radio.check();
        continue;
      }
      const field = page.locator(`[name="${name}"]:not([type=hidden])`).first();
      if (value === undefined || !(await field.count()) || !(await field.isVisible())) continue;
      const kind = await field.evaluate((e) => (e.tagName === "SELECT" ? "select" : e.type));
      if (kind === "select") await field.selectOption(String(value));
      else if (kind === "checkbox") await field.check();
      else await field.fill(String(value));
    }
    const onward = page.getByRole("button", { name: "Continue", exact: true });
    if (!(await onward.count()) || !(await onward.first().isVisible())) break;
    await onward.first().click();
  }
  await page.locator("input[type=checkbox][required]").check();
  await page.locator("form.card button[type=submit]:visible").last().click();
}

let stages;
/** Takes an application to the next stage of the process. */
async function move(a, stage, want) {
  stages ??= new Map((await rows("processstages", "processid/uniquename eq 'lend_loanprocess'", "processstageid,stagename")).map((s) => [s.stagename, s.processstageid]));
  return call("PATCH", `lend_loanprocesses(${a.instance})`, { "activestageid@odata.bind": `/processstages(${stages.get(stage)})` }, want);
}
const patch = (a, body) => call("PATCH", `opportunities(${a.opportunity})`, body);

part("at Propose a case opens at the back-end, which is killed, slowed and lies", 15, async () => {
  await there.start();
  const [counterpart] = await rows("rpt_counterparts", "rpt_uniquename eq 'loanbackend'", "rpt_counterpartid");
  await call("PATCH", `rpt_counterparts(${counterpart.rpt_counterpartid})`, { rpt_url: there.url, rpt_token: token, rpt_signingsecret: secret, rpt_poll: 2, rpt_attempts: 100, statecode: 0, statuscode: 1 });
  await until("the counterpart is in force", async () => (await call("POST", `rpt_counterparts(${counterpart.rpt_counterpartid})/Microsoft.Dynamics.CRM.rpt_ExchangeStatus`, {})).body.InForce);
  const others = eligible.filter((a) => a !== first && a !== second);
  const some = Math.ceil(others.length / 3);
  const propose = async (a) => {
    await move(a, "Develop");
    await move(a, "Propose");
    await patch(a, { msfsi_interestrate: 3.5, lend_prequalified: true });
  };
  await there.faults({ error: 0.2, lostanswer: 0.2, duplicate: 0.3, outoforder: 0.3 });
  await each(others.slice(0, some), propose);
  await there.kill();
  await each(others.slice(some, 2 * some), propose); // nobody there
  for (const [a, by] of inBrowser) await proposeByHand(await sellerOf(a), by, a); // which a seller does not notice
  await there.start();
  await there.faults({ lies: 0.1, nonsense: 0.1, slow: "300ms", duplicate: 0.2 });
  await each(others.slice(2 * some), propose);
  await there.kill(); // in the middle of it
  await there.start();
  await there.faults({});
});

part("the back-end's decisions arrive, once each, and both sides are equal", 15, async () => {
  const [counterpart] = await rows("rpt_counterparts", "rpt_uniquename eq 'loanbackend'", "rpt_counterpartid");
  const at = `rpt_counterparts(${counterpart.rpt_counterpartid})/Microsoft.Dynamics.CRM.`;
  await until("all is sent and underwritten", async () => {
    await call("POST", `${at}rpt_ReplayChanges`, {}); // what was given up while it lied, a person has tried again
    const s = (await call("POST", `${at}rpt_ExchangeStatus`, {})).body;
    const open = await rows("opportunities", "lend_prequalified eq true and lend_underwriting eq null", "opportunityid");
    return s.Waiting === 0 && s.EventsWaiting === 0 && open.length === 0 ? true : { ...s, open: open.length };
  }, 600);
  const cases = await there.get("/admin/cases");
  assert.equal((cases.cases ?? cases).length, eligible.length, "one case each there");
  const ours = await rows("rpt_exchangecases", `_rpt_counterpartid_value eq ${counterpart.rpt_counterpartid}`, "rpt_exchangecaseid");
  assert.equal(ours.length, eligible.length, "one case each here");
  // A case that was compared while something was still on its way is compared again.
  await until("both sides are compared and equal", async () => {
    const cases = await rows("rpt_exchangecases", `_rpt_counterpartid_value eq ${counterpart.rpt_counterpartid}`, "rpt_name,rpt_comparedon,rpt_differing,rpt_differences");
    const odd = cases.filter((c) => !c.rpt_comparedon || c.rpt_differing !== 0);
    if (odd.length) await call("POST", `${at}rpt_CompareExchange`, {});
    return odd.length === 0 ? true : odd.slice(0, 2);
  });
  const end = (await call("POST", `${at}rpt_ExchangeStatus`, {})).body;
  assert.deepEqual([end.Dead, end.Waiting, end.EventsWaiting], [0, 0, 0]);
});

part("documents come in, some by the portal and the rest by post, and open the gate", 10, async () => {
  for (const [a, by] of inBrowser) {
    const page = await sellerOf(a);
    await page.goto(`${base}/r/opportunity/${a.opportunity}`);
    await onward(page, by, "Propose", "Documents");
  }
  await each(eligible.filter((a) => a !== first && a !== second), async (a) => {
    await move(a, "Documents");
    assert.equal((await move(a, a.product === "HOME" || a.product === "BUSINESS" ? "Collateral" : "Underwriting", null)).status, 400, "the gate holds without documents");
  });
  for (const a of uploading) {
    const names = await upload(a);
    if (a === third) {
      for (const d of await rows("rpt_documentrequests", `rpt_recordid eq ${a.opportunity} and rpt_status eq 2`, "rpt_documentrequestid")) await call("POST", `rpt_documentrequests(${d.rpt_documentrequestid})/Microsoft.Dynamics.CRM.rpt_AcceptDocument`, {});
    } else await accept(await sellerOf(a), a === first ? mouse : keyboard, a, names);
    await until("they are complete", async () => (await call("GET", `opportunities(${a.opportunity})?$select=lend_documentscomplete`)).body.lend_documentscomplete === true);
    await patch(a, { lend_kycdone: true });
  }
  for (const page of sellers.values()) {
    assert.deepEqual(page.trouble, []);
    await page.context().close();
  }
  await each(eligible.filter((a) => !uploading.includes(a)), async (a) => {
    let asked = [];
    await until("the documents are asked for", async () => (asked = await rows("rpt_documentrequests", `rpt_recordid eq ${a.opportunity} and rpt_required eq true`, "rpt_documentrequestid,rpt_status")).length > 0);
    for (const d of asked.filter((d) => d.rpt_status === 1)) await call("POST", `rpt_documentrequests(${d.rpt_documentrequestid})/Microsoft.Dynamics.CRM.rpt_ReceiveDocument`, { Note: "By post" });
    await until("they are complete", async () => (await call("GET", `opportunities(${a.opportunity})?$select=lend_documentscomplete`)).body.lend_documentscomplete === true);
    await patch(a, { lend_kycdone: true });
  });
});

part("and the money is paid out", 15, async () => {
  // One by its seller with mouse and forms, the others in the same steps by the API.
  const page = await signedIn({ who: first.seller });
  await payout(page, first);
  assert.deepEqual(page.trouble, []);
  await page.context().close();
  await each(eligible.filter((a) => a !== first), async (a) => {
    if (a.product === "HOME" || a.product === "BUSINESS") {
      await move(a, "Collateral");
      await patch(a, { lend_collateralvalued: true });
    }
    await move(a, "Underwriting");
    await move(a, "Sanction");
    await patch(a, { lend_sanctionedamount: a.amount, lend_sanctionedon: new Date().toISOString().slice(0, 10) });
    await move(a, "Disbursement");
    for (const number of [1, 2]) {
      await call("POST", "lend_disbursements", { lend_name: `Tranche ${number}`, lend_number: number, lend_amount: a.amount / 2, statuscode: 3, "lend_opportunityid@odata.bind": `/opportunities(${a.opportunity})` });
    }
    await patch(a, { lend_fullydisbursed: true });
    await move(a, "Close");
    await call("POST", "WinOpportunity", { Status: -1, OpportunityClose: { subject: "Paid out", "opportunityid@odata.bind": `/opportunities(${a.opportunity})` } });
  });
  await until("the tranches are added up", async () => {
    const won = await rows("opportunities", "statecode eq 1 and lend_fullydisbursed eq true", "lend_disbursed");
    const sum = won.reduce((n, o) => n + (o.lend_disbursed ?? 0), 0);
    return won.length === eligible.length && sum === eur(eligible) ? true : { won: won.length, sum, want: eur(eligible) };
  });
  const customers = await rows("contacts", "rpt_customersince ne null", "contactid");
  for (const a of eligible) assert.ok(customers.some((c) => c.contactid === a.contact), `${a.email} is a customer`);
});

/** A day near today. */
const around = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

part("the manager's numbers are those of the day", 10, async () => {
  const page = await signedIn({ who: "maria.lindgren" });
  const { status, body } = await api(page, "GET", `/api/ui/reports/lend_funnel?by=campaign&from=${around(-2)}&to=${around(2)}`);
  assert.equal(status, 200, JSON.stringify(body));
  const sample = (await rows("leads", `rpt_productinterest ne null and not ${day}`, "leadid,_campaignid_value")).length;
  assert.equal(body.total.cells[0].count, count + sample, JSON.stringify(body.total));
  const campaigns = new Map((await rows("campaigns", "", "campaignid,name")).map((c) => [c.name, c.campaignid]));
  for (const way of ways) {
    const key = campaigns.get(way.campaign);
    const mine = eligible.filter((a) => a.way === way);
    const others = (await rows("opportunities", `lend_product ne null and originatingleadid/_campaignid_value eq ${key}`, "opportunityid")).length - mine.length;
    assert.equal(others, 0, "the sample's leads of the campaigns have not become opportunities");
    const group = body.groups.find((g) => g.name === way.campaign);
    assert.ok(group, `${way.campaign} is in the report: ${JSON.stringify(body.groups).slice(0, 600)}`);
    const [, , opportunities, proposed, sanctioned, disbursed] = group.cells;
    assert.deepEqual([opportunities.count, proposed.count, sanctioned.count, disbursed.count], [mine.length, mine.length, mine.length, mine.length], way.campaign);
    assert.equal(Number(disbursed.sum), eur(mine), `paid out by ${way.campaign}`);
  }
  await page.goto(`${base}/reports/lend_funnel`);
  await settled(page);
  assert.ok((await page.locator("main").innerText()).includes("Spring home loans"));
  assert.deepEqual(page.trouble, []);
});
