package httpapi_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func TestCreateReadUpdateDelete(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		made := a.do("POST", "leads", `{"lastname":"Müller","firstname":"Ada","revenue":1234.5,"numberofemployees":12,"donotemail":true,"estimatedclosedate":"2026-12-01T10:00:00+01:00","rpt_extra":"{\"a\":[1]}","leadqualitycode":1}`, "If-None-Match: null").want(204)
		key := made.key()
		if made.header.Get("OData-EntityId") != a.url+"/api/data/v9.2/leads("+key+")" || made.header.Get("ETag") != `W/"1"` || made.header.Get("OData-Version") != "4.0" || made.body != "" || made.header.Get("Rapport-Outcome") != "created" {
			t.Errorf("headers %v", made.header)
		}
		got := a.do("GET", "leads("+strings.ToUpper(key)+")", "", "If-None-Match: null").want(200)
		for name, want := range map[string]any{"leadid": key, "lastname": "Müller", "revenue": 1234.5, "numberofemployees": 12.0, "donotemail": true, "estimatedclosedate": "2026-12-01T09:00:00Z",
			"rpt_extra": `{"a":[1]}`, "leadqualitycode": 1.0, "statecode": 0.0, "statuscode": 1.0, "createdon": "2026-11-22T09:00:00Z", "_ownerid_value": a.admin.String(), "_owninguser_value": a.admin.String(),
			"_owningteam_value": nil, "_owningbusinessunit_value": a.unit.String(), "@odata.etag": `W/"1"`, "@odata.context": a.url + "/api/data/v9.2/$metadata#leads/$entity", "subject": nil} {
			if got.json[name] != want {
				t.Errorf("%s is %v, want %v", name, got.json[name], want)
			}
		}
		if got.header.Get("ETag") != `W/"1"` || got.header.Get("Content-Type") != "application/json; odata.metadata=minimal" {
			t.Errorf("headers %v", got.header)
		}
		changed := a.do("PATCH", "leads("+key+")", `{"lastname":"Maier","firstname":null,"createdon":"2000-01-01T00:00:00Z","@odata.etag":"x"}`).want(204)
		if changed.key() != key || changed.header.Get("ETag") != `W/"2"` || changed.header.Get("Rapport-Outcome") != "updated" {
			t.Errorf("headers %v", changed.header)
		}
		got = a.do("GET", "leads("+key+")?$select=lastname,firstname,_ownerid_value", "").want(200)
		if want := fmt.Sprintf(`{"@odata.context":"%s/api/data/v9.2/$metadata#leads(lastname,firstname,_ownerid_value)/$entity","@odata.etag":"W/\"2\"","lastname":"Maier","firstname":null,"_ownerid_value":"%s","leadid":"%s"}`, a.url, a.admin, key); got.body != want {
			t.Errorf("got  %s\nwant %s", got.body, want)
		}
		a.do("DELETE", "leads("+key+")", "").want(204)
		a.do("GET", "leads("+key+")", "").wantError(404, "0x80040217", "record.not_found")
		a.do("DELETE", "leads("+key+")", "").wantError(404, "0x80040217", "record.not_found")
	})
}

func TestRepresentation(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		made := a.do("POST", "leads?$select=lastname&$expand=owninguser($select=fullname)", `{"lastname":"A"}`, "Prefer: return=representation", `Prefer: odata.include-annotations="*"`).want(201)
		if made.json["lastname"] != "A" || made.json["createdon"] != nil || made.json["owninguser"].(map[string]any)["fullname"] != "Ada Admin" || made.header.Get("OData-EntityId") != "" ||
			made.header.Get("Preference-Applied") != `return=representation,odata.include-annotations="*"` {
			t.Errorf("%s %v", made.body, made.header)
		}
		key := made.json["leadid"].(string)
		a.do("PATCH", "leads("+key+")", `{"lastname":"B"}`, "Prefer: return=representation").want(200)
		other := id.New().String()
		a.do("PATCH", "leads("+other+")?$select=lastname", `{"lastname":"C"}`, "Prefer: odata.include-annotations=\"*\", return=representation").want(201)
	})
}

func TestConditions(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		key := id.New().String()
		a.do("PATCH", "leads("+key+")", `{"lastname":"A"}`, "If-Match: *").wantError(404, "0x80040217", "record.not_found")
		a.do("PATCH", "leads("+key+")", `{"lastname":"A"}`, "If-None-Match: *").want(204)
		a.do("PATCH", "leads("+key+")", `{"lastname":"B"}`, "If-None-Match: *").wantError(412, "0x80040237", "record.exists")
		a.do("PATCH", "leads("+key+")", `{"lastname":"B"}`, "If-Match: *").want(204)
		a.do("PATCH", "leads("+key+")", `{"lastname":"C"}`, `If-Match: W/"1"`).wantError(412, "0x80060882", "record.version")
		a.do("PATCH", "leads("+key+")", `{"lastname":"C"}`, `If-Match: W/"2"`).want(204)
		a.do("PATCH", "leads("+key+")", `{"lastname":"D"}`, `If-Match: nonsense`).wantError(412, "0x80060882", "odata.etag")
		a.do("PATCH", "leads("+key+")", `{"lastname":"D"}`, `If-Match: *`, "If-None-Match: *").wantError(400, "0x80040203", "odata.if_none_match")
		a.do("DELETE", "leads("+key+")", "", `If-Match: W/"1"`).wantError(412, "0x80060882", "record.version")
		if r := a.do("GET", "leads("+key+")", "", `If-None-Match: W/"3"`).want(304); r.body != "" || r.header.Get("ETag") != `W/"3"` {
			t.Errorf("%v %s", r.header, r.body)
		}
		a.do("GET", "leads("+key+")", "", `If-None-Match: W/"2"`).want(200)
		a.do("GET", "leads("+key+")?$expand=owninguser", "", `If-None-Match: W/"3"`).want(200)
		a.do("GET", "leads("+key+")", "", `If-None-Match: W/"3"`, `Prefer: odata.include-annotations="*"`).want(200)
		a.do("DELETE", "leads("+key+")", "", `If-Match: W/"3"`).want(204)
	})
}

func TestAlternateKeys(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		const acme = "accounts(accountnumber='A%2F1''x')"
		a.do("GET", acme, "").wantError(404, "0x80040217", "record.not_found")
		a.do("PATCH", acme, `{"name":"Acme"}`, "If-Match: *").wantError(404, "0x80040217", "record.not_found")
		first := a.do("PATCH", acme, `{"name":"Acme"}`).want(204)
		again := a.do("PATCH", acme, `{"name":"Acme 2","accountnumber":"dropped on a hit"}`).want(204)
		if first.key() != again.key() || again.header.Get("Rapport-Outcome") != "updated" {
			t.Errorf("%v %v", first.header, again.header)
		}
		a.do("PATCH", acme, `{"name":"Acme 3"}`, "If-None-Match: *").wantError(412, "0x80040237", "record.exists")
		got := a.do("GET", acme+"?$select=name,accountnumber", "").want(200)
		if got.json["name"] != "Acme 2" || got.json["accountnumber"] != "A/1'x" {
			t.Errorf("%s", got.body)
		}
		a.do("POST", "accounts", `{"name":"Twin","accountnumber":"a/1'X"}`).wantError(412, "0x80040237", "record.duplicate_key")
		a.do("GET", "accounts(name='Acme 2')", "").wantError(400, "0x80040203", "odata.key")
		lead := a.do("POST", "leads", `{"lastname":"X","parentaccountid@odata.bind":"/accounts(accountnumber='A%2F1''x')"}`).want(204).key()
		if got := a.do("GET", "leads("+lead+")", "").want(200); got.json["_parentaccountid_value"] != first.key() {
			t.Errorf("%s", got.body)
		}
		a.do("POST", "leads", `{"lastname":"X","parentaccountid@odata.bind":"/accounts(accountnumber='none')"}`).wantError(404, "0x80040217", "record.not_found")
		a.do("DELETE", "leads("+lead+")", "").want(204)
		a.do("DELETE", acme, "").want(204)
		a.do("GET", acme, "").want(404)
	})
}

func TestLookups(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		account := a.do("POST", "accounts", `{"name":"Acme"}`).key()
		contact := a.do("POST", "contacts", `{"lastname":"Carl","parentcustomerid_account@odata.bind":"/accounts(`+account+`)"}`).key()
		lead := "leads(" + a.do("POST", "leads", `{"lastname":"L","parentaccountid@odata.bind":"`+a.url+`/api/data/v9.0/accounts(`+account+`)","parentcontactid@odata.bind":"contacts(`+contact+`)"}`).key() + ")"
		team := a.must("team", record.Row{"name": "Sales", "businessunitid": a.unit}).ID("teamid").String()
		a.reload()

		got := a.do("GET", "contacts("+contact+")?$expand=parentcustomerid_account($select=name)", "", `Prefer: odata.include-annotations="*"`).want(200)
		for name, want := range map[string]any{"_parentcustomerid_value": account, "_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname": "account",
			"_parentcustomerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty": "parentcustomerid_account", "_parentcustomerid_value@OData.Community.Display.V1.FormattedValue": "Acme",
			"_ownerid_value@OData.Community.Display.V1.FormattedValue": "Ada Admin", "statecode@OData.Community.Display.V1.FormattedValue": "Active"} {
			if got.json[name] != want {
				t.Errorf("%s is %v, want %v", name, got.json[name], want)
			}
		}
		if x := got.json["parentcustomerid_account"].(map[string]any); x["name"] != "Acme" || x["accountid"] != account {
			t.Errorf("%v", x)
		}
		a.do("PATCH", lead, `{"parentaccountid@odata.bind":null,"ownerid@odata.bind":"/teams(`+team+`)"}`).want(204)
		got = a.do("GET", lead, "", `Prefer: odata.include-annotations="*"`).want(200)
		if got.json["_parentaccountid_value"] != nil || got.json["_ownerid_value"] != team || got.json["_owningteam_value"] != team || got.json["_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] != "team" {
			t.Errorf("%s", got.body)
		}
		a.do("PATCH", lead, `{"_parentaccountid_value":"`+account+`"}`).wantError(400, "0x80040203", "odata.lookup_value")
		a.do("PATCH", lead, `{"parentaccountid@odata.bind":"/contacts(`+contact+`)"}`).wantError(400, "0x80040203", "odata.bind")

		// references
		a.do("PUT", lead+"/parentaccountid/$ref", `{"@odata.id":"`+a.url+`/api/data/v9.2/accounts(`+account+`)"}`).want(204)
		if got := a.do("GET", lead+"/parentaccountid/$ref", "").want(200); got.json["@odata.id"] != a.url+"/api/data/v9.2/accounts("+account+")" {
			t.Errorf("%s", got.body)
		}
		if got := a.do("GET", lead+"/parentaccountid?$select=name", "").want(200); got.json["name"] != "Acme" {
			t.Errorf("%s", got.body)
		}
		if got := a.do("GET", "accounts("+account+")/lead_parent_account?$select=lastname&$filter=lastname eq 'l'", "").want(200); got.column("lastname") != "L" {
			t.Errorf("%s", got.body)
		}
		if got := a.do("GET", "accounts("+account+")/lead_parent_account/$count", "").want(200); got.body != "1" {
			t.Errorf("%s", got.body)
		}
		a.do("DELETE", lead+"/parentaccountid/$ref", "").want(204)
		a.do("GET", lead+"/parentaccountid", "").want(204)
		a.do("POST", "accounts("+account+")/lead_parent_account/$ref", `{"@odata.id":"`+lead+`"}`).want(204)
		if got := a.do("GET", "accounts("+account+")/lead_parent_account/$ref", "").want(200); !strings.Contains(got.body, lead) {
			t.Errorf("%s", got.body)
		}
		a.do("GET", "accounts("+account+")/lead_parent_account"+strings.TrimPrefix(lead, "leads"), "").want(200)
		a.do("DELETE", "accounts("+account+")/lead_parent_account/$ref?$id="+url.QueryEscape(a.url+"/api/data/v9.2/"+lead), "").want(204)
		a.do("DELETE", "accounts("+account+")/lead_parent_account"+strings.TrimPrefix(lead, "leads")+"/$ref", "").want(404)
		a.do("POST", lead+"/parentaccountid/$ref", `{"@odata.id":"x"}`).wantError(405, "0x80040203", "http.method")
	})
}

func TestDeepInsert(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		lead := a.do("POST", "leads", `{"lastname":"Free"}`).key()
		account := a.do("POST", "accounts", `{"name":"Acme","primarycontactid":{"lastname":"Carl"},"lead_parent_account":[{"lastname":"L1"},{"lastname":"L2","parentcontactid":{"lastname":"Cleo"}}],"lead_parent_account@odata.bind":["/leads(`+lead+`)"]}`)
		got := a.do("GET", "accounts("+account.want(204).key()+")?$select=name&$expand=primarycontactid($select=lastname),lead_parent_account($select=lastname;$orderby=lastname;$expand=parentcontactid($select=lastname))", "").want(200)
		leads := got.json["lead_parent_account"].([]any)
		if got.json["primarycontactid"].(map[string]any)["lastname"] != "Carl" || len(leads) != 3 {
			t.Fatalf("%s", got.body)
		}
		if l := leads[2].(map[string]any); l["lastname"] != "L2" || l["parentcontactid"].(map[string]any)["lastname"] != "Cleo" || leads[0].(map[string]any)["parentcontactid"] != nil {
			t.Errorf("%v", leads)
		}
		// all or nothing
		a.do("POST", "accounts", `{"name":"Half","lead_parent_account":[{"lastname":"Orphan","leadqualitycode":99}]}`).want(400)
		a.do("POST", "accounts", `{"name":"Half","lead_parent_account@odata.bind":["/leads(`+id.New().String()+`)"]}`).want(404)
		if got := a.do("GET", "accounts/$count?$filter=name eq 'half'", "").want(200); got.body != "0" {
			t.Errorf("%s halves are left", got.body)
		}
		a.do("PATCH", "leads("+lead+")", `{"parentcontactid":{"lastname":"New"}}`).wantError(501, "0x80060888", "odata.deep_update")
	})
}

func TestQueries(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		for i, name := range []string{"Anton", "berta", "Cäsar", "Dora", "Emil", "Friedrich", "Gustav"} {
			a.do("POST", "leads", fmt.Sprintf(`{"lastname":%q,"numberofemployees":%d,"revenue":%d.5,"address1_city":%q}`, name, i*10, 7-i, []string{"Ulm", "Köln"}[i%2])).want(204)
		}
		for query, want := range map[string]string{
			"$orderby=lastname":       "Anton berta Cäsar Dora Emil Friedrich Gustav",
			"$orderby=revenue&$top=2": "Gustav Friedrich",
			"$filter=numberofemployees gt 20 and address1_city eq 'ulm'&$orderby=lastname desc":                  "Gustav Emil",
			"$filter=contains(lastname,'ER') or startswith(lastname,'d')&$orderby=lastname":                      "berta Dora",
			"$filter=lastname in ('EMIL','dora')&$orderby=lastname":                                              "Dora Emil",
			"$filter=owninguser/fullname eq 'ada admin' and revenue le 2.5&$orderby=lastname":                    "Friedrich Gustav",
			"$filter=Microsoft.Dynamics.CRM.EqualUserId(PropertyName='ownerid') and lastname eq @p1&@p1='Anton'": "Anton",
			"$filter=Microsoft.Dynamics.CRM.Today(PropertyName='createdon') and not (revenue gt 2)":              "Gustav",
			"$top=0": "",
		} {
			if got := a.do("GET", "leads?$select=lastname&"+query, "").want(200).column("lastname"); got != want {
				t.Errorf("%s: got %s, want %s", query, got, want)
			}
		}
		counted := a.do("GET", "leads?$count=true&$top=1&$filter=revenue gt 3", "", `Prefer: odata.include-annotations="*"`).want(200)
		if counted.json["@odata.count"] != 5.0 || counted.json["@Microsoft.Dynamics.CRM.totalrecordcount"] != 5.0 || counted.json["@odata.nextLink"] != nil {
			t.Errorf("%s", counted.body)
		}
		if got := a.do("GET", "leads/$count?$filter=address1_city eq 'Köln'", "").want(200); got.body != "3" || !strings.HasPrefix(got.header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s", got.body)
		}
		a.do("GET", "systemusers?$filter=no_such_leads/any()", "").want(400)
		users := a.do("GET", "systemusers?$select=fullname&$filter=lead_owning_user/any(l:l/lastname eq 'emil')", "").want(200)
		if users.column("fullname") != "Ada Admin" {
			t.Errorf("%s", users.body)
		}
	})
}

func TestPaging(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		for i := range 7 {
			a.do("POST", "leads", fmt.Sprintf(`{"lastname":"N%d","numberofemployees":%d}`, i, i/3)).want(204)
		}
		link, seen, pages := "leads?$select=lastname&$orderby=numberofemployees desc,lastname&$count=true&$top=2&tag='a b'", "", 0
		for link != "" {
			page := a.do("GET", link, "", "Prefer: odata.maxpagesize=3").want(200)
			if page.json["@odata.count"] != 7.0 || page.header.Get("Preference-Applied") != "odata.maxpagesize=3" {
				t.Errorf("%s %v", page.body, page.header)
			}
			seen += " " + page.column("lastname")
			link, _ = page.json["@odata.nextLink"].(string)
			pages++
		}
		if seen != " N6 N3 N4 N5 N0 N1 N2" || pages != 3 {
			t.Errorf("%d pages:%s", pages, seen)
		}
		next := a.do("GET", "leads?$orderby=lastname", "", "Prefer: odata.maxpagesize=3").want(200).json["@odata.nextLink"].(string)
		for _, bad := range []string{strings.Replace(next, "lastname", "createdon", 1), next + "x", "leads?$skiptoken=abc"} {
			a.do("GET", bad, "", "Prefer: odata.maxpagesize=3").wantError(400, "0x80040203", "query.cursor")
		}
		// a page from the middle, as a scrollbar asks for it, and the next one from there
		middle := a.do("GET", "leads?$select=lastname&$orderby=lastname", "", "Prefer: odata.maxpagesize=2, rapport.skip=3").want(200)
		if got := middle.column("lastname"); got != "N3 N4" || middle.header.Get("Preference-Applied") != "odata.maxpagesize=2,rapport.skip=3" {
			t.Errorf("%s %v", got, middle.header)
		}
		if got := a.do("GET", middle.json["@odata.nextLink"].(string), "", "Prefer: odata.maxpagesize=2").want(200).column("lastname"); got != "N5 N6" {
			t.Errorf("%s", got)
		}
		if got := a.do("GET", "leads?$select=lastname&$orderby=lastname", "", "Prefer: rapport.skip=70").want(200).column("lastname"); got != "" {
			t.Errorf("%s", got)
		}
		a.do("GET", "leads", "", "Prefer: rapport.skip=100000001").wantError(400, "0x80040203", "query.skip")
		// the token holds for another page size and another choice of columns
		if got := a.do("GET", strings.Replace(next, "leads?", "leads?$select=lastname&", 1), "").want(200).column("lastname"); got != "N3 N4 N5 N6" {
			t.Errorf("%s", got)
		}
	})
}

func TestProperties(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		lead := "leads(" + a.do("POST", "leads", `{"lastname":"L","subject":"a & b","revenue":5}`).key() + ")"
		if got := a.do("GET", lead+"/subject", "").want(200); got.json["value"] != "a & b" || got.json["@odata.context"] != a.url+"/api/data/v9.2/$metadata#"+lead+"/subject" {
			t.Errorf("%s", got.body)
		}
		if got := a.do("GET", lead+"/revenue/$value", "").want(200); got.body != "5" {
			t.Errorf("%s", got.body)
		}
		if got := a.do("GET", lead+"/_ownerid_value", "").want(200); got.json["value"] != a.admin.String() {
			t.Errorf("%s", got.body)
		}
		a.do("PUT", lead+"/subject", `{"value":"c"}`).want(204)
		a.do("PUT", lead+"/subject", `{"value":5}`).wantError(400, "0x80040203", "column.type")
		a.do("PUT", lead+"/subject", `{"x":5}`).wantError(400, "0x80040203", "odata.value")
		a.do("PUT", lead+"/parentaccountid", `{"value":5}`).want(405)
		a.do("DELETE", lead+"/subject", "").want(204)
		a.do("GET", lead+"/subject", "").want(204)
		a.do("GET", lead+"/nothere", "").want(404)
		a.do("PUT", "leads("+id.New().String()+")/subject", `{"value":"c"}`).wantError(404, "0x80040217", "record.not_found")
	})
}

func TestServiceDocuments(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		if got := a.do("GET", "", "").want(200); !strings.Contains(got.column("name"), "leads") || got.json["@odata.context"] != a.url+"/api/data/v9.2/$metadata" {
			t.Errorf("%.300s", got.body)
		}
		a.do("GET", a.url+"/api/data/v9.1", "").want(200)
		meta := a.do("GET", "$metadata?annotations=true", "", "Accept: application/xml").want(200)
		if meta.header.Get("Content-Type") != "application/xml" || !strings.Contains(meta.body, `<EntitySet Name="leads"`) || !strings.Contains(meta.body, `<Function Name="WhoAmI">`) {
			t.Errorf("%v %.300s", meta.header, meta.body)
		}
		for d := xml.NewDecoder(strings.NewReader(meta.body)); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		who := a.do("GET", "WhoAmI()", "").want(200)
		if who.json["UserId"] != a.admin.String() || who.json["BusinessUnitId"] != a.unit.String() || who.json["OrganizationId"] != id.Derive("organization").String() || who.header.Get("x-ms-dop-hint") == "" {
			t.Errorf("%s", who.body)
		}
		echoed := a.do("GET", "WhoAmI", "", "x-ms-client-request-id: abc", "x-ms-correlation-id: def").want(200)
		if echoed.header.Get("x-ms-client-request-id") != "abc" || echoed.header.Get("x-ms-correlation-id") != "def" || echoed.header.Get("REQ_ID") == "" {
			t.Errorf("%v", echoed.header)
		}
	})
}

func TestOperations(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		lead := a.do("POST", "leads", `{"lastname":"L"}`).key()
		got := a.do("POST", "leads("+lead+")/Microsoft.Dynamics.CRM.Echo", `{"A":1.50,"B":{"@odata.id":"x"}}`).want(200)
		if got.json["Table"] != "lead" || got.json["ID"] != lead || got.json["Function"] != false || got.json["Body"].(map[string]any)["A"] != 1.5 || got.json["User"] != a.admin.String() ||
			got.json["@odata.context"] != a.url+"/api/data/v9.2/$metadata#Microsoft.Dynamics.CRM.EchoResponse" {
			t.Errorf("%s", got.body)
		}
		got = a.do("GET", "Echo(Name=@p,N=5)?@p='x'", "").want(200)
		if got.json["Function"] != true || got.json["Body"].(map[string]any)["Name"] != "x" {
			t.Errorf("%s", got.body)
		}
		a.do("POST", "leads/Microsoft.Dynamics.CRM.Echo", "").want(200)
		a.do("POST", "Silent", "").want(204)
		a.do("POST", "Nope", "{}").want(404)
		a.do("POST", "Echo", "[]").wantError(400, "0x80040203", "odata.json")
		got = a.do("POST", "leads("+lead+")/Records", "{}").want(200)
		if row := got.json["value"].([]any)[0].(map[string]any); row["@odata.type"] != "#Microsoft.Dynamics.CRM.lead" || row["leadid"] != lead {
			t.Errorf("%s", got.body)
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		if r := a.as(id.Nil, "GET", "leads", "").wantError(401, "0x80048d1a", "access.sign_in"); !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%v", r.header)
		}
		for _, c := range []struct {
			method, path, body string
			status             int
			number, code       string
		}{
			{"GET", "nothing(1)/x", "", 404, "0x8006088a", "odata.unknown_resource"}, {"GET", a.url + "/api/data/v8.2/leads", "", 404, "0x8006088a", "odata.unknown_resource"},
			{"GET", "leads?$filter=nothere eq 1", "", 400, "0x80060888", "query.unknown_column"}, {"GET", "leads?$skip=1", "", 400, "0x80060888", "odata.option"},
			{"GET", "leads?$filter=subject eq", "", 400, "0x80060888", "odata.syntax"}, {"GET", "leads(" + id.New().String() + ")?$filter=true", "", 400, "0x80060888", "odata.option"},
			{"PUT", "leads", "{}", 405, "0x80040203", "http.method"}, {"DELETE", "leads", "", 405, "0x80040203", "http.method"},
			{"POST", "leads", `{"subject":"` + strings.Repeat("x", 301) + `"}`, 400, "0x80044331", "column.too_long"}, {"POST", "leads", `{"nothere":1,"subject":5}`, 400, "0x80040203", "odata.body"},
			{"POST", "leads", `{"subject":` + strings.Repeat("[", 20_000), 400, "0x80040203", "odata.json"}, {"GET", "leads(x)", "", 400, "0x80060888", "query.unknown_column"},
			{"GET", "leads?$filter=" + strings.Repeat("(", 500), "", 400, "0x80060888", "odata.syntax"}, {"GET", "leads?x=%zz", "", 400, "0x80040203", "odata.escape"},
			{"POST", "leads", "{\"subject\":\"" + "\\u0000" + "\"}", 400, "0x80040203", "column.encoding"},
		} {
			r := a.do(c.method, c.path, c.body)
			r.wantError(c.status, c.number, c.code)
		}
		if r := a.do("PUT", "leads", "{}"); r.header.Get("Allow") != "GET, POST" {
			t.Errorf("Allow: %s", r.header.Get("Allow"))
		}
		fields := a.do("POST", "leads", `{"nothere":1,"subject":5}`).json["error"].(map[string]any)["@rapport.fields"].([]any)
		if len(fields) != 2 || fields[1].(map[string]any)["name"] != "subject" {
			t.Errorf("%v", fields)
		}
		a.do("POST", "leads", `{"subject":"`+strings.Repeat("x", 17<<20)+`"}`).wantError(413, "0x80044331", "http.too_large")
		a.do("POST", "leads", "", "Content-Type: text/plain").wantError(415, "0x80040203", "http.content_type")
		a.do("GET", "leads", "", "CallerObjectId: "+id.New().String()).wantError(501, "0x80060888", "odata.impersonation")
	})
}

func TestAccessHolds(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		theirs := a.do("POST", "leads", `{"lastname":"Theirs"}`).key()
		user := a.user("Ben Basic", map[string]access.Depth{"lead": access.Basic, "systemuser": access.Global})
		mine := a.as(user, "POST", "leads", `{"lastname":"Mine"}`).want(204).key()
		if got := a.as(user, "GET", "leads?$select=lastname&$count=true", "").want(200); got.column("lastname") != "Mine" || got.json["@odata.count"] != 1.0 {
			t.Errorf("%s", got.body)
		}
		if got := a.as(user, "GET", "leads/$count", "").want(200); got.body != "1" {
			t.Errorf("%s", got.body)
		}
		a.as(user, "GET", "leads("+theirs+")", "").wantError(404, "0x80040217", "record.not_found")
		a.as(user, "GET", "leads("+theirs+")/subject", "").wantError(404, "0x80040217", "record.not_found")
		a.as(user, "PATCH", "leads("+theirs+")", `{"lastname":"Stolen"}`).want(404)
		a.as(user, "DELETE", "leads("+theirs+")", "").want(404)
		a.as(user, "GET", "accounts", "").wantError(403, "0x80040220", "access.privilege")
		a.as(user, "GET", "leads?$filter=parentaccountid/name eq 'x'", "").wantError(403, "0x80040220", "access.privilege")
		a.as(user, "GET", "leads("+mine+")?$expand=parentaccountid", "").want(200)
		a.as(user, "POST", "accounts", `{"name":"x"}`).wantError(403, "0x80040220", "access.privilege")
		if got := a.do("GET", "leads("+theirs+")", "").want(200); got.json["lastname"] != "Theirs" {
			t.Errorf("%s", got.body)
		}
		if r := a.as(id.New(), "GET", "leads", ""); r.status != http.StatusForbidden && r.status != http.StatusUnauthorized {
			t.Errorf("somebody unknown: %d %s", r.status, r.body)
		}
	})
}
