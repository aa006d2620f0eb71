// The npm client dynamics-web-api, unmodified, against a running server.
//
//   RAPPORT_URL    where the server is, such as http://127.0.0.1:8080
//   RAPPORT_TOKEN  a bearer token of somebody who may do everything
//
// Run by webapi_test.go, which starts a server; or by hand: npm ci && npm test.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, describe, test } from "node:test";
import { DynamicsWebApi } from "dynamics-web-api";

const serverUrl = process.env.RAPPORT_URL;
const token = process.env.RAPPORT_TOKEN;
if (!serverUrl || !token) throw new Error("set RAPPORT_URL and RAPPORT_TOKEN");

const dataApi = { version: "9.2" };
const api = new DynamicsWebApi({ serverUrl, dataApi, onTokenRefresh: async () => token });
const run = randomUUID().slice(0, 8); // keeps this run's records apart from others'

// refused runs f, which must fail with the status, and gives the error.
async function refused(status, f) {
  try {
    await f();
  } catch (error) {
    assert.equal(error.status, status, error.message);
    return error;
  }
  assert.fail(`no error, although ${status} was expected`);
}

describe("records", () => {
  test("create, read, update, delete", async () => {
    const key = await api.create({ collection: "leads", data: { lastname: `Müller ${run}`, firstname: "Ada", revenue: 1234.5, leadqualitycode: 1, donotemail: true, rpt_extra: '{"a":1}' } });
    assert.match(key, /^[0-9a-f-]{36}$/);
    let lead = await api.retrieve({ collection: "leads", key, select: ["lastname", "revenue", "leadqualitycode", "donotemail", "rpt_extra", "createdon", "_ownerid_value"], includeAnnotations: "*" });
    assert.equal(lead.lastname, `Müller ${run}`);
    assert.equal(lead.revenue, 1234.5);
    assert.equal(lead.leadqualitycode_Formatted, "Hot");
    assert.equal(lead.donotemail, true);
    assert.equal(lead.rpt_extra, '{"a":1}');
    assert.ok(lead.createdon instanceof Date);
    assert.equal(lead._ownerid_value_LogicalName, "systemuser");
    assert.ok(lead._ownerid_value_Formatted);
    assert.match(lead["@odata.etag"], /^W\/"\d+"$/);

    assert.equal(await api.update({ collection: "leads", key, data: { lastname: `Maier ${run}` } }), true);
    assert.equal(await api.update({ collection: "leads", key, data: { lastname: "Late" }, ifmatch: lead["@odata.etag"] }), false, "a stale version must be refused");
    lead = await api.update({ collection: "leads", key, data: { firstname: null }, returnRepresentation: true, select: ["lastname", "firstname"] });
    assert.equal(lead.lastname, `Maier ${run}`);
    assert.equal(lead.firstname, null);
    assert.equal(await api.deleteRecord({ collection: "leads", key, ifmatch: 'W/"1"' }), false, "a stale version must not be deleted");
    assert.equal(await api.deleteRecord({ collection: "leads", key }), true);
    await refused(404, () => api.retrieve({ collection: "leads", key }));
  });

  test("create with representation and a related record", async () => {
    const account = await api.create({ collection: "accounts", data: { name: `Acme ${run}`, primarycontactid: { lastname: `Carl ${run}` } }, returnRepresentation: true, select: ["name"], expand: [{ property: "primarycontactid", select: ["lastname"] }] });
    assert.equal(account.name, `Acme ${run}`);
    assert.equal(account.primarycontactid.lastname, `Carl ${run}`);
    assert.ok(account.accountid);
  });

  test("single properties", async () => {
    const key = await api.create({ collection: "leads", data: { lastname: `P ${run}`, subject: "before" } });
    await api.updateSingleProperty({ collection: "leads", key, fieldValuePair: { subject: "after" } });
    assert.equal((await api.retrieve({ collection: "leads", key, navigationProperty: "subject" })).value, "after");
    await api.deleteRecord({ collection: "leads", key, navigationProperty: "subject" });
    assert.equal((await api.retrieve({ collection: "leads", key, select: ["subject"] })).subject, null);
  });

  test("not sent again if unchanged", async () => {
    const key = await api.create({ collection: "leads", data: { lastname: `E ${run}` } });
    const lead = await api.retrieve({ collection: "leads", key, select: ["lastname"] });
    const again = await api.retrieve({ collection: "leads", key, select: ["lastname"], ifnonematch: lead["@odata.etag"] });
    assert.equal(again?.lastname, undefined);
  });
});

describe("upsert", () => {
  test("by id", async () => {
    const key = randomUUID();
    assert.equal(await api.upsert({ collection: "leads", key, data: { lastname: `U ${run}` }, ifmatch: "*" }), null, "update only, but there is nothing");
    assert.equal(await api.upsert({ collection: "leads", key, data: { lastname: `U ${run}` }, ifnonematch: "*" }), key);
    assert.equal(await api.upsert({ collection: "leads", key, data: { lastname: "never" }, ifnonematch: "*" }), null, "create only, but it is there");
    assert.equal(await api.upsert({ collection: "leads", key, data: { lastname: `V ${run}` } }), key);
    assert.equal((await api.retrieve({ collection: "leads", key, select: ["lastname"] })).lastname, `V ${run}`);
  });

  test("by alternate key", async () => {
    const key = `accountnumber='N-${run}'`;
    const first = await api.upsert({ collection: "accounts", key, data: { name: `First ${run}` }, returnRepresentation: true });
    const second = await api.upsert({ collection: "accounts", key, data: { name: `Second ${run}` }, returnRepresentation: true });
    assert.equal(first.accountid, second.accountid);
    assert.equal(second.accountnumber, `N-${run}`);
    assert.equal((await api.retrieve({ collection: "accounts", key, select: ["name"] })).name, `Second ${run}`);
    assert.equal(await api.upsert({ collection: "accounts", key, data: { name: "never" }, ifnonematch: "*" }), null);
    assert.equal(await api.update({ collection: "accounts", key, data: { name: `Third ${run}` } }), true);
    const clash = await refused(412, () => api.create({ collection: "accounts", data: { name: "Twin", accountnumber: `N-${run}` } }));
    assert.equal(clash.code, "0x80040237");
    await api.deleteRecord({ collection: "accounts", key });
    await refused(404, () => api.retrieve({ collection: "accounts", key }));
  });
});

describe("queries", () => {
  const filter = `startswith(subject,'q-${run}')`;
  before(async () => {
    const account = await api.create({ collection: "accounts", data: { name: `Parent ${run}` } });
    for (let i = 0; i < 7; i++) {
      await api.create({ collection: "leads", data: { subject: `q-${run}-${i}`, lastname: `L${i}`, numberofemployees: i * 10, "parentaccountid@odata.bind": `/accounts(${account})` } });
    }
  });

  test("select, filter, order, top, count", async () => {
    const page = await api.retrieveMultiple({ collection: "leads", select: ["lastname"], filter: `${filter} and numberofemployees gt 10`, orderBy: ["numberofemployees desc"], top: 2, count: true });
    assert.deepEqual(page.value.map((l) => l.lastname), ["L6", "L5"]);
    assert.equal(page.oDataCount, 5);
    assert.equal(await api.count({ collection: "leads", filter }), 7);
  });

  test("named functions, paths, lists, quotes", async () => {
    const names = async (more) => (await api.retrieveMultiple({ collection: "leads", select: ["lastname"], filter: `${filter} and ${more}`, orderBy: ["lastname"] })).value.map((l) => l.lastname).join(" ");
    assert.equal(await names("Microsoft.Dynamics.CRM.In(PropertyName='lastname',PropertyValues=['l1','L3'])"), "L1 L3");
    assert.equal(await names("Microsoft.Dynamics.CRM.Between(PropertyName='numberofemployees',PropertyValues=['20','30'])"), "L2 L3");
    assert.equal(await names("Microsoft.Dynamics.CRM.LastXDays(PropertyName='createdon',PropertyValue=1) and lastname eq 'L0'"), "L0");
    assert.equal(await names(`parentaccountid/name eq 'parent ${run}' and not (numberofemployees lt 60)`), "L6");
    assert.equal(await names("lastname eq 'O''Hara & sons'"), "");
  });

  test("paging by next links", async () => {
    const request = { collection: "leads", select: ["lastname"], filter, orderBy: ["lastname"], maxPageSize: 3 };
    const first = await api.retrieveMultiple(request);
    assert.equal(first.value.length, 3);
    const second = await api.retrieveMultiple(request, first.oDataNextLink);
    assert.deepEqual(second.value.map((l) => l.lastname), ["L3", "L4", "L5"]);
    const all = await api.retrieveAll(request);
    assert.deepEqual(all.value.map((l) => l.lastname), ["L0", "L1", "L2", "L3", "L4", "L5", "L6"]);
  });

  test("expand with options", async () => {
    const page = await api.retrieveMultiple({ collection: "accounts", select: ["name"], filter: `name eq 'Parent ${run}'`,
      expand: [{ property: "lead_parent_account", select: ["lastname"], filter: "numberofemployees ge 50", orderBy: ["lastname desc"], expand: [{ property: "owninguser", select: ["fullname"] }] }] });
    assert.deepEqual(page.value[0].lead_parent_account.map((l) => l.lastname), ["L6", "L5"]);
    assert.ok(page.value[0].lead_parent_account[0].owninguser.fullname);
    const some = await api.retrieveMultiple({ collection: "accounts", select: ["name"], filter: `lead_parent_account/any(l:l/lastname eq 'L6' and ${filter.replace("subject", "l/subject")})` });
    assert.equal(some.value.length, 1);
  });
});

describe("links", () => {
  test("associate and disassociate", async () => {
    const account = await api.create({ collection: "accounts", data: { name: `Links ${run}` } });
    const lead = await api.create({ collection: "leads", data: { lastname: `Linked ${run}` } });
    await api.associateSingleValued({ collection: "leads", primaryKey: lead, navigationProperty: "parentaccountid", relatedCollection: "accounts", relatedKey: account });
    assert.equal((await api.retrieve({ collection: "leads", key: lead, select: ["_parentaccountid_value"] }))._parentaccountid_value, account);
    await api.disassociateSingleValued({ collection: "leads", primaryKey: lead, navigationProperty: "parentaccountid" });
    await api.associate({ collection: "accounts", primaryKey: account, relationshipName: "lead_parent_account", relatedCollection: "leads", relatedKey: lead });
    const linked = await api.retrieve({ collection: "accounts", key: account, navigationProperty: "lead_parent_account", select: ["lastname"] });
    assert.equal(linked.value[0].lastname, `Linked ${run}`);
    await api.disassociate({ collection: "accounts", primaryKey: account, relationshipName: "lead_parent_account", relatedKey: lead });
    assert.equal((await api.retrieve({ collection: "leads", key: lead, select: ["_parentaccountid_value"] }))._parentaccountid_value, null);
  });
});

describe("batches", () => {
  test("a change set and queries", async () => {
    api.startBatch();
    api.create({ collection: "accounts", data: { name: `Batch ${run}` }, contentId: "1" });
    api.create({ collection: "leads", data: { lastname: `Batched ${run}`, "parentaccountid@odata.bind": "$1" } });
    api.retrieveMultiple({ collection: "leads", select: ["lastname"], filter: `parentaccountid/name eq 'batch ${run}'` });
    api.retrieveMultiple({ collection: "accounts", select: ["name"], filter: `name eq 'Batch ${run}'` });
    const [account, lead, leads, accounts] = await api.executeBatch();
    assert.match(account, /^[0-9a-f-]{36}$/);
    assert.match(lead, /^[0-9a-f-]{36}$/);
    assert.equal(leads.value[0].lastname, `Batched ${run}`);
    assert.equal(accounts.value[0].accountid, account);
  });

  test("all or nothing", async () => {
    api.startBatch();
    api.create({ collection: "accounts", data: { name: `Undone ${run}` } });
    api.create({ collection: "accounts", data: { name: "x".repeat(161) } });
    await assert.rejects(api.executeBatch());
    assert.equal(await api.count({ collection: "accounts", filter: `name eq 'Undone ${run}'` }), 0);
  });

  test("an address too long for GET goes by batch", async () => {
    await api.create({ collection: "leads", data: { lastname: `Long ${run}` } });
    const names = Array.from({ length: 150 }, (_, i) => `'name number ${i}'`).join(",");
    const page = await api.retrieveMultiple({ collection: "leads", select: ["lastname"], filter: `lastname in (${names},'Long ${run}')` });
    assert.deepEqual(page.value.map((l) => l.lastname), [`Long ${run}`]);
  });
});

describe("service", () => {
  test("WhoAmI", async () => {
    const me = await api.callFunction("WhoAmI");
    assert.match(me.UserId, /^[0-9a-f-]{36}$/);
    assert.match(me.BusinessUnitId, /^[0-9a-f-]{36}$/);
    assert.match(me.OrganizationId, /^[0-9a-f-]{36}$/);
    assert.ok((await api.retrieve({ collection: "systemusers", key: me.UserId, select: ["fullname"] })).fullname);
  });

  test("$metadata", async () => {
    const csdl = await api.retrieveCsdlMetadata();
    assert.match(csdl, /<EntityType Name="lead" BaseType="mscrm\.crmbaseentity">/);
    assert.match(csdl, /<Property Name="_parentaccountid_value" Type="Edm\.Guid"\/>/);
  });

  test("errors have Dataverse's shape", async () => {
    const unknown = await refused(400, () => api.retrieveMultiple({ collection: "leads", filter: "nothere eq 1" }));
    assert.equal(unknown.code, "0x80060888");
    assert.match(unknown.message, /nothere/);
    const missing = await refused(404, () => api.retrieve({ collection: "leads", key: randomUUID() }));
    assert.equal(missing.code, "0x80040217");
    const long = await refused(400, () => api.create({ collection: "leads", data: { lastname: "x".repeat(51) } }));
    assert.equal(long.code, "0x80044331");
    await refused(404, () => api.callAction({ actionName: "NoSuchAction", action: {} }));
    const stranger = new DynamicsWebApi({ serverUrl, dataApi, onTokenRefresh: async () => "wrong" });
    await refused(401, () => stranger.callFunction("WhoAmI"));
  });
});
