package exchange_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/examples/loanbackend/backend"
	"github.com/rapport-platform/rapport/internal/commons/exchange"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/webhook"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

const (
	token   = "a token of the counterpart"
	signing = "a secret under which is signed"
)

// mapping exchanges cases about opportunities. The priority belongs to both.
const mapping = `{"kind": "loan", "case": "incident", "subject": "opportunity", "lookup": "app_dealid",
 "open": {"when": "app_ready eq true", "values": {"casetypecode": 3}, "copy": {"title": "name", "customerid": "customerid"}},
 "close": {"when": "statecode ne 0", "status": "withdrawn"},
 "status": {"column": "app_status", "reason": "app_reason", "values": {"received": 1, "in-review": 2, "approved": 3, "declined": 4, "incomplete": 5}, "ours": {"active": 1, "on-hold": 2}},
 "fields": [
  {"name": "amount", "on": "subject", "column": "app_amount", "owner": "ours"},
  {"name": "applicant", "on": "case", "column": "customerid", "owner": "ours"},
  {"name": "underwriting", "on": "subject", "column": "app_underwriting", "owner": "theirs", "values": {"approved": 1, "conditions": 2, "declined": 3}},
  {"name": "rate", "on": "subject", "column": "app_rate", "owner": "theirs"},
  {"name": "priority", "on": "case", "column": "prioritycode", "owner": "both", "values": {"high": 1, "normal": 2, "low": 3}}],
 "notes": true, "documents": true}`

// tables gives the product's tables, cases and opportunities with columns of the test's.
func tables(t testing.TB) *metadata.Catalog {
	t.Helper()
	extended := func(folder, name, columns string) string {
		text, err := os.ReadFile(filepath.Join("..", "..", "capability", folder, "tables", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		head, rest, _ := strings.Cut(string(text), "\ncolumns:\n")
		return head + "\ncolumns:\n" + columns + rest
	}
	return fixture.With(t, extended("support", "incident", `  - {name: app_dealid, type: lookup, targets: [opportunity], collection: app_opportunity_cases, label: {en: Deal}}
  - {name: app_status, type: choice, label: {en: Status there}, options: [{value: 1, label: {en: Received}}, {value: 2, label: {en: In review}}, {value: 3, label: {en: Approved}}, {value: 4, label: {en: Declined}}, {value: 5, label: {en: Incomplete}}]}
  - {name: app_reason, type: text, max: 200, label: {en: Reason there}}
`), extended("sales", "opportunity", `  - {name: app_ready, type: boolean, label: {en: Ready}}
  - {name: app_amount, type: decimal, precision: 2, label: {en: Amount}}
  - {name: app_rate, type: decimal, precision: 3, label: {en: Rate}}
  - {name: app_underwriting, type: choice, label: {en: Underwriting}, options: [{value: 1, label: {en: Approved}}, {value: 2, label: {en: With conditions}}, {value: 3, label: {en: Declined}}]}
`))
}

// env is an organisation that exchanges cases.
type env struct {
	t       *testing.T
	ctx     context.Context // the platform's
	db      *sqldb.DB
	store   *record.Store
	actions *action.Registry
	service *exchange.Service
	clock   *clock.Fake
	queue   *job.Queue
	files   *files.Store
	group   *lifecycle.Group
	snap    atomic.Pointer[access.Snapshot]
	sender  *recorder
	hook    *httptest.Server // our web hook

	unit, seller, counterpart, customer id.ID
}

// recorder sends as the product does, and lets a test look at requests and answers.
type recorder struct {
	*webhook.Client
	mu   sync.Mutex
	seen func(r *http.Request, body []byte, reply webhook.Reply)
}

func (r *recorder) Do(req *http.Request, most int64) (webhook.Reply, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return webhook.Reply{}, err
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	reply, err := r.Client.Do(req, most)
	r.mu.Lock()
	seen := r.seen
	r.mu.Unlock()
	if err == nil && seen != nil {
		seen(req, body, reply)
	}
	return reply, err
}

// each runs a test on both databases, with jobs running or not.
func each(t *testing.T, jobs bool, run func(t *testing.T, e *env)) {
	t.Helper()
	catalog := tables(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) { run(t, start(t, db, catalog, jobs)) })
}

func start(t *testing.T, db *sqldb.DB, catalog *metadata.Catalog, jobs bool) *env {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	e := &env{t: t, db: db, ctx: access.AsSystem(t.Context(), "test"), clock: clock.NewFake(time.Now())}
	e.reload()
	log := changelog.New(db)
	tailer := log.Tailer()
	now := func() *metadata.Catalog { return catalog }
	control := &access.Control{Current: e.snap.Load, Catalog: now}
	e.queue = job.NewQueue(db, e.clock)
	e.store = record.New(record.Options{DB: db, Catalog: now, Access: control, Log: log, Clock: e.clock, Jobs: e.queue})
	bucket, err := files.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e.files = files.New(files.Options{DB: db, Bucket: bucket, Records: e.store, Catalog: now, Clock: e.clock})
	e.store.KeepFiles(e.files)
	e.actions = action.New(control, e.store)
	box, err := secret.Open(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	e.sender = &recorder{Client: webhook.NewClient([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, time.Minute)}
	e.service = exchange.New(exchange.Config{DB: db, Store: e.store, Queue: e.queue, Catalog: now, Tail: tailer, Clock: e.clock, Logger: logger, Box: box, Sender: e.sender, Files: e.files})
	for _, h := range e.service.Hooks() {
		e.store.AddHook(h)
	}
	e.store.AddHooks(e.service.Follow)
	e.service.Define(e.actions)
	e.group = &lifecycle.Group{}
	e.group.Add("tailer", tailer)
	e.group.Add("counterparts", e.service.Snapshot())
	if jobs {
		e.group.Add("jobs", job.NewRunner(job.Options{Queue: e.queue, Logger: logger, Handlers: e.service.Handlers(), Poll: 20 * time.Millisecond, Lease: 1000 * time.Hour}))
	}
	if err := e.group.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		if err := errors.Join(e.group.Stop(ctx), bucket.Close()); err != nil {
			t.Error(err)
		}
	})
	e.hook = httptest.NewServer(http.HandlerFunc(e.receive))
	t.Cleanup(e.hook.Close)
	e.unit = e.create("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
	e.create("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": e.unit})
	e.seller = e.create("systemuser", record.Row{"fullname": "Sella", "domainname": "sella", "businessunitid": e.unit}).ID("systemuserid")
	e.customer = e.create("account", record.Row{"name": "Customer Ltd"}).ID("accountid")
	e.reload()
	return e
}

// receive is our web hook as the edge has it.
func (e *env) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = e.service.Receive(r.Context(), "other", r.Header.Get("X-Exchange-Signature"), body)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// connect enables the counterpart at an address.
func (e *env) connect(address string, change record.Row) {
	e.t.Helper()
	row := record.Row{"rpt_name": "Other side", "rpt_uniquename": "other", "rpt_url": address, "rpt_mapping": mapping, "rpt_token": token, "rpt_signingsecret": signing, "rpt_poll": int64(0), "rpt_tellid": e.seller}
	for k, v := range change {
		row[k] = v
	}
	e.counterpart = e.create("rpt_counterpart", row).ID("rpt_counterpartid")
	e.refresh()
}

func (e *env) refresh() {
	e.t.Helper()
	if err := e.service.Refresh(e.ctx); err != nil {
		e.t.Fatal(err)
	}
}

// other starts a back-end that calls our web hook, or is only asked.
func (e *env) other(calls bool) (*backend.Backend, *httptest.Server) {
	e.t.Helper()
	o := backend.Options{File: filepath.Join(e.t.TempDir(), "other.db"), Token: token, Secret: signing, Seed: 7, Now: e.clock.Now}
	if calls {
		o.Webhook = e.hook.URL
	}
	b, err := backend.Open(o)
	if err != nil {
		e.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(e.t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); b.Run(ctx) }()
	server := httptest.NewServer(b.Handler())
	e.t.Cleanup(func() { stop(); <-done; server.Close(); b.Close() })
	return b, server
}

func (e *env) reload() {
	e.t.Helper()
	snap, err := access.Load(e.t.Context(), e.db)
	if err != nil {
		e.t.Fatal(err)
	}
	e.snap.Store(snap)
}

func (e *env) create(table string, row record.Row) (out record.Row) {
	e.t.Helper()
	if err := e.store.Write(e.ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(e.ctx, table, row); return err }); err != nil {
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
		e.t.Fatalf("%s: %v", table, err)
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
	page, err := e.store.Find(e.ctx, query.Query{Table: table, Where: where, Order: []query.Order{{Column: "createdon"}}, Limit: 1000})
	if err != nil {
		e.t.Fatal(err)
	}
	return page.Rows
}

func (e *env) call(name string, target id.ID, body map[string]any) (map[string]any, error) {
	return e.actions.Call(e.ctx, name, target, body)
}

func (e *env) must(name string, target id.ID, body map[string]any) map[string]any {
	e.t.Helper()
	out, err := e.call(name, target, body)
	if err != nil {
		e.t.Fatalf("%s: %v", name, err)
	}
	return out
}

// deal makes an opportunity for which a case is opened.
func (e *env) deal(amount int) (deal, incident, link id.ID) {
	e.t.Helper()
	deal = e.create("opportunity", record.Row{"name": "Deal", "customerid": e.customer, "customeridtype": "account", "app_amount": amount, "app_ready": true, "ownerid": e.seller, "owneridtype": "systemuser"}).ID("opportunityid")
	list := e.find("rpt_exchangecase", eq("rpt_subjectid", deal))
	if len(list) != 1 {
		e.t.Fatalf("%d exchanged cases", len(list))
	}
	return deal, list[0].ID("rpt_recordid"), list[0].ID("rpt_exchangecaseid")
}

func (e *env) note(about id.ID, text string) id.ID {
	e.t.Helper()
	return e.create("annotation", record.Row{"subject": "Note", "notetext": text, "objectid": about, "objectidtype": "incident"}).ID("annotationid")
}

// document puts a file on an opportunity.
func (e *env) document(deal id.ID, name, content string) id.ID {
	e.t.Helper()
	info, err := e.files.Stage(e.ctx, "annotation", "documentbody", name, strings.NewReader(content))
	if err != nil {
		e.t.Fatal(err)
	}
	return e.create("annotation", record.Row{"subject": name, "documentbody": info.ID, "objectid": deal, "objectidtype": "opportunity"}).ID("annotationid")
}

func (e *env) intents(link id.ID) []record.Row {
	e.t.Helper()
	page, err := e.store.Find(e.ctx, query.Query{Table: "rpt_exchangeintent", Where: eq("rpt_caseid", link), Order: []query.Order{{Column: "rpt_number"}}, Limit: 1000})
	if err != nil {
		e.t.Fatal(err)
	}
	return page.Rows
}

// until waits for something, and lets the clock go on meanwhile, so that pauses pass.
func (e *env) until(what string, is func() bool) {
	e.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			e.t.Fatal("never: " + what)
		}
		e.clock.Advance(time.Second)
	}
}

func eq(column string, v any) query.Node { return query.Compare{Left: query.Path{column}, Value: v} }

// quiet tells whether nothing is on its way any more, on both sides.
func (e *env) quiet(b *backend.Backend) bool {
	s, err := b.State()
	if err != nil {
		e.t.Fatal(err)
	}
	return s.Unsent == 0 && s.Deciding == 0 && len(e.find("rpt_exchangeintent", eq("statecode", int64(0)))) == 0 && len(e.find("rpt_exchangeevent", eq("statecode", int64(0)))) == 0
}

// compared compares a case on both sides and lists what differs.
func (e *env) compared(link id.ID) string {
	e.t.Helper()
	e.must("rpt_CompareCase", link, nil)
	return e.get("rpt_exchangecase", link).Text("rpt_differences")
}

func event(kind string, caseID id.ID, sequence int, more map[string]any) []byte {
	all := map[string]any{"id": id.New().String(), "caseId": caseID.String(), "sequence": sequence, "type": kind, "time": "2026-11-22T09:00:00Z"}
	for k, v := range more {
		all[k] = v
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return text
}

func (e *env) hear(body []byte) {
	e.t.Helper()
	if err := e.service.Receive(e.ctx, "other", backend.Sign(signing, e.clock.Now(), body), body); err != nil {
		e.t.Fatal(err)
	}
}
