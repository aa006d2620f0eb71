package record_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// A count that would take long is estimated for those to whom that will do, and
// says so; all others get the exact number, as do all where it does not take long.
func TestCountsAreEstimatedOnlyWhereThatWillDo(t *testing.T) {
	t.Parallel()
	catalog := fixture.Catalog(t)
	eachOf(t, catalog, func(t *testing.T, e *env) {
		const all, berlin = 600, 200
		err := e.store.Write(system(t.Context()), func(tx *record.Tx) error {
			for i := range all {
				row := record.Row{"name": fmt.Sprint(i), "ownerid": access.SystemUser, "owneridtype": "systemuser"}
				if i%3 == 0 {
					row["name"] = "Berlin"
				}
				if _, err := tx.Create(system(t.Context()), "account", row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.db.Write(t.Context(), func(tx *sqldb.Tx) error { _, err := tx.Exec("ANALYZE"); return err }); err != nil {
			t.Fatal(err)
		}
		store := func(s record.Swift) *record.Store {
			control := &access.Control{Current: func() *access.Snapshot { return e.snap }, Catalog: func() *metadata.Catalog { return catalog }}
			return record.New(record.Options{DB: e.db, Catalog: control.Catalog, Access: control, Log: e.log, Clock: e.clock, Swift: s})
		}
		// One gives up at once, the other never.
		hasty := store(record.Swift{Time: time.Nanosecond, Cost: 1e-9, Rows: 1})
		patient := store(record.Swift{Time: time.Hour, Cost: 1e12})
		q := query.Query{Table: "account", Select: []string{"name"}, Limit: 10, Count: true, Where: query.Compare{Left: query.Path{"name"}, Value: "Berlin"}}
		count := func(s record.Reader, estimate bool) (int64, bool) {
			t.Helper()
			q.Estimate = estimate
			page, err := s.Find(system(t.Context()), q)
			if err != nil {
				t.Fatal(err)
			}
			return page.Total, page.About
		}
		for name, s := range map[string]*record.Store{"hasty": hasty, "patient": patient} {
			if n, about := count(s, false); n != berlin || about {
				t.Errorf("%s: %d, an estimate: %t", name, n, about)
			}
		}
		if n, about := count(patient, true); n != berlin || about {
			t.Errorf("with time: %d, an estimate: %t", n, about)
		}
		// SQLite's sample has nearly all of so few rows: no more than that is told.
		if n, about := count(hasty, true); !about || n < 20 || n > 2*all {
			t.Errorf("in haste: %d, an estimate: %t", n, about)
		}
		q.Where = query.Compare{Left: query.Path{"name"}, Value: "nowhere"}
		if n, about := count(hasty, true); !about || n < 0 || n > 50 {
			t.Errorf("of nothing: %d, an estimate: %t", n, about)
		}
		q.Where, q.Limit = nil, 50
		if n, about := count(hasty, true); !about || n < 51 {
			t.Errorf("of everything: %d, an estimate: %t", n, about)
		}
		err = hasty.Write(system(t.Context()), func(tx *record.Tx) error {
			if n, about := count(tx, true); n != all || about {
				return fmt.Errorf("within a transaction: %d, an estimate: %t", n, about)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
