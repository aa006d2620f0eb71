package flow_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/flow"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// world is an engine over the real record store and the product's own tables.
type world struct {
	testing.TB
	db      *sqldb.DB
	clock   *clock.Fake
	queue   *job.Queue
	store   *record.Store
	catalog *metadata.Catalog
	engine  *flow.Engine
	flows   atomic.Pointer[flow.Set]
	snap    atomic.Pointer[access.Snapshot]
	act     func(name string, target id.ID, input map[string]any) (map[string]any, error)
}

func newWorld(t testing.TB, db *sqldb.DB, catalog *metadata.Catalog) *world {
	w := wire(t, db, catalog, clock.NewFake(time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)))
	w.seed()
	return w
}

// wire makes a world over a database; fake or real is the clock.
func wire(t testing.TB, db *sqldb.DB, catalog *metadata.Catalog, hands clock.Clock) *world {
	w := &world{TB: t, db: db, catalog: catalog}
	w.clock, _ = hands.(*clock.Fake)
	c := func() *metadata.Catalog { return catalog }
	w.queue = job.NewQueue(db, hands)
	w.store = record.New(record.Options{DB: db, Catalog: c, Clock: hands, Log: changelog.New(db),
		Access: &access.Control{Catalog: c, Current: w.snap.Load}})
	w.engine = flow.New(flow.Options{DB: db, Queue: w.queue, Clock: hands, Flows: w.flows.Load, Caller: w,
		Bind: func(tx *sqldb.Tx) flow.Records { return w.store.Bind(tx) }})
	w.loadAccess()
	return w
}

// seed makes the business unit and the user in whose name flows act.
func (w *world) seed() {
	w.Helper()
	err := w.store.Write(w.system(), func(tx *record.Tx) error {
		unit, err := tx.Create(w.system(), "businessunit", record.Row{"name": "Head Office"})
		if err != nil {
			return err
		}
		_, err = tx.Create(w.system(), "systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": unit.ID("businessunitid")})
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	w.loadAccess()
}

func (w *world) loadAccess() {
	s, err := access.Load(w.Context(), w.db)
	if err != nil {
		w.Fatal(err)
	}
	w.snap.Store(s)
}

// Call implements flow.Caller: each call leaves a task with the action's name,
// in the transaction of the step.
func (w *world) Call(ctx context.Context, tx *sqldb.Tx, name string, target id.ID, input map[string]any) (map[string]any, error) {
	if w.act != nil {
		if out, err := w.act(name, target, input); out != nil || err != nil {
			return out, err
		}
	}
	_, err := w.store.Bind(tx).Create(ctx, "task", record.Row{"subject": name})
	return map[string]any{"called": name, "got": input}, err
}

func each(t *testing.T, run func(w *world)) {
	t.Parallel()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) { run(newWorld(t, db, catalog)) })
}

func (w *world) use(version int64, text string) *flow.Program {
	w.Helper()
	p, err := flow.Compile([]byte(text), &flow.Checker{Catalog: fixed(w.catalog)})
	if err != nil {
		w.Fatal(err)
	}
	p.Version = version
	w.flows.Store(flow.NewSet(p))
	return p
}

func (w *world) start(name string, input map[string]any, key string) (run id.ID, err error) {
	err = w.db.Write(w.Context(), func(tx *sqldb.Tx) error {
		run, err = w.engine.Begin(w.Context(), tx, name, input, key)
		return err
	})
	return run, err
}

func (w *world) mustStart(name string, input map[string]any, key string) id.ID {
	w.Helper()
	run, err := w.start(name, input, key)
	if err != nil {
		w.Fatal(err)
	}
	return run
}

func (w *world) write(fn func(tx *sqldb.Tx) error) {
	w.Helper()
	if err := w.db.Write(w.Context(), fn); err != nil {
		w.Fatal(err)
	}
}

func (w *world) system() context.Context { return access.AsSystem(w.Context(), "test") }

func (w *world) find(table, column string, value any) []record.Row {
	w.Helper()
	q := query.Query{Table: table, Order: []query.Order{{Column: "createdon"}}}
	if column != "" {
		q.Where = query.Compare{Left: query.Path{column}, Value: value}
	}
	page, err := w.store.Find(w.system(), q)
	if err != nil {
		w.Fatal(err)
	}
	return page.Rows
}

func (w *world) run(key id.ID) record.Row {
	w.Helper()
	row, err := w.store.Get(w.system(), "rpt_flowrun", key, nil, nil)
	if err != nil {
		w.Fatal(err)
	}
	return row
}

// steps gives the history of a run: one list per checkpoint.
func (w *world) steps(key id.ID) (out [][]flow.Entry) {
	w.Helper()
	page, err := w.store.Find(w.system(), query.Query{Table: "rpt_flowcheckpoint", Where: query.Compare{Left: query.Path{"rpt_runid"}, Value: key}})
	if err != nil {
		w.Fatal(err)
	}
	out = make([][]flow.Entry, len(page.Rows))
	for _, row := range page.Rows {
		seq := row.Int("rpt_sequence")
		if seq < 1 || int(seq) > len(out) || out[seq-1] != nil {
			w.Fatalf("checkpoint %d of %d", seq, len(out))
		}
		if err := json.Unmarshal(row["rpt_steps"].(json.RawMessage), &out[seq-1]); err != nil {
			w.Fatal(err)
		}
	}
	return out
}

// outline is the history in short: "a:succeeded b:failed | a:succeeded".
func (w *world) outline(key id.ID) (s string) {
	w.Helper()
	for i, checkpoint := range w.steps(key) {
		if i > 0 {
			s += " | "
		}
		for k, e := range checkpoint {
			if k > 0 {
				s += " "
			}
			s += e.Name + ":" + e.Status
		}
	}
	return s
}

func (w *world) runner() *job.Runner {
	w.Helper()
	// The clock moves in large steps here, so leases are long.
	r := job.NewRunner(job.Options{Queue: w.queue, Lease: 1000 * time.Hour, Handlers: map[string]job.Handler{flow.Kind: w.engine.Handler()}})
	if err := r.Start(w.Context()); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(w.Context()), 10*time.Second)
		defer cancel()
		if err := r.Stop(ctx); err != nil {
			w.Error(err)
		}
	})
	return r
}

func (w *world) until(what string, step time.Duration, holds func() bool) {
	w.Helper()
	deadline := time.Now().Add(time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			w.Fatalf("not reached: %s", what)
		}
		w.clock.Advance(step)
		<-tick.C
	}
}

func (w *world) status(key id.ID, want flow.Status) func() bool {
	return func() bool { return flow.Status(w.run(key).Int("rpt_status")) == want }
}

func (w *world) jobs() (n int) {
	w.Helper()
	if _, err := w.db.QueryRow(w.Context(), "SELECT COUNT(*) FROM job", nil, &n); err != nil {
		w.Fatal(err)
	}
	return n
}

func lead(email string) map[string]any {
	return map[string]any{"lead": map[string]any{"lastname": "X " + email, "fullname": "X", "emailaddress1": email, "rpt_matchkey": email},
		"event": map[string]any{"id": fmt.Sprint("e ", email)}}
}

func fixed(c *metadata.Catalog) func() *metadata.Catalog {
	return func() *metadata.Catalog { return c }
}
