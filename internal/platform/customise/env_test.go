package customise

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// node is one process of the product on a database, as far as definitions go.
type node struct {
	*Service
	db    *sqldb.DB
	store *record.Store
	log   *changelog.Log
	queue *job.Queue
	snap  *access.Snapshot
	clock *clock.Fake
}

func newNode(t testing.TB, db *sqldb.DB, o Options) *node {
	t.Helper()
	n := &node{db: db, log: changelog.New(db), clock: clock.NewFake(start)}
	o.DB, o.Shipped, o.Clock = db, fixture.Catalog(t), n.clock
	n.Service = New(o)
	control := &access.Control{Current: func() *access.Snapshot { return n.snap }, Catalog: n.Catalog}
	n.store = record.New(record.Options{DB: db, Catalog: n.Catalog, Access: control, Log: n.log, Clock: n.clock, Renew: n.Refresh})
	n.queue = job.NewQueue(db, n.clock)
	n.Use(n.store, control, n.queue)
	n.reload(t)
	if _, err := n.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *node) reload(t testing.TB) {
	t.Helper()
	var err error
	if n.snap, err = access.Load(t.Context(), n.db); err != nil {
		t.Fatal(err)
	}
}

// organise makes the unit and the user that everything hangs on.
func (n *node) organise(t testing.TB) {
	t.Helper()
	root := id.Derive("unit")
	n.must(t, "businessunit", record.Row{"businessunitid": root, "name": "Head Office"})
	n.must(t, "systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": root})
	n.reload(t)
}

func each(t *testing.T, run func(t *testing.T, n *node)) {
	t.Helper()
	dbtest.Each(t, fixture.Schema(t, fixture.Catalog(t)), func(t *testing.T, db *sqldb.DB) {
		n := newNode(t, db, Options{})
		n.organise(t)
		run(t, n)
	})
}

func sys(ctx context.Context) context.Context { return access.AsSystem(ctx, "test") }

func (n *node) must(t testing.TB, table string, row record.Row) record.Row {
	t.Helper()
	out, err := n.create(sys(t.Context()), table, row)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (n *node) create(ctx context.Context, table string, row record.Row) (out record.Row, err error) {
	err = n.store.Write(ctx, func(tx *record.Tx) error { out, err = tx.Create(ctx, table, row); return err })
	return out, err
}

func (n *node) update(ctx context.Context, table string, key id.ID, row record.Row) (out record.Row, err error) {
	err = n.store.Write(ctx, func(tx *record.Tx) error { out, err = tx.Update(ctx, table, key, row, record.Match{}); return err })
	return out, err
}

func (n *node) change(t testing.TB, how How, edits ...Edit) Report {
	t.Helper()
	r, err := n.Change(sys(t.Context()), how, edits...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// work runs all jobs, those of a process that has died among them.
func (n *node) work(t testing.TB) {
	t.Helper()
	n.clock.Advance(waitMost + time.Second)
	r := job.NewRunner(job.Options{Queue: n.queue, Handlers: n.Handlers(), Poll: time.Hour})
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.queue.Wake()
	for {
		left := int64(0)
		for _, kind := range []string{JobAdd, JobDrop} {
			waiting, _, err := n.queue.Waiting(t.Context(), kind)
			if err != nil {
				t.Fatal(err)
			}
			left += waiting
		}
		if left == 0 {
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("the jobs are not done in time")
		}
		time.Sleep(5 * time.Millisecond)
		n.clock.Advance(100 * time.Millisecond)
		n.queue.Wake()
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

const loan = `
table: new_loan
schema: new_Loan
set: new_loans
label: {en: Loan}
plural: {en: Loans}
id: new_loanid
name: new_name
ownership: user
`

func table(body string) Edit {
	return Edit{Name: Table(field(body, "table")), Body: body}
}

func col(table, body string) Edit {
	return Edit{Name: Column(table, field(body, "name")), Body: body}
}

func part(kind Kind, table, body string) Edit {
	return Edit{Name: Name{kind, table, field(body, "name")}, Body: body}
}

func remove(n Name) Edit { return Edit{Name: n, Remove: true} }

func field(body, name string) string {
	for _, line := range strings.Split(body, "\n") {
		if v, ok := strings.CutPrefix(line, name+": "); ok {
			return v
		}
	}
	return ""
}

func (n *node) loans(t testing.TB) {
	t.Helper()
	n.change(t, How{}, table(loan), col("new_loan", "name: new_name\ntype: text\nmax: 200\nlabel: {en: Name}\nrequired: true"),
		col("new_loan", "name: new_leadid\ntype: lookup\ntargets: [lead]\nlabel: {en: Lead}"))
}
