package webhook_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/webhook"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

const signing = "a signing secret of a hook"

// receiver is somebody else's service.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []map[string]any
	heads  []http.Header
	bodies [][]byte
	answer func(n int) int // status of the n-th request; 0 hangs until the client gives up
	count  int
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{answer: func(int) int { return 200 }}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.count++
		status := r.answer(r.count)
		if status == 200 {
			var v map[string]any
			if json.Unmarshal(body, &v) != nil {
				status = 400
			}
			r.got, r.heads, r.bodies = append(r.got, v), append(r.heads, req.Header), append(r.bodies, body)
		}
		r.mu.Unlock()
		if status == 0 {
			<-req.Context().Done()
			return
		}
		if status == 302 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) list() []map[string]any {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

type letters struct {
	mu   sync.Mutex
	kept []event.Letter
}

func (l *letters) Keep(_ context.Context, _ *sqldb.Tx, x event.Letter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, x)
	return nil
}

type env struct {
	t        *testing.T
	db       *sqldb.DB
	log      *changelog.Log
	store    *record.Store
	service  *webhook.Service
	follower *event.Batch
	steps    *webhook.Steps
	letters  *letters
	clock    *clock.Fake
	jobs     *job.Queue
}

func each(t *testing.T, run func(t *testing.T, e *env, r *receiver)) {
	t.Helper()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		e := &env{t: t, db: db, log: changelog.New(db), letters: &letters{}, clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))}
		snap, err := access.Load(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		control := &access.Control{Current: func() *access.Snapshot { return snap }, Catalog: func() *metadata.Catalog { return catalog }}
		e.store = record.New(record.Options{DB: db, Catalog: control.Catalog, Access: control, Log: e.log, Clock: e.clock})
		box, err := secret.Open(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		client := webhook.NewClient([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, 300*time.Millisecond)
		for _, h := range webhook.Hooks(box, control.Catalog, client) {
			e.store.AddHook(h)
		}
		e.jobs = job.NewQueue(db, e.clock)
		e.service = webhook.New(webhook.Options{DB: db, Log: e.log, Catalog: control.Catalog, Steps: func() *webhook.Steps { return e.steps }, Clock: e.clock, Jobs: e.jobs, Box: box, Client: client,
			Letters: e.letters, Logger: slog.New(slog.DiscardHandler), Organization: id.Derive("organization"), Name: "crm.example", Unit: func(id.ID) id.ID { return id.Nil }})
		e.follower = e.service.Follower()
		unit := e.must("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
		e.must("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": unit})
		e.follow()
		runner := job.NewRunner(job.Options{Queue: e.jobs, Poll: time.Millisecond, Lease: 1000 * time.Hour, Handlers: map[string]job.Handler{webhook.Kind: e.service.Handler()}})
		if err := runner.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := runner.Stop(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
		run(t, e, newReceiver(t))
	})
}

func (e *env) system() context.Context { return access.AsSystem(e.t.Context(), "test") }

func (e *env) try(table string, row record.Row) (out record.Row, err error) {
	err = e.store.Write(e.system(), func(tx *record.Tx) (err error) { out, err = tx.Create(e.system(), table, row); return err })
	return out, err
}

func (e *env) must(table string, row record.Row) record.Row {
	e.t.Helper()
	out, err := e.try(table, row)
	if err != nil {
		e.t.Fatal(err)
	}
	return out
}

func (e *env) update(table string, key id.ID, row record.Row) {
	e.t.Helper()
	err := e.store.Write(e.system(), func(tx *record.Tx) error {
		_, err := tx.Update(e.system(), table, key, row, record.Match{})
		return err
	})
	if err != nil {
		e.t.Fatal(err)
	}
}

// hook registers a web hook for messages of leads.
func (e *env) hook(address string, columns string, messages ...int64) id.ID {
	e.t.Helper()
	key := e.must("serviceendpoint", record.Row{"name": "hook", "url": address, "rpt_signingsecret": signing}).ID("serviceendpointid")
	for _, m := range messages {
		e.must("sdkmessageprocessingstep", record.Row{"name": "step", "eventhandler": key, "rpt_message": m, "rpt_table": "lead", "filteringattributes": columns})
	}
	e.load()
	e.follow()
	return key
}

func (e *env) load() {
	e.t.Helper()
	var err error
	if e.steps, err = webhook.Load(e.system(), e.store); err != nil {
		e.t.Fatal(err)
	}
}

// follow turns all changes into deliveries.
func (e *env) follow() {
	e.t.Helper()
	for n := 1; n > 0; {
		if _, err := e.log.Through(e.t.Context()); err != nil {
			e.t.Fatal(err)
		}
		var err error
		if n, err = e.follower.Step(e.t.Context()); err != nil {
			e.t.Fatal(err)
		}
	}
}

// until lets time go by until something is so.
func (e *env) until(what string, ok func() bool) {
	e.t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(deadline) {
			e.t.Fatal("never: " + what)
		}
		e.clock.Advance(time.Second)
		time.Sleep(2 * time.Millisecond)
	}
}

func attribute(v any, name string) any {
	list, _ := v.(map[string]any)["Attributes"].([]any)
	for _, p := range list {
		if m := p.(map[string]any); m["key"] == name {
			return m["value"]
		}
	}
	return nil
}

// What is told is Dataverse's context, signed, and once for each change.
func TestWhatIsTold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env, r *receiver) {
		endpoint := e.hook(r.URL, "lastname", 1, 2, 3)
		if row, err := e.store.Get(e.system(), "serviceendpoint", endpoint, nil, nil); err != nil || row["rpt_signingsecret"] != nil || row["rpt_hassecret"] != true {
			t.Errorf("the secret is shown: %v %v", row, err)
		}
		account := e.must("account", record.Row{"name": "Berg Ltd"}).ID("accountid")
		lead := e.must("lead", record.Row{"lastname": "Berg", "parentaccountid": account, "leadqualitycode": 1, "budgetamount": 5, "estimatedclosedate": time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}).ID("leadid")
		e.update("lead", lead, record.Row{"subject": "not asked for"})
		e.update("lead", lead, record.Row{"lastname": "Tal"})
		err := e.store.Write(e.system(), func(tx *record.Tx) error { return tx.Delete(e.system(), "lead", lead, record.Match{}) })
		if err != nil {
			t.Fatal(err)
		}
		e.follow()
		e.until("three are told", func() bool { return len(r.list()) == 3 })
		got := r.list()
		first := got[0]
		target := first["InputParameters"].([]any)[0].(map[string]any)["value"]
		if first["MessageName"] != "Create" || first["PrimaryEntityName"] != "lead" || first["PrimaryEntityId"] != lead.String() || first["Stage"] != 40.0 || first["Mode"] != 1.0 || first["UserId"] != access.SystemUser.String() ||
			!strings.HasPrefix(first["OperationCreatedOn"].(string), "/Date(1795") {
			t.Errorf("%v", first)
		}
		if attribute(target, "lastname") != "Berg" || attribute(target, "leadqualitycode").(map[string]any)["Value"] != 1.0 || attribute(target, "budgetamount").(map[string]any)["Value"] != 5.0 ||
			attribute(target, "parentaccountid").(map[string]any)["Id"] != account.String() || attribute(target, "estimatedclosedate") != "/Date(1798761600000)/" {
			t.Errorf("%v", target)
		}
		change := got[1]
		if change["MessageName"] != "Update" || attribute(change["PreEntityImages"].([]any)[0].(map[string]any)["value"], "lastname") != "Berg" || attribute(change["PostEntityImages"].([]any)[0].(map[string]any)["value"], "lastname") != "Tal" {
			t.Errorf("%v", change)
		}
		if got[2]["MessageName"] != "Delete" || got[2]["InputParameters"].([]any)[0].(map[string]any)["value"].(map[string]any)["LogicalName"] != "lead" {
			t.Errorf("%v", got[2])
		}
		for i, h := range r.heads {
			seconds, _, _ := strings.Cut(strings.TrimPrefix(h.Get(webhook.SignatureHeader), "t="), ",")
			at, err := time.ParseDuration(seconds + "s")
			if err != nil || h.Get(webhook.SignatureHeader) != webhook.Sign([]byte(signing), time.Unix(int64(at.Seconds()), 0), r.bodies[i]) {
				t.Errorf("signature %q", h.Get(webhook.SignatureHeader))
			}
			if h.Get("x-ms-dynamics-organization") != "crm.example" || h.Get("x-ms-dynamics-entity-name") != "lead" || h.Get("x-ms-dynamics-request-name") != got[i]["MessageName"] || h.Get("x-ms-correlation-request-id") == "" {
				t.Errorf("%v", h)
			}
		}
	})
}

// More than 256 KB goes without its parameters, and says so.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env, r *receiver) {
		e.hook(r.URL, "", 1)
		e.must("lead", record.Row{"lastname": "Berg", "rpt_extra": map[string]any{"text": strings.Repeat("x", 200<<10)}})
		e.follow()
		e.until("it is told", func() bool { return len(r.list()) == 1 })
		if got := r.list()[0]; len(got["InputParameters"].([]any)) != 0 || len(got["PostEntityImages"].([]any)) != 0 || got["MessageName"] != "Create" || r.heads[0].Get("x-ms-dynamics-msg-size-exceeded") != "true" {
			t.Errorf("%v %v", got, r.heads[0])
		}
	})
}

// Failures, redirects and silence are tried again, in order for each record,
// while other records go on; what fails for good becomes a dead letter.
func TestFaults(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env, r *receiver) {
		e.hook(r.URL, "", 1, 2)
		statuses := []int{500, 0, 302, 404}
		r.answer = func(n int) int {
			if n <= len(statuses) {
				return statuses[n-1]
			}
			return 200
		}
		lead := e.must("lead", record.Row{"lastname": "0"}).ID("leadid")
		for _, name := range []string{"1", "2", "3"} {
			e.update("lead", lead, record.Row{"lastname": name})
		}
		e.follow()
		e.until("all four are told", func() bool { return len(r.list()) == 4 })
		var order []string
		for _, x := range r.list() {
			order = append(order, attribute(x["PostEntityImages"].([]any)[0].(map[string]any)["value"], "lastname").(string))
		}
		if strings.Join(order, "") != "0123" || len(e.letters.kept) != 0 {
			t.Errorf("told in the order %v, %d letters", order, len(e.letters.kept))
		}
		r.mu.Lock()
		r.answer = func(int) int { return 500 }
		before := r.count
		r.mu.Unlock()
		e.must("lead", record.Row{"lastname": "never"})
		e.follow()
		e.until("it is given up", func() bool { e.letters.mu.Lock(); defer e.letters.mu.Unlock(); return len(e.letters.kept) == 1 })
		r.mu.Lock()
		tries := r.count - before
		r.mu.Unlock()
		// A lease that ends while an answer is waited for gives one try more.
		if l := e.letters.kept[0]; tries < 8 || tries > 10 || l.Attempts != 8 || !strings.Contains(l.Reason, "500") {
			t.Errorf("%d tries, %+v", tries, l)
		}
		e.until("nothing is left to deliver", func() bool {
			left := -1
			if _, err := e.db.QueryRow(t.Context(), "SELECT COUNT(*) FROM webhookdelivery", nil, &left); err != nil {
				t.Error(err)
			}
			return left == 0
		})
	})
}

// Addresses of private networks are refused when they are registered, and when
// a name turns out to lead to one.
func TestAddressesOfPrivateNetworks(t *testing.T) {
	t.Parallel()
	strict := webhook.NewClient(nil, time.Second)
	for _, address := range []string{"https://127.0.0.1/x", "https://10.0.0.1", "https://192.168.1.1/", "https://169.254.169.254/latest/meta-data", "https://[::1]/", "https://[fe80::1]/", "https://[fd00::1]/", "https://[::ffff:127.0.0.1]/",
		"https://0.0.0.0/", "https://100.64.0.1/", "http://example.com/", "ftp://example.com/", "https://user:pass@example.com/", "example.com", "https:///x", "javascript:alert(1)"} {
		if err := strict.CheckURL(address); !errs.Has(err, errs.Invalid) {
			t.Errorf("%s is taken: %v", address, err)
		}
	}
	if err := strict.CheckURL("https://hooks.example.com/in?code=1"); err != nil {
		t.Error(err)
	}
	r := newReceiver(t)
	named := strings.Replace(r.URL, "127.0.0.1", "localhost", 1)
	if err := strict.Post(t.Context(), named, nil, []byte("{}"), nil, time.Unix(0, 0)); errs.CodeOf(err) != "webhook.address" || len(r.list()) != 0 {
		t.Errorf("a name of our own machine: %v", err)
	}
	each(t, func(t *testing.T, e *env, _ *receiver) {
		for _, row := range []record.Row{{"name": "a", "url": "https://10.0.0.1/"}, {"name": "a", "url": "https://example.com/", "rpt_signingsecret": "short"}} {
			if _, err := e.try("serviceendpoint", row); !errs.Has(err, errs.Invalid) {
				t.Errorf("%v: %v", row, err)
			}
		}
		endpoint := e.must("serviceendpoint", record.Row{"name": "a", "url": "https://example.com/"}).ID("serviceendpointid")
		for _, row := range []record.Row{{"rpt_table": "shoe"}, {"rpt_table": "lead", "filteringattributes": "lastname,size"}} {
			row["name"], row["eventhandler"], row["rpt_message"] = "a", endpoint, 1
			if _, err := e.try("sdkmessageprocessingstep", row); !errs.Has(err, errs.Invalid) {
				t.Errorf("%v: %v", row, err)
			}
		}
	})
}
