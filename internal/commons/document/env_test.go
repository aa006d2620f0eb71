package document_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/document"
	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
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
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

const requests = `
table: app_request
schema: app_Request
set: app_requests
label: {en: Request}
plural: {en: Requests}
id: app_requestid
name: app_name
ownership: user
columns:
  - {name: app_name, type: text, max: 200, label: {en: Name}}
  - {name: app_amount, type: decimal, label: {en: Amount}}
  - {name: app_product, type: text, max: 20, label: {en: Product}}
  - {name: app_contactid, type: lookup, targets: [contact], label: {en: Applicant}, collection: contact_requests}
  - {name: stageid, type: id, label: {en: Stage}}
  - {name: app_complete, type: boolean, label: {en: Documents complete}}
`

// list asks for proof of identity from the beginning of the stage papers, and
// looks at the applicant, too.
const list = `{"process": "app_process", "items": [
 {"key": "identity", "name": {"en": "Proof of identity", "de": "Ausweis"}, "help": {"en": "Both sides"}, "stages": ["papers"], "most": 2},
 {"key": "income", "name": {"en": "Proof of income"}, "stages": ["papers"], "when": "app_amount gt 1000", "maxage": 90, "kinds": ["pdf"]},
 {"key": "married", "name": {"en": "Consent of the spouse"}, "stages": ["papers"], "when": "app_contactid/familystatuscode eq 2"},
 {"key": "letter", "name": {"en": "A letter"}, "stages": ["papers"], "optional": true, "kinds": ["text", "office"]},
 {"key": "value", "name": {"en": "Valuation"}, "stages": ["worth"]}]}`

var papers, worth = process.StageID("app_process", "papers"), process.StageID("app_process", "worth")

// scanner finds what holds the word virus, when it is there.
type scanner struct{ away atomic.Bool }

func (s *scanner) Scan(_ context.Context, r io.Reader) (string, error) {
	text, err := io.ReadAll(r)
	if err != nil || s.away.Load() {
		return "", errs.Wrap(err, errs.Unavailable, "test.away", "away")
	}
	if strings.Contains(string(text), "virus") {
		return "Test-Virus", nil
	}
	return "", nil
}

// env is an organisation with a checklist. sella owns her requests; ann and bob
// are members.
type env struct {
	t       *testing.T
	ctx     context.Context // the platform's
	db      *sqldb.DB
	store   *record.Store
	files   *files.Store
	actions *action.Registry
	service *document.Service
	clock   *clock.Fake
	scanner *scanner
	snap    atomic.Pointer[access.Snapshot]
	letters []document.Letter
	jobs    *job.Queue
	dir     string

	unit, sella, otto, ann, bob id.ID
}

type options struct {
	scan  bool
	real  files.Scanner // in place of the one above
	total int64
}

func each(t *testing.T, o options, run func(t *testing.T, e *env)) {
	t.Helper()
	catalog := fixture.With(t, requests)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		e := &env{t: t, db: db, ctx: access.AsSystem(t.Context(), "test"), clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)), scanner: new(scanner), dir: t.TempDir()}
		e.reload()
		log := changelog.New(db)
		now := func() *metadata.Catalog { return catalog }
		control := &access.Control{Current: e.snap.Load, Catalog: now}
		e.store = record.New(record.Options{DB: db, Catalog: now, Access: control, Log: log, Clock: e.clock})
		e.actions = action.New(control, e.store)
		e.jobs = job.NewQueue(db, e.clock)
		box, err := secret.Open(e.dir, "")
		e.must(err)
		bucket, err := files.OpenFolder(e.dir + "/files")
		e.must(err)
		t.Cleanup(func() { bucket.Close() })
		fo := files.Options{DB: db, Bucket: bucket, Records: e.store, Catalog: now, Clock: e.clock, Keys: box, Jobs: e.jobs}
		if o.scan {
			fo.Scanner = e.scanner
		}
		if o.real != nil {
			fo.Scanner = o.real
		}
		e.files = files.New(fo)
		e.store.KeepFiles(e.files)
		e.service = document.New(document.Config{DB: db, Store: e.store, Files: e.files, Catalog: now, Tail: log.Tailer(), Clock: e.clock, Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})), Total: o.total,
			Letters: func(_ context.Context, _ *record.Tx, l document.Letter) error {
				e.letters = append(e.letters, l)
				return nil
			}})
		for _, h := range e.service.Hooks() {
			e.store.AddHook(h)
		}
		e.store.AddHooks(e.service.Obey)
		e.service.Define(e.actions)
		e.unit = e.create("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
		e.create("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": e.unit})
		e.sella, e.otto = e.user("sella"), e.user("otto")
		e.ann = e.create("contact", record.Row{"lastname": "Ann", "familystatuscode": int64(1)}).ID("contactid")
		e.bob = e.create("contact", record.Row{"lastname": "Bob", "familystatuscode": int64(1)}).ID("contactid")
		e.create("rpt_documentchecklist", record.Row{"rpt_name": "Papers", "rpt_uniquename": "papers", "rpt_table": "app_request", "rpt_contactcolumns": "app_contactid", "rpt_completecolumn": "app_complete", "rpt_definition": list})
		e.must(e.service.Refresh(e.ctx))
		run(t, e)
	})
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
	e.snap.Store(snap)
}

func (e *env) user(name string) id.ID {
	u := e.create("systemuser", record.Row{"fullname": name, "domainname": name, "businessunitid": e.unit}).ID("systemuserid")
	r := e.create("role", record.Row{"name": name}).ID("roleid")
	e.create("systemuserroles", record.Row{"systemuserid": u, "roleid": r})
	for _, table := range []string{"app_request", "rpt_documentrequest", "rpt_documentfile"} {
		for _, right := range access.Rights() {
			e.create("roleprivileges", record.Row{"roleid": r, "rpt_table": table, "accessright": int64(right), "privilegedepthmask": int64(access.Basic)})
		}
	}
	e.reload()
	return u
}

func (e *env) as(user id.ID) context.Context {
	return access.With(e.t.Context(), access.Principal{Kind: access.User, ID: user})
}

func (e *env) member(contact id.ID) context.Context {
	return access.With(e.t.Context(), access.Principal{Kind: access.Member, ID: contact, Member: &access.Membership{}})
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

// request makes a request of sella's for ann.
func (e *env) request(stage id.ID, amount int) id.ID {
	e.t.Helper()
	row := record.Row{"app_name": "R", "app_amount": amount, "app_contactid": e.ann, "ownerid": e.sella, "owneridtype": "systemuser"}
	if stage != id.Nil {
		row["stageid"] = stage
	}
	return e.create("app_request", row).ID("app_requestid")
}

// statuses lists what is asked of a record, by item.
func (e *env) statuses(key id.ID) string {
	e.t.Helper()
	page, err := e.store.Find(e.ctx, query.Query{Table: "rpt_documentrequest", Where: query.Compare{Left: query.Path{"rpt_recordid"}, Value: key}, Order: []query.Order{{Column: "rpt_order"}}})
	e.must(err)
	var out []string
	for _, r := range page.Rows {
		name := r.Text("rpt_key")
		if name == "" {
			name = r.Text("rpt_name")
		}
		out = append(out, fmt.Sprintf("%s %d", name, r.Int("rpt_status")))
	}
	return strings.Join(out, ", ")
}

func (e *env) complete(key id.ID) any {
	e.t.Helper()
	row, err := e.store.Get(e.ctx, "app_request", key, []string{"app_complete"}, nil)
	e.must(err)
	return row["app_complete"]
}

// item gives the request of an item.
func (e *env) item(record0 id.ID, key string) id.ID {
	e.t.Helper()
	page, err := e.store.Find(e.ctx, query.Query{Table: "rpt_documentrequest", Where: query.And{query.Compare{Left: query.Path{"rpt_recordid"}, Value: record0}, query.Compare{Left: query.Path{"rpt_key"}, Value: key}}})
	e.must(err)
	if len(page.Rows) != 1 {
		e.t.Fatalf("%d requests %s", len(page.Rows), key)
	}
	return page.Rows[0].ID("rpt_documentrequestid")
}

func (e *env) call(ctx context.Context, name string, target id.ID, body map[string]any) error {
	_, err := e.actions.Call(ctx, name, target, body)
	return err
}

func (e *env) want(err error, code string) {
	e.t.Helper()
	if got := errs.CodeOf(err); err == nil && code != "" || got != code && err != nil {
		e.t.Errorf("%v (%s), not %s", err, got, code)
	}
}

func ref(table string, key id.ID) map[string]any {
	return map[string]any{"LogicalName": table, "Id": key.String()}
}

// pdf is a small document, as programs make it.
func pdf(words string) string {
	return "%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n% " + words + "\ntrailer << /Root 1 0 R >>\n%%EOF\n"
}

func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// scans has files scanned.
func (e *env) scans() {
	e.t.Helper()
	runner := job.NewRunner(job.Options{Queue: e.jobs, Logger: slog.New(slog.DiscardHandler), Poll: 10 * time.Millisecond, Lease: 1000 * time.Hour, Handlers: map[string]job.Handler{files.ScanKind: e.files.Scans()}})
	e.must(runner.Start(context.WithoutCancel(e.t.Context())))
	e.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(e.t.Context()), time.Minute)
		defer cancel()
		if err := runner.Stop(ctx); err != nil {
			e.t.Error(err)
		}
	})
}

// contents counts the contents of files that lie on disk.
func (e *env) contents() (n int) {
	e.t.Helper()
	e.must(filepath.WalkDir(e.dir+"/files", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && !strings.HasSuffix(path, ".attrs") {
			n++
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}))
	return n
}
