package savedquery_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/savedquery"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

type env struct {
	t       *testing.T
	db      *sqldb.DB
	store   *record.Store
	customs *customise.Service
	jobs    *job.Queue
	clock   *clock.Fake
	snap    *access.Snapshot
	indexes *savedquery.Indexes
}

func each(t *testing.T, run func(e *env)) {
	t.Helper()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		e := &env{t: t, db: db, clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))}
		e.customs = customise.New(customise.Options{DB: db, Shipped: catalog, Clock: e.clock})
		control := &access.Control{Current: func() *access.Snapshot { return e.snap }, Catalog: e.customs.Catalog}
		e.store = record.New(record.Options{DB: db, Catalog: e.customs.Catalog, Access: control, Log: changelog.New(db), Clock: e.clock, Renew: e.customs.Refresh})
		e.jobs = job.NewQueue(db, e.clock)
		e.customs.Use(e.store, control, e.jobs)
		e.reload()
		if _, err := e.customs.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		unit := e.must("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
		e.must("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": unit})
		e.reload()
		e.indexes = &savedquery.Indexes{DB: db, Store: e.store, Customs: e.customs, Clock: e.clock, Rows: 3}
		run(e)
	})
}

func (e *env) reload() {
	e.t.Helper()
	var err error
	if e.snap, err = access.Load(e.t.Context(), e.db); err != nil {
		e.t.Fatal(err)
	}
}

func (e *env) system() context.Context { return access.AsSystem(e.t.Context(), "test") }

func (e *env) must(table string, row record.Row) (out record.Row) {
	e.t.Helper()
	err := e.store.Write(e.system(), func(tx *record.Tx) (err error) { out, err = tx.Create(e.system(), table, row); return err })
	if err != nil {
		e.t.Fatal(err)
	}
	return out
}

func (e *env) view(name, table, inner string) {
	e.t.Helper()
	e.must("savedquery", record.Row{"name": name, "returnedtypecode": table, "fetchxml": `<fetch><entity name="` + table + `"><attribute name="` + table + `id"/>` + inner + `</entity></fetch>`})
}

// list gives what is listed of a table, one line each.
func (e *env) list(table string) string {
	e.t.Helper()
	all, err := e.indexes.List(e.system())
	if err != nil {
		e.t.Fatal(err)
	}
	var out []string
	for _, i := range all {
		if i.Table == table {
			out = append(out, fmt.Sprintf("%s(%s)", i.State, strings.Join(i.Columns, " ")))
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// Views of large tables lead to proposals, for every depth that roles have; what
// is built serves, and is proposed no longer.
func TestIndexesOfViews(t *testing.T) {
	t.Parallel()
	each(t, func(e *env) {
		t := e.t
		e.view("By city", "account", `<filter><condition attribute="address1_city" operator="eq" value="Berlin"/></filter><order attribute="revenue" descending="true"/>`)
		e.view("In both directions", "account", `<order attribute="revenue" descending="true"/><order attribute="address1_city"/>`)
		e.view("By text", "account", `<order attribute="description"/>`)
		if got := e.list("account"); got != "" {
			t.Errorf("a small table: %s", got)
		}
		for i := range 4 {
			e.must("account", record.Row{"name": fmt.Sprint(i), "address1_city": "Berlin"})
		}
		if got := e.list("account"); got != "proposed(address1_city revenue)" {
			t.Errorf("at first: %s", got)
		}
		role := e.must("role", record.Row{"name": "local"}).ID("roleid")
		e.must("roleprivileges", record.Row{"roleid": role, "rpt_table": "account", "accessright": int64(access.Read), "privilegedepthmask": int64(access.Local)})
		want := "proposed(address1_city revenue), proposed(ownerid address1_city revenue), proposed(owningbusinessunit address1_city revenue)"
		if got := e.list("account"); got != want {
			t.Errorf("with a role: %s", got)
		}
		columns := []string{"owningbusinessunit", "address1_city", "revenue"}
		name, err := e.indexes.Build(e.system(), "account", columns)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.list("account"); !strings.Contains(got, "building(owningbusinessunit address1_city revenue)") {
			t.Errorf("while it is built: %s", got)
		}
		e.work()
		if got := e.list("account"); !strings.Contains(got, "built(owningbusinessunit address1_city revenue)") || strings.Contains(got, "proposed(owningbusinessunit") {
			t.Errorf("built: %s", got)
		}
		if n := e.there("ix_account_" + name); n != 1 {
			t.Errorf("%d such indexes are in the database", n)
		}
		// The renderer knows it and merges by it.
		q, err := query.Check(e.customs.Catalog(), &query.Query{Table: "account", Select: []string{"name"}, Limit: 5, Where: query.Compare{Left: query.Path{"address1_city"}, Value: "Berlin"}, Order: []query.Order{{Column: "revenue", Desc: true}}}, query.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		st, err := query.Render(e.customs.Catalog(), e.db.Dialect(), q, func(string) (query.Node, error) { return query.Arms{Units: []id.ID{id.New(), id.New()}}, nil })
		if err != nil || !strings.Contains(st.SQL, " k CROSS JOIN ") {
			t.Errorf("the index is not made use of: %s %v", st.SQL, err)
		}
		if _, err := e.indexes.Build(e.system(), "account", columns); !errs.Has(err, errs.Conflict) {
			t.Errorf("built twice: %v", err)
		}
		for _, bad := range [][]string{nil, {"nothing"}, {"name", "name"}} {
			if _, err := e.indexes.Build(e.system(), "account", bad); !errs.Has(err, errs.Invalid) {
				t.Errorf("%v: %v", bad, err)
			}
		}
		if err := e.indexes.Remove(e.system(), "account", name); err != nil {
			t.Fatal(err)
		}
		if got := e.list("account"); !strings.Contains(got, "proposed(owningbusinessunit address1_city revenue)") {
			t.Errorf("removed: %s", got)
		}
		user := e.must("systemuser", record.Row{"fullname": "U", "domainname": "u", "businessunitid": e.snapUnit()}).ID("systemuserid")
		e.reload()
		ctx := access.With(t.Context(), access.Principal{Kind: access.User, ID: user})
		if _, err := e.indexes.List(ctx); !errs.Has(err, errs.Forbidden) {
			t.Errorf("listed for somebody who may not customise: %v", err)
		}
		if _, err := e.indexes.Build(ctx, "account", []string{"fax"}); !errs.Has(err, errs.Forbidden) {
			t.Errorf("built for somebody who may not customise: %v", err)
		}
	})
}

func (e *env) snapUnit() id.ID {
	page, err := e.store.Find(e.system(), query.Query{Table: "businessunit", Select: []string{"businessunitid"}, Limit: 1})
	if err != nil || len(page.Rows) == 0 {
		e.t.Fatal("no unit", err)
	}
	return page.Rows[0].ID("businessunitid")
}

// there counts the indexes of a name in the database.
func (e *env) there(name string) (n int) {
	e.t.Helper()
	text := "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name = ?1"
	if e.db.Dialect() == sqldb.Postgres {
		text = "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = $1 AND i.indisvalid"
	}
	if _, err := e.db.QueryRow(e.t.Context(), text, []any{name}, &n); err != nil {
		e.t.Fatal(err)
	}
	return n
}

// work runs the jobs of definitions to their end.
func (e *env) work() {
	e.t.Helper()
	r := job.NewRunner(job.Options{Queue: e.jobs, Handlers: e.customs.Handlers(), Poll: time.Millisecond, Lease: 1000 * time.Hour})
	if err := r.Start(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
	for {
		left, _, err := e.jobs.Waiting(e.t.Context(), customise.JobAdd)
		if err != nil {
			e.t.Fatal(err)
		}
		if left == 0 {
			break
		}
		e.clock.Advance(100 * time.Millisecond)
		time.Sleep(2 * time.Millisecond)
	}
	if err := r.Stop(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
	if _, err := e.customs.Refresh(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
}
