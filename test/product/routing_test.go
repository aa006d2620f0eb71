package product_test

import (
	"fmt"
	"testing"

	"github.com/rapport-platform/rapport/internal/test/testenv"
)

// The rule set that comes with the sample lender stands the check, and sends leads
// to those who are to have them.
func TestRuleSetOfTheLender(t *testing.T) {
	t.Parallel()
	testenv.Each(t, testenv.Options{Sample: true}, func(t *testing.T, e *testenv.Env) {
		c := caller{t, e, e.Token("admin")}
		sets, _ := c.want(200, "GET", "routingrules?$select=routingruleid,statecode&$filter=name eq 'Leads of the lender'", "").body["value"].([]any)
		if len(sets) != 1 {
			t.Fatalf("%d rule sets", len(sets))
		}
		set, _ := sets[0].(map[string]any)
		if set["statecode"] != 0.0 {
			t.Error("the shipped rule set is in force before anybody wants it")
		}
		at := fmt.Sprintf("routingrules(%s)/Microsoft.Dynamics.CRM.", set["routingruleid"])
		if checked := c.want(200, "POST", at+"rpt_CheckRouting", "{}"); len(checked.body["Problems"].([]any)) != 0 {
			t.Errorf("%s", checked.text)
		}
		c.want(200, "POST", at+"rpt_ActivateRouting", "{}")
		e.Until("the rule set is in force", func() bool {
			lead := c.create("leads", `{"lastname":"First","address1_country":"DE","address1_postalcode":"20457"}`)
			owner, rule := route(c, lead)
			return owner == "Jonas Weber" && rule == "The office in the Hafencity"
		})
		for _, one := range []struct {
			what, body string
			to         []string
		}{
			{"a home in the south", `"address1_country":"DE","address1_postalcode":"80331","rpt_productinterest":"HOME"`, []string{"Aisha Rahman"}},
			{"a vehicle in the south", `"address1_country":"DE","address1_postalcode":"80331","rpt_productinterest":"VEHICLE"`, []string{"Aisha Rahman", "Tomás Ortega"}},
			{"a home in the north", `"address1_country":"DE","address1_postalcode":"10115","rpt_productinterest":"HOME"`, []string{"Jonas Weber", "Grace Okafor"}},
			{"a range of codes", `"address1_country":"DE","address1_postalcode":"97070"`, []string{"Aisha Rahman", "Tomás Ortega"}},
			{"a city abroad", `"address1_country":"ES","address1_city":"madrid"`, []string{"Aisha Rahman", "Tomás Ortega"}},
			{"a company", `"address1_country":"DE","address1_postalcode":"10115","companyname":"Works","numberofemployees":400`, []string{"Henrik Sato", "Priya Nair"}},
		} {
			got, rule := route(c, c.create("leads", `{"lastname":"L",`+one.body+`}`))
			ok := false
			for _, name := range one.to {
				ok = ok || got == name
			}
			if !ok {
				t.Errorf("%s went to %q by %q, not to one of %v", one.what, got, rule, one.to)
			}
		}
	})
}

// route has a lead routed by the rules in force and tells who has it, by which rule.
func route(c caller, lead string) (owner, rule string) {
	c.t.Helper()
	routed := c.want(200, "POST", "msdyn_ApplyRoutingRuleEntityRecord", `{"Target":{"@odata.type":"Microsoft.Dynamics.CRM.lead","leadid":"`+lead+`"}}`)
	rule, _ = routed.body["RuleName"].(string)
	user, _ := c.want(200, "GET", "leads("+lead+")?$select=leadid&$expand=owninguser($select=fullname)", "").body["owninguser"].(map[string]any)
	owner, _ = user["fullname"].(string)
	return owner, rule
}
