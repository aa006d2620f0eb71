package httpapi_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// club is a site with two members of different companies, each with a lead and a
// case; mia's colleague mo has a case of the same company.
type club struct {
	*site
	mia, max, mo             id.ID
	acme, other              id.ID
	miaLead, maxLead         id.ID
	miaCase, maxCase         id.ID
	moCase, miaNote, maxNote id.ID
	role, accountRole        id.ID
	letters                  []auth.MemberLetter
}

// marker stands in every row of max's, and nowhere else.
const marker = "Geheimnis"

func newClub(s *site) *club {
	s.t.Helper()
	c := &club{site: s}
	c.acme = s.must("account", record.Row{"name": "Acme", "ownerid": s.ada, "owneridtype": "systemuser"}).ID("accountid")
	c.other = s.must("account", record.Row{"name": "Other " + marker, "ownerid": s.ada, "owneridtype": "systemuser"}).ID("accountid")
	contact := func(first, last, mail string, company id.ID) id.ID {
		return s.must("contact", record.Row{"firstname": first, "lastname": last, "emailaddress1": mail, "parentcustomerid": company, "parentcustomeridtype": "account", "ownerid": s.ada, "owneridtype": "systemuser"}).ID("contactid")
	}
	c.mia, c.mo, c.max = contact("Mia", "Muster", "mia@example.com", c.acme), contact("Mo", "Muster", "mo@example.com", c.acme), contact("Max", marker, "max@example.com", c.other)
	lead := func(last string, of id.ID) id.ID {
		return s.must("lead", record.Row{"lastname": last, "subject": last, "jobtitle": "hausintern", "customerid": of, "customeridtype": "contact", "ownerid": s.ada, "owneridtype": "systemuser"}).ID("leadid")
	}
	c.miaLead, c.maxLead = lead("Muster", c.mia), lead(marker, c.max)
	incident := func(title string, of id.ID, table string) id.ID {
		return s.must("incident", record.Row{"title": title, "customerid": of, "customeridtype": table, "ownerid": s.ada, "owneridtype": "systemuser"}).ID("incidentid")
	}
	c.miaCase, c.maxCase, c.moCase = incident("Mia's case", c.mia, "contact"), incident(marker, c.max, "contact"), incident("Company case", c.acme, "account")
	note := func(text string, of id.ID) id.ID {
		return s.must("annotation", record.Row{"subject": text, "notetext": text, "objectid": of, "objectidtype": "incident", "ownerid": s.ada, "owneridtype": "systemuser"}).ID("annotationid")
	}
	c.miaNote, c.maxNote = note("Mia's note", c.miaCase), note(marker, c.maxCase)

	c.role = s.must("mspp_webrole", record.Row{"mspp_name": "Members", "mspp_authenticatedusersrole": true}).ID("mspp_webroleid")
	c.accountRole = s.must("mspp_webrole", record.Row{"mspp_name": "Company"}).ID("mspp_webroleid")
	c.permit(c.role, record.Row{"mspp_entitylogicalname": "contact", "mspp_scope": int64(access.ReachSelf), "rpt_columns": "fullname,firstname,lastname,mobilephone,mspp_userpreferredlcid,rpt_timezone", "mspp_read": true, "mspp_write": true, "mspp_appendto": true})
	c.permit(c.role, record.Row{"mspp_entitylogicalname": "lead", "mspp_scope": int64(access.ReachContact), "rpt_lookup": "customerid", "rpt_columns": "subject,lastname,customerid,createdon,fullname,budgetamount,numberofemployees", "mspp_read": true, "mspp_create": true, "mspp_append": true})
	own := c.permit(c.role, record.Row{"mspp_entitylogicalname": "incident", "mspp_scope": int64(access.ReachContact), "rpt_lookup": "customerid", "rpt_columns": "*", "mspp_read": true, "mspp_write": true, "mspp_create": true, "mspp_append": true, "mspp_appendto": true})
	c.permit(c.role, record.Row{"mspp_entitylogicalname": "annotation", "mspp_scope": int64(access.ReachParent), "rpt_lookup": "objectid", "mspp_parententitypermission": own, "rpt_columns": "*", "mspp_read": true, "mspp_create": true, "mspp_append": true})
	c.permit(c.accountRole, record.Row{"mspp_entitylogicalname": "incident", "mspp_scope": int64(access.ReachAccount), "rpt_lookup": "customerid", "rpt_columns": "*", "mspp_read": true})
	s.reload()
	(&httpapi.MemberAPI{Auth: s.auth, Access: s.control, Records: s.store, Clock: s.clock, Send: c.post}).Register(s.mux)
	return c
}

func (c *club) permit(role id.ID, row record.Row) id.ID {
	c.t.Helper()
	row["mspp_entityname"] = row.Text("mspp_entitylogicalname")
	key := c.must("mspp_entitypermission", row).ID("mspp_entitypermissionid")
	ctx := access.AsSystem(c.t.Context(), "test")
	c.write(ctx, func(tx *record.Tx) error {
		return tx.Associate(ctx, "mspp_webrole", role, "mspp_entitypermission_webrole", key)
	})
	return key
}

// post keeps a letter, once; one to nobody is not sent.
func (c *club) post(_ *sqldb.Tx, l auth.MemberLetter) error {
	if l.Email != "" && !slices.ContainsFunc(c.letters, func(o auth.MemberLetter) bool { return o.Secret == l.Secret }) {
		c.letters = append(c.letters, l)
	}
	return nil
}

// enter signs a member in by a link.
func (c *club) enter(mail string) *browser {
	c.t.Helper()
	b := c.browser()
	b.do("POST", "/api/member/link", `{"email":"`+mail+`"}`).want(202)
	letter := c.letters[len(c.letters)-1]
	r := b.do("POST", "/api/member/link/open", `{"secret":"`+letter.Secret+`"}`).want(200)
	b.csrf, _ = r.json["csrf"].(string)
	return b
}

func eachClub(t *testing.T, run func(t *testing.T, c *club)) {
	t.Helper()
	eachSite(t, func(t *testing.T, s *site) { run(t, newClub(s)) })
}

func TestMembersSignIn(t *testing.T) {
	t.Parallel()
	eachClub(t, func(t *testing.T, c *club) {
		b := c.browser()
		b.do("GET", "/api/member/session", "").want(401)
		for _, nobody := range []string{"nobody@example.com", "ada@example.com"} {
			b.do("POST", "/api/member/link", `{"email":"`+nobody+`"}`).want(202)
		}
		b.do("POST", "/api/member/link", `{"email":"mia@example.com\r\nBcc: all@example.com"}`).wantCode(400, "auth.member_email")
		if len(c.letters) != 0 {
			t.Fatalf("letters to nobody: %v", c.letters)
		}
		b.do("POST", "/api/member/link", `{"email":" MIA@example.com"}`).want(202)
		if len(c.letters) != 1 || c.letters[0].Email != "mia@example.com" || c.letters[0].Contact != c.mia {
			t.Fatalf("%+v", c.letters)
		}
		secret := c.letters[0].Secret
		// From another site nothing of this can be sent.
		b.do("POST", "/api/member/link/open", `{"secret":"`+secret+`"}`, "Sec-Fetch-Site: cross-site").wantCode(403, "auth.origin")
		b.do("POST", "/api/member/link/open", `secret=`+secret, "Content-Type: application/x-www-form-urlencoded").want(415)
		r := b.do("POST", "/api/member/link/open", `{"secret":"`+secret+`"}`).want(200)
		cookie := r.header.Get("Set-Cookie")
		if !strings.HasPrefix(cookie, "rapport_member=rpm_") || !strings.Contains(cookie, "; HttpOnly") || !strings.Contains(cookie, "; SameSite=Lax") {
			t.Errorf("cookie %q", cookie)
		}
		b.csrf, _ = r.json["csrf"].(string)
		b.do("GET", "/api/member/session", "").want(200)
		// Once.
		c.browser().do("POST", "/api/member/link/open", `{"secret":"`+secret+`"}`).wantCode(401, "auth.challenge")
		// A session that stands in a browser is not kept by the next who signs in there.
		b.do("POST", "/api/member/password", `{"new":"member password 1"}`, "X-CSRF-Token: ").wantCode(403, "auth.csrf")
		b.do("POST", "/api/member/password", `{"new":"short"}`).want(400)
		b.do("POST", "/api/member/password", `{"new":"member password 1"}`).want(204)
		other := c.browser()
		other.do("POST", "/api/member/signin", `{"email":"mia@example.com","password":"wrong"}`).wantCode(401, "auth.member_wrong")
		other.do("POST", "/api/member/signin", `{"email":"nobody@example.com","password":"member password 1"}`).wantCode(401, "auth.member_wrong")
		in := other.do("POST", "/api/member/signin", `{"email":"mia@example.com","password":"member password 1"}`).want(200)
		other.csrf, _ = in.json["csrf"].(string)
		other.do("POST", "/api/member/password", `{"old":"wrong","new":"member password 2"}`).wantCode(400, "auth.old_password")
		other.do("POST", "/api/member/password", `{"old":"member password 1","new":"member password 2"}`).want(204)
		b.do("GET", "/api/member/session", "").want(401) // the other session has ended with the old password
		other.do("POST", "/api/member/signout", "").want(204)
		other.do("GET", "/api/member/session", "").want(401)

		// Links and sessions end.
		b.do("POST", "/api/member/link", `{"email":"mia@example.com"}`).want(202)
		c.clock.Advance(21 * time.Minute)
		b.do("POST", "/api/member/link/open", `{"secret":"`+c.letters[len(c.letters)-1].Secret+`"}`).wantCode(401, "auth.challenge")
		b = c.enter("mia@example.com")
		c.clock.Advance(25 * time.Hour)
		b.do("GET", "/api/member/session", "").want(401)

		// A contact who has left is nobody, with the next request.
		b = c.enter("mia@example.com")
		c.update(c.ada, "contact", c.mia, record.Row{"statecode": int64(1)})
		b.do("GET", "/api/member/session", "").want(401)
		b.do("GET", "/api/data/v9.2/leads", "").want(401)
		c.update(c.ada, "contact", c.mia, record.Row{"statecode": int64(0)})

		// An address that has changed hands: the letter opens nothing.
		b = c.browser()
		b.do("POST", "/api/member/link", `{"email":"mia@example.com"}`).want(202)
		c.update(c.ada, "contact", c.mia, record.Row{"emailaddress1": "mia.new@example.com"})
		b.do("POST", "/api/member/link/open", `{"secret":"`+c.letters[len(c.letters)-1].Secret+`"}`).wantCode(401, "auth.challenge")
	})
}

// Guessing is slowed down, by address and by who is guessed at; the same for
// asking for letters.
func TestMembersAreNotGuessed(t *testing.T) {
	t.Parallel()
	eachClub(t, func(t *testing.T, c *club) {
		slowed := func(path, body string) (tries int) {
			b := c.browser()
			for tries = range 60 {
				if r := b.do("POST", path, body); r.status == 429 {
					if r.header.Get("Retry-After") == "" {
						t.Error("no Retry-After")
					}
					return tries
				}
			}
			return 60
		}
		if n := slowed("/api/member/signin", `{"email":"mia@example.com","password":"guess"}`); n > 10 {
			t.Errorf("%d guesses at one member", n)
		}
		c.clock.Advance(time.Hour)
		if n := slowed("/api/member/link", `{"email":"max@example.com"}`); n > 10 {
			t.Errorf("%d letters to one member", n)
		}
	})
}

// What a member of the portal reaches, by every way that leads to rows.
func TestMembersSeeNothingOfOthers(t *testing.T) {
	t.Parallel()
	eachClub(t, func(t *testing.T, c *club) {
		b := c.enter("mia@example.com")
		get := func(path string) *siteReply { t.Helper(); return b.do("GET", "/api/data/v9.2/"+path, "") }
		// Her own.
		for path, want := range map[string]string{
			"leads": c.miaLead.String(), "incidents": c.miaCase.String(), "contacts": c.mia.String(), "annotations": c.miaNote.String(),
			"leads(" + c.miaLead.String() + ")": c.miaLead.String(), "incidents(" + c.miaCase.String() + ")/title": "Mia's case",
		} {
			if r := get(path).want(200); !strings.Contains(r.body, want) {
				t.Errorf("%s lacks her own: %s", path, r.body)
			}
		}
		fetch := func(xml string) string { return "?fetchXml=" + url.QueryEscape(xml) }
		for _, path := range []string{
			"leads", "contacts", "incidents", "annotations", "incidents?$select=title,customerid",
			"leads?$count=true", "leads/$count", "incidents/$count", "contacts/$count",
			"leads?$select=lastname&$filter=startswith(lastname,'" + marker[:3] + "')",
			"leads?$filter=customerid_contact/lastname%20eq%20'" + marker + "'",
			"leads?$filter=not%20(customerid_contact/contactid%20eq%20" + c.mia.String() + ")",
			"leads?$expand=customerid_contact", "incidents?$expand=customerid_contact,customerid_account",
			"contacts?$expand=lead_customer_contacts", "contacts?$expand=incident_customer_contacts($expand=Incident_Annotation)",
			"contacts(" + c.max.String() + ")", "leads(" + c.maxLead.String() + ")", "incidents(" + c.maxCase.String() + ")", "annotations(" + c.maxNote.String() + ")",
			"incidents(" + c.moCase.String() + ")",
			"contacts(" + c.max.String() + ")/lastname", "leads(" + c.maxLead.String() + ")/lastname/$value", "leads(" + c.maxLead.String() + ")/customerid_contact",
			"contacts(" + c.mia.String() + ")/parentcustomerid_account/contact_customer_accounts",
			"accounts", "accounts(" + c.other.String() + ")", "systemusers", "roles", "mspp_webroles", "principalobjectaccessset",
			"leads?$apply=aggregate($count%20as%20n)", "leads?$apply=groupby((lastname),aggregate($count%20as%20n))",
			"leads" + fetch(`<fetch><entity name="lead"><attribute name="lastname"/><link-entity name="contact" from="contactid" to="customerid" link-type="outer"><attribute name="lastname" alias="l"/></link-entity></entity></fetch>`),
			"contacts" + fetch(`<fetch><entity name="contact"><link-entity name="lead" from="customerid" to="contactid" link-type="any"/><attribute name="lastname"/></entity></fetch>`),
			"leads" + fetch(`<fetch aggregate="true"><entity name="lead"><attribute name="leadid" aggregate="count" alias="n"/><attribute name="lastname" groupby="true" alias="l"/></entity></fetch>`),
			"leads?sql=" + url.QueryEscape("SELECT l.lastname FROM lead l"), "leads?sql=" + url.QueryEscape("SELECT c.lastname FROM lead l JOIN contact c ON l.customerid = c.contactid"),
			"leads?sql=" + url.QueryEscape("SELECT COUNT(*) AS n FROM lead"),
			"RetrieveTotalRecordCount(EntityNames=['lead'])", "WhoAmI()", "EntityDefinitions", "EntityDefinitions(LogicalName='lead')/Attributes", "$metadata", "", "openapi.json",
			"leads(" + c.maxLead.String() + ")/Microsoft.Dynamics.CRM.RetrieveSharedPrincipalsAndAccess()",
		} {
			r := get(path)
			for _, secret := range []string{marker, c.maxLead.String(), c.maxCase.String(), c.maxNote.String(), "hausintern", c.moCase.String()} {
				if strings.Contains(r.body, secret) && !strings.Contains(r.body, `"error"`) {
					t.Errorf("%s shows %s: %d %.300s", path, secret, r.status, r.body)
				}
			}
			if r.status >= 500 {
				t.Errorf("%s: %d %s", path, r.status, r.body)
			}
		}
		for path, want := range map[string]string{"leads/$count": "1", "incidents/$count": "1", "contacts/$count": "1", "annotations/$count": "1"} {
			if r := get(path).want(200); strings.TrimPrefix(r.body, "\ufeff") != want {
				t.Errorf("%s: %q", path, r.body)
			}
		}
		if r := get("leads?$select=lastname&$expand=customerid_contact($select=lastname)").want(200); !strings.Contains(r.body, `"customerid_contact":{`) {
			t.Errorf("her own contact beside her lead: %s", r.body)
		}
		for _, refused := range []string{"WhoAmI()", "EntityDefinitions", "$metadata", "", "openapi.json", "RetrieveTotalRecordCount(EntityNames=['lead'])"} {
			get(refused).wantCode(403, "odata.member")
		}
		// Columns that are not listed are neither shown nor asked by.
		if r := get("leads(" + c.miaLead.String() + ")").want(200); r.json["jobtitle"] != nil || r.json["_ownerid_value"] != nil || r.json["lastname"] != "Muster" {
			t.Errorf("columns: %s", r.body)
		}
		for _, query := range []string{"$filter=jobtitle%20eq%20'hausintern'", "$orderby=jobtitle", "$apply=groupby((jobtitle))", "$filter=owninguser/fullname%20eq%20'Ada'"} {
			if r := get("leads?" + query); r.status != 403 {
				t.Errorf("%s: %d %s", query, r.status, r.body)
			}
		}
		// The addresses of users take a member for nobody.
		for _, path := range []string{"/api/auth/session", "/api/auth/account", "/api/live?tables=lead", "/api/ui/tables", "/api/timeline/lead/" + c.miaLead.String(), "/api/auth/account/keys"} {
			if r := b.do("GET", path, ""); r.status != 401 && r.status != 404 {
				t.Errorf("%s: %d %s", path, r.status, r.body)
			}
		}
		// Nobody asks in somebody else's name.
		b.do("GET", "/api/data/v9.2/leads", "", "MSCRMCallerID: "+c.ada.String()).wantCode(501, "odata.impersonation")
		// In a batch it is the same.
		batch := "--b\r\nContent-Type: application/http\r\n\r\nGET leads(" + c.maxLead.String() + ") HTTP/1.1\r\n\r\n\r\n--b\r\nContent-Type: application/http\r\n\r\nGET EntityDefinitions HTTP/1.1\r\n\r\n\r\n--b--\r\n"
		if r := b.do("POST", "/api/data/v9.2/$batch", batch, "Content-Type: multipart/mixed; boundary=b", "Prefer: odata.continue-on-error"); strings.Contains(r.body, `"lastname"`) || strings.Contains(r.body, "LogicalName") || strings.Count(r.body, `"error"`) != 2 {
			t.Errorf("batch: %s", r.body)
		}
		// The company's rows come with a role, at once.
		ctx := access.AsSystem(t.Context(), "test")
		c.write(ctx, func(tx *record.Tx) error {
			return tx.Associate(ctx, "mspp_webrole", c.accountRole, "mspp_webrole_contact", c.mia)
		})
		if r := get("incidents").want(200); !strings.Contains(r.body, c.moCase.String()) || strings.Contains(r.body, marker) {
			t.Errorf("with the company's role: %s", r.body)
		}
		b.do("PATCH", "/api/data/v9.2/incidents("+c.moCase.String()+")", `{"title":"x"}`).wantCode(403, "access.record")
	})
}

func TestMembersWriteTheirOwn(t *testing.T) {
	t.Parallel()
	eachClub(t, func(t *testing.T, c *club) {
		b := c.enter("mia@example.com")
		const root = "/api/data/v9.2/"
		bind := func(of id.ID) string { return `"customerid_contact@odata.bind":"/contacts(` + of.String() + `)"` }
		r := b.do("POST", root+"incidents", `{"title":"New",`+bind(c.mia)+`}`).want(204)
		made := r.header.Get("OData-EntityId")
		if made == "" {
			made = strings.Join(r.header["OData-EntityId"], "")
		}
		key, err := id.Parse(made[strings.LastIndex(made, "(")+1 : len(made)-1])
		if err != nil {
			t.Fatal(err)
		}
		row, err := c.store.Get(access.AsSystem(t.Context(), "test"), "incident", key, []string{"ownerid", "createdby", "customerid"}, nil)
		if err != nil || row.ID("ownerid") != access.SystemUser || row.ID("createdby") != access.SystemUser || row.ID("customerid") != c.mia {
			t.Errorf("%v, %v", row, err)
		}
		c.wantChannel(changelog.Portal)
		b.do("POST", root+"annotations", `{"subject":"mine","objectid_incident@odata.bind":"/incidents(`+c.miaCase.String()+`)"}`).want(204)
		b.do("PATCH", root+"contacts("+c.mia.String()+")", `{"mobilephone":"0170"}`).want(204)
		before, err := c.log.Last(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, try := range [][3]string{
			{"POST", "incidents", `{"title":"x",` + bind(c.max) + `}`},
			{"POST", "incidents", `{"title":"x","customerid_account@odata.bind":"/accounts(` + c.acme.String() + `)"}`},
			{"POST", "incidents", `{"title":"x"}`},
			{"POST", "incidents", `{"title":"x",` + bind(c.mia) + `,"ownerid@odata.bind":"/systemusers(` + c.ada.String() + `)"}`},
			{"POST", "leads", `{"lastname":"x","jobtitle":"not listed",` + bind(c.mia) + `}`},
			{"POST", "annotations", `{"subject":"x","objectid_incident@odata.bind":"/incidents(` + c.maxCase.String() + `)"}`},
			{"POST", "annotations", `{"subject":"x"}`},
			{"POST", "contacts", `{"lastname":"x"}`},
			{"PATCH", "incidents(" + c.miaCase.String() + ")", `{` + bind(c.max) + `}`},
			{"PATCH", "incidents(" + c.maxCase.String() + ")", `{"title":"x"}`},
			{"PATCH", "contacts(" + c.mia.String() + ")", `{"emailaddress1":"x@example.com"}`},
			{"PATCH", "contacts(" + c.max.String() + ")", `{"mobilephone":"1"}`},
			{"PATCH", "leads(" + c.miaLead.String() + ")", `{"lastname":"x"}`},
			{"DELETE", "incidents(" + c.miaCase.String() + ")", ""},
			{"DELETE", "leads(" + c.maxLead.String() + ")", ""},
			{"PUT", "incidents(" + c.maxCase.String() + ")/title", `{"value":"x"}`},
			{"PUT", "incidents(" + c.miaCase.String() + ")/customerid_contact/$ref", `{"@odata.id":"contacts(` + c.max.String() + `)"}`},
			{"POST", "contacts(" + c.mia.String() + ")/mspp_webrole_contact/$ref", `{"@odata.id":"mspp_webroles(` + c.accountRole.String() + `)"}`},
			{"POST", "mspp_webroles", `{"mspp_name":"x"}`},
			{"POST", "GrantAccess", `{}`},
			{"POST", "BulkDelete", `{}`},
			{"POST", "incidents/Microsoft.Dynamics.CRM.CreateMultiple", `{"Targets":[{"@odata.type":"Microsoft.Dynamics.CRM.incident","title":"x",` + bind(c.max) + `}]}`},
			{"POST", "incidents/Microsoft.Dynamics.CRM.UpdateMultiple", `{"Targets":[{"@odata.type":"Microsoft.Dynamics.CRM.incident","incidentid":"` + c.maxCase.String() + `","title":"x"}]}`},
		} {
			if r := b.do(try[0], root+try[1], try[2]); r.status < 400 || r.status >= 500 {
				t.Errorf("%v: %d %s", try, r.status, r.body)
			}
		}
		if after, err := c.log.Last(t.Context()); err != nil || after != before {
			t.Errorf("%v: something was written (%d, %d)", err, before, after)
		}
		// Without the token that only our own pages know nothing is changed.
		b.do("PATCH", root+"contacts("+c.mia.String()+")", `{"mobilephone":"0171"}`, "X-CSRF-Token: ").wantCode(403, "auth.csrf")
		b.do("PATCH", root+"contacts("+c.mia.String()+")", `{"mobilephone":"0171"}`, "Origin: https://elsewhere.example").wantCode(403, "auth.origin")
	})
}

// Below HTTP it is the same: whatever a server-side page does in a member's name.
func TestMembersBelowHTTP(t *testing.T) {
	t.Parallel()
	eachClub(t, func(t *testing.T, c *club) {
		as := func(m *access.Membership) context.Context {
			return access.With(t.Context(), access.Principal{Kind: access.Member, ID: c.mia, Member: m})
		}
		ctx := as(&access.Membership{Account: c.acme})
		rights, err := c.store.Rights(ctx, "incident", c.miaCase)
		if err != nil || rights != access.Read|access.Write|access.Create|access.Append|access.AppendTo {
			t.Errorf("own: %v, %v", rights, err)
		}
		if rights, err := c.store.Rights(ctx, "incident", c.maxCase); err != nil || rights != 0 {
			t.Errorf("another's: %v, %v", rights, err)
		}
		for _, name := range access.GeneralPrivileges() {
			if err := c.control.Privileged(ctx, name); !errs.Has(err, errs.Forbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// A principal that nobody has looked up, as in a job that goes on later, is nobody.
		if _, err := c.store.Find(as(nil), query.Query{Table: "incident"}); !errs.Has(err, errs.Unauthenticated) {
			t.Error(err)
		}
		// Everything else is closed.
		for _, name := range c.catalog.Names() {
			switch name {
			case "contact", "lead", "incident", "annotation":
				continue
			}
			if _, err := c.store.Find(ctx, query.Query{Table: name, Limit: 1}); !errs.Has(err, errs.Forbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// A permission that is put together wrongly reaches nothing.
		for what, row := range map[string]record.Row{
			"no such lookup":    {"mspp_entitylogicalname": "account", "mspp_scope": int64(access.ReachContact), "rpt_lookup": "nosuch"},
			"lookup elsewhere":  {"mspp_entitylogicalname": "account", "mspp_scope": int64(access.ReachContact), "rpt_lookup": "parentaccountid"},
			"self of a company": {"mspp_entitylogicalname": "account", "mspp_scope": int64(access.ReachSelf)},
			"no parent":         {"mspp_entitylogicalname": "account", "mspp_scope": int64(access.ReachParent), "rpt_lookup": "parentaccountid"},
		} {
			row["mspp_read"], row["rpt_columns"] = true, "*"
			c.permit(c.role, row)
			c.reload()
			if page, err := c.store.Find(ctx, query.Query{Table: "account", Count: true}); err != nil || len(page.Rows) != 0 || page.Total != 0 {
				t.Errorf("%s: %d rows, %v", what, len(page.Rows), err)
			}
		}
	})
}
