package record_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// env is a store over a fresh database with a small organisation.
type env struct {
	db    *sqldb.DB
	store *record.Store
	log   *changelog.Log
	clock *clock.Fake
	snap  *access.Snapshot
	root  id.ID // top business unit
}

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	eachOf(t, fixture.Catalog(t), run)
}

// eachOf is each with a catalog of the test's own.
func eachOf(t *testing.T, catalog *metadata.Catalog, run func(t *testing.T, e *env)) {
	t.Helper()
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) { run(t, newEnv(t, db, catalog)) })
}

func newEnv(t testing.TB, db *sqldb.DB, catalog *metadata.Catalog) *env {
	e := &env{db: db, log: changelog.New(db), clock: clock.NewFake(start)}
	control := &access.Control{Current: func() *access.Snapshot { return e.snap }, Catalog: func() *metadata.Catalog { return catalog }}
	e.store = record.New(record.Options{DB: db, Catalog: control.Catalog, Access: control, Log: e.log, Clock: e.clock, Jobs: job.NewQueue(db, e.clock)})
	e.reload(t)
	e.root = e.must(t, "businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
	e.must(t, "systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": e.root})
	e.reload(t)
	return e
}

func (e *env) reload(t testing.TB) {
	t.Helper()
	s, err := access.Load(t.Context(), e.db)
	if err != nil {
		t.Fatal(err)
	}
	e.snap = s
}

func system(ctx context.Context) context.Context { return access.AsSystem(ctx, "test") }

func as(ctx context.Context, user id.ID) context.Context {
	return access.With(ctx, access.Principal{Kind: access.User, ID: user})
}

func (e *env) create(ctx context.Context, table string, row record.Row) (out record.Row, err error) {
	err = e.store.Write(ctx, func(tx *record.Tx) error {
		if out, err = tx.Create(ctx, table, row); err != nil {
			return err
		}
		return sameShown(ctx, tx, table, out)
	})
	return out, err
}

func (e *env) update(ctx context.Context, table string, key id.ID, row record.Row, m record.Match) (out record.Row, err error) {
	err = e.store.Write(ctx, func(tx *record.Tx) error {
		if out, err = tx.Update(ctx, table, key, row, m); err != nil {
			return err
		}
		return sameShown(ctx, tx, table, out)
	})
	return out, err
}

// sameShown complains where what is shown of a row just written is not what Get reads.
func sameShown(ctx context.Context, tx *record.Tx, table string, row record.Row) error {
	key := row.ID(table + "id")
	written := tx.Written(table, key)
	if written == nil {
		return nil // nothing was changed, or it was changed again by another way
	}
	shown, err := tx.Shown(ctx, table, key, written)
	read, err2 := tx.Get(ctx, table, key, nil, nil)
	if err != nil || err2 != nil {
		if fmt.Sprint(err) != fmt.Sprint(err2) {
			return fmt.Errorf("shown: %v, read: %v", err, err2)
		}
		return nil
	}
	for _, of := range []record.Row{shown, read} {
		for name := range of {
			if a, b := shown[name], read[name]; !reflect.DeepEqual(a, b) {
				return fmt.Errorf("%s is shown as %#v and read as %#v", name, a, b)
			}
		}
	}
	return nil
}

func (e *env) delete(ctx context.Context, table string, key id.ID) error {
	return e.store.Write(ctx, func(tx *record.Tx) error { return tx.Delete(ctx, table, key, record.Match{}) })
}

func (e *env) must(t testing.TB, table string, row record.Row) record.Row {
	t.Helper()
	out, err := e.create(system(t.Context()), table, row)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// user makes a user in a unit with one role of the given privileges.
func (e *env) user(t testing.TB, name string, unit id.ID, privileges map[string]map[access.Right]access.Depth) id.ID {
	t.Helper()
	u := e.must(t, "systemuser", record.Row{"fullname": name, "domainname": name, "businessunitid": unit}).ID("systemuserid")
	r := e.must(t, "role", record.Row{"name": "role of " + name}).ID("roleid")
	e.must(t, "systemuserroles", record.Row{"systemuserid": u, "roleid": r})
	for table, rights := range privileges {
		for right, depth := range rights {
			e.must(t, "roleprivileges", record.Row{"roleid": r, "rpt_table": table, "accessright": int64(right), "privilegedepthmask": int64(depth)})
		}
	}
	return u
}

// ops counts the changes of a table so far by what they did.
func (e *env) ops(t testing.TB, table string) map[changelog.Op]int {
	t.Helper()
	rows, err := e.db.Query(t.Context(), "SELECT op FROM changelog WHERE tablename = "+e.db.Dialect().Placeholder(1), table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[changelog.Op]int{}
	for rows.Next() {
		var op changelog.Op
		if err := rows.Scan(&op); err != nil {
			t.Fatal(err)
		}
		out[op]++
	}
	return out
}
