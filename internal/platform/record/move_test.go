package record_test

import (
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// TestRecordsMoveWithTheirOwner: who sees a business unit sees what its people
// and teams own, whether it was made there or came along with its owner.
func TestRecordsMoveWithTheirOwner(t *testing.T) {
	t.Parallel()
	eachOf(t, things(t), func(t *testing.T, e *env) {
		north := e.must(t, "businessunit", record.Row{"name": "North", "parentbusinessunitid": e.root}).ID("businessunitid")
		south := e.must(t, "businessunit", record.Row{"name": "South", "parentbusinessunitid": e.root}).ID("businessunitid")
		local := map[string]map[access.Right]access.Depth{"rpt_thing": {access.Read: access.Local}}
		ann, ned, sue := e.user(t, "ann", north, nil), e.user(t, "ned", north, local), e.user(t, "sue", south, local)
		team := e.must(t, "team", record.Row{"name": "team", "businessunitid": north, "teamtype": int64(0)}).ID("teamid")
		e.reload(t)
		hers := e.must(t, "rpt_thing", record.Row{"name": "hers", "ownerid": ann, "owneridtype": "systemuser"}).ID("rpt_thingid")
		theirs := e.must(t, "rpt_thing", record.Row{"name": "theirs", "ownerid": team, "owneridtype": "team"}).ID("rpt_thingid")
		e.must(t, "rpt_thing", record.Row{"name": "another's"})
		sees := func(who, what id.ID) bool {
			e.reload(t)
			_, err := e.store.Get(as(t.Context(), who), "rpt_thing", what, nil, nil)
			return err == nil
		}
		for _, moved := range []struct {
			table      string
			owner, row id.ID
		}{{"systemuser", ann, hers}, {"team", team, theirs}} {
			if !sees(ned, moved.row) || sees(sue, moved.row) {
				t.Errorf("%s before the move: seen in the north %v, in the south %v", moved.table, sees(ned, moved.row), sees(sue, moved.row))
			}
			if _, err := e.update(system(t.Context()), moved.table, moved.owner, record.Row{"businessunitid": south}, record.Match{}); err != nil {
				t.Fatal(err)
			}
			if sees(ned, moved.row) || !sees(sue, moved.row) {
				t.Errorf("%s after the move: seen in the north %v, in the south %v", moved.table, sees(ned, moved.row), sees(sue, moved.row))
			}
		}
		if n := e.count(t, "rpt_thing", eq("owningbusinessunit", south)); n != 2 {
			t.Errorf("%d things are in the south", n)
		}
	})
}
