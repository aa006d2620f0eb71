package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gocloud.dev/blob"

	"github.com/rapport-platform/rapport/internal/commons/lake"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/search"
	"github.com/rapport-platform/rapport/internal/platform/stream"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// env is an organisation with everything that keeps something of a person.
type env struct {
	t       testing.TB
	db      *sqldb.DB
	store   *record.Store
	log     *changelog.Log
	clock   *clock.Fake
	jobs    *job.Queue
	snap    *access.Snapshot
	catalog *metadata.Catalog
	files   *files.Store
	bucket  *blob.Bucket
	index   *search.Index
	stream  *stream.Stream
	lake    *lake.Lake
	keys    *secret.Box
	actions *action.Registry
	service *Service
	dir     string
	path    string // of the SQLite file; "" on PostgreSQL
}

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	catalog := fixture.Catalog(t)
	dbtest.EachURL(t, fixture.Schema(t, catalog), func(t *testing.T, url string) { run(t, newEnv(t, url, catalog)) })
}

func newEnv(t testing.TB, url string, catalog *metadata.Catalog) *env {
	t.Helper()
	e := &env{t: t, clock: clock.NewFake(start), catalog: catalog, dir: t.TempDir()}
	if !strings.Contains(url, "://") {
		// The database lies in the data folder, as the product has it.
		e.path = filepath.Join(e.dir, "rapport.db")
		text, err := os.ReadFile(url)
		e.must(err)
		e.must(os.WriteFile(e.path, text, 0o600))
		url = e.path
	}
	var err error
	e.db, err = sqldb.Open(t.Context(), sqldb.Options{URL: url})
	e.must(err)
	t.Cleanup(func() { e.db.Close() })
	e.log = changelog.New(e.db)
	control := &access.Control{Current: func() *access.Snapshot { return e.snap }, Catalog: func() *metadata.Catalog { return catalog }}
	e.store = record.New(record.Options{DB: e.db, Catalog: control.Catalog, Access: control, Log: e.log, Clock: e.clock})
	e.bucket, err = files.OpenFolder(filepath.Join(e.dir, "files"))
	e.must(err)
	t.Cleanup(func() { e.bucket.Close() })
	e.files = files.New(files.Options{DB: e.db, Bucket: e.bucket, Records: e.store, Catalog: control.Catalog, Clock: e.clock})
	e.store.KeepFiles(e.files)
	e.reload()
	e.must(e.log.Tailer().Start(t.Context()))
	t.Cleanup(func() { e.log.Tailer().Stop(context.WithoutCancel(t.Context())) })
	unit := e.create("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
	e.create("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": unit})
	e.reload()
	e.jobs = job.NewQueue(e.db, e.clock)
	e.index = search.New(search.Options{DB: e.db, Store: e.store, Log: e.log, Access: control, Catalog: control.Catalog, Clock: e.clock, Jobs: e.jobs})
	e.stream = stream.New(stream.Options{Dir: filepath.Join(e.dir, "stream")})
	e.must(e.stream.Start(t.Context()))
	t.Cleanup(func() { e.stream.Stop(context.WithoutCancel(t.Context())) })
	e.must(e.stream.EnsureTopic(t.Context(), "leads"))
	e.lake = lake.New(lake.Config{Dir: filepath.Join(e.dir, "lake"), Catalog: control.Catalog, Linger: 10 * time.Millisecond})
	feed := e.lake.NewArrivals(lake.Topic{Log: event.Stream(e.stream, "leads")}, func() *sqldb.DB { return nil })
	e.must(feed.Start(t.Context()))
	t.Cleanup(func() { feed.Stop(context.WithoutCancel(t.Context())) })
	changes := lake.NewFeed(lake.FeedConfig{Lake: e.lake, DB: e.db, Log: e.log})
	e.must(changes.Start(t.Context()))
	t.Cleanup(func() { changes.Stop(context.WithoutCancel(t.Context())) })
	e.keys, err = secret.Open(filepath.Join(e.dir, "keys"), "")
	e.must(err)
	e.actions = action.New(control, e.store)
	e.service = New(Options{DB: e.db, Store: e.store, Catalog: control.Catalog, Log: e.log, Keys: e.keys, Files: e.files, Index: e.index, Jobs: e.jobs, Clock: e.clock, Addresses: &Addresses{DB: e.db, Log: e.log, Catalog: control.Catalog, Clock: e.clock},
		Lake: e.lake, Stream: e.stream, Topics: []Topic{{"leads", ""}}, Data: e.dir,
		Trim: func(ctx context.Context) error { // all has been worked off
			st, err := e.stream.State(ctx, "leads")
			if err != nil {
				return err
			}
			return e.stream.Trim(ctx, "leads", st.Last)
		}})
	e.service.Define(e.actions)
	return e
}

func (e *env) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

func (e *env) reload() {
	e.t.Helper()
	snap, err := access.Load(e.t.Context(), e.db)
	e.must(err)
	e.snap = snap
}

func (e *env) system() context.Context { return access.AsSystem(e.t.Context(), "test") }

func (e *env) create(table string, row record.Row) (out record.Row) {
	e.t.Helper()
	err := e.store.Write(e.system(), func(tx *record.Tx) (err error) { out, err = tx.Create(e.system(), table, row); return err })
	if err != nil {
		e.t.Fatal(table, err)
	}
	return out
}

func (e *env) update(table string, key id.ID, row record.Row) {
	e.t.Helper()
	e.must(e.store.Write(e.system(), func(tx *record.Tx) error {
		_, err := tx.Update(e.system(), table, key, row, record.Match{})
		return err
	}))
}

func (e *env) publish(event string, data map[string]any) {
	e.t.Helper()
	text, err := json.Marshal(data)
	e.must(err)
	e.must(e.stream.Publish(e.t.Context(), "leads", cloudevents.Event{ID: event, Source: "form", Type: "lead.created", DataContentType: "application/json", Data: text}))
}

// call calls an action and does its job.
func (e *env) call(name string, body map[string]any) (map[string]any, error) {
	e.t.Helper()
	out, err := e.actions.Call(e.system(), name, id.Nil, body)
	if err != nil || out["RequestId"] == nil {
		return out, err
	}
	request, err := id.Parse(fmt.Sprint(out["RequestId"]))
	e.must(err)
	out["row"] = e.work(request)
	return out, nil
}

// work does the job of a request.
func (e *env) work(request id.ID) record.Row {
	e.t.Helper()
	runner := job.NewRunner(job.Options{Queue: e.jobs, Poll: time.Millisecond, Lease: 1000 * time.Hour})
	runner.Handle(Kind, e.service.Handler())
	e.must(runner.Start(e.t.Context()))
	defer func() { e.must(runner.Stop(context.WithoutCancel(e.t.Context()))) }()
	for end := time.Now().Add(2 * time.Minute); ; {
		row, err := e.store.Get(e.system(), "rpt_personrequest", request, nil, nil)
		e.must(err)
		if row.Int("statecode") == 1 {
			return row
		}
		if time.Now().After(end) {
			e.t.Fatal("the request is not done: ", row)
		}
		e.clock.Advance(time.Second)
		time.Sleep(5 * time.Millisecond)
	}
}

func reportOf(t testing.TB, row record.Row) Report {
	t.Helper()
	raw, _ := row["rpt_report"].(json.RawMessage)
	var r Report
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err, string(raw))
	}
	return r
}

// dump gives every value of every table of the database as text.
func (e *env) dump() map[string]string {
	e.t.Helper()
	q := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'searchindex'"
	if e.db.Dialect() == sqldb.Postgres {
		q = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
	}
	rows, err := e.db.Query(e.t.Context(), q)
	e.must(err)
	var names []string
	for rows.Next() {
		var n string
		e.must(rows.Scan(&n))
		names = append(names, n)
	}
	rows.Close()
	out := map[string]string{}
	for _, n := range names {
		rows, err := e.db.Query(e.t.Context(), "SELECT * FROM "+e.db.Dialect().Quote(n))
		e.must(err)
		columns, err := rows.Columns()
		e.must(err)
		var text strings.Builder
		for rows.Next() {
			raw, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range raw {
				into[i] = &raw[i]
			}
			e.must(rows.Scan(into...))
			for _, v := range raw {
				if b, ok := v.([]byte); ok {
					v = string(b)
				}
				fmt.Fprintln(&text, v)
			}
		}
		rows.Close()
		out[n] = text.String()
	}
	return out
}
