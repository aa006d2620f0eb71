package decision_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/decision"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/webhook"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

const applications = `
table: app_request
schema: app_Request
set: app_requests
label: {en: Request}
plural: {en: Requests}
id: app_requestid
name: app_name
ownership: user
states:
  - {value: 0, label: {en: Open}, reasons: [{value: 1, label: {en: Open}}]}
  - {value: 1, label: {en: Granted}, reasons: [{value: 2, label: {en: Granted}}]}
columns:
  - {name: app_name, type: text, max: 200, label: {en: Name}}
  - {name: app_income, type: money, label: {en: Income}}
  - {name: app_amount, type: decimal, label: {en: Amount}}
  - {name: app_work, type: choice, label: {en: Work}, options: [{value: 1, label: {en: Employed}}, {value: 2, label: {en: None}}]}
  - {name: app_contactid, type: lookup, targets: [contact], label: {en: Applicant}, collection: contact_requests}
  - {name: app_outcome, type: choice, readonly: true, label: {en: Outcome}, options: [{value: 1, label: {en: Passed}}, {value: 2, label: {en: Referred}}, {value: 3, label: {en: Failed}}, {value: 4, label: {en: Overridden}}]}
`

// definition decides on requests; the score comes from a service.
const definition = `{
 "inputs": [
  {"name": "income", "label": "Income", "kind": "number", "column": "app_income", "least": 0, "change": "up", "step": 100},
  {"name": "amount", "label": "Amount", "kind": "number", "column": "app_amount", "least": 0, "change": "down", "step": 100},
  {"name": "work", "label": "Work", "kind": "choice", "column": "app_work", "values": [1, 2]},
  {"name": "born", "label": "Birthday", "kind": "date", "column": "app_contactid/birthdate"},
  {"name": "score", "label": "Score", "kind": "number", "least": 0, "most": 1000, "service": "bureau", "field": "report.score", "fallback": 450}],
 "formulas": [
  {"name": "age", "label": "Age", "kind": "number", "formula": "years(born, today)"},
  {"name": "burden", "label": "Burden", "kind": "number", "formula": "amount / income"}],
 "tables": [
  {"name": "age", "label": "Age", "inputs": ["age"], "rows": [{"when": ["< 18"], "outcome": "fail", "reason": "too young"}, {"when": ["-"], "outcome": "pass"}]},
  {"name": "burden", "label": "Burden", "policy": "unique", "inputs": ["burden", "work"], "rows": [
   {"when": ["<= 10", "1"], "outcome": "pass"}, {"when": ["> 10", "1"], "outcome": "fail", "reason": "{burden} times the income"}, {"when": ["-", "2"], "outcome": "fail", "reason": "no work"}]},
  {"name": "score", "label": "Score", "inputs": ["score"], "rows": [{"when": [">= 500"], "outcome": "pass"}, {"when": ["[400..500)"], "outcome": "refer", "reason": "a person looks at it"}, {"when": ["-"], "outcome": "fail", "reason": "score of {score}"}]}]}`

// bureau is a small service that gives scores, with faults that can be switched on.
type bureau struct {
	*httptest.Server
	fault atomic.Value // "", slow, error, nonsense, text, huge
	score atomic.Int64
	asked atomic.Int64
	last  atomic.Value // body of the last request
	hold  chan struct{}
	// during is done once, while a request waits for its answer.
	during atomic.Pointer[func()]
}

func newBureau(t *testing.T) *bureau {
	b := &bureau{hold: make(chan struct{})}
	b.fault.Store("")
	b.score.Store(700)
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.asked.Add(1)
		var body map[string]any
		if json.NewDecoder(r.Body).Decode(&body) != nil || r.Header.Get("Authorization") != "Bearer token of the bureau" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		b.last.Store(body)
		if do := b.during.Swap(nil); do != nil {
			(*do)()
		}
		switch b.fault.Load() {
		case "slow":
			select {
			case <-b.hold:
			case <-r.Context().Done():
			}
		case "error":
			w.WriteHeader(http.StatusInternalServerError)
			return
		case "nonsense":
			_, _ = w.Write([]byte(`{"report": {"score": "excellent"}}`))
			return
		case "text":
			_, _ = w.Write([]byte(`<html>`))
			return
		case "huge":
			_, _ = w.Write(make([]byte, 1<<20))
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"report": map[string]any{"score": b.score.Load()}})
	}))
	t.Cleanup(func() { close(b.hold); b.Close() })
	return b
}

// env is an organisation with a decision set on requests. sella owns her requests
// and may read decisions; mara may write decisions, too.
type env struct {
	t       *testing.T
	ctx     context.Context // the platform's
	db      *sqldb.DB
	store   *record.Store
	actions *action.Registry
	service *decision.Service
	clock   *clock.Fake
	bureau  *bureau
	snap    atomic.Pointer[access.Snapshot]

	unit, sella, mara id.ID
	set, version      id.ID
}

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	catalog := fixture.With(t, applications)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		logger := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
		e := &env{t: t, db: db, ctx: access.AsSystem(t.Context(), "test"), bureau: newBureau(t), clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))}
		e.reload()
		log := changelog.New(db)
		tailer := log.Tailer()
		now := func() *metadata.Catalog { return catalog }
		control := &access.Control{Current: e.snap.Load, Catalog: now}
		e.store = record.New(record.Options{DB: db, Catalog: now, Access: control, Log: log, Clock: e.clock})
		e.actions = action.New(control, e.store)
		queue := job.NewQueue(db, e.clock)
		box, err := secret.Open(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		e.service = decision.New(decision.Config{DB: db, Store: e.store, Queue: queue, Catalog: now, Tail: tailer, Clock: e.clock, Logger: logger, Box: box, People: control, Rest: time.Hour,
			Asker: webhook.NewClient([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, time.Minute)})
		for _, h := range e.service.Hooks() {
			e.store.AddHook(h)
		}
		e.store.AddHooks(e.service.Obey)
		e.service.Define(e.actions)
		var g lifecycle.Group
		g.Add("tailer", tailer)
		g.Add("decision sets", e.service.Snapshot())
		g.Add("jobs", job.NewRunner(job.Options{Queue: queue, Logger: logger, Handlers: e.service.Handlers(), Poll: 20 * time.Millisecond, Lease: 1000 * time.Hour}))
		if err := g.Start(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
			defer cancel()
			if err := g.Stop(ctx); err != nil {
				t.Error(err)
			}
		})
		e.unit = e.create("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
		e.create("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": e.unit})
		e.sella = e.user("sella", map[string][]access.Right{"app_request": access.Rights(), "contact": access.Rights(), "rpt_decisioncheck": {access.Read}, "rpt_decision": {access.Read}, "rpt_decisionversion": {access.Read}})
		e.mara = e.user("mara", map[string][]access.Right{"app_request": {access.Read}, "contact": {access.Read}, "rpt_decisioncheck": {access.Read, access.Write}, "rpt_decision": access.Rights(), "rpt_decisionversion": access.Rights()})
		e.create("rpt_decisionservice", record.Row{"rpt_name": "Bureau", "rpt_uniquename": "bureau", "rpt_url": e.bureau.URL, "rpt_secret": "token of the bureau", "rpt_timeout": int64(20000), "rpt_request": `{"income": "income", "born": "born"}`})
		e.set = e.create("rpt_decision", record.Row{"rpt_name": "Eligibility", "rpt_uniquename": "eligibility", "rpt_table": "app_request", "rpt_outcomecolumn": "app_outcome", "rpt_guardstate": int64(1)}).ID("rpt_decisionid")
		e.version = e.draft(definition)
		run(t, e)
	})
}

func (e *env) reload() {
	e.t.Helper()
	snap, err := access.Load(e.t.Context(), e.db)
	if err != nil {
		e.t.Fatal(err)
	}
	e.snap.Store(snap)
}

func (e *env) user(name string, rights map[string][]access.Right) id.ID {
	u := e.create("systemuser", record.Row{"fullname": name, "domainname": name, "businessunitid": e.unit}).ID("systemuserid")
	r := e.create("role", record.Row{"name": name}).ID("roleid")
	e.create("systemuserroles", record.Row{"systemuserid": u, "roleid": r})
	for table, list := range rights {
		for _, right := range list {
			depth := access.Global
			if name == "sella" && (table == "app_request" || table == "rpt_decisioncheck") {
				depth = access.Basic
			}
			e.create("roleprivileges", record.Row{"roleid": r, "rpt_table": table, "accessright": int64(right), "privilegedepthmask": int64(depth)})
		}
	}
	e.reload()
	return u
}

func (e *env) as(user id.ID) context.Context {
	return access.With(e.t.Context(), access.Principal{Kind: access.User, ID: user})
}

func (e *env) create(table string, row record.Row) (out record.Row) {
	e.t.Helper()
	if err := e.store.Write(e.ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(e.ctx, table, row); return err }); err != nil {
		e.t.Fatalf("%s: %v", table, err)
	}
	return out
}

func (e *env) update(ctx context.Context, table string, key id.ID, row record.Row) error {
	return e.store.Write(ctx, func(tx *record.Tx) error {
		_, err := tx.Update(ctx, table, key, row, record.Match{})
		return err
	})
}

func (e *env) get(table string, key id.ID) record.Row {
	e.t.Helper()
	row, err := e.store.Get(e.ctx, table, key, nil, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	return row
}

func (e *env) draft(text string) id.ID {
	e.t.Helper()
	return e.create("rpt_decisionversion", record.Row{"rpt_decisionid": e.set, "rpt_definition": text}).ID("rpt_decisionversionid")
}

func (e *env) call(ctx context.Context, name string, target id.ID, body map[string]any) (map[string]any, error) {
	return e.actions.Call(ctx, name, target, body)
}

func (e *env) must(ctx context.Context, name string, target id.ID, body map[string]any) map[string]any {
	e.t.Helper()
	out, err := e.call(ctx, name, target, body)
	if err != nil {
		e.t.Fatalf("%s: %v", name, err)
	}
	return out
}

func (e *env) activate(version id.ID) {
	e.t.Helper()
	e.must(e.as(e.mara), "rpt_ActivateDecision", version, nil)
	if err := e.service.Refresh(e.ctx); err != nil {
		e.t.Fatal(err)
	}
}

// request makes a request of sella's for somebody who was born on a day.
func (e *env) request(change record.Row) id.ID {
	e.t.Helper()
	contact := e.create("contact", record.Row{"lastname": "A", "birthdate": "1990-01-01T00:00:00Z", "ownerid": e.sella, "owneridtype": "systemuser"}).ID("contactid")
	row := record.Row{"app_name": "R", "app_income": 3000, "app_amount": 20000, "app_work": int64(1), "app_contactid": contact, "ownerid": e.sella, "owneridtype": "systemuser"}
	for k, v := range change {
		row[k] = v
	}
	return e.create("app_request", row).ID("app_requestid")
}

func (e *env) decide(ctx context.Context, request id.ID) (outcome int64, check record.Row) {
	e.t.Helper()
	out := e.must(ctx, "rpt_Decide", id.Nil, map[string]any{"Target": map[string]any{"LogicalName": "app_request", "Id": request.String()}})
	key, err := id.Parse(text(out["CheckId"]))
	if err != nil {
		e.t.Fatal(err)
	}
	check = e.get("rpt_decisioncheck", key)
	return check.Int("rpt_outcome"), check
}

func (e *env) checks(request id.ID) []record.Row {
	e.t.Helper()
	page, err := e.store.Find(e.ctx, query.Query{Table: "rpt_decisioncheck", Where: query.Compare{Left: query.Path{"rpt_recordid"}, Value: request}, Order: []query.Order{{Column: "createdon"}}})
	if err != nil {
		e.t.Fatal(err)
	}
	return page.Rows
}

func (e *env) until(what string, is func() bool) {
	e.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			e.t.Fatal("never: " + what)
		}
	}
}

func text(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case id.ID:
		return x.String()
	case json.RawMessage:
		return string(x)
	}
	return ""
}
