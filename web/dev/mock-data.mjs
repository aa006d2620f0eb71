// Sample rows of an invented lender, the same at every start. For development only.

let seed = 42;
const random = () => ((seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32);
const pick = (list) => list[Math.floor(random() * list.length)];
export const uuid = () => "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () => Math.floor(random() * 16).toString(16));
const F = "@OData.Community.Display.V1.FormattedValue", T = "@Microsoft.Dynamics.CRM.lookuplogicalname";
export const ref = (column, table, id, name) => ({ [`_${column}_value`]: id, [`_${column}_value${F}`]: name, [`_${column}_value${T}`]: table });
const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();

const first = ["Ada", "Jonas", "Mira", "Tomas", "Lena", "Oskar", "Priya", "Wen", "Sofia", "Elias", "Nadia", "Hugo", "Greta", "Ivan", "Amara", "Noor", "Felix", "Clara", "Mateo", "Yuki"];
const last = ["Bergmann", "Okafor", "Lindqvist", "Marsh", "Petrov", "Hassan", "Delacroix", "Novak", "Tanaka", "Whitfield", "Romero", "Sandoval", "Keller", "Achterberg", "Moreau", "Ferreira"];
const firms = ["Northwind Freight", "Halden Bakery Group", "Atlas Machine Works", "Bright Harbour Clinics", "Fernhill Dairy", "Solano Packaging", "Kestrel Robotics", "Marlow & Finch", "Ostra Shipping", "Verde Landscaping", "Tidewater Hotels", "Quarry Lane Foods"];
const jobs = ["Chief financial officer", "Owner", "Head of finance", "Operations manager", "Managing director", "Treasurer"];
const cities = [["Boston", "02110", "US"], ["Austin", "73301", "US"], ["Denver", "80202", "US"], ["Köln", "50667", "DE"], ["Leeds", "LS1 4AP", "GB"], ["Chicago", "60601", "US"]];
const products = ["ILP", "Equipment loan", "Working capital", "Mortgage", "Credit line"];
const pages = ["/loans/equipment", "/pricing", "/loans/working-capital", "/blog/refinancing", "/ilp"];

export const users = ["Avery Lindholm", "Jamie Okoro", "Robin Castellan", "Sam Hartwell"].map((fullname, i) => ({ systemuserid: uuid(), fullname, domainname: i === 0 ? "admin" : fullname.split(" ")[0].toLowerCase(), internalemailaddress: `${fullname.split(" ")[0].toLowerCase()}@lender.example` }));
const [me] = users;
const campaign = { campaignid: uuid(), name: "Autumn equipment finance", statecode: 0, createdon: ago(60000), ...ref("ownerid", "systemuser", me.systemuserid, me.fullname) };

function lead(i) {
  const fn = pick(first), ln = pick(last), firm = pick(firms), [city, zip, country] = pick(cities), product = pick(products), page = pick(pages), staff = pick([8, 24, 60, 140, 320, 900]);
  const reasons = [
    staff > 100 && { text: `Company with ${staff} employees`, points: 18, kind: "rule" }, page === "/pricing" && { text: "Came from the pricing page", points: 14, kind: "context" }, page.startsWith("/blog") && { text: "Came from a blog article", points: -6, kind: "context" },
    product === "ILP" && { text: "Interested in the ILP product", points: 12, kind: "rule" }, country === "US" && { text: "Located in our home market", points: 8, kind: "rule" }, random() > 0.7 && { text: "Free e-mail address", points: -9, kind: "rule" }, { text: "Gave a phone number", points: 5, kind: "rule" },
  ].filter(Boolean);
  const score = Math.max(3, Math.min(98, 38 + reasons.reduce((s, r) => s + r.points, 0) + Math.floor(random() * 14 - 7)));
  const state = random() > 0.86 ? (random() > 0.5 ? 1 : 2) : 0, by = random() > 0.55 ? me : pick(users), made = Math.floor((i * i) / 90 + i * 7 + random() * 5);
  return {
    leadid: uuid(), firstname: fn, lastname: ln, fullname: `${fn} ${ln}`, subject: `${product} enquiry`, companyname: firm, jobtitle: pick(jobs), emailaddress1: `${fn}.${ln}${i}@${firm.split(" ")[0].toLowerCase()}.example`.toLowerCase(), telephone1: `+1617555${String(1000 + i).slice(-4)}`, mobilephone: null,
    numberofemployees: staff, revenue: staff * 84000, estimatedamount: Math.round(random() * 60) * 5000 + 25000, estimatedclosedate: ago(-60 * 24 * 30).slice(0, 10), address1_line1: `${10 + (i % 80)} Harbour Street`, address1_city: city, address1_postalcode: zip, address1_country: country,
    leadsourcecode: 8, donotemail: false, description: null, rpt_productinterest: product, rpt_routingteam: staff > 100 && country === "US" && product === "ILP" ? "Enterprise" : null, msdyn_leadscore: score, msdyn_leadgrade: score >= 75 ? 0 : score >= 50 ? 1 : score >= 25 ? 2 : 3, rpt_propensity: score / 100,
    rpt_firstscore: Math.max(1, score - Math.floor(random() * 9)), rpt_nextaction: score >= 70 ? 1 : score >= 55 ? 3 : score >= 30 ? 2 : 4, rpt_reasons: JSON.stringify(reasons), rpt_rulehits: JSON.stringify([{ name: "Large company", points: 18, version: 3 }, { name: "Home market", points: 8, version: 1 }].slice(0, 1 + (i % 2))), rpt_modelversion: "rules-7",
    rpt_context: JSON.stringify({ page: `https://www.lender.example${page}`, referrer: "https://search.example/", utm_source: "newsletter", utm_campaign: "autumn-equipment", localtime: ago(made), useragent: "Firefox on macOS", visitorid: uuid() }), rpt_extra: JSON.stringify({ branch: "Harbour" }),
    statecode: state, statuscode: state === 0 ? 1 : state === 1 ? 3 : 4, createdon: ago(made), modifiedon: ago(made / 2), ...ref("ownerid", "systemuser", by.systemuserid, by.fullname), ...ref("createdby", "systemuser", me.systemuserid, me.fullname), ...(i % 3 ? {} : ref("campaignid", "campaign", campaign.campaignid, campaign.name)), version: 1,
  };
}

const leads = Array.from({ length: Number(process.env.MOCK_LEADS ?? 640) }, (_, i) => lead(i));
const accounts = firms.map((name, i) => ({ accountid: uuid(), name, accountnumber: `A-${1000 + i}`, telephone1: `+1617555${2000 + i}`, emailaddress1: `office@${name.split(" ")[0].toLowerCase()}.example`, address1_city: cities[i % 6][0], numberofemployees: 20 + i * 31, revenue: 900000 + i * 410000, statecode: 0, createdon: ago(i * 900), ...ref("ownerid", "systemuser", users[i % 4].systemuserid, users[i % 4].fullname) }));
const contacts = leads.slice(0, 40).map((l, i) => ({ contactid: uuid(), firstname: l.firstname, lastname: l.lastname, fullname: l.fullname, emailaddress1: l.emailaddress1, telephone1: l.telephone1, statecode: 0, createdon: ago(i * 300), ...ref("parentcustomerid", "account", accounts[i % 12].accountid, accounts[i % 12].name), ...ref("ownerid", "systemuser", users[i % 4].systemuserid, users[i % 4].fullname) }));
const rule = (order, name, condition, points, reason, more = {}) => ({ rpt_ruleid: uuid(), rpt_order: order, rpt_name: name, rpt_condition: condition, rpt_points: points, rpt_reason: reason, rpt_setvalues: "{}", rpt_nextaction: null, rpt_category: "Fit", rpt_version: 3, statecode: 0, createdon: ago(90000), ...more });
const steps = (...list) => JSON.stringify(list.map(([name, type, durationms, output, error], i) => ({ name, type, status: error ? "failed" : "succeeded", startedon: ago(10 - i), durationms, input: { lead: "ada.bergmann0@northwind.example" }, output, error })));
const runs = leads.slice(0, 60).map((l, i) => ({ rpt_flowrunid: uuid(), rpt_flowname: "Lead upsert", rpt_version: 2, rpt_status: i % 11 === 4 ? 2 : 1, rpt_startedon: l.createdon, rpt_completedon: l.createdon, rpt_durationms: 18 + (i % 40), rpt_error: i % 11 === 4 ? "Queue «Denver» has no members" : null, rpt_input: JSON.stringify({ emailaddress1: l.emailaddress1, address1_city: l.address1_city }), rpt_regarding: l.leadid }));
const eventData = { firstname: "Tomas", lastname: "Novak", emailaddress1: "tomas.novak@", companyname: "Atlas Machine Works", telephone1: "12", address1_country: "Germny", rpt_productinterest: "ILP", numberofemployees: 220, context: { page: "/pricing", referrer: "https://search.example/" } };

export const rows = {
  lead: leads, account: accounts, contact: contacts, campaign: [campaign], campaignresponse: [], queue: ["Boston", "Denver", "Enterprise"].map((name) => ({ queueid: uuid(), name, statecode: 0, createdon: ago(9999), ...ref("ownerid", "systemuser", me.systemuserid, me.fullname) })),
  opportunity: accounts.slice(0, 8).map((a, i) => ({ opportunityid: uuid(), name: `${a.name}: equipment loan`, estimatedvalue: 50000 + i * 35000, estimatedclosedate: ago(-60 * 24 * (10 + i)).slice(0, 10), closeprobability: 20 + i * 8, statecode: 0, createdon: ago(i * 4000), ...ref("parentaccountid", "account", a.accountid, a.name), ...ref("ownerid", "systemuser", users[i % 4].systemuserid, users[i % 4].fullname) })),
  task: [], annotation: [], systemuser: users, team: ["Enterprise", "Small business"].map((name) => ({ teamid: uuid(), name })),
  appnotification: leads.filter((l) => l._ownerid_value === me.systemuserid).slice(0, 3).map((l) => ({ appnotificationid: uuid(), title: `New lead: ${l.fullname}`, body: `${l.companyname}, score ${l.msdyn_leadscore}`, rpt_readon: null, rpt_regardingtype: "lead", rpt_regardingid: l.leadid, createdon: l.createdon, ...ref("ownerid", "systemuser", me.systemuserid, me.fullname) })),
  rpt_rule: [
    rule(10, "Enterprise ILP in the US", 'numberofemployees > 100 && address1_country == "US" && rpt_productinterest == "ILP"', 20, "Large company that wants an ILP", { rpt_setvalues: JSON.stringify({ rpt_routingteam: "Enterprise" }), rpt_nextaction: 1, rpt_category: "Routing" }), rule(20, "Large company", "numberofemployees > 100", 18, "Company with more than 100 employees"),
    rule(30, "Pricing page", 'context.page.contains("/pricing")', 14, "Came from the pricing page", { rpt_category: "Context" }), rule(40, "Home market", 'address1_country == "US"', 8, "Located in our home market"), rule(50, "Free mail address", 'emailaddress1.matches("@(mail|web)\\\\.example$")', -9, "Free e-mail address", { rpt_category: "Quality" }), rule(60, "Spam words", 'description.contains("casino")', -60, "Looks like spam", { rpt_nextaction: 5, statecode: 1, rpt_category: "Quality" }),
  ],
  rpt_quarantine: Array.from({ length: 7 }, (_, i) => ({ rpt_quarantineid: uuid(), rpt_eventid: `form-${4711 + i}`, rpt_source: "/f/loan", rpt_topic: "leads", rpt_data: JSON.stringify({ ...eventData, firstname: first[i] }), rpt_reasons: JSON.stringify([{ column: "emailaddress1", code: "email.syntax", message: "This is not a complete e-mail address." }, { column: "address1_country", code: "country.unknown", message: "No country is called that." }, { column: "telephone1", code: "phone.short", message: "A phone number has at least six digits." }].slice(0, 1 + (i % 3))), statecode: i > 4 ? 1 : 0, createdon: ago(20 + i * 47) })),
  rpt_deadletter: Array.from({ length: 2 }, (_, i) => ({ rpt_deadletterid: uuid(), rpt_eventid: `evt-${880 + i}`, rpt_consumer: "flow.leadupsert", rpt_topic: "leads", rpt_seq: 1200 + i, rpt_source: "/f/loan", rpt_reason: "Queue «Denver» has no members", rpt_attempts: 8, rpt_data: JSON.stringify(eventData), statecode: 0, createdon: ago(300 + i * 80) })),
  rpt_flowrun: runs,
  rpt_flowcheckpoint: runs.flatMap((r) => [
    { rpt_flowcheckpointid: uuid(), ...ref("rpt_runid", "rpt_flowrun", r.rpt_flowrunid, r.rpt_flowname), rpt_sequence: 1, createdon: r.rpt_startedon, rpt_steps: steps(["Normalise address", "transform", 1, { matchkey: "ada.bergmann0@northwind.example" }], ["Find open leads", "query", 6, { count: 0 }], ["Create lead", "create", 9, { leadid: r.rpt_regarding }]) },
    { rpt_flowcheckpointid: uuid(), ...ref("rpt_runid", "rpt_flowrun", r.rpt_flowrunid, r.rpt_flowname), rpt_sequence: 2, createdon: r.rpt_startedon, rpt_steps: r.rpt_status === 2 ? steps(["Choose queue", "switch", 1, { queue: "Denver" }], ["Assign seller", "action", 3, undefined, "Queue «Denver» has no members"]) : steps(["Choose queue", "switch", 1, { queue: "Boston" }], ["Assign seller", "action", 4, { seller: "Jamie Okoro" }], ["Notify", "create", 3, { notified: true }]) },
  ]),
};
