package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/capability/intake"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// quarantined sends an event that is no lead and gives its row.
func (h *house) quarantined(eventID string) record.Row {
	h.Helper()
	if err := h.send(eventID, map[string]any{"lastname": "Lovelace", "emailaddress1": "not an address", "address1_country": "GB"}); err != nil {
		h.Fatal(err)
	}
	page, err := h.store.Find(h.system(), query.Query{Table: "rpt_quarantine", Where: query.Compare{Left: query.Path{"rpt_eventid"}, Value: eventID}})
	if err != nil || len(page.Rows) != 1 {
		h.Fatalf("%d rows in quarantine, want 1 (%v)", len(page.Rows), err)
	}
	return page.Rows[0]
}

const mended = `{"lastname":"Lovelace","emailaddress1":"ada@example.com","address1_country":"GB"}`

// Mending answers with the lead, which whoever may mend but not see leads is not told.
func TestReplayNamesTheLead(t *testing.T) {
	t.Parallel()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		h := newHouse(t, db, catalog)
		target := h.quarantined("e1").ID("rpt_quarantineid")
		if _, err := h.actions.Call(h.system(), "rpt_ReplayQuarantine", target, map[string]any{"Data": `{"emailaddress1":"still none"}`}); errs.CodeOf(err) != "intake.invalid" {
			t.Errorf("data that is no lead either: %v", err)
		}
		out, err := h.actions.Call(h.system(), "rpt_ReplayQuarantine", target, map[string]any{"Data": mended})
		if err != nil {
			t.Fatal(err)
		}
		text, _ := out["LeadId"].(string)
		key, err := id.Parse(text)
		if err != nil {
			t.Fatalf("the answer is %v", out)
		}
		if lead, err := h.store.Get(h.system(), "lead", key, nil, nil); err != nil || lead.Text("emailaddress1") != "ada@example.com" {
			t.Errorf("the lead is %v (%v)", lead, err)
		}
		if _, err := h.actions.Call(h.system(), "rpt_ReplayQuarantine", target, nil); errs.CodeOf(err) != "intake.replayed" {
			t.Errorf("a second time: %v", err)
		}

		role := h.make("role", record.Row{"name": "menders"}).ID("roleid")
		h.make("systemuserroles", record.Row{"systemuserid": h.sellers[0], "roleid": role})
		for _, right := range []access.Right{access.Read, access.Write} {
			h.make("roleprivileges", record.Row{"roleid": role, "rpt_table": "rpt_quarantine", "accessright": int64(right), "privilegedepthmask": int64(access.Global)})
		}
		target = h.quarantined("e2").ID("rpt_quarantineid")
		h.refresh()
		mender := access.With(t.Context(), access.Principal{Kind: access.User, ID: h.sellers[0]})
		out, err = h.actions.Call(mender, "rpt_ReplayQuarantine", target, map[string]any{"Data": strings.Replace(mended, "ada", "grace", 1)})
		if err != nil || out["LeadId"] != nil {
			t.Errorf("a mender who sees no leads: %v, %v", out, err)
		}
	})
}

// A condition that can't be used is answered with the place and the reason.
func TestValidateSaysWhere(t *testing.T) {
	t.Parallel()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		h := newHouse(t, db, catalog)
		for condition, want := range map[string]intake.Validated{
			`numberofemployees > 100`:               {Valid: true},
			`numberofemployees > "many"`:            {Line: 1, Column: 19},
			"numberofemployees > 100 &&\n  nothere": {Line: 2, Column: 3},
		} {
			out, err := h.actions.Call(h.system(), "rpt_ValidateRule", id.Nil, map[string]any{"Condition": condition})
			if err != nil {
				t.Fatal(err)
			}
			number := func(name string) string { return strings.ReplaceAll(fmt.Sprint(out[name]), "<nil>", "0") }
			if out["Valid"] != want.Valid || number("Line") != fmt.Sprint(want.Line) || number("Column") != fmt.Sprint(want.Column) || !want.Valid && (out["Message"] == "" || out["Message"] == "this can't be used") {
				t.Errorf("%q: got %v, want %+v", condition, out, want)
			}
		}
	})
}

// The origin of what an event causes names its place in the stream, and not
// what its publisher calls it.
func TestOriginHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		h := newHouse(t, db, catalog)
		if err := h.send("ada@example.com", map[string]any{"lastname": "Lovelace", "emailaddress1": "ada@example.com", "address1_country": "GB"}); err != nil {
			t.Fatal(err)
		}
		var all, named, placed int
		if _, err := db.QueryRow(t.Context(), "SELECT COUNT(*), SUM(CASE WHEN origin LIKE '%@%' THEN 1 ELSE 0 END), SUM(CASE WHEN origin = 'event leads 1' THEN 1 ELSE 0 END) FROM changelog WHERE tablename = 'lead'", nil, &all, &named, &placed); err != nil {
			t.Fatal(err)
		}
		if all == 0 || named != 0 || placed != all {
			t.Errorf("of %d changes of leads %d name the person and %d the event", all, named, placed)
		}
	})
}
