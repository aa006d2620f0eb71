// A stand-in for the product's server, for working on the interface alone:
//   npm run build && npm run mock   →  http://127.0.0.1:8090 (admin / admin)
// It is no part of the product and nothing of it enters the bundle.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { ref, rows, users, uuid } from "./mock-data.mjs";
import { compareBy, parseFilter } from "./mock-odata.mjs";
import { tables } from "./mock-tables.mjs";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const password = process.env.MOCK_PASSWORD ?? "admin";
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".json": "application/json" };
const csp = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
const sessions = new Map();
const streams = new Set();
const history = new Map();
const me = users[0];
const byName = new Map(tables.map((t) => [t.logicalname, t]));
const bySet = new Map(tables.map((t) => [t.entityset, t]));
const F = "@OData.Community.Display.V1.FormattedValue";

class Problem extends Error {
  constructor(status, code, message, fields) { super(message); Object.assign(this, { status, code, fields }); }
}
function log(table, id, item) {
  const key = `${table}/${id}`;
  history.set(key, [{ id: uuid(), at: new Date().toISOString(), actor: { id: me.systemuserid, name: me.fullname }, ...item }, ...(history.get(key) ?? [])]);
}
function announce(table, id, op) {
  for (const s of streams) if (s.tables.includes(table)) s.res.write(`event: change\ndata: ${JSON.stringify({ table, id, version: 1, op })}\n\n`);
}
function send(res, status, body, headers = {}) {
  res.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers });
  res.end(body === undefined ? undefined : JSON.stringify(body));
}
async function bodyOf(req) {
  let text = "";
  for await (const chunk of req) text += chunk;
  return text ? JSON.parse(text) : {};
}
const etag = (row) => `W/"${row.version ?? 1}"`;
function wire(row, select) {
  const { version, ...rest } = row;
  if (!select) return { "@odata.etag": etag(row), ...rest };
  const out = { "@odata.etag": etag(row) };
  for (const name of select) for (const key of Object.keys(rest)) if (key === name || key.startsWith(`${name}@`)) out[key] = rest[key];
  return out;
}
function nameOfRow(table, id) {
  const row = rows[table]?.find((r) => r[byName.get(table).primaryid] === id);
  return row ? row[byName.get(table).primaryname] : "";
}
function apply(table, row, body) {
  const changes = [];
  for (const [key, value] of Object.entries(body)) {
    const bind = key.endsWith("@odata.bind") ? key.slice(0, -11) : undefined;
    const column = table.columns.find((c) => c.name === (bind ?? key));
    if (!column) throw new Problem(400, "column.unknown", `There is no column ${key}.`);
    if (column.maxlength && typeof value === "string" && value.length > column.maxlength) throw new Problem(400, "column.long", "The value is too long.", [{ name: column.name, code: "column.long", message: `At most ${column.maxlength} characters.` }]);
    if (key === "emailaddress1" && value && !/^\S+@\S+\.\S+$/.test(value)) throw new Problem(400, "column.invalid", "Check the marked field.", [{ name: key, code: "email.syntax", message: "This is not an e-mail address." }]);
    const before = bind ? row[`_${bind}_value${F}`] : row[key];
    if (bind) {
      const match = /\/?(\w+)\(([^)]+)\)/.exec(value ?? "");
      const target = match && bySet.get(match[1]);
      Object.assign(row, target ? ref(bind, target.logicalname, match[2], nameOfRow(target.logicalname, match[2])) : { [`_${bind}_value`]: null, [`_${bind}_value${F}`]: null });
    } else row[key] = value;
    const label = (v) => column.options?.find((o) => o.value === v)?.label ?? (v === null || v === undefined ? null : String(v));
    changes.push({ column: column.name, label: column.label, from: label(before), to: label(bind ? row[`_${bind}_value${F}`] : value) });
  }
  if (row.firstname !== undefined && byName.get("lead") === table) row.fullname = [row.firstname, row.lastname].filter(Boolean).join(" ");
  row.version = (row.version ?? 1) + 1;
  row.modifiedon = new Date().toISOString();
  return changes;
}
function touch(table, row, body, title = "changed the record") {
  const id = row[table.primaryid];
  log(table.logicalname, id, { kind: "change", title, changes: apply(table, row, body) });
  announce(table.logicalname, id, "update");
}
function create(table, body) {
  const row = { [table.primaryid]: uuid(), createdon: new Date().toISOString(), statecode: 0, ...ref("createdby", "systemuser", me.systemuserid, me.fullname) };
  apply(table, row, body);
  rows[table.logicalname].unshift(row);
  const id = row[table.primaryid];
  const about = row._objectid_value ?? row._regardingobjectid_value;
  if (about) log(row[`_objectid_value@Microsoft.Dynamics.CRM.lookuplogicalname`] ?? "lead", about, { kind: table.logicalname, id, title: row.subject ?? "wrote a note", text: row.notetext ?? row.description });
  else log(table.logicalname, id, { kind: "change", title: "created the record" });
  announce(table.logicalname, id, "create");
  return row;
}

const actions = {
  QualifyLead(table, row, input) {
    const made = [];
    if (input.CreateAccount) made.push({ "@odata.type": "#Microsoft.Dynamics.CRM.account", ...create(byName.get("account"), { name: row.companyname }) });
    if (input.CreateContact) made.push({ "@odata.type": "#Microsoft.Dynamics.CRM.contact", ...create(byName.get("contact"), { firstname: row.firstname, lastname: row.lastname, fullname: row.fullname }) });
    if (input.CreateOpportunity) made.push({ "@odata.type": "#Microsoft.Dynamics.CRM.opportunity", ...create(byName.get("opportunity"), { name: row.subject }) });
    touch(table, row, { statecode: 1, statuscode: 3 }, "qualified the lead");
    return { value: made };
  },
  rpt_DisqualifyLead(table, row, input) { touch(table, row, { statecode: 2, statuscode: input.Status }, `disqualified the lead${input.Reason ? `: ${input.Reason}` : ""}`); },
  rpt_ReactivateLead(table, row) { touch(table, row, { statecode: 0, statuscode: 1 }, "reactivated the lead"); },
  rpt_ReplayQuarantine(table, row, input) {
    const data = JSON.parse(input.Data);
    const wrong = [];
    if (!/^\S+@\S+\.\S+$/.test(data.emailaddress1 ?? "")) wrong.push({ name: "emailaddress1", code: "email.syntax", message: "This is not a complete e-mail address." });
    if (data.address1_country && !/^(US|DE|GB|Germany|United States)$/.test(data.address1_country)) wrong.push({ name: "address1_country", code: "country.unknown", message: "No country is called that." });
    if (wrong.length) throw new Problem(422, "intake.invalid", "The event is still not usable.", wrong);
    touch(table, row, { statecode: 1, rpt_data: input.Data });
    const lead = create(byName.get("lead"), { firstname: data.firstname, lastname: data.lastname, companyname: data.companyname, emailaddress1: data.emailaddress1, msdyn_leadscore: 61, msdyn_leadgrade: 1 });
    return { Accepted: true, LeadId: lead.leadid };
  },
  rpt_ReplayDeadLetter(table, row) { touch(table, row, { statecode: 1 }); },
  rpt_ResumeFlowRun(table, row) { touch(table, row, { rpt_status: 1, rpt_error: null }); },
};
const unbound = {
  rpt_ValidateRule({ Condition }) {
    const open = (Condition.match(/\(/g) ?? []).length, shut = (Condition.match(/\)/g) ?? []).length;
    if (open !== shut) return { Valid: false, Message: "A bracket is missing.", Column: Condition.length };
    if (/[^=!<>]=[^=]/.test(Condition)) return { Valid: false, Message: "«=» is no comparison; write «==».", Column: Condition.search(/[^=!<>]=[^=]/) + 2 };
    return { Valid: true, Message: "" };
  },
  rpt_RehearseRules({ Rules }) {
    const set = JSON.parse(Rules);
    const samples = rows.lead.slice(0, 12).map((l, i) => ({ leadid: l.leadid, fullname: l.fullname, companyname: l.companyname, before: { propensity: l.rpt_propensity, nextaction: l.rpt_nextaction, routingteam: l.rpt_routingteam }, after: { propensity: Math.min(0.98, l.rpt_propensity + (i % 3) * 0.08), nextaction: i % 3 ? 1 : l.rpt_nextaction, routingteam: i % 4 ? l.rpt_routingteam : "Enterprise" }, hits: set.slice(0, 1 + (i % 3)).map((r) => r.name) }));
    return { Checked: rows.lead.length, Matched: 214, Changed: 96, Errors: 0, Samples: samples };
  },
};

function list(table, url, req) {
  const q = url.searchParams;
  let found = rows[table.logicalname];
  if (q.get("$filter")) found = found.filter(parseFilter(q.get("$filter")));
  const total = found.length;
  if (q.get("$orderby")) found = [...found].sort(compareBy(q.get("$orderby")));
  const size = Number(/maxpagesize=(\d+)/.exec(req.headers.prefer ?? "")?.[1] ?? 5000), start = Number(q.get("$skiptoken") ?? 0), top = Number(q.get("$top") ?? size);
  const page = found.slice(start, start + Math.min(size, top));
  const body = { value: page.map((r) => wire(r, q.get("$select")?.split(","))) };
  if (q.get("$count") === "true") body["@odata.count"] = total;
  if (!q.has("$top") && start + size < total) {
    q.set("$skiptoken", String(start + size));
    body["@odata.nextLink"] = `http://elsewhere.invalid${url.pathname}?${q}`;
  }
  return body;
}

async function data(req, res, url) {
  const path = decodeURIComponent(url.pathname.slice("/api/data/v9.2/".length));
  const match = /^(\w+)(?:\(([^)]+)\))?(?:\/(?:Microsoft\.Dynamics\.CRM\.)?(\w+))?$/.exec(path);
  if (!match) throw new Problem(404, "0x80060888", "Not found.");
  const [, set, id, action] = match;
  if (unbound[set]) return send(res, 200, unbound[set](await bodyOf(req)));
  const table = bySet.get(set);
  if (!table) throw new Problem(404, "0x80060888", "There is no such table.");
  if (!id) {
    if (req.method === "GET") return send(res, 200, list(table, url, req));
    const row = create(table, await bodyOf(req));
    return send(res, 201, wire(row), { ETag: etag(row) });
  }
  const row = rows[table.logicalname].find((r) => r[table.primaryid] === id);
  if (!row) throw new Problem(404, "0x80040217", "The record does not exist.");
  if (action) {
    if (!actions[action]) throw new Problem(404, "0x80060888", "There is no such action.");
    const out = actions[action](table, row, await bodyOf(req));
    return out ? send(res, 200, out) : send(res, 204);
  }
  if (req.method === "GET") return send(res, 200, wire(row, url.searchParams.get("$select")?.split(",")), { ETag: etag(row) });
  if (req.method === "DELETE") {
    rows[table.logicalname] = rows[table.logicalname].filter((r) => r !== row);
    announce(table.logicalname, id, "delete");
    return send(res, 204);
  }
  const match412 = req.headers["if-match"];
  if (match412 && match412 !== "*" && match412 !== etag(row)) throw new Problem(412, "0x80060882", "The record was changed meanwhile.");
  const body = await bodyOf(req);
  const copy = structuredClone(row);
  try { touch(table, row, body); } catch (error) { Object.assign(row, copy); throw error; }
  return send(res, 200, wire(row), { ETag: etag(row) });
}

function timeline(res, table, id) {
  const row = rows[table]?.find((r) => r[byName.get(table).primaryid] === id);
  const items = [...(history.get(`${table}/${id}`) ?? [])];
  if (table === "lead" && row) {
    const run = rows.rpt_flowrun.find((r) => r.rpt_regarding === id);
    items.push({ kind: "notification", id: `n${id}`, at: row.createdon, title: "Seller was notified", actor: { id: "0", name: "Rapport" } });
    if (run) items.push({ kind: "flowrun", id: run.rpt_flowrunid, at: row.createdon, title: "Lead upsert succeeded", actor: { id: "0", name: "Rapport" }, link: { table: "rpt_flowrun", id: run.rpt_flowrunid } });
    items.push({ kind: "change", id: `c${id}`, at: row.createdon, title: "created the lead", actor: { id: "0", name: "Rapport" }, changes: [{ column: "fullname", label: "Name", from: null, to: row.fullname }, { column: "msdyn_leadscore", label: "Score", from: null, to: String(row.rpt_firstscore) }, { column: "ownerid", label: "Owner", from: null, to: row[`_ownerid_value${F}`] }] });
  }
  return send(res, 200, { items });
}

async function api(req, res, url) {
  const sid = /rapport_session=(\w[\w-]*)/.exec(req.headers.cookie ?? "")?.[1];
  const session = sessions.get(sid);
  if (url.pathname === "/api/auth/signin") {
    const { username, password: given } = await bodyOf(req);
    if (username !== "admin" || given !== password) throw new Problem(401, "auth.wrong", "User name or password is not right.");
    const made = { user: { systemuserid: me.systemuserid, fullname: me.fullname, domainname: me.domainname }, csrf: uuid(), roles: ["System Administrator"] }, id = uuid();
    sessions.set(id, made);
    return send(res, 200, made, { "Set-Cookie": `rapport_session=${id}; HttpOnly; SameSite=Lax; Path=/` });
  }
  if (!session) throw new Problem(401, "auth.required", "Sign in first.");
  if (url.pathname === "/api/auth/session") return send(res, 200, session);
  if (req.method !== "GET" && req.headers["x-csrf-token"] !== session.csrf) throw new Problem(403, "auth.csrf", "The CSRF token is missing.");
  if (url.pathname === "/api/auth/signout") { sessions.delete(sid); return send(res, 204, undefined, { "Set-Cookie": "rapport_session=; Max-Age=0; Path=/" }); }
  if (url.pathname === "/api/live") {
    res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    res.write("event: hello\ndata: {}\n\n");
    const stream = { res, tables: (url.searchParams.get("tables") ?? "").split(",") };
    streams.add(stream);
    req.on("close", () => streams.delete(stream));
    return;
  }
  const parts = url.pathname.split("/").filter(Boolean);
  if (parts[1] === "ui" && parts[2] === "tables") {
    if (parts.length === 3) return send(res, 200, tables.map(({ logicalname, entityset, label, pluralLabel }) => ({ logicalname, entityset, label, pluralLabel })));
    const table = byName.get(parts[3]);
    if (!table) throw new Problem(404, "table.unknown", "There is no such table.");
    return parts[5] === "timeline" ? timeline(res, parts[3], parts[4]) : send(res, 200, table);
  }
  // Lets a test act as somebody else: PATCH without etag, by another hand.
  if (parts[1] === "mock" && parts[2] === "lead") { create(byName.get("lead"), await bodyOf(req)); return send(res, 204); }
  if (parts[1] === "mock" && parts[2] === "expire") { sessions.clear(); return send(res, 204); }
  if (parts[1] === "data") return data(req, res, url);
  throw new Problem(404, "not.found", "Not found.");
}

const server = createServer(async (req, res) => {
  const url = new URL(req.url, "http://mock");
  try {
    if (url.pathname.startsWith("/api/")) return await api(req, res, url);
    let file = url.pathname.slice(1), content;
    try { content = readFileSync(dist + file); } catch { file = "index.html"; content = readFileSync(dist + file); }
    res.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream", "Content-Security-Policy": csp });
    res.end(content);
  } catch (error) {
    if (!(error instanceof Problem)) console.error(req.method, req.url, error);
    const status = error.status ?? 500;
    send(res, status, { error: { code: error.code ?? "internal", message: error.message, ...(error.fields ? { "@rapport.fields": error.fields } : {}) } });
  }
});
server.listen(Number(process.env.MOCK_PORT ?? 8090), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
