package product

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Hostile and broken input is refused, or kept in quarantine, and does no harm.
func TestHostileInput(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		deep := strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)
		for name, c := range map[string]struct {
			contentType, body string
			from, to          int
		}{
			"no JSON":          {"application/cloudevents+json", "{", 400, 400},
			"invalid UTF-8":    {"application/cloudevents+json", "{\"specversion\":\"1.0\",\"id\":\"\xff\",\"source\":\"s\",\"type\":\"lead.created\"}", 400, 400},
			"deep JSON":        {"application/cloudevents+json", `{"specversion":"1.0","id":"d","source":"s","type":"lead.created","data":` + deep + `}`, 400, 400},
			"two megabytes":    {"application/cloudevents+json", `{"specversion":"1.0","id":"b","source":"s","type":"lead.created","data":"` + strings.Repeat("x", 2<<20) + `"}`, 413, 413},
			"ten megabytes":    {"application/json", strings.Repeat("x", 10<<20), 400, 413},
			"unknown type":     {"image/png", "x", 400, 415},
			"no id":            {"application/cloudevents+json", `{"specversion":"1.0","source":"s","type":"lead.created"}`, 400, 400},
			"one of two wrong": {"application/cloudevents-batch+json", `[{"specversion":"1.0","id":"ok","source":"s","type":"lead.created","data":{"lastname":"Half","emailaddress1":"half@example.com"}},{"specversion":"1.0"}]`, 400, 400},
		} {
			if status := w.send(c.contentType, w.key, c.body); status < c.from || status > c.to {
				t.Errorf("%s: %d, want %d to %d", name, status, c.from, c.to)
			}
		}
		if status := w.send("application/cloudevents+json", "wrong", `{}`); status != http.StatusUnauthorized {
			t.Errorf("a wrong key: %d", status)
		}
		nasty := "Robert'); DROP TABLE lead;--"
		w.mustPublish("n1", object{"lastname": nasty, "firstname": "<script>alert(1)</script>", "companyname": `=HYPERLINK("http://evil")`, "emailaddress1": "bobby@example.com", "description": strings.Repeat("é", 1500)})
		lead := w.leads("emailaddress1 eq 'bobby@example.com'", 1)[0]
		if lead["lastname"] != nasty || lead["companyname"] != `=HYPERLINK("http://evil")` {
			t.Errorf("text was changed: %v %v", lead["lastname"], lead["companyname"])
		}
		for i, odd := range []any{7, true, object{"a": 1}, []any{"x"}, strings.Repeat("u", 3000)} {
			w.mustPublish(fmt.Sprintf("utm%d", i), object{"lastname": "Odd", "emailaddress1": fmt.Sprintf("odd%d@example.com", i), "context": object{"utm_campaign": odd, "page": odd, "referrer": odd}})
			w.leads(fmt.Sprintf("emailaddress1 eq 'odd%d@example.com'", i), 1)
		}
		for i := range 2 { // identities as long as publishers like, also of one who comes back
			w.mustPublish(strings.Repeat("i", 900)+fmt.Sprint(i), object{"lastname": strings.Repeat("n", 50), "firstname": strings.Repeat("f", 50), "emailaddress1": "longid@example.com", "mobilephone": "+494055512377"})
		}
		w.leads("emailaddress1 eq 'longid@example.com'", 1)
		w.Until("the response to a long identity", func() bool { return len(w.rows("campaignresponses", "")) == 1 })
		for i, data := range []object{
			{"lastname": object{"$gt": ""}, "emailaddress1": []any{1}}, {"lastname": strings.Repeat("x", 500), "emailaddress1": "long@example.com"},
			{"lastname": "x", "emailaddress1": "x@example.com", "ownerid": "11111111-1111-1111-1111-111111111111", "statecode": 1, "msdyn_leadscore": 100},
		} {
			w.mustPublish(fmt.Sprintf("h%d", i), data)
		}
		w.Until("two are in quarantine", func() bool { return len(w.rows("rpt_quarantines", "")) == 2 })
		// What only the platform decides can't be set by an event.
		if l := w.leads("emailaddress1 eq 'x@example.com'", 1)[0]; l["statecode"] != 0.0 || l["msdyn_leadscore"] == 100.0 {
			t.Errorf("an event set state %v or score %v", l["statecode"], l["msdyn_leadscore"])
		}
		for _, filter := range []string{"lastname eq 'x' or 1 eq 1--", "contains(lastname,'%') and nosuch eq 1", "lastname eq '", strings.Repeat("(", 200) + "1 eq 1"} {
			if status := w.API(w.admin, http.MethodGet, "leads?$filter="+url.QueryEscape(filter), nil, nil); status != http.StatusBadRequest {
				t.Errorf("filter %q: %d", filter[:min(30, len(filter))], status)
			}
		}
		if n := w.Count(w.admin, "leads", "lastname eq 'Half'"); n != 0 {
			t.Error("half of a refused batch was taken")
		}
	})
}

// PLT-4: a user without privileges sees and changes nothing; one with depth sees the own unit's.
func TestPrivileges(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.mustPublish("p1", person(1, nil))
		lead := fmt.Sprint(w.leads("emailaddress1 eq 'anna.oneil1@example.com'", 1)[0]["leadid"])
		unit := fmt.Sprint(w.rows("businessunits", "")[0]["businessunitid"])
		if status := w.API(w.admin, http.MethodPost, "systemusers", object{"firstname": "No", "lastname": "Body", "domainname": "nobody", "businessunitid@odata.bind": "/businessunits(" + unit + ")"}, nil); status != http.StatusNoContent {
			t.Fatalf("a new user: %d", status)
		}
		nobody := w.Token("nobody")
		for _, c := range []struct {
			method, path string
			body         object
		}{
			{http.MethodGet, "leads", nil}, {http.MethodGet, "leads(" + lead + ")", nil}, {http.MethodPost, "leads", object{"lastname": "x"}},
			{http.MethodPatch, "leads(" + lead + ")", object{"lastname": "x"}}, {http.MethodDelete, "leads(" + lead + ")", nil},
			{http.MethodPost, "leads(" + lead + ")/Microsoft.Dynamics.CRM.QualifyLead", object{"CreateAccount": true}},
			{http.MethodGet, "systemusers", nil}, {http.MethodGet, "rpt_quarantines", nil}, {http.MethodGet, "leads/$count", nil},
		} {
			if status := w.API(nobody, c.method, c.path, c.body, nil); status != http.StatusForbidden && status != http.StatusNotFound {
				t.Errorf("%s %s: %d", c.method, c.path, status)
			}
			if status := w.API("", c.method, c.path, c.body, nil); status != http.StatusUnauthorized {
				t.Errorf("%s %s by nobody at all: %d", c.method, c.path, status)
			}
		}
		if got := w.rows("leads", "leadid eq "+lead); len(got) != 1 || got[0]["lastname"] == "x" {
			t.Error("the lead was changed")
		}
		if status := w.Call(nobody, http.MethodGet, "/api/ui/tables/lead/"+lead+"/timeline", nil, nil); status != http.StatusForbidden && status != http.StatusNotFound {
			t.Errorf("the timeline: %d", status)
		}
		if status := w.API("rpt_wrong", http.MethodGet, "WhoAmI()", nil, nil); status != http.StatusUnauthorized {
			t.Errorf("a wrong token: %d", status)
		}
	})
}

// SAL-1: a lead is qualified, disqualified and opened again.
func TestQualify(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.mustPublish("p1", person(1, object{"companyname": "Acme", "budgetamount": 5000}))
		lead := "leads(" + fmt.Sprint(w.leads("emailaddress1 eq 'anna.oneil1@example.com'", 1)[0]["leadid"]) + ")"
		var made struct{ Value []object }
		if status := w.API(w.admin, http.MethodPost, lead+"/Microsoft.Dynamics.CRM.QualifyLead", object{"CreateAccount": true, "CreateContact": true, "CreateOpportunity": true, "Status": 3}, &made); status != http.StatusOK || len(made.Value) != 3 {
			t.Fatalf("qualify: %d %v", status, made)
		}
		if w.Count(w.admin, "accounts", "name eq 'Acme'") != 1 || w.Count(w.admin, "contacts", "") != 1 || w.Count(w.admin, "opportunities", "estimatedvalue eq 5000") != 1 {
			t.Error("account, contact or opportunity is missing")
		}
		if status := w.API(w.admin, http.MethodPost, lead+"/Microsoft.Dynamics.CRM.QualifyLead", object{"CreateAccount": true}, nil); status < 400 || status > 499 {
			t.Errorf("qualified twice: %d", status)
		}
		if status := w.API(w.admin, http.MethodPost, lead+"/Microsoft.Dynamics.CRM.rpt_ReactivateLead", object{}, nil); status != http.StatusNoContent {
			t.Errorf("reactivate: %d", status)
		}
	})
}
