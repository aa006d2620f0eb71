package product

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/test/testenv"
)

// world is a running product with an administrator and a publishing key.
type world struct {
	*testenv.Env
	t     *testing.T
	admin string
	key   string
}

func each(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	testenv.Each(t, testenv.Options{Sample: false}, func(t *testing.T, e *testenv.Env) {
		run(t, &world{e, t, e.Token("admin"), e.Key("leads")})
	})
}

type object = map[string]any

// publish sends one event of a lead and gives the answer's status.
func (w *world) publish(id string, data object) int {
	w.t.Helper()
	body, err := json.Marshal(object{"specversion": "1.0", "id": id, "source": "/test", "type": "lead.created", "datacontenttype": "application/json", "data": data})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.send("application/cloudevents+json", w.key, string(body))
}

func (w *world) send(contentType, key, body string) int {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.URL+"/api/events/leads", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("aeg-sas-key", key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func (w *world) mustPublish(id string, data object) {
	w.t.Helper()
	if status := w.publish(id, data); status != http.StatusOK {
		w.t.Fatalf("publish %s: %d", id, status)
	}
}

// rows reads rows of a set that match a filter.
func (w *world) rows(set, filter string) []object {
	w.t.Helper()
	var out struct{ Value []object }
	path := set
	if filter != "" {
		path += "?$filter=" + url.QueryEscape(filter)
	}
	if status := w.API(w.admin, http.MethodGet, path, nil, &out); status != http.StatusOK {
		w.t.Fatalf("%s: %d", path, status)
	}
	return out.Value
}

// leads waits for so many leads that match a filter.
func (w *world) leads(filter string, n int) []object {
	w.t.Helper()
	var out []object
	w.Until(fmt.Sprintf("%d leads with %s", n, filter), func() bool {
		out = w.rows("leads", filter)
		return len(out) >= n
	})
	if len(out) != n {
		w.t.Fatalf("%d leads with %s, want %d", len(out), filter, n)
	}
	return out
}

func person(n int, more object) object {
	data := object{"firstname": "ANNA", "lastname": "o'neil", "emailaddress1": fmt.Sprintf("Anna.ONeil%d@Example.COM ", n), "address1_country": "Germany", "address1_postalcode": "20095", "address1_city": "hamburg"}
	for k, v := range more {
		data[k] = v
	}
	return data
}

// The way of a lead, from a form to its seller (POR-1..3, INT-1,2,6,7, FLO-5, SAL-1).
func TestFormBecomesLead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.makeForm("loan", loanForm(t))
		form := object{"firstname": "Mia", "lastname": "Keller", "emailaddress1": "Mia.Keller@Example.com", "mobilephone": "040 555 123 45", "address1_country": "DE", "address1_postalcode": "20095",
			"address1_city": "Hamburg", "rpt_productinterest": "HOME", "budgetamount": 250000, "rpt_consent": true, "favouritecolour": "green",
			"context": object{"page": "https://example.com/calculator?x=1", "utm_source": "partner"}}
		var answer struct{ ID string }
		if status := w.Call("", http.MethodPost, "/f/loan", form, &answer); status != http.StatusAccepted || answer.ID == "" {
			t.Fatalf("the form answers %d %v", status, answer)
		}
		lead := w.leads("emailaddress1 eq 'mia.keller@example.com'", 1)[0]
		for column, want := range map[string]any{"fullname": "Mia Keller", "mobilephone": "+494055512345", "address1_country": "DE", "budgetamount": 250000.0, "statecode": 0.0,
			"rpt_productinterest": "HOME", "rpt_consent": true} {
			if lead[column] != want {
				t.Errorf("%s is %v, want %v", column, lead[column], want)
			}
		}
		if extra, _ := lead["rpt_extra"].(string); !strings.Contains(extra, "favouritecolour") {
			t.Errorf("a field without a column is lost: rpt_extra is %v", lead["rpt_extra"])
		}
		if ctx, _ := lead["rpt_context"].(string); !strings.Contains(ctx, "calculator") {
			t.Errorf("the context is lost: %v", lead["rpt_context"])
		}
		score, _ := lead["msdyn_leadscore"].(float64)
		if score < 1 || score > 100 || lead["rpt_firstscore"] != score || !strings.HasPrefix(fmt.Sprint(lead["rpt_modelversion"]), "rules-") {
			t.Errorf("score %v, first score %v, scored by %v", lead["msdyn_leadscore"], lead["rpt_firstscore"], lead["rpt_modelversion"])
		}
		id := fmt.Sprint(lead["leadid"])
		w.Until("queue item and notification", func() bool {
			return len(w.rows("queueitems", "_objectid_value eq "+id)) == 1 && len(w.rows("appnotifications", "rpt_regardingid eq "+id)) == 1
		})
		if len(w.rows("rpt_flowruns", "rpt_regarding eq "+id+" and rpt_status eq 1")) != 1 {
			t.Error("the run of the flow can't be seen")
		}
	})
}

// INT-2: the page changes the score and stands among the reasons.
func TestPageChangesScore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.mustPublish("p1", person(1, object{"context": object{"page": "https://example.com/careers"}}))
		w.mustPublish("p2", person(2, object{"context": object{"page": "https://example.com/pricing"}}))
		plain, priced := w.leads("emailaddress1 eq 'anna.oneil1@example.com'", 1)[0], w.leads("emailaddress1 eq 'anna.oneil2@example.com'", 1)[0]
		if plain["msdyn_leadscore"].(float64) >= priced["msdyn_leadscore"].(float64) {
			t.Errorf("scores %v and %v", plain["msdyn_leadscore"], priced["msdyn_leadscore"])
		}
		if !strings.Contains(fmt.Sprint(priced["rpt_reasons"]), `"kind":"page"`) {
			t.Errorf("the page is no reason: %v", priced["rpt_reasons"])
		}
	})
}

// INT-3: the shipped rule routes; a new rule holds at once; a wrong one is refused.
func TestRules(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.mustPublish("r1", person(1, object{"numberofemployees": 101, "address1_country": "United States", "address1_postalcode": "60601", "rpt_productinterest": "ILP", "companyname": "Big Co"}))
		w.mustPublish("r2", person(2, object{"numberofemployees": 100, "address1_country": "US", "address1_postalcode": "60601", "rpt_productinterest": "ILP", "companyname": "Small Co"}))
		if got := w.leads("emailaddress1 eq 'anna.oneil1@example.com'", 1)[0]["rpt_routingteam"]; got != "Enterprise" {
			t.Errorf("101 people: routed to %v", got)
		}
		if got := w.leads("emailaddress1 eq 'anna.oneil2@example.com'", 1)[0]["rpt_routingteam"]; got != nil {
			t.Errorf("100 people: routed to %v", got)
		}
		var problem struct {
			Error struct{ Message string }
		}
		if status := w.API(w.admin, http.MethodPost, "rpt_rules", object{"rpt_name": "Broken", "rpt_condition": "numberofemployees >"}, &problem); status != http.StatusBadRequest || problem.Error.Message == "" {
			t.Errorf("a rule that can't be used: %d %v", status, problem)
		}
		rule := object{"rpt_name": "Vets", "rpt_condition": `jobtitle == "Veterinarian"`, "rpt_points": 40, "rpt_reason": "Vets pay back", "rpt_setvalues": `{"rpt_routingteam":"Vets"}`, "rpt_nextaction": 3}
		if status := w.API(w.admin, http.MethodPost, "rpt_rules", rule, nil); status != http.StatusNoContent {
			t.Fatalf("a new rule: %d", status)
		}
		n := 10
		w.Until("the rule holds", func() bool { // without a restart; how soon is not timed here
			n++
			w.mustPublish(fmt.Sprintf("r%d", n), person(n, object{"jobtitle": "Veterinarian"}))
			lead := w.leads(fmt.Sprintf("emailaddress1 eq 'anna.oneil%d@example.com'", n), 1)[0]
			return lead["rpt_routingteam"] == "Vets" && lead["rpt_nextaction"] == 3.0
		})
		var rehearsal struct{ Checked, Matched, Changed int }
		draft, _ := json.Marshal([]object{{"name": "All", "condition": `lastname != ""`, "points": 5, "order": 1}})
		if status := w.API(w.admin, http.MethodPost, "rpt_RehearseRules", object{"Rules": string(draft)}, &rehearsal); status != http.StatusOK || rehearsal.Checked < 3 || rehearsal.Matched != rehearsal.Checked || rehearsal.Changed == 0 {
			t.Errorf("the rehearsal answers %d %+v", status, rehearsal)
		}
	})
}

// INT-1: an invalid lead is kept with all its reasons, mended and replayed.
func TestQuarantine(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.mustPublish("q1", object{"firstname": "No", "emailaddress1": "not an address", "address1_country": "Nowhereland", "numberofemployees": "many"})
		var held []object
		w.Until("one event in quarantine", func() bool { held = w.rows("rpt_quarantines", "statecode eq 0"); return len(held) == 1 })
		var reasons []struct{ Column, Code string }
		if err := json.Unmarshal([]byte(fmt.Sprint(held[0]["rpt_reasons"])), &reasons); err != nil || len(reasons) < 4 {
			t.Errorf("reasons: %v %v", reasons, err)
		}
		replay := fmt.Sprintf("rpt_quarantines(%s)/Microsoft.Dynamics.CRM.rpt_ReplayQuarantine", held[0]["rpt_quarantineid"])
		if status := w.API(w.admin, http.MethodPost, replay, object{}, nil); status != http.StatusBadRequest {
			t.Errorf("replayed as it was: %d", status)
		}
		var replayed struct{ LeadID string }
		mended := `{"firstname":"No","lastname":"More","emailaddress1":"no.more@example.com","numberofemployees":12}`
		if status := w.API(w.admin, http.MethodPost, replay, object{"Data": mended}, &replayed); status != http.StatusOK {
			t.Errorf("replayed mended: %d", status)
		}
		if lead := w.leads("emailaddress1 eq 'no.more@example.com'", 1)[0]; lead["leadid"] != replayed.LeadID {
			t.Errorf("the replay names the lead %q, want %v", replayed.LeadID, lead["leadid"])
		}
		if status := w.API(w.admin, http.MethodPost, replay, object{"Data": mended}, nil); status < 400 || status > 499 {
			t.Errorf("replayed twice: %d", status)
		}
	})
}

// FLO-5, EVT-5: what becomes of people who come back.
func TestReturning(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		if status := w.API(w.admin, http.MethodPost, "campaigns", object{"name": "Spring", "codename": "spring"}, nil); status != http.StatusNoContent {
			t.Fatalf("a campaign: %d", status)
		}
		clicked := object{"utm_campaign": "Spring", "page": "https://example.com/"}
		w.mustPublish("a1", person(1, object{"context": clicked}))
		first := w.leads("emailaddress1 eq 'anna.oneil1@example.com'", 1)[0]
		if first["_campaignid_value"] == nil {
			t.Error("the lead does not know its campaign")
		}
		again := person(1, object{"jobtitle": "CFO", "context": clicked})
		w.mustPublish("a2", again)
		w.mustPublish("a2", again) // the same event: no second effect
		id := fmt.Sprint(first["leadid"])
		w.Until("a response", func() bool { return len(w.rows("campaignresponses", "_regardingobjectid_value eq "+id)) >= 1 })
		if r := w.rows("campaignresponses", "")[0]; r["_rpt_campaignid_value"] != first["_campaignid_value"] {
			t.Errorf("the response knows the campaign %v, want %v", r["_rpt_campaignid_value"], first["_campaignid_value"])
		}
		lead := w.leads("emailaddress1 eq 'anna.oneil1@example.com'", 1)[0]
		if lead["jobtitle"] != "CFO" || lead["rpt_firstscore"] != first["rpt_firstscore"] {
			t.Errorf("refreshed to %v, first score %v", lead["jobtitle"], lead["rpt_firstscore"])
		}
		// Closed: a new lead that knows the old one.
		if status := w.API(w.admin, http.MethodPost, "leads("+id+")/Microsoft.Dynamics.CRM.rpt_DisqualifyLead", object{"Status": 6, "Reason": "later"}, nil); status != http.StatusNoContent {
			t.Fatalf("disqualify: %d", status)
		}
		w.mustPublish("a3", person(1, nil))
		if again := w.leads("emailaddress1 eq 'anna.oneil1@example.com' and statecode eq 0", 1)[0]; again["_rpt_previousleadid_value"] != id {
			t.Errorf("the new lead knows %v, want %s", again["_rpt_previousleadid_value"], id)
		}
		// Without an address nobody is matched, and a likely double is hinted at.
		nobody := object{"firstname": "Bo", "lastname": "Phone", "mobilephone": "+494055512399"}
		w.mustPublish("b1", nobody)
		w.leads("lastname eq 'Phone'", 1)
		w.mustPublish("b2", nobody)
		hinted := 0
		for _, l := range w.leads("lastname eq 'Phone'", 2) {
			if l["rpt_duplicatehint"] != nil {
				hinted++
			}
		}
		if hinted != 1 {
			t.Errorf("%d of two leads are hinted at as doubles, want 1", hinted)
		}
		w.mustPublish("c1", object{"lastname": "Other", "mobilephone": "+494055512388"})
		if l := w.leads("lastname eq 'Other'", 1)[0]; l["rpt_duplicatehint"] != nil {
			t.Errorf("another person without an address is taken for a double: %v", l["rpt_duplicatehint"])
		}
	})
}

// POR-2: what the tracking script reports is kept as records, once; of those
// who ask not to be tracked nothing is.
func TestInteractions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		report := func(dnt string) {
			body := `[{"id":"view-0001","type":"page.viewed","page":"https://example.com/rates","title":"Rates","visitorid":"v-00000001"}]`
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL+"/t", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "text/plain")
			if dnt != "" {
				req.Header.Set(dnt, "1")
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusNoContent {
				t.Fatalf("/t answers %d", res.StatusCode)
			}
		}
		report("DNT")
		report("Sec-GPC")
		report("")
		report("")
		w.Until("the interaction", func() bool { return len(w.rows("rpt_interactions", "")) > 0 })
		w.mustPublish("after", person(1, nil))
		w.leads("emailaddress1 eq 'anna.oneil1@example.com'", 1)
		if got := w.rows("rpt_interactions", ""); len(got) != 1 || got[0]["rpt_page"] != "https://example.com/rates" {
			t.Errorf("kept: %v", got)
		}
	})
}

// EVT-3: what fails again and again becomes a dead letter with the reason, and
// is replayed once the cause is gone.
func TestDeadLetter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		row := w.rows("workflows", "uniquename eq 'lead-upsert'")[0]
		flow, definition := "workflows("+fmt.Sprint(row["workflowid"])+")", fmt.Sprint(row["clientdata"])
		// A flow that asks for what no event has can't begin.
		broken := strings.Replace(definition, "  event: {type: object, required: true}", "  event: {type: object, required: true}\n  nosuch: {type: text, required: true}", 1)
		if broken == definition {
			t.Fatal("the definition has no such line")
		}
		if status := w.API(w.admin, http.MethodPatch, flow, object{"clientdata": broken}, nil); status != http.StatusNoContent {
			t.Fatalf("breaking the flow: %d", status)
		}
		var letters []object
		n := 0
		w.Until("a dead letter", func() bool {
			if len(w.rows("leads", "")) == n { // the flow as it was may have been in force a moment longer
				n++
				w.mustPublish(fmt.Sprintf("d%d", n), person(100+n, nil))
			}
			letters = w.rows("rpt_deadletters", "statecode eq 0")
			return len(letters) > 0
		})
		if reason := fmt.Sprint(letters[0]["rpt_reason"]); !strings.Contains(reason, "flow") || letters[0]["rpt_attempts"].(float64) < 2 {
			t.Errorf("the letter says %q after %v attempts", reason, letters[0]["rpt_attempts"])
		}
		replay := fmt.Sprintf("rpt_deadletters(%s)/Microsoft.Dynamics.CRM.rpt_ReplayDeadLetter", letters[0]["rpt_deadletterid"])
		if status := w.API(w.admin, http.MethodPost, replay, object{}, nil); status < 400 {
			t.Errorf("replayed while the cause is there: %d", status)
		}
		if status := w.API(w.admin, http.MethodPatch, flow, object{"clientdata": definition}, nil); status != http.StatusNoContent {
			t.Fatalf("mending the flow: %d", status)
		}
		w.Until("the replay works", func() bool { return w.API(w.admin, http.MethodPost, replay, object{}, nil) == http.StatusNoContent })
		// The others either failed as well or came through by themselves.
		w.Until("no letter is left", func() bool {
			open := w.rows("rpt_deadletters", "statecode eq 0")
			for _, l := range open {
				w.API(w.admin, http.MethodPost, fmt.Sprintf("rpt_deadletters(%s)/Microsoft.Dynamics.CRM.rpt_ReplayDeadLetter", l["rpt_deadletterid"]), object{}, nil)
			}
			return len(open) == 0 && len(w.rows("leads", "")) == n
		})
		for i := 1; i <= n; i++ {
			w.leads(fmt.Sprintf("emailaddress1 eq 'anna.oneil%d@example.com'", 100+i), 1)
		}
	})
}
