package lake_test

import (
	"context"
	"iter"
	"log/slog"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/lake"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// env is a store with a lake behind it.
type env struct {
	db      *sqldb.DB
	store   *record.Store
	log     *changelog.Log
	clock   *clock.Fake // of the records; the lake lives by the machine's
	snap    *access.Snapshot
	catalog *metadata.Catalog
	dir     string
	lake    *lake.Lake
	feed    *lake.Feed
}

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) { run(t, newEnv(t, db, catalog)) })
}

func newEnv(t testing.TB, db *sqldb.DB, catalog *metadata.Catalog) *env {
	e := &env{db: db, log: changelog.New(db), clock: clock.NewFake(start), catalog: catalog, dir: t.TempDir()}
	control := &access.Control{Current: func() *access.Snapshot { return e.snap }, Catalog: func() *metadata.Catalog { return e.catalog }}
	e.store = record.New(record.Options{DB: db, Catalog: control.Catalog, Access: control, Log: e.log, Clock: e.clock})
	e.reload(t)
	if err := e.log.Tailer().Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.log.Tailer().Stop(context.WithoutCancel(t.Context())) })
	root := e.create(t, "businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
	e.create(t, "systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": root})
	e.reload(t)
	e.open(t)
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

// open makes a lake on the folder, as a new process would.
func (e *env) open(t testing.TB) {
	e.lake = lake.New(lake.Config{Dir: e.dir, Catalog: func() *metadata.Catalog { return e.catalog }, Linger: 10 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	e.feed = lake.NewFeed(lake.FeedConfig{Lake: e.lake, DB: e.db, Log: e.log})
}

// start runs the feed until the test ends or stop is called.
func (e *env) start(t testing.TB) (stop func()) {
	t.Helper()
	feed := e.feed
	if err := feed.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			if err := feed.Stop(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	return stop
}

func (e *env) flush(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := e.lake.Flush(ctx); err != nil {
		t.Fatal("flush: ", err)
	}
}

func system(ctx context.Context) context.Context { return access.AsSystem(ctx, "test") }

func (e *env) create(t testing.TB, table string, row record.Row) (out record.Row) {
	t.Helper()
	err := e.store.Write(system(t.Context()), func(tx *record.Tx) (err error) {
		out, err = tx.Create(system(t.Context()), table, row)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (e *env) update(t testing.TB, table string, key id.ID, row record.Row) {
	t.Helper()
	err := e.store.Write(system(t.Context()), func(tx *record.Tx) error {
		_, err := tx.Update(system(t.Context()), table, key, row, record.Match{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (e *env) delete(t testing.TB, table string, key id.ID) {
	t.Helper()
	err := e.store.Write(system(t.Context()), func(tx *record.Tx) error {
		return tx.Delete(system(t.Context()), table, key, record.Match{})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func all[T any](t testing.TB, rows iter.Seq2[T, error]) (out []T) {
	t.Helper()
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, row)
	}
	return out
}
