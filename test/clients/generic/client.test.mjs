// The npm client o.js, which knows OData v4 and nothing of Dataverse,
// unmodified, against a running server.
//
//   RAPPORT_URL    where the server is, such as http://127.0.0.1:8080
//   RAPPORT_TOKEN  a bearer token of somebody who may do everything
//
// Run by generic_test.go, which starts a server.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { o } from "o.js";

const rootUrl = process.env.RAPPORT_URL + "/api/data/v9.2/";
const run = randomUUID().slice(0, 8);
const headers = { "Content-Type": "application/json", Authorization: "Bearer " + process.env.RAPPORT_TOKEN };
const service = (more = {}) => o(rootUrl, { headers: { ...headers, ...more }, referrer: undefined, batch: { boundaryPrefix: "batch_", changsetBoundaryPrefix: "changeset_", endpoint: "$batch", headers: new Headers({ "Content-Type": "multipart/mixed", Authorization: headers.Authorization }), useChangset: false, useRelativeURLs: false } });

const made = async (set, data) => {
  const [response] = [await service({ Prefer: "return=representation" }).post(set, data).query()];
  return Array.isArray(response) ? response[0] : response;
};

describe("a client of OData in general", () => {
  test("reads the service document and the metadata", async () => {
    const sets = await service().get("").query();
    assert.ok(sets.some((s) => s.name === "leads" && s.kind === "EntitySet"));
    const metadata = await service().get("$metadata").fetch();
    assert.equal(metadata.status, 200);
    assert.match(await metadata.text(), /<EntityType Name="lead"/);
  });

  test("creates, reads, changes and deletes", async () => {
    const lead = await made("leads", { lastname: `Generic ${run}`, firstname: "Ada" });
    assert.match(lead.leadid, /^[0-9a-f-]{36}$/);
    await service().patch(`leads(${lead.leadid})`, { firstname: "Grace" }).query();
    const read = await service().get(`leads(${lead.leadid})`).query({ $select: "firstname,lastname" });
    assert.equal(read.firstname, "Grace");
    await service().delete(`leads(${lead.leadid})`).query();
    const gone = await service().get(`leads(${lead.leadid})`).fetch();
    assert.equal(gone.status, 404);
  });

  test("filters, sorts, pages, counts and expands", async () => {
    const account = await made("accounts", { name: `Generic ${run}` });
    for (let i = 0; i < 5; i++) await made("contacts", { lastname: `G${i} ${run}`, creditlimit: i * 10, "parentcustomerid_account@odata.bind": `/accounts(${account.accountid})` });
    const top = await service().get("contacts").query({ $filter: `endswith(lastname,'${run}') and creditlimit gt 5`, $orderby: "creditlimit desc", $top: 2, $select: "lastname" });
    assert.deepEqual(top.map((c) => c.lastname), [`G4 ${run}`, `G3 ${run}`]);
    const count = await service().get("contacts/$count").query({ $filter: `endswith(lastname,'${run}')` });
    assert.equal(String(count), "5");
    const response = await service({ Prefer: "odata.maxpagesize=2" }).get("contacts").fetch({ $filter: `endswith(lastname,'${run}')`, $orderby: "lastname", $count: true });
    const page = await response.json();
    assert.equal(page["@odata.count"], 5);
    assert.equal(page.value.length, 2);
    const seen = page.value.map((c) => c.lastname);
    for (let next = page["@odata.nextLink"]; next; ) {
      const more = await (await fetch(next, { headers: { ...headers, Prefer: "odata.maxpagesize=2" } })).json();
      seen.push(...more.value.map((c) => c.lastname));
      next = more["@odata.nextLink"];
    }
    assert.deepEqual(seen, [0, 1, 2, 3, 4].map((i) => `G${i} ${run}`));
    const found = await service().get(`accounts(${account.accountid})`).query({ $select: "name", $expand: "contact_customer_accounts($select=lastname;$orderby=creditlimit desc;$top=1)" });
    assert.deepEqual(found.contact_customer_accounts.map((c) => c.lastname), [`G4 ${run}`]);
    const sums = await service().get("contacts").query({ $apply: `filter(endswith(lastname,'${run}'))/aggregate(creditlimit with sum as total,$count as n)` });
    assert.deepEqual([sums[0].total, sums[0].n], [100, 5]);
  });

  test("asks lambdas and follows links", async () => {
    const account = await made("accounts", { name: `Lambda ${run}` });
    const contact = await made("contacts", { lastname: `Lambda ${run}`, "parentcustomerid_account@odata.bind": `/accounts(${account.accountid})` });
    const found = await service().get("accounts").query({ $filter: `contact_customer_accounts/any(c:c/lastname eq 'Lambda ${run}')`, $select: "name" });
    assert.deepEqual(found.map((a) => a.accountid), [account.accountid]);
    const name = await service().get(`contacts(${contact.contactid})/parentcustomerid_account/name`).query();
    assert.equal(name.value ?? name, `Lambda ${run}`);
    const linked = await service().get(`accounts(${account.accountid})/contact_customer_accounts`).query({ $select: "lastname" });
    assert.equal(linked[0].contactid, contact.contactid);
  });

  test("sends several requests as one", async () => {
    const account = await made("accounts", { name: `Batch ${run}` });
    const answers = await service().get(`accounts(${account.accountid})`).patch(`accounts(${account.accountid})`, { name: `Batched ${run}` }).get(`accounts(${account.accountid})`).batch();
    assert.equal(answers.length, 3);
    const row = await service().get(`accounts(${account.accountid})`).query({ $select: "name" });
    assert.equal(row.name, `Batched ${run}`);
  });

  test("is told what is wrong", async () => {
    const response = await service().get("leads").fetch({ $filter: "nosuch eq 1" });
    assert.equal(response.status, 400);
    const { error } = await response.json();
    assert.match(error.code, /^0x800[46]/);
    assert.match(error.message, /nosuch/);
  });
});
