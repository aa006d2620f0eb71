package record_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Rows made together are as those made one by one: the same values, change rows
// and base rows; all of them, or none.
func TestCreateManyIsAsCreate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := system(t.Context())
		lead := e.must(t, "lead", record.Row{"lastname": "A"}).ID("leadid")
		many := func(table string, rows []record.Row) (out []record.Row, err error) {
			err = e.store.Write(ctx, func(tx *record.Tx) (err error) { out, err = tx.CreateMany(ctx, table, rows); return err })
			return out, err
		}
		count := func(table string) int64 {
			page, err := e.store.Find(ctx, query.Query{Table: table, Limit: 1, Count: true})
			if err != nil {
				t.Fatal(err)
			}
			return page.Total
		}
		var rows []record.Row
		for i := range 700 {
			row := record.Row{"subject": "Call", "regardingobjectid": lead, "regardingobjectidtype": "lead"}
			if i%3 == 0 {
				row["description"] = "other columns"
			}
			rows = append(rows, row)
		}
		if _, err := e.log.Through(t.Context()); err != nil {
			t.Fatal(err)
		}
		before, err := e.log.Last(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		made, err := many("task", rows)
		if err != nil || len(made) != 700 || count("task") != 700 || count("activitypointer") != 700 {
			t.Fatalf("%v: %d made, %d tasks, %d base rows", err, len(made), count("task"), count("activitypointer"))
		}
		if _, err := e.log.Through(t.Context()); err != nil {
			t.Fatal(err)
		}
		changes, err := e.log.After(t.Context(), before, 1000)
		if err != nil || len(changes) != 700 || changes[0].Op != changelog.Create || changes[0].Record != made[0].ID("activityid") || changes[699].Record != made[699].ID("activityid") || len(changes[5].After) == 0 {
			t.Errorf("%v: %d change rows", err, len(changes))
		}
		got, err := e.store.Get(ctx, "task", made[3].ID("activityid"), nil, nil)
		if err != nil || got.Text("description") != "other columns" || got.Version() != 1 || got["createdon"] == nil || got.ID("regardingobjectid") != lead {
			t.Errorf("%v %v", got, err)
		}
		// One that is wrong, or clashes, undoes all and is named.
		for name, c := range map[string]struct {
			row  record.Row
			kind errs.Kind
		}{
			"a wrong value":             {record.Row{"name": "x", "numberofemployees": "many"}, errs.Invalid},
			"a missing value":           {record.Row{}, errs.Invalid},
			"a lookup to nowhere":       {record.Row{"name": "x", "primarycontactid": id.New()}, errs.Invalid},
			"a clash with one before":   {record.Row{"name": "x", "accountnumber": "1"}, errs.Conflict},
			"a clash of the primary id": {record.Row{"name": "x", "accountid": id.Derive("twice")}, errs.Precondition},
		} {
			list := []record.Row{{"name": "a", "accountnumber": "1"}, {"name": "b", "accountid": id.Derive("twice")}, {"name": "c"}, c.row, {"name": "d"}}
			for _, around := range []int{0, 65} { // few are written by other statements than many
				others := make([]record.Row, around)
				for i := range others {
					others[i] = record.Row{"name": "e"}
				}
				_, err := many("account", slices.Concat(others, list, others))
				n, ok := record.FailedAt(err)
				if name == "a clash of the primary id" { // it is taken for a race at first, so the write runs again
					n, ok = 3+around, errors.Is(err, record.ErrExists)
				}
				if !ok || n != 3+around || !errs.Has(err, c.kind) || count("account") != 0 {
					t.Errorf("%s, %d around: %v at %d, %d left", name, 2*around, err, n, count("account"))
				}
			}
		}
		// Rows that refer to one another are made one after another.
		parent := id.New()
		family, err := many("account", []record.Row{{"name": "Parent", "accountid": parent}, {"name": "Child", "parentaccountid": parent}})
		if err != nil || family[1].ID("parentaccountid") != parent {
			t.Errorf("%v %v", family, err)
		}
	})
}
