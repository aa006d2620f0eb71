package sales_test

import (
	"errors"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func ref(table string, key id.ID) map[string]any {
	return map[string]any{"@odata.type": "Microsoft.Dynamics.CRM." + table, table + "id": key.String()}
}

// A lead can be qualified into records that are there already, and its notes and
// activities go on with the opportunity, whoever wrote them.
func TestQualifyIntoWhatIsThere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		own := func(row record.Row) record.Row {
			row["ownerid"], row["owneridtype"] = e.sella, "systemuser"
			return row
		}
		account := e.create("account", own(record.Row{"name": "Berg Ltd"})).ID("accountid")
		contact := e.create("contact", own(record.Row{"lastname": "Berg"})).ID("contactid")
		opportunity := e.create("opportunity", own(record.Row{"name": "Old plan", "customerid": account, "customeridtype": "account"})).ID("opportunityid")
		lead := e.lead(e.sella, record.Row{"firstname": "Ann", "lastname": "Berg", "companyname": "Berg Ltd"})
		note := e.create("annotation", record.Row{"subject": "Called", "notetext": "Wants more", "objectid": lead, "objectidtype": "lead", "ownerid": e.lena, "owneridtype": "systemuser"}).ID("annotationid")
		task := e.create("task", record.Row{"subject": "Call again", "regardingobjectid": lead, "regardingobjectidtype": "lead", "ownerid": e.lena, "owneridtype": "systemuser"}).ID("activityid")
		done := e.create("phonecall", record.Row{"subject": "First call", "regardingobjectid": lead, "regardingobjectidtype": "lead", "ownerid": e.sella, "owneridtype": "systemuser", "statecode": int64(1)}).ID("activityid")

		out, err := e.call(e.sella, "QualifyLead", lead, map[string]any{"CreateAccount": true, "CreateContact": true, "CreateOpportunity": true, "rpt_Account": ref("account", account), "rpt_Contact": ref("contact", contact), "rpt_Opportunity": ref("opportunity", opportunity)})
		if err != nil {
			t.Fatal(err)
		}
		if ids := made(t, out); len(ids) != 0 || e.count("account") != 1 || e.count("contact") != 1 || e.count("opportunity") != 1 {
			t.Errorf("made %v", ids)
		}
		after := e.get("lead", lead)
		if after.Int("statecode") != 1 || after.ID("parentaccountid") != account || after.ID("parentcontactid") != contact || after.ID("qualifyingopportunityid") != opportunity {
			t.Errorf("lead %v", after)
		}
		if o := e.get("opportunity", opportunity); o.ID("originatingleadid") != lead || o.ID("parentcontactid") != contact || o.Text("name") != "Old plan" {
			t.Errorf("opportunity %v", o)
		}
		if n := e.get("annotation", note); n.ID("objectid") != opportunity || n.Text("objectidtype") != "opportunity" || n.ID("ownerid") != e.lena {
			t.Errorf("note %v", n)
		}
		for table, key := range map[string]id.ID{"task": task, "phonecall": done} {
			if a := e.get(table, key); a.ID("regardingobjectid") != opportunity || a.Text("regardingobjectidtype") != "opportunity" {
				t.Errorf("%s %v", table, a)
			}
		}
	})
}

// What can't be chosen leaves the lead as it was, with all that hangs on it.
func TestQualifyChoosesOnlyWhatIsOpen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		account := e.create("account", record.Row{"name": "Gone", "ownerid": e.sella, "owneridtype": "systemuser", "statecode": int64(1)}).ID("accountid")
		foreign := e.create("opportunity", record.Row{"name": "Of others", "ownerid": e.lena, "owneridtype": "systemuser"}).ID("opportunityid")
		lead := e.lead(e.sella, record.Row{"lastname": "Berg"})
		task := e.create("task", record.Row{"subject": "Call", "regardingobjectid": lead, "regardingobjectidtype": "lead"}).ID("activityid")
		var bad *errs.Error
		if _, err := e.call(e.sella, "QualifyLead", lead, map[string]any{"CreateOpportunity": true, "rpt_Account": ref("account", account)}); !errors.As(err, &bad) || len(bad.Fields) != 1 || bad.Fields[0].Name != "rpt_account" {
			t.Errorf("an inactive account: %v", err)
		}
		if _, err := e.call(e.sella, "QualifyLead", lead, map[string]any{"rpt_Opportunity": ref("opportunity", foreign)}); err == nil {
			t.Error("another one's opportunity was taken")
		}
		if e.get("lead", lead).Int("statecode") != 0 || e.count("opportunity") != 1 || e.get("task", task).ID("regardingobjectid") != lead {
			t.Error("something was half done")
		}
		if _, err := e.call(e.sella, "QualifyLead", lead, map[string]any{"CreateContact": true, "CreateOpportunity": true, "rpt_CarryActivities": false}); err != nil || e.get("task", task).ID("regardingobjectid") != lead {
			t.Errorf("without carrying: %v", err)
		}
	})
}

func TestLeadMatches(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		own := func(row record.Row) record.Row {
			row["ownerid"], row["owneridtype"] = e.sella, "systemuser"
			return row
		}
		account := e.create("account", own(record.Row{"name": "Berg Ltd"})).ID("accountid")
		e.create("account", own(record.Row{"name": "Berg Ltd", "statecode": int64(1)}))
		byMail := e.create("contact", own(record.Row{"lastname": "Other", "emailaddress1": "ann@example.com"})).ID("contactid")
		byName := e.create("contact", own(record.Row{"firstname": "Ann", "lastname": "Berg"})).ID("contactid")
		e.create("contact", record.Row{"firstname": "Ann", "lastname": "Berg", "ownerid": e.lena, "owneridtype": "systemuser"}) // nobody else's business
		plan := e.create("opportunity", own(record.Row{"name": "Plan", "parentaccountid": account, "customerid": account, "customeridtype": "account"})).ID("opportunityid")
		lead := e.lead(e.sella, record.Row{"firstname": "Ann", "lastname": "Berg", "companyname": "Berg Ltd", "emailaddress1": "ann@example.com"})
		out, err := e.call(e.sella, "rpt_RetrieveLeadMatches", lead, nil)
		if err != nil {
			t.Fatal(err)
		}
		list, _ := out["Matches"].([]any)
		got := map[string]string{}
		for _, item := range list {
			m, _ := item.(map[string]any)
			got[m["Id"].(string)], _ = m["Reason"].(string)
		}
		want := map[string]string{account.String(): "company", byMail.String(): "email", byName.String(): "name", plan.String(): "customer"}
		if len(got) != len(want) {
			t.Errorf("found %v", out)
		}
		for key, reason := range want {
			if got[key] != reason {
				t.Errorf("%s: %q, want %q", key, got[key], reason)
			}
		}
	})
}

func TestDisqualifyNotesWhenAndToWhom(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		rival := e.create("competitor", record.Row{"name": "Rival"}).ID("competitorid")
		r := e.create("role", record.Row{"name": "rivals"}).ID("roleid")
		e.create("systemuserroles", record.Row{"systemuserid": e.sella, "roleid": r})
		for _, right := range []access.Right{access.Read, access.AppendTo} {
			e.create("roleprivileges", record.Row{"roleid": r, "rpt_table": "competitor", "accessright": int64(right), "privilegedepthmask": int64(access.Global)})
		}
		e.reload()
		lead := e.lead(e.sella, record.Row{"lastname": "Berg"})
		if _, err := e.call(e.sella, "rpt_DisqualifyLead", lead, map[string]any{"Status": int64(4), "Reason": "Cheaper there", "Competitor": ref("competitor", rival)}); err != nil {
			t.Fatal(err)
		}
		if l := e.get("lead", lead); l.Int("statecode") != 2 || l.ID("rpt_competitorid") != rival || l["rpt_disqualifiedon"] != start || l.Text("rpt_disqualifyreason") != "Cheaper there" {
			t.Errorf("lead %v", l)
		}
		if _, err := e.call(e.sella, "rpt_ReactivateLead", lead, nil); err != nil {
			t.Fatal(err)
		}
		if l := e.get("lead", lead); l.Int("statecode") != 0 || l["rpt_competitorid"] != nil || l["rpt_disqualifiedon"] != nil {
			t.Errorf("open again: %v", l)
		}
	})
}
