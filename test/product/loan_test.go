package product_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/test/testenv"
)

// A loan of the sample lender from application to disbursement: decided by its
// rules, kept back by the gates, won in the end.
func TestLoan(t *testing.T) {
	t.Parallel()
	testenv.Each(t, testenv.Options{Sample: true}, func(t *testing.T, e *testenv.Env) {
		c := caller{t, e, e.Token("admin")}
		// An analyst tries the rules out before anything is decided.
		versions := c.want(200, "GET", "rpt_decisionversions?$select=rpt_number,rpt_status,_rpt_decisionid_value&$filter=rpt_decisionid/rpt_uniquename eq 'lend_eligibility'", "")
		list, _ := versions.body["value"].([]any)
		if len(list) != 1 {
			t.Fatalf("%s", versions.text)
		}
		version, _ := list[0].(map[string]any)
		definition := c.want(200, "GET", fmt.Sprintf("rpt_decisionversions(%s)?$select=rpt_definition", version["rpt_decisionversionid"]), "").body["rpt_definition"]
		found := c.want(200, "POST", "rpt_ExamineDecision", text(map[string]any{"Table": "lead", "Definition": definition}))
		if found.body["Valid"] != true || found.body["Findings"] != "[]" {
			t.Fatalf("the lender's own rules: %s", found.text)
		}

		var lead, instance string
		e.Until("new loan leads go by the loan process", func() bool {
			lead = c.create("leads", `{"firstname":"Ada","lastname":"Applicant","subject":"Home loan","rpt_productinterest":"HOME","lend_amount":300000,"lend_term":240,"lend_income":3000,"lend_birthdate":"1988-05-04","lend_employment":100000000}`)
			r := c.want(200, "GET", "RetrieveProcessInstances(EntityId="+lead+",EntityLogicalName='lead')", "")
			found, _ := r.body["value"].([]any)
			if len(found) != 1 {
				return false
			}
			first, _ := found[0].(map[string]any)
			instance, _ = first["businessprocessflowinstanceid"].(string)
			return strings.Contains(r.text, "lend_loanprocess")
		})
		target := `"Target":{"@odata.type":"Microsoft.Dynamics.CRM.lead","leadid":"` + lead + `"}`
		decide := func() float64 {
			n, _ := c.want(200, "POST", "rpt_Decide", "{"+target+"}").body["Outcome"].(float64)
			return n
		}
		if got := decide(); got != 3 {
			t.Errorf("300,000 at an income of 3,000: %v", got)
		}
		checks := c.want(200, "GET", "rpt_decisionchecks?$filter=_regardingobjectid_value eq "+lead+"&$select=rpt_outcome,rpt_ways,rpt_reasons,rpt_versionnumber", "")
		if !strings.Contains(checks.text, "Debts take") || !strings.Contains(checks.text, "Requested amount") {
			t.Errorf("%s", checks.text)
		}
		move := func(stage string, status int, more string) string {
			t.Helper()
			stages := c.want(200, "GET", "processstages?$select=processstageid&$filter=stagename eq '"+stage+"' and processid/uniquename eq 'lend_loanprocess'", "")
			first := stages.body["value"].([]any)[0].(map[string]any)
			return c.want(status, "PATCH", "lend_loanprocesses("+instance+")", `{"activestageid@odata.bind":"/processstages(`+first["processstageid"].(string)+`)"`+more+`}`).text
		}
		if r := c.want(200, "POST", "leads("+lead+")/Microsoft.Dynamics.CRM.QualifyLead", `{"CreateAccount":false,"CreateContact":true,"CreateOpportunity":true,"Status":-1}`); !strings.Contains(r.text, "opportunity") {
			t.Fatalf("%s", r.text)
		}
		if r := move("Develop", 400, ""); !strings.Contains(r, "eligible") {
			t.Errorf("the gate says %s", r)
		}
		c.want(204, "PATCH", "leads("+lead+")", `{"lend_coincome":4000}`)
		if r := c.want(200, "GET", "leads("+lead+")?$select=lend_eligibility", ""); r.body["lend_eligibility"] != nil {
			t.Errorf("the outcome outlives its inputs: %s", r.text)
		}
		if got := decide(); got != 1 {
			t.Errorf("with a co-applicant: %v", got)
		}
		move("Develop", 204, "")
		deal := c.want(200, "GET", "opportunities?$filter=_originatingleadid_value eq "+lead+"&$select=msfsi_requestedamount,msfsi_termofloan,lend_product,_parentcontactid_value", "").body["value"].([]any)[0].(map[string]any)
		opportunity, _ := deal["opportunityid"].(string)
		if deal["lend_product"] != "HOME" || deal["msfsi_requestedamount"] != 300000.0 || deal["msfsi_termofloan"] != 240.0 {
			t.Errorf("%v", deal)
		}
		patch := func(body string) { t.Helper(); c.want(204, "PATCH", "opportunities("+opportunity+")", body) }
		move("Propose", 204, "")
		if r := move("Documents", 400, ""); !strings.Contains(r, "prequalification") {
			t.Errorf("%s", r)
		}
		patch(`{"msfsi_interestrate":3.5,"lend_prequalified":true}`)
		move("Documents", 204, "")
		if r := move("Propose", 400, ""); !strings.Contains(r, "why") {
			t.Errorf("back without a reason: %s", r)
		}
		move("Propose", 204, `,"rpt_movereason":"The rate was wrong"`)
		move("Documents", 204, "")
		patch(`{"lend_kycdone":true}`)
		c.want(400, "PATCH", "opportunities("+opportunity+")", `{"lend_documentscomplete":true}`) // nobody types it
		if r := move("Collateral", 400, ""); !strings.Contains(r, "complete") {
			t.Errorf("without documents: %s", r)
		}
		asked := c.want(200, "GET", "rpt_documentrequests?$filter=rpt_recordid eq "+opportunity+"&$select=rpt_key,rpt_status,_rpt_contactid_value&$orderby=rpt_order", "").body["value"].([]any)
		var items []string
		for _, a := range asked {
			row, _ := a.(map[string]any)
			items = append(items, fmt.Sprint(row["rpt_key"]))
			if row["_rpt_contactid_value"] != deal["_parentcontactid_value"] {
				t.Errorf("asked of %v", row["_rpt_contactid_value"])
			}
			c.want(204, "POST", fmt.Sprintf("rpt_documentrequests(%v)/Microsoft.Dynamics.CRM.rpt_ReceiveDocument", row["rpt_documentrequestid"]), `{"Note":"By post"}`)
		}
		if got := strings.Join(items, " "); got != "identity payslips statements funds property" {
			t.Errorf("asked for %s", got)
		}
		move("Underwriting", 400, "") // a home loan has its collateral valued first
		move("Collateral", 204, "")
		patch(`{"lend_collateralvalued":true,"lend_underwriting":100000002}`)
		move("Underwriting", 204, "")
		move("Sanction", 400, "")
		patch(`{"lend_underwriting":100000000}`)
		move("Sanction", 204, "")
		patch(`{"lend_sanctionedamount":300000,"lend_sanctionedon":"2026-11-20"}`)
		move("Disbursement", 204, "")
		for n, amount := range []int{200000, 100000} {
			c.create("lend_disbursements", text(map[string]any{"lend_name": fmt.Sprintf("Tranche %d", n+1), "lend_number": n + 1, "lend_amount": amount, "statuscode": 3, "lend_opportunityid@odata.bind": "/opportunities(" + opportunity + ")"}))
		}
		for set, name := range map[string]string{"msfsi_requestedfacilities": "msfsi_opportunityid", "msfsi_collaterals": "lend_opportunityid", "msfsi_kycs": "lend_opportunityid", "lend_submissions": "lend_opportunityid"} {
			first := "msfsi_name"
			if set == "lend_submissions" {
				first = "lend_name"
			}
			c.create(set, text(map[string]any{first: "One", name + "@odata.bind": "/opportunities(" + opportunity + ")"}))
		}
		e.Until("the tranches are added up", func() bool {
			return c.want(200, "GET", "opportunities("+opportunity+")?$select=lend_disbursed", "").body["lend_disbursed"] == 300000.0
		})
		patch(`{"lend_fullydisbursed":true}`)
		move("Close", 204, "")
		c.want(204, "POST", "WinOpportunity", text(map[string]any{"Status": -1, "OpportunityClose": map[string]any{"subject": "Paid out", "opportunityid@odata.bind": "/opportunities(" + opportunity + ")"}}))
		if r := c.want(200, "GET", fmt.Sprintf("contacts(%s)?$select=rpt_customersince", deal["_parentcontactid_value"]), ""); r.body["rpt_customersince"] == nil {
			t.Errorf("no customer after the win: %s", r.text)
		}
		c.want(204, "PATCH", "lend_loanprocesses("+instance+")", `{"statuscode":2}`)
	})
}
