package builtin_test

import (
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// The access team of a record comes with its first member, gives what its
// template says, and goes with the last.
func TestRecordTeams(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		owner, _ := e.user("owner", holding{[]string{"lead"}, []access.Right{access.Read, access.Write, access.Share}, access.Basic})
		first, _ := e.user("first", holding{[]string{"lead"}, every, access.Basic})
		second, _ := e.user("second", holding{[]string{"lead"}, every, access.Basic})
		lead := e.must("lead", record.Row{"lastname": "Berg", "ownerid": owner, "owneridtype": "systemuser"}).ID("leadid")
		template := func(table string, mask access.Right) id.ID {
			return e.must("teamtemplate", record.Row{"teamtemplatename": "T", "rpt_table": table, "defaultaccessrightsmask": int64(mask)}).ID("teamtemplateid")
		}
		readers, deleters, elsewhere := template("lead", access.Read|access.Write), template("lead", access.Read|access.Delete), template("account", access.Read)
		mine := as(t.Context(), owner)
		body := func(of id.ID) map[string]any {
			return map[string]any{"Record": ref("lead", lead), "TeamTemplate": ref("teamtemplate", of)}
		}
		sees := func(user id.ID) bool {
			t.Helper()
			_, err := e.store.Get(as(t.Context(), user), "lead", lead, nil, nil)
			if err != nil && !errs.Has(err, errs.NotFound) {
				t.Fatal(err)
			}
			return err == nil
		}
		if _, err := e.call(as(t.Context(), first), "AddUserToRecordTeam", first, body(readers)); !errs.Has(err, errs.NotFound) {
			t.Errorf("a stranger lets himself in: %v", err)
		}
		if _, err := e.call(mine, "AddUserToRecordTeam", first, body(deleters)); errs.CodeOf(err) != "share.exceeds" {
			t.Errorf("more than the owner holds: %v", err)
		}
		if _, err := e.call(mine, "AddUserToRecordTeam", first, body(elsewhere)); errs.CodeOf(err) != "teamtemplate.table" {
			t.Errorf("a template of another table: %v", err)
		}
		teams := e.count("team", nil)
		out, err := e.call(mine, "AddUserToRecordTeam", first, body(readers))
		if err != nil {
			t.Fatal(err)
		}
		again, err := e.call(mine, "AddUserToRecordTeam", second, body(readers))
		if err != nil || again["AccessTeamId"] != out["AccessTeamId"] || e.count("team", nil) != teams+1 {
			t.Errorf("the second member: %v, of %v, %v", again, out, err)
		}
		if _, err := e.call(mine, "AddUserToRecordTeam", second, body(readers)); err != nil {
			t.Errorf("twice: %v", err)
		}
		if !sees(first) || !sees(second) {
			t.Error("the members do not see the record")
		}
		err = e.store.Write(as(t.Context(), first), func(tx *record.Tx) error {
			_, err := tx.Update(as(t.Context(), first), "lead", lead, record.Row{"lastname": "Tal"}, record.Match{})
			return err
		})
		if err != nil {
			t.Errorf("a member writes: %v", err)
		}
		if _, err := e.call(mine, "RemoveUserFromRecordTeam", first, body(readers)); err != nil || sees(first) || !sees(second) {
			t.Errorf("one leaves: %v; sees: %t, the other: %t", err, sees(first), sees(second))
		}
		if _, err := e.call(mine, "RemoveUserFromRecordTeam", second, body(readers)); err != nil || sees(second) || e.count("team", nil) != teams || e.count("principalobjectaccess", nil) != 0 {
			t.Errorf("the last leaves: %v; %d teams, %d shares", err, e.count("team", nil)-teams, e.count("principalobjectaccess", nil))
		}
		if _, err := e.call(mine, "RemoveUserFromRecordTeam", second, body(readers)); err != nil {
			t.Errorf("nobody leaves: %v", err)
		}
	})
}
