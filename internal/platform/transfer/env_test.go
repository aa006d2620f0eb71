package transfer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// env is an organisation with one person who may import.
type env struct {
	t       *testing.T
	db      *sqldb.DB
	clock   *clock.Fake
	store   *record.Store
	log     *changelog.Log
	jobs    *job.Queue
	actions *action.Registry
	service *transfer.Service
	keeper  *operation.Keeper
	config  transfer.Config
	snap    *access.Snapshot
	unit    id.ID
	anna    id.ID
}

const code = `table: rpt_part
set: rpt_parts
label: {en: Part, de: Teil}
plural: {en: Parts, de: Teile}
id: rpt_partid
name: rpt_name
ownership: user
columns:
  - {name: rpt_name, type: text, max: 100, label: {en: Name, de: Name}, required: true}
  - {name: rpt_code, type: text, max: 20, label: {en: Code, de: Kürzel}}
  - {name: rpt_size, type: choice, label: {en: Size, de: Größe}, options: [{value: 1, label: {en: Small, de: Klein}}, {value: 2, label: {en: Large, de: Groß}}]}
  - {name: rpt_colours, type: multichoice, label: {en: Colours, de: Farben}, options: [{value: 1, label: {en: Red, de: Rot}}, {value: 2, label: {en: Blue, de: Blau}}]}
  - {name: rpt_price, type: decimal, precision: 2, label: {en: Price, de: Preis}}
  - {name: rpt_stock, type: whole, label: {en: Stock, de: Bestand}}
  - {name: rpt_listed, type: boolean, label: {en: Listed, de: Gelistet}}
  - {name: rpt_since, type: date, label: {en: Since, de: Seit}}
  - {name: rpt_checked, type: datetime, label: {en: Checked, de: Geprüft}}
  - {name: rpt_partof, type: lookup, targets: [rpt_part], label: {en: Part Of, de: Teil von}}
  - {name: rpt_maker, type: lookup, targets: [account], label: {en: Maker, de: Hersteller}, recommended: true}
keys:
  - {name: code, columns: [rpt_code]}
`

func each(t *testing.T, run func(e *env)) {
	t.Helper()
	t.Parallel()
	catalog := fixture.With(t, code)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) { run(newEnv(t, db, catalog)) })
}

func newEnv(t *testing.T, db *sqldb.DB, catalog *metadata.Catalog) *env {
	e := &env{t: t, db: db, clock: clock.NewFake(start), log: changelog.New(db)}
	control := &access.Control{Current: func() *access.Snapshot { return e.snap }, Catalog: func() *metadata.Catalog { return catalog }}
	e.jobs = job.NewQueue(db, e.clock)
	e.store = record.New(record.Options{DB: db, Catalog: control.Catalog, Access: control, Log: e.log, Clock: e.clock, Jobs: e.jobs})
	e.keeper = &operation.Keeper{DB: db, Store: e.store, Log: e.log, Queue: e.jobs, Clock: e.clock}
	e.config = transfer.Config{DB: db, Store: e.store, Access: control, Log: e.log, Queue: e.jobs, Clock: e.clock, Dir: t.TempDir(), Chunk: 7, Keeper: e.keeper}
	e.service = transfer.New(e.config)
	e.actions = action.New(control, e.store)
	e.service.Define(e.actions)
	e.reload()
	e.unit = e.must("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
	e.must("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": e.unit})
	e.anna = e.user("anna", "import", "importfile", "importmap", "rpt_part", "account", "contact", "systemuser", "lead")
	return e
}

// user makes a user who may do everything with some tables.
func (e *env) user(name string, tables ...string) id.ID {
	u := e.must("systemuser", record.Row{"fullname": name, "domainname": name, "internalemailaddress": name + "@example.com", "businessunitid": e.unit}).ID("systemuserid")
	r := e.must("role", record.Row{"name": "role of " + name}).ID("roleid")
	e.must("systemuserroles", record.Row{"systemuserid": u, "roleid": r})
	for _, table := range tables {
		for _, right := range access.Rights() {
			e.must("roleprivileges", record.Row{"roleid": r, "rpt_table": table, "accessright": int64(right), "privilegedepthmask": int64(access.Global)})
		}
	}
	e.reload()
	return u
}

func (e *env) reload() {
	e.t.Helper()
	s, err := access.Load(e.t.Context(), e.db)
	if err != nil {
		e.t.Fatal(err)
	}
	e.snap = s
}

func (e *env) system() context.Context { return access.AsSystem(e.t.Context(), "test") }
func (e *env) ctx() context.Context    { return as(e.t.Context(), e.anna) }

func as(ctx context.Context, who id.ID) context.Context {
	return access.With(ctx, access.Principal{Kind: access.User, ID: who})
}

func (e *env) must(table string, row record.Row) (out record.Row) {
	e.t.Helper()
	err := e.store.Write(e.system(), func(tx *record.Tx) (err error) { out, err = tx.Create(e.system(), table, row); return err })
	if err != nil {
		e.t.Fatal(table, err)
	}
	return out
}

func (e *env) update(ctx context.Context, table string, key id.ID, row record.Row) {
	e.t.Helper()
	if err := e.store.Write(ctx, func(tx *record.Tx) error { _, err := tx.Update(ctx, table, key, row, record.Match{}); return err }); err != nil {
		e.t.Fatal(err)
	}
}

// brought is an import with its files.
type brought struct {
	e     *env
	id    id.ID
	files []id.ID
}

// file is one to be brought.
type file struct {
	table, text string
	m           transfer.Mapping
}

func (e *env) bring(files ...file) *brought {
	e.t.Helper()
	b := &brought{e: e}
	for i, f := range files {
		up, err := e.service.Upload(e.ctx(), b.id, f.table, fmt.Sprintf("%d.csv", i), strings.NewReader(f.text))
		if err != nil {
			e.t.Fatal(err)
		}
		if err := e.service.Map(e.ctx(), up.File, f.table, f.m); err != nil {
			e.t.Fatal(err)
		}
		b.id, b.files = up.Import, append(b.files, up.File)
	}
	return b
}

func (b *brought) call(action string, body map[string]any) error {
	_, err := b.e.actions.Call(b.e.ctx(), action, b.id, body)
	return err
}

func (b *brought) must(action string, body map[string]any) {
	b.e.t.Helper()
	if err := b.call(action, body); err != nil {
		b.e.t.Fatal(action, err)
	}
}

// run has a runner of jobs work until the import is at one of the statuses.
func (b *brought) run(until ...int64) record.Row {
	b.e.t.Helper()
	return b.e.work(map[string]job.Handler{transfer.Kind: b.e.service.Handler(), operation.UndoKind: b.e.keeper.Undos()}, "import", b.id, until...)
}

func (e *env) work(handlers map[string]job.Handler, table string, key id.ID, until ...int64) (row record.Row) {
	e.t.Helper()
	r := job.NewRunner(job.Options{Queue: e.jobs, Handlers: handlers, Lease: 1000 * time.Hour})
	if err := r.Start(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
	deadline := time.Now().Add(2 * time.Minute)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for reached := false; !reached; {
		var err error
		if row, err = e.store.Get(e.system(), table, key, nil, nil); err != nil {
			e.t.Error(err)
			break
		}
		for _, st := range until {
			reached = reached || row.Int("rpt_status") == st
		}
		if time.Now().After(deadline) {
			e.t.Errorf("not reached: %v, but %d %v", until, row.Int("rpt_status"), row["rpt_error"])
			break
		}
		e.clock.Advance(time.Second)
		<-tick.C
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.t.Context()), time.Minute)
	defer cancel()
	if err := r.Stop(ctx); err != nil {
		e.t.Fatal(err)
	}
	return row
}

// counts gives what became of a file's rows: read, created, updated, unchanged, refused.
func (b *brought) counts(i int) string {
	b.e.t.Helper()
	f, err := b.e.store.Get(b.e.system(), "importfile", b.files[i], nil, nil)
	if err != nil {
		b.e.t.Fatal(err)
	}
	return fmt.Sprint(f.Int("processedcount"), f.Int("rpt_created"), f.Int("rpt_updated"), f.Int("rpt_unchanged"), f.Int("failurecount"))
}

// import_ brings files, imports them, and gives the counts of the first.
func (e *env) imported(files ...file) *brought {
	e.t.Helper()
	b := e.bring(files...)
	b.must("rpt_StartImport", nil)
	if row := b.run(operation.Done, operation.Failed); row.Int("rpt_status") != operation.Done {
		e.t.Fatalf("%v", row["rpt_error"])
	}
	return b
}

func (b *brought) refused(i int) string {
	b.e.t.Helper()
	var out strings.Builder
	if err := b.e.service.Refused(b.e.ctx(), b.files[i], &out); err != nil {
		b.e.t.Fatal(err)
	}
	return out.String()
}

func (b *brought) want(i int, counts string) {
	b.e.t.Helper()
	if got := b.counts(i); got != counts {
		b.e.t.Errorf("file %d: read, created, updated, unchanged, refused = %s, want %s\n%s", i, got, counts, b.refused(i))
	}
}

// rows gives the rows of a table as JSON of some columns, sorted by the first.
func (e *env) rows(table string, columns ...string) string {
	e.t.Helper()
	page, err := e.store.Find(e.system(), query.Query{Table: table, Select: columns, Order: []query.Order{{Column: columns[0]}}})
	if err != nil {
		e.t.Fatal(err)
	}
	var out []string
	for _, row := range page.Rows {
		var parts []string
		for _, c := range columns {
			text, err := json.Marshal(row[c])
			if err != nil {
				e.t.Fatal(err)
			}
			parts = append(parts, strings.Trim(string(text), `"`))
		}
		out = append(out, strings.Join(parts, " "))
	}
	return strings.Join(out, "\n")
}

func (e *env) count(table string) int64 {
	e.t.Helper()
	page, err := e.store.Find(e.system(), query.Query{Table: table, Limit: 1, Count: true})
	if err != nil {
		e.t.Fatal(err)
	}
	return page.Total
}

// failing is a sender who breaks off.
type failing struct{ after io.Reader }

func (f failing) Read(p []byte) (int, error) {
	n, err := f.after.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
