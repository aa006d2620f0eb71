package scoring_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring"
	"github.com/rapport-platform/rapport/internal/commons/lake"
	"github.com/rapport-platform/rapport/internal/commons/party"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/notify"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// env is an organisation with scoring at work. sella owns the leads.
type env struct {
	t       *testing.T
	ctx     context.Context // the platform's
	store   *record.Store
	actions *action.Registry
	service *scoring.Service
	lake    *lake.Lake
	snap    atomic.Pointer[access.Snapshot]

	ahead *ahead // the clock of scoring alone

	unit, sella id.ID
}

// ahead is the time of the system, and some more.
type ahead struct {
	clock.System
	by atomic.Int64 // nanoseconds
}

func (a *ahead) Now() time.Time { return a.System.Now().Add(time.Duration(a.by.Load())) }

// none is a stream on which nothing happens.
type none struct{}

func (none) Topic() string                                      { return scoring.Topic }
func (none) Open(context.Context, uint64) (event.Reader, error) { return none{}, nil }
func (none) Get(context.Context, uint64) (event.Event, error)   { return event.Event{}, nil }
func (none) Last(context.Context) (uint64, error)               { return 0, nil }
func (none) Close()                                             {}
func (none) Next(ctx context.Context, _ int, wait time.Duration) ([]event.Event, error) {
	select {
	case <-time.After(wait):
	case <-ctx.Done():
	}
	return nil, nil
}

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		logger := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
		e := &env{t: t, ctx: access.AsSystem(t.Context(), "test"), ahead: &ahead{}}
		reload := func() {
			snap, err := access.Load(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			e.snap.Store(snap)
		}
		reload()
		log := changelog.New(db)
		tailer := log.Tailer()
		now := func() *metadata.Catalog { return catalog }
		control := &access.Control{Current: e.snap.Load, Catalog: now}
		e.store = record.New(record.Options{DB: db, Catalog: now, Access: control, Log: log, Clock: clock.System{}})
		e.store.AddHook(party.FullName("lead"))
		e.store.AddHook(scoring.CheckSetups())
		e.actions = action.New(control, e.store)
		notify.Define(e.actions, func(id.ID) []id.ID { return nil })
		queue := job.NewQueue(db, clock.System{})
		dir := t.TempDir()
		e.lake = lake.New(lake.Config{Dir: dir + "/lake", Catalog: now, Logger: logger, Linger: 10 * time.Millisecond})
		e.service = scoring.New(scoring.Config{DB: db, Store: e.store, Queue: queue, Lake: e.lake, Actions: e.actions, Catalog: now, Tail: tailer, Clock: e.ahead, Logger: logger, Dir: dir + "/imports", Threads: 2})
		e.service.Define(e.actions)
		var g lifecycle.Group
		g.Add("tailer", tailer)
		g.Add("feed", lake.NewFeed(lake.FeedConfig{Lake: e.lake, DB: db, Log: log}))
		g.Add("scoring", e.service.Snapshot())
		g.Add("jobs", job.NewRunner(job.Options{Queue: queue, Logger: logger, Handlers: e.service.Handlers(), Poll: 20 * time.Millisecond}))
		for _, f := range e.service.Followers(event.Changes(log), none{}) {
			g.Add("follower", f)
		}
		if err := g.Start(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
			defer cancel()
			if err := g.Stop(ctx); err != nil {
				t.Error(err)
			}
		})
		e.unit = e.create("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
		e.create("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": e.unit})
		e.sella = e.create("systemuser", record.Row{"fullname": "Sella", "domainname": "sella", "businessunitid": e.unit}).ID("systemuserid")
		reload()
		run(t, e)
	})
}

func (e *env) create(table string, row record.Row) (out record.Row) {
	e.t.Helper()
	err := e.store.Write(e.ctx, func(tx *record.Tx) (err error) {
		out, err = tx.Create(e.ctx, table, row)
		return err
	})
	if err != nil {
		e.t.Fatalf("%s: %v", table, err)
	}
	return out
}

func (e *env) update(table string, key id.ID, row record.Row) {
	e.t.Helper()
	if err := e.store.Write(e.ctx, func(tx *record.Tx) error {
		_, err := tx.Update(e.ctx, table, key, row, record.Match{})
		return err
	}); err != nil {
		e.t.Fatal(err)
	}
}

func (e *env) get(table string, key id.ID) record.Row {
	e.t.Helper()
	row, err := e.store.Get(e.ctx, table, key, nil, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	return row
}

func (e *env) find(table string, where query.Node) []record.Row {
	e.t.Helper()
	page, err := e.store.Find(e.ctx, query.Query{Table: table, Where: where})
	if err != nil {
		e.t.Fatal(err)
	}
	return page.Rows
}

func (e *env) call(name string, target id.ID, body map[string]any) (map[string]any, error) {
	return e.actions.Call(access.With(e.t.Context(), access.Principal{Kind: access.System, ID: e.sella, Reason: "test"}), name, target, body)
}

func (e *env) must(name string, target id.ID, body map[string]any) map[string]any {
	e.t.Helper()
	out, err := e.call(name, target, body)
	if err != nil {
		e.t.Fatalf("%s: %v", name, err)
	}
	return out
}

func (e *env) until(what string, ok func() bool) {
	e.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			e.t.Fatal("never came true: " + what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (e *env) lead(name string, extra map[string]any, more record.Row) id.ID {
	e.t.Helper()
	text, _ := json.Marshal(extra)
	row := record.Row{"lastname": name, "emailaddress1": strings.ToLower(name) + "@example.com", "rpt_matchkey": strings.ToLower(name) + "@example.com", "rpt_extra": json.RawMessage(text), "ownerid": e.sella, "owneridtype": "systemuser",
		"msdyn_leadscore": int64(20), "rpt_firstscore": int64(20), "msdyn_leadgrade": int64(3), "rpt_modelversion": "rules-1"}
	for k, v := range more {
		row[k] = v
	}
	return e.create("lead", row).ID("leadid")
}

// past writes a file of leads: managers convert, students don't, farmers may.
func past(rows int) string {
	r := rand.New(rand.NewPCG(4, 2))
	var b strings.Builder
	b.WriteString("Customer,Job,Age,Industry,When,Converted\n")
	for i := range rows {
		job := []string{"student", "manager", "farmer"}[r.IntN(3)]
		age := 20 + r.IntN(50)
		p := map[string]float64{"student": 0.04, "manager": 0.55, "farmer": 0.2}[job]
		fmt.Fprintf(&b, "past%d@example.com,%s,%d,Financial,%s,%t\n", i, job, age, time.Date(2023, 1, 1, i*8, 0, 0, 0, time.UTC).Format("2006-01-02 15:04"), r.Float64() < p)
	}
	return b.String()
}

const mapping = `{key: [Customer], columns: {Customer: emailaddress1, Industry: industrycode}, unmapped: keep, outcome: {column: Converted, positive: ["true"]}, time: {column: When, format: iso}, horizon: 30}`

// bring imports a file and waits for its end.
func (e *env) bring(name, text, mapping string) record.Row {
	e.t.Helper()
	row, err := e.service.Upload(e.ctx, name, strings.NewReader(text))
	if err != nil {
		e.t.Fatal(err)
	}
	key := row.ID("rpt_historyimportid")
	e.must("rpt_StartHistoryImport", key, map[string]any{"Mapping": mapping})
	e.until("the import ends", func() bool { return e.get("rpt_historyimport", key).Int("rpt_status") >= 3 })
	return e.get("rpt_historyimport", key)
}

// trained has a version trained and gives it.
func (e *env) trained(of id.ID) record.Row {
	e.t.Helper()
	out := e.must("rpt_TrainModel", of, nil)
	version, err := id.Parse(fmt.Sprint(out["VersionId"]))
	if err != nil {
		e.t.Fatal(err)
	}
	e.until("the training ends", func() bool { s := e.get("rpt_modelversion", version).Int("rpt_status"); return s > 1 })
	return e.get("rpt_modelversion", version)
}
