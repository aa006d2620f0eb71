package builtin_test

import (
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// The access team of a record goes with the record and comes back with it, by
// somebody who may not make teams himself.
func TestRecordTeamsGoWithTheirRecord(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		owner, _ := e.user("owner", holding{[]string{"lead"}, every, access.Basic})
		helper, _ := e.user("helper", holding{[]string{"lead"}, every, access.Basic})
		lead := e.must("lead", record.Row{"lastname": "Berg", "ownerid": owner, "owneridtype": "systemuser"}).ID("leadid")
		other := e.must("lead", record.Row{"lastname": "Tal", "ownerid": owner, "owneridtype": "systemuser"}).ID("leadid")
		template := e.must("teamtemplate", record.Row{"teamtemplatename": "Helpers", "rpt_table": "lead", "defaultaccessrightsmask": int64(access.Read)}).ID("teamtemplateid")
		mine := as(t.Context(), owner)
		add := func(to id.ID) {
			t.Helper()
			if _, err := e.call(mine, "AddUserToRecordTeam", helper, map[string]any{"Record": ref("lead", to), "TeamTemplate": ref("teamtemplate", template)}); err != nil {
				t.Fatal(err)
			}
			e.reload()
		}
		add(lead)
		add(other)
		// What the owner has shared by hand is no access team, and waits in its place.
		if _, err := e.call(mine, "GrantAccess", id.Nil, map[string]any{"Target": ref("lead", lead), "PrincipalAccess": map[string]any{"Principal": ref("systemuser", helper), "AccessMask": "ReadAccess"}}); err != nil {
			t.Fatal(err)
		}
		teams, shares := e.count("team", nil), e.count("principalobjectaccess", nil)

		if out, err := e.call(mine, "rpt_RetrieveRecordTeams", id.Nil, map[string]any{"Target": ref("lead", lead)}); err != nil || len(members(t, out)) != 1 {
			t.Errorf("the record's teams: %v, %v", out, err)
		}
		stranger, _ := e.user("stranger", holding{[]string{"lead"}, every, access.Basic})
		if _, err := e.call(as(t.Context(), stranger), "rpt_RetrieveRecordTeams", id.Nil, map[string]any{"Target": ref("lead", lead)}); !errs.Has(err, errs.NotFound) {
			t.Errorf("a stranger asks who is in it: %v", err)
		}

		write := func(fn func(tx *record.Tx) error) {
			t.Helper()
			if err := e.store.Write(mine, fn); err != nil {
				t.Fatal(err)
			}
		}
		write(func(tx *record.Tx) error { return tx.Delete(mine, "lead", lead, record.Match{}) })
		if e.count("team", nil) != teams-1 || e.count("principalobjectaccess", nil) != shares-1 {
			t.Errorf("with the record went %d teams and %d shares, and not one of each", teams-e.count("team", nil), shares-e.count("principalobjectaccess", nil))
		}
		if n := e.count("teammembership", query.Compare{Left: query.Path{"systemuserid"}, Value: helper}); n != 1 {
			t.Errorf("the helper is in %d teams, and not in the other record's alone", n)
		}
		bin, _, err := e.store.Bin(mine, "lead", "", e.clock.Now().AddDate(0, 0, 1), 10)
		if err != nil || len(bin) != 1 || bin[0].Related != 0 {
			t.Errorf("in the bin: %+v, %v", bin, err)
		}

		var back record.Restored
		write(func(tx *record.Tx) (err error) { back, err = tx.Restore(mine, "lead", lead, false); return err })
		e.reload()
		if len(back.Rows) != 1 || e.count("team", nil) != teams || e.count("principalobjectaccess", nil) != shares {
			t.Errorf("back: %+v; %d of %d teams, %d of %d shares", back, e.count("team", nil), teams, e.count("principalobjectaccess", nil), shares)
		}
		out, err := e.call(mine, "rpt_RetrieveRecordTeams", id.Nil, map[string]any{"Target": ref("lead", lead)})
		if err != nil || len(members(t, out)) != 1 || members(t, out)[0].ID != helper {
			t.Errorf("its team after it came back: %v, %v", out, err)
		}
		if _, err := e.store.Get(as(t.Context(), helper), "lead", lead, nil, nil); err != nil {
			t.Errorf("the helper does not see it again: %v", err)
		}

		// A member who is gone for good holds up nothing: the rest comes back without him.
		write(func(tx *record.Tx) error { return tx.Delete(mine, "lead", other, record.Match{}) })
		system := e.system()
		if err := e.store.Write(system, func(tx *record.Tx) error {
			for _, table := range []string{"systemuserroles", "teammembership"} {
				page, err := tx.Find(system, query.Query{Table: table, Where: query.Compare{Left: query.Path{"systemuserid"}, Value: helper}})
				if err != nil {
					return err
				}
				for _, row := range page.Rows {
					if err := tx.Delete(system, table, row.ID(table+"id"), record.Match{}); err != nil {
						return err
					}
				}
			}
			return tx.Delete(system, "systemuser", helper, record.Match{})
		}); err != nil {
			t.Fatal(err)
		}
		e.reload()
		if err := e.store.Write(mine, func(tx *record.Tx) error { _, err := tx.Restore(mine, "lead", other, false); return err }); errs.CodeOf(err) != "restore.parent_gone" {
			t.Errorf("with a member who is gone: %v", err)
		}
		write(func(tx *record.Tx) (err error) { back, err = tx.Restore(mine, "lead", other, true); return err })
		if len(back.Rows) != 1 || len(back.Cleared) == 0 {
			t.Errorf("without him: %+v", back)
		}
	})
}

// members gives those of the only team of an answer.
func members(t *testing.T, out map[string]any) []struct{ ID id.ID } {
	t.Helper()
	teams, _ := out["Teams"].([]any)
	if len(teams) != 1 {
		t.Fatalf("not one team: %v", out)
	}
	team, _ := teams[0].(map[string]any)
	list, _ := team["Members"].([]any)
	var got []struct{ ID id.ID }
	for _, m := range list {
		member, _ := m.(map[string]any)
		text, _ := member["SystemUserId"].(string)
		key, err := id.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, struct{ ID id.ID }{key})
	}
	return got
}
