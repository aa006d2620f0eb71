package decision_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// told gives what a person has been told, in order.
func (e *env) told(who id.ID) []record.Row {
	e.t.Helper()
	page, err := e.store.Find(e.ctx, query.Query{Table: "appnotification", Where: query.Compare{Left: query.Path{"ownerid"}, Value: who}, Order: []query.Order{{Column: "createdon"}}})
	if err != nil {
		e.t.Fatal(err)
	}
	return page.Rows
}

func (e *env) wantTold(who id.ID, n int, when string) []record.Row {
	e.t.Helper()
	rows := e.told(who)
	if len(rows) != n {
		e.t.Fatalf("%s: told %d times, want %d: %v", when, len(rows), n, rows)
	}
	return rows
}

// whole is a definition with a formula that fails where the income is nothing.
var whole = strings.Replace(definition, `"amount / income"`, `"double(int(amount) / int(income))"`, 1)

// A formula that fails on a record is told to its owner, once, and to whoever
// looks after the set, once an hour; the record keeps a decision that says so.
func TestFailingFormulaIsTold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		analyst := e.user("analyst", map[string][]access.Right{"rpt_decision": access.Rights(), "rpt_decisionversion": access.Rights()})
		first := e.draft(whole)
		e.activate(first)
		sella := e.as(e.sella)
		sound := e.request(nil)
		e.decide(sella, sound)
		e.wantTold(e.sella, 0, "a formula that works")

		key := e.request(record.Row{"app_income": 0})
		got, check := e.decide(sella, key)
		if got != 2 || !strings.Contains(text(check["rpt_reasons"]), `"formula":"burden"`) || e.get("app_request", key).Int("app_outcome") != 2 {
			t.Fatalf("%v %s", got, check["rpt_reasons"])
		}
		rows := e.wantTold(e.sella, 1, "first failure")
		if rows[0].ID("rpt_regardingid") != key || rows[0].Text("rpt_kind") != "decision" || !strings.Contains(rows[0].Text("body"), `"Burden" could not be worked out`) {
			t.Errorf("%v", rows[0])
		}
		// mara and the analyst may change versions, and the platform made this one.
		for _, who := range []id.ID{e.mara, analyst} {
			if rows := e.wantTold(who, 1, "a keeper"); rows[0].ID("rpt_regardingid") != first || !strings.Contains(rows[0].Text("title"), `"Burden" fails in version 2`) {
				t.Errorf("%v", rows[0])
			}
		}

		// Again on the same record, and after inputs that work in between: nobody.
		e.decide(sella, key)
		for _, income := range []int{3000, 0} {
			if err := e.update(sella, "app_request", key, record.Row{"app_income": income}); err != nil {
				t.Fatal(err)
			}
			e.decide(sella, key)
		}
		e.wantTold(e.sella, 1, "the same failure")

		// Another record: its owner; keepers when an hour has gone by.
		e.decide(sella, e.request(record.Row{"app_income": 0}))
		e.wantTold(e.sella, 2, "another record")
		e.wantTold(e.mara, 1, "another record within the hour")
		e.clock.Advance(61 * time.Minute)
		e.decide(sella, e.request(record.Row{"app_income": 0}))
		e.wantTold(e.mara, 2, "an hour later")

		// A version that somebody made is that person's; a team's record is its members'.
		team := e.create("team", record.Row{"name": "Desk", "businessunitid": e.unit}).ID("teamid")
		e.create("teammembership", record.Row{"teamid": team, "systemuserid": e.sella})
		e.reload()
		var version id.ID
		if err := e.store.Write(e.as(analyst), func(tx *record.Tx) error {
			row, err := tx.Create(e.as(analyst), "rpt_decisionversion", record.Row{"rpt_decisionid": e.set, "rpt_definition": whole})
			version = row.ID("rpt_decisionversionid")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		e.activate(version)
		e.decide(e.ctx, e.request(record.Row{"app_income": 0, "ownerid": team, "owneridtype": "team"}))
		e.wantTold(e.sella, 4, "a team's record")
		e.wantTold(e.mara, 2, "somebody else's version")
		e.wantTold(analyst, 3, "the analyst's own version")
	})
}

// Where who asks has no manager who may approve, those whose right to approve is
// meant for the record are told; who may approve everything is told where there is nobody else.
func TestApproversAreTold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.activate(e.version)
		ask := func() id.ID {
			t.Helper()
			_, check := e.decide(e.as(e.sella), e.request(record.Row{"app_amount": 90000}))
			e.must(e.as(e.sella), "rpt_RequestOverride", check.ID("rpt_decisioncheckid"), map[string]any{"Reason": "A guarantor stands behind it"})
			return check.ID("rpt_decisioncheckid")
		}
		check := ask() // mara may write all decisions, and there is nobody else
		if rows := e.wantTold(e.mara, 1, "who may approve everything"); rows[0].Text("rpt_kind") != "approval" || !strings.Contains(rows[0].Text("body"), "A guarantor") {
			t.Errorf("%v", rows[0])
		}
		e.must(e.as(e.mara), "rpt_SettleOverride", check, map[string]any{"Approve": true})
		e.wantTold(e.sella, 1, "who asked")

		// Managers of the record's unit come before; those of another unit do not.
		manager := func(name string, unit id.ID) id.ID {
			u := e.create("systemuser", record.Row{"fullname": name, "domainname": name, "businessunitid": unit}).ID("systemuserid")
			r := e.create("role", record.Row{"name": name}).ID("roleid")
			for _, right := range []access.Right{access.Read, access.Write} {
				e.create("roleprivileges", record.Row{"roleid": r, "rpt_table": "rpt_decisioncheck", "accessright": int64(right), "privilegedepthmask": int64(access.Deep)})
			}
			e.create("systemuserroles", record.Row{"systemuserid": u, "roleid": r})
			return u
		}
		other := e.create("businessunit", record.Row{"name": "Elsewhere", "parentbusinessunitid": e.unit}).ID("businessunitid")
		near, far := manager("near", e.unit), manager("far", other)
		e.reload()
		ask()
		e.wantTold(near, 1, "the unit's manager")
		e.wantTold(far, 0, "another unit's")
		e.wantTold(e.mara, 1, "who may approve everything, beside the unit's manager")

		// A manager who may not approve is passed over; one who may is told alone.
		if err := e.update(e.ctx, "systemuser", e.sella, record.Row{"parentsystemuserid": far}); err != nil {
			t.Fatal(err)
		}
		e.reload()
		ask()
		e.wantTold(far, 0, "a manager out of reach")
		e.wantTold(near, 2, "beside a manager out of reach")
		if err := e.update(e.ctx, "systemuser", e.sella, record.Row{"parentsystemuserid": e.mara}); err != nil {
			t.Fatal(err)
		}
		ask()
		e.wantTold(e.mara, 2, "her own manager")
		e.wantTold(near, 2, "beside her own manager")
	})
}
