package builtin_test

import (
	"context"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/action/builtin"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// env is an organisation with the platform's own actions.
type env struct {
	t       *testing.T
	db      *sqldb.DB
	clock   *clock.Fake
	store   *record.Store
	actions *action.Registry
	control *access.Control
	snap    *access.Snapshot
	own     *builtin.Service
	jobs    *job.Queue
	unit    id.ID
}

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		e := &env{t: t, db: db, clock: clock.NewFake(start)}
		e.control = &access.Control{Current: func() *access.Snapshot { return e.snap }, Catalog: func() *metadata.Catalog { return catalog }}
		log := changelog.New(db)
		e.store = record.New(record.Options{DB: db, Catalog: e.control.Catalog, Access: e.control, Log: log, Clock: e.clock})
		e.actions = action.New(e.control, e.store)
		e.jobs = job.NewQueue(db, e.clock)
		e.own = builtin.New(builtin.Options{Store: e.store, Access: e.control, Log: log, Jobs: e.jobs, Clock: e.clock, Organization: id.Derive("organization"), Name: "Test"})
		e.own.Define(e.actions)
		for _, g := range e.own.Guards() {
			e.store.AddHook(g)
		}
		e.store.AddHooks(e.own.RecordTeamHooks)
		e.reload()
		e.unit = e.must("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
		e.must("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": e.unit})
		run(t, e)
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

func as(ctx context.Context, user id.ID) context.Context {
	return access.With(ctx, access.Principal{Kind: access.User, ID: user})
}

func (e *env) must(table string, row record.Row) (out record.Row) {
	e.t.Helper()
	out, err := e.create(e.system(), table, row)
	if err != nil {
		e.t.Fatal(table, err)
	}
	return out
}

func (e *env) create(ctx context.Context, table string, row record.Row) (out record.Row, err error) {
	err = e.store.Write(ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(ctx, table, row); return err })
	return out, err
}

// holding says what a role gives: rights on tables at a depth.
type holding struct {
	tables []string
	rights []access.Right
	depth  access.Depth
}

// user makes a user with a role of its own.
func (e *env) user(name string, holds ...holding) (user, role id.ID) {
	e.t.Helper()
	user = e.must("systemuser", record.Row{"fullname": name, "domainname": name, "businessunitid": e.unit}).ID("systemuserid")
	role = e.role("role of "+name, holds...)
	e.must("systemuserroles", record.Row{"systemuserid": user, "roleid": role})
	e.reload()
	return user, role
}

func (e *env) role(name string, holds ...holding) id.ID {
	e.t.Helper()
	role := e.must("role", record.Row{"name": name}).ID("roleid")
	for _, h := range holds {
		for _, table := range h.tables {
			for _, right := range h.rights {
				e.must("roleprivileges", record.Row{"roleid": role, "rpt_table": table, "accessright": int64(right), "privilegedepthmask": int64(h.depth)})
			}
		}
	}
	e.reload()
	return role
}

func (e *env) general(role id.ID, names ...string) {
	e.t.Helper()
	for _, n := range names {
		e.must("roleprivileges", record.Row{"roleid": role, "rpt_table": n, "accessright": int64(access.General), "privilegedepthmask": int64(access.Global)})
	}
	e.reload()
}

func (e *env) call(ctx context.Context, name string, target id.ID, body map[string]any) (map[string]any, error) {
	out, err := e.actions.Call(ctx, name, target, body)
	e.reload()
	return out, err
}

func (e *env) count(table string, where query.Node) int64 {
	e.t.Helper()
	page, err := e.store.Find(e.system(), query.Query{Table: table, Where: where, Limit: 1, Count: true})
	if err != nil {
		e.t.Fatal(err)
	}
	return page.Total
}

func ref(table string, key id.ID) map[string]any {
	return map[string]any{"@odata.type": "Microsoft.Dynamics.CRM." + table, table + "id": key.String()}
}

var every = access.Rights()
