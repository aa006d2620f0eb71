package record_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// Two transactions that both link to a row and then change it wait for each
// other in turn: neither has to run again.
func TestLinkThenChangeIsNoDeadlock(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := system(t.Context())
		lead := e.must(t, "lead", record.Row{"lastname": "A"}).ID("leadid")
		var runs atomic.Int32
		var linked sync.WaitGroup
		linked.Add(2)
		var both sync.WaitGroup
		for _, name := range []string{"one", "two"} {
			both.Go(func() {
				first := true
				err := e.store.Write(ctx, func(tx *record.Tx) error {
					runs.Add(1)
					if _, err := tx.Create(ctx, "task", record.Row{"subject": name, "regardingobjectid": lead, "regardingobjectidtype": "lead"}); err != nil {
						return err
					}
					if first && e.db.Dialect() == sqldb.Postgres { // on SQLite one writes at a time
						first = false
						linked.Done()
						linked.Wait()
					}
					_, err := tx.Update(ctx, "lead", lead, record.Row{"lastname": name}, record.Match{})
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if n := runs.Load(); n != 2 {
			t.Errorf("the transactions ran %d times, want 2", n)
		}
		if got, err := e.store.Get(ctx, "lead", lead, nil, nil); err != nil || got.Version() != 3 {
			t.Errorf("the lead is at version %d, want 3 (%v)", got.Version(), err)
		}
	})
}

// Two transactions that change the same rows in opposite order stand in each
// other's way: one of them runs again, and neither fails.
func TestOppositeOrderRunsAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := system(t.Context())
		a, b := e.must(t, "lead", record.Row{"lastname": "A"}).ID("leadid"), e.must(t, "lead", record.Row{"lastname": "B"}).ID("leadid")
		var met, both sync.WaitGroup
		met.Add(2)
		for name, order := range map[string][2]id.ID{"one": {a, b}, "two": {b, a}} {
			both.Go(func() {
				first := true
				err := e.store.Write(ctx, func(tx *record.Tx) error {
					for _, key := range order {
						if _, err := tx.Update(ctx, "lead", key, record.Row{"lastname": name}, record.Match{}); err != nil {
							return err
						}
						if first && e.db.Dialect() == sqldb.Postgres { // on SQLite one writes at a time
							first = false
							met.Done()
							met.Wait()
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		for _, key := range []id.ID{a, b} {
			if got, err := e.store.Get(ctx, "lead", key, nil, nil); err != nil || got.Version() != 3 {
				t.Errorf("version %d, want 3 (%v)", got.Version(), err)
			}
		}
	})
}

// A lookup and its type are one value: neither can be swapped alone.
func TestTypeOfLookupIsChecked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := system(t.Context())
		lead := e.must(t, "lead", record.Row{"lastname": "A"}).ID("leadid")
		task := e.must(t, "task", record.Row{"subject": "call", "regardingobjectid": lead, "regardingobjectidtype": "lead"}).ID("activityid")
		_, err := e.update(ctx, "task", task, record.Row{"regardingobjectid": lead, "regardingobjectidtype": "account"}, record.Match{})
		if errs.CodeOf(err) != "record.lookup" {
			t.Errorf("a lead named as an account: got %v", err)
		}
		if _, err = e.update(ctx, "lead", lead, record.Row{"ownerid": access.SystemUser, "owneridtype": "team"}, record.Match{}); errs.CodeOf(err) != "record.owner" {
			t.Errorf("a user named as a team: got %v", err)
		}
		got, err := e.store.Get(ctx, "task", task, nil, nil)
		if err != nil || got.Text("regardingobjectidtype") != "lead" || got.Version() != 1 {
			t.Errorf("the task looks to a %s at version %d (%v)", got.Text("regardingobjectidtype"), got.Version(), err)
		}
		if got, err = e.update(ctx, "task", task, record.Row{"regardingobjectid": lead, "regardingobjectidtype": "lead"}, record.Match{}); err != nil || got.Version() != 1 {
			t.Errorf("the same lookup again: version %d, want 1 (%v)", got.Version(), err)
		}
	})
}

// A row with an id that is taken is there already, which is no race.
func TestCreateUnderTakenID(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		key := e.must(t, "lead", record.Row{"lastname": "A"}).ID("leadid")
		if _, err := e.create(system(t.Context()), "lead", record.Row{"leadid": key, "lastname": "B"}); !errors.Is(err, record.ErrExists) {
			t.Errorf("got %v, want %v", err, record.ErrExists)
		}
	})
}

// A key may hold a polymorphic lookup, whose type comes with the row.
func TestUpsertByPolymorphicKey(t *testing.T) {
	t.Parallel()
	more, err := metadata.Load(fstest.MapFS{"mark.yaml": {Data: []byte(`table: mark
set: marks
label: {en: Mark}
plural: {en: Marks}
id: markid
name: name
ownership: organization
columns:
  - {name: name, type: text, max: 100, label: {en: Name}}
  - {name: ofid, type: lookup, label: {en: Of}, targets: [businessunit, team], collection: of_marks}
keys:
  - {name: of, columns: [ofid]}
`)}}, ".")
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := fixture.Catalog(t).With(metadata.Change{Put: more})
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		e := newEnv(t, db, catalog)
		ctx := system(t.Context())
		for i, name := range []string{"first", "second"} {
			var row record.Row
			var created bool
			err := e.store.Write(ctx, func(tx *record.Tx) (err error) {
				row, created, err = tx.UpsertByKey(ctx, "mark", map[string]any{"ofid": e.root}, record.Row{"name": name, "ofid": e.root, "ofidtype": "businessunit"}, record.Match{})
				return err
			})
			if err != nil || created != (i == 0) || row.Text("name") != name || row.Text("ofidtype") != "businessunit" {
				t.Errorf("%s: created %v, %v, %v", name, created, row, err)
			}
		}
	})
}

// A row that is made to look elsewhere while its old parent is being deleted
// stays, with its new link.
func TestChildMovesWhileParentGoes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		if e.db.Dialect() == sqldb.SQLite {
			t.Skip("one writes at a time")
		}
		ctx := system(t.Context())
		old, kept := e.must(t, "lead", record.Row{"lastname": "Old"}).ID("leadid"), e.must(t, "lead", record.Row{"lastname": "Kept"}).ID("leadid")
		task := e.must(t, "task", record.Row{"subject": "call", "regardingobjectid": old, "regardingobjectidtype": "lead"}).ID("activityid")
		deleted := make(chan error, 1)
		err := e.store.Write(ctx, func(tx *record.Tx) error {
			if _, err := tx.Update(ctx, "task", task, record.Row{"regardingobjectid": kept, "regardingobjectidtype": "lead"}, record.Match{}); err != nil {
				return err
			}
			go func() { deleted <- e.delete(ctx, "lead", old) }()
			return e.untilSomebodyWaits(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := <-deleted; err != nil {
			t.Fatal(err)
		}
		got, err := e.store.Get(ctx, "task", task, nil, nil)
		if err != nil || got.ID("regardingobjectid") != kept {
			t.Errorf("the task looks to %v, want %v (%v)", got.ID("regardingobjectid"), kept, err)
		}
	})
}

// untilSomebodyWaits returns once a transaction of this database waits for another.
func (e *env) untilSomebodyWaits(ctx context.Context) error {
	for range 500 {
		var n int
		if _, err := e.db.QueryRow(ctx, "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'", nil, &n); err != nil || n > 0 {
			return err
		}
		time.Sleep(10 * time.Millisecond) // looks again; decides nothing
	}
	return errors.New("nobody waits")
}
