// The rest of what the npm client dynamics-web-api offers: FetchXML, metadata,
// files, many-to-many links, actions and search. See client.test.mjs.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { DynamicsWebApi } from "dynamics-web-api";

const serverUrl = process.env.RAPPORT_URL;
const token = process.env.RAPPORT_TOKEN;
if (!serverUrl || !token) throw new Error("set RAPPORT_URL and RAPPORT_TOKEN");
const api = new DynamicsWebApi({ serverUrl, dataApi: { version: "9.2" }, searchApi: { version: "2.0", options: { escapeSpecialCharacters: true } }, onTokenRefresh: async () => token });
const run = randomUUID().slice(0, 8);
const label = (text) => ({ "@odata.type": "Microsoft.Dynamics.CRM.Label", LocalizedLabels: [{ "@odata.type": "Microsoft.Dynamics.CRM.LocalizedLabel", Label: text, LanguageCode: 1033 }] });
const level = (value) => ({ Value: value, CanBeChanged: true, ManagedPropertyLogicalName: "canmodifyrequirementlevelsettings" });

describe("FetchXML", () => {
  test("pages, links and aggregates", async () => {
    const account = await api.create({ collection: "accounts", data: { name: `Fetch ${run}` } });
    for (let i = 0; i < 5; i++) await api.create({ collection: "contacts", data: { lastname: `F${i} ${run}`, creditlimit: 10 * i, "parentcustomerid_account@odata.bind": `/accounts(${account})` } });
    const condition = `<condition attribute="lastname" operator="like" value="F%${run}"/>`;
    const xml = `<fetch count="2"><entity name="contact"><attribute name="lastname"/><order attribute="lastname"/><filter>${condition}</filter><link-entity name="account" from="accountid" to="parentcustomerid" alias="a"><attribute name="name"/></link-entity></entity></fetch>`;
    const first = await api.fetch({ collection: "contacts", fetchXml: xml });
    assert.deepEqual(first.value.map((c) => [c.lastname, c["a.name"]]), [[`F0 ${run}`, `Fetch ${run}`], [`F1 ${run}`, `Fetch ${run}`]]);
    const second = await api.fetch({ collection: "contacts", fetchXml: xml, pageNumber: first.PagingInfo.nextPage, pagingCookie: first.PagingInfo.cookie });
    assert.deepEqual(second.value.map((c) => c.lastname), [`F2 ${run}`, `F3 ${run}`]);
    const all = await api.fetchAll({ collection: "contacts", fetchXml: xml });
    assert.equal(all.value.length, 5);
    const sums = await api.fetch({ collection: "contacts", fetchXml: `<fetch aggregate="true"><entity name="contact"><attribute name="creditlimit" alias="total" aggregate="sum"/><attribute name="contactid" alias="n" aggregate="count"/><filter>${condition}</filter></entity></fetch>` });
    assert.deepEqual([sums.value[0].total, sums.value[0].n], [100, 5]);
  });
});

describe("links", () => {
  test("many to many", async () => {
    const lead = await api.create({ collection: "leads", data: { lastname: `N ${run}` } });
    const competitor = await api.create({ collection: "competitors", data: { name: `Rival ${run}` } });
    await api.associate({ collection: "leads", primaryKey: lead, relationshipName: "leadcompetitors_association", relatedCollection: "competitors", relatedKey: competitor });
    const found = await api.retrieve({ collection: "leads", key: lead, select: ["lastname"], expand: [{ property: "leadcompetitors_association", select: ["name"] }] });
    assert.deepEqual(found.leadcompetitors_association.map((c) => c.name), [`Rival ${run}`]);
    await api.disassociate({ collection: "leads", primaryKey: lead, relationshipName: "leadcompetitors_association", relatedKey: competitor });
    const after = await api.retrieve({ collection: "leads", key: lead, expand: [{ property: "leadcompetitors_association" }] });
    assert.deepEqual(after.leadcompetitors_association, []);
  });

  test("one to many", async () => {
    const account = await api.create({ collection: "accounts", data: { name: `Single ${run}` } });
    const contact = await api.create({ collection: "contacts", data: { lastname: `Single ${run}` } });
    await api.associateSingleValued({ collection: "accounts", primaryKey: account, navigationProperty: "primarycontactid", relatedCollection: "contacts", relatedKey: contact });
    assert.equal((await api.retrieve({ collection: "accounts", key: account, select: ["_primarycontactid_value"] }))._primarycontactid_value, contact);
    await api.disassociateSingleValued({ collection: "accounts", primaryKey: account, navigationProperty: "primarycontactid" });
    assert.equal((await api.retrieve({ collection: "accounts", key: account, select: ["_primarycontactid_value"] }))._primarycontactid_value, null);
  });
});

describe("counts", () => {
  test("of a set and of a query", async () => {
    await api.create({ collection: "accounts", data: { name: `Count ${run}` } });
    assert.ok((await api.count({ collection: "accounts" })) >= 1);
    assert.equal(await api.count({ collection: "accounts", filter: `name eq 'Count ${run}'` }), 1);
    assert.equal(await api.countAll({ collection: "accounts", filter: `name eq 'Count ${run}'` }), 1);
    const answer = await api.retrieveMultiple({ collection: "accounts", select: ["name"], filter: `name eq 'Count ${run}'`, count: true });
    assert.equal(answer.oDataCount, 1);
  });
});

describe("metadata", () => {
  test("is read", async () => {
    const lead = await api.retrieveEntity({ key: "LogicalName='lead'", select: ["LogicalName", "EntitySetName", "MetadataId", "PrimaryIdAttribute", "ObjectTypeCode"], expand: [{ property: "Attributes", select: ["LogicalName", "AttributeType"] }] });
    assert.deepEqual([lead.LogicalName, lead.EntitySetName, lead.PrimaryIdAttribute, lead.ObjectTypeCode], ["lead", "leads", "leadid", 4]);
    assert.ok(lead.Attributes.some((a) => a.LogicalName === "lastname" && a.AttributeType === "String"));
    const some = await api.retrieveEntities({ select: ["LogicalName"], filter: "LogicalName eq 'account' or LogicalName eq 'contact'" });
    assert.deepEqual(some.value.map((e) => e.LogicalName).sort(), ["account", "contact"]);
    const choice = await api.retrieveAttribute({ entityKey: lead.MetadataId, attributeKey: "LogicalName='leadqualitycode'", castType: "Microsoft.Dynamics.CRM.PicklistAttributeMetadata", expand: [{ property: "OptionSet" }] });
    assert.deepEqual(choice.OptionSet.Options.map((o) => [o.Value, o.Label.UserLocalizedLabel.Label]), [[1, "Hot"], [2, "Warm"], [3, "Cold"]]);
    const relation = await api.retrieveRelationships({ castType: "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", select: ["SchemaName", "ReferencingAttribute"], filter: "ReferencedEntity eq 'account' and ReferencingEntity eq 'account'" });
    assert.ok(relation.value.some((r) => r.ReferencingAttribute === "parentaccountid"));
  });

  test("is changed, and clients see it at once", async () => {
    const name = `new_Boat${run}`;
    const created = await api.createEntity({
      data: {
        "@odata.type": "Microsoft.Dynamics.CRM.EntityMetadata", SchemaName: name, DisplayName: label("Boat"), DisplayCollectionName: label("Boats"), OwnershipType: "UserOwned", HasActivities: false, HasNotes: false, IsActivity: false,
        Attributes: [{ "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata", SchemaName: "new_Name", IsPrimaryName: true, MaxLength: 100, FormatName: { Value: "Text" }, RequiredLevel: level("None"), DisplayName: label("Name") }],
      },
    });
    assert.match(String(created), /^[0-9a-f-]{36}$/);
    const table = await api.retrieveEntity({ key: created, select: ["LogicalName", "EntitySetName"] });
    await api.createAttribute({ entityKey: created, data: { "@odata.type": "Microsoft.Dynamics.CRM.IntegerAttributeMetadata", SchemaName: "new_Length", MinValue: 1, MaxValue: 500, Format: "None", RequiredLevel: level("None"), DisplayName: label("Length") } });
    const colour = await api.createGlobalOptionSet({ data: { "@odata.type": "Microsoft.Dynamics.CRM.OptionSetMetadata", Name: `new_colour${run}`, IsGlobal: true, OptionSetType: "Picklist", DisplayName: label("Colour"), Options: [{ Value: 1, Label: label("Red") }, { Value: 2, Label: label("Blue") }] } });
    await api.createAttribute({ entityKey: created, data: { "@odata.type": "Microsoft.Dynamics.CRM.PicklistAttributeMetadata", SchemaName: "new_Colour", RequiredLevel: level("None"), DisplayName: label("Colour"), "GlobalOptionSet@odata.bind": `/GlobalOptionSetDefinitions(${colour})` } });
    const boat = await api.create({ collection: table.EntitySetName, data: { new_name: `Boat ${run}`, new_length: 12, new_colour: 2 }, returnRepresentation: true, includeAnnotations: "*" });
    assert.equal(boat.new_length, 12);
    assert.equal(boat["new_colour@OData.Community.Display.V1.FormattedValue"] ?? boat.new_colour_Formatted, "Blue");
    const filtered = await api.retrieveMultiple({ collection: table.EntitySetName, select: ["new_name"], filter: "new_length gt 10 and new_colour eq 2" });
    assert.equal(filtered.value.length, 1);
    await assert.rejects(api.create({ collection: table.EntitySetName, data: { new_name: "x", new_length: 501 } }), (e) => e.status === 400 && /new_length/.test(e.message));
    const relation = await api.createRelationship({
      data: {
        "@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", SchemaName: `new_account_boat${run}`, ReferencedEntity: "account", ReferencedAttribute: "accountid", ReferencingEntity: table.LogicalName,
        CascadeConfiguration: { Assign: "NoCascade", Delete: "RemoveLink", Merge: "NoCascade", Reparent: "NoCascade", Share: "NoCascade", Unshare: "NoCascade" },
        Lookup: { "@odata.type": "Microsoft.Dynamics.CRM.LookupAttributeMetadata", SchemaName: `new_Owneraccount${run}`, DisplayName: label("Account"), RequiredLevel: level("None") },
      },
    });
    assert.match(String(relation), /^[0-9a-f-]{36}$/);
    const csdl = await api.retrieveCsdlMetadata();
    assert.match(csdl, new RegExp(`<EntityType Name="${table.LogicalName}"`));
    assert.match(csdl, new RegExp(`_new_owneraccount${run}_value`));
    await api.deleteRelationship({ key: relation });
  });
});

describe("files", () => {
  test("a file column is filled in chunks, read and emptied", async () => {
    const name = `new_Folder${run}`;
    const table = await api.createEntity({
      data: {
        "@odata.type": "Microsoft.Dynamics.CRM.EntityMetadata", SchemaName: name, DisplayName: label("Folder"), DisplayCollectionName: label("Folders"), OwnershipType: "UserOwned", HasActivities: false, HasNotes: false, IsActivity: false,
        Attributes: [{ "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata", SchemaName: "new_Name", IsPrimaryName: true, MaxLength: 100, FormatName: { Value: "Text" }, RequiredLevel: level("None"), DisplayName: label("Name") }],
      },
    });
    await api.createAttribute({ entityKey: table, data: { "@odata.type": "Microsoft.Dynamics.CRM.FileAttributeMetadata", SchemaName: "new_Scan", MaxSizeInKB: 20480, RequiredLevel: level("None"), DisplayName: label("Scan") } });
    const { EntitySetName: collection } = await api.retrieveEntity({ key: table, select: ["EntitySetName"] });
    const key = await api.create({ collection, data: { new_name: `Folder ${run}` } });
    const data = Buffer.alloc(9 * 1024 * 1024, "a page of a scan ");
    await api.uploadFile({ collection, key, property: "new_scan", fileName: "scan äöü.txt", data });
    const back = await api.downloadFile({ collection, key, property: "new_scan" });
    assert.equal(back.fileSize, data.length);
    assert.equal(decodeURIComponent(back.fileName), "scan äöü.txt");
    assert.equal(Buffer.compare(Buffer.from(back.data), data), 0);
    await api.deleteRecord({ collection, key, property: "new_scan" });
    await assert.rejects(api.downloadFile({ collection, key, property: "new_scan" }));
  });
});

describe("actions and functions", () => {
  test("queues", async () => {
    const queue = await api.create({ collection: "queues", data: { name: `Queue ${run}` } });
    const lead = await api.create({ collection: "leads", data: { lastname: `Queued ${run}` } });
    const added = await api.callAction({ collection: "queues", key: queue, actionName: "Microsoft.Dynamics.CRM.AddToQueue", action: { Target: { "@odata.type": "Microsoft.Dynamics.CRM.lead", leadid: lead } } });
    assert.match(added.QueueItemId, /^[0-9a-f-]{36}$/);
    const again = await api.callAction({ collection: "queues", key: queue, actionName: "Microsoft.Dynamics.CRM.AddToQueue", action: { Target: { "@odata.type": "Microsoft.Dynamics.CRM.lead", leadid: lead } } });
    assert.equal(again.QueueItemId, added.QueueItemId, "one item for each queue and record");
  });

  test("an opportunity is won, another lost", async () => {
    const make = () => api.create({ collection: "opportunities", data: { name: `Deal ${run}` } });
    const [won, lost] = [await make(), await make()];
    await api.callAction({ actionName: "WinOpportunity", action: { Status: 3, OpportunityClose: { subject: "Won", "opportunityid@odata.bind": `/opportunities(${won})` } } });
    await api.callAction({ actionName: "LoseOpportunity", action: { Status: 4, OpportunityClose: { subject: "Lost", "opportunityid@odata.bind": `/opportunities(${lost})` } } });
    assert.deepEqual([(await api.retrieve({ collection: "opportunities", key: won, select: ["statecode"] })).statecode, (await api.retrieve({ collection: "opportunities", key: lost, select: ["statecode"] })).statecode], [1, 2]);
  });

  test("a case is closed", async () => {
    const account = await api.create({ collection: "accounts", data: { name: `Case ${run}` } });
    const incident = await api.create({ collection: "incidents", data: { title: `Case ${run}`, "customerid_account@odata.bind": `/accounts(${account})` }, returnRepresentation: true });
    assert.ok(incident.ticketnumber);
    await api.callAction({ actionName: "CloseIncident", action: { IncidentResolution: { subject: "Solved", timespent: 10, "incidentid@odata.bind": `/incidents(${incident.incidentid})` }, Status: 5 } });
    assert.deepEqual(await api.retrieve({ collection: "incidents", key: incident.incidentid, select: ["statecode", "statuscode"] }).then((c) => [c.statecode, c.statuscode]), [1, 5]);
  });

  test("rows are shared, and who may what is told", async () => {
    const me = await api.callFunction("WhoAmI");
    const team = await api.create({ collection: "teams", data: { name: `Team ${run}`, "businessunitid@odata.bind": `/businessunits(${me.BusinessUnitId})`, "administratorid@odata.bind": `/systemusers(${me.UserId})` } });
    const lead = await api.create({ collection: "leads", data: { lastname: `Shared ${run}` } });
    const target = { "@odata.type": "Microsoft.Dynamics.CRM.lead", leadid: lead };
    await api.callAction({ actionName: "GrantAccess", action: { Target: target, PrincipalAccess: { AccessMask: "ReadAccess", Principal: { "@odata.type": "Microsoft.Dynamics.CRM.team", teamid: team } } } });
    const shared = await api.callFunction({ functionName: "RetrieveSharedPrincipalsAndAccess", parameters: { Target: { "@odata.id": `leads(${lead})` } } });
    assert.match(JSON.stringify(shared), /ReadAccess/);
    await api.callAction({ actionName: "RevokeAccess", action: { Target: target, Revokee: { "@odata.type": "Microsoft.Dynamics.CRM.team", teamid: team } } });
  });

  test("counts and history", async () => {
    const total = await api.callFunction({ functionName: "RetrieveTotalRecordCount", parameters: { EntityNames: ["lead", "account"] } });
    assert.deepEqual([...total.EntityRecordCountCollection.Keys].sort(), ["account", "lead"]);
    const key = await api.create({ collection: "leads", data: { lastname: `Before ${run}` } });
    await api.update({ collection: "leads", key, data: { lastname: `After ${run}` } });
    const history = await api.callFunction({ functionName: "RetrieveRecordChangeHistory", parameters: { Target: { "@odata.id": `leads(${key})` } } });
    assert.match(JSON.stringify(history), new RegExp(`Before ${run}`));
  });
});

describe("search", () => {
  test("finds what was just written, with a slip of the pen", async () => {
    await api.create({ collection: "accounts", data: { name: `Zweigelt${run} Weinhandel` } });
    const query = async (search) => (await api.query({ query: { search, entities: [{ name: "account" }] } })).response.Value;
    let found = [];
    for (let i = 0; i < 200 && found.length === 0; i++) {
      found = await query(`Zweigelt${run}`);
      if (found.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(found.length, 1);
    assert.equal((await query(`Zweigelr${run}`)).length, 1, "one letter is wrong");
    assert.equal((await query(`Zweigelt${run.slice(0, 4)}`)).length, 1, "the beginning of a word");
  });
});
