package routing_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/calendar"
	"github.com/rapport-platform/rapport/internal/commons/queue"
	"github.com/rapport-platform/rapport/internal/commons/routing"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// start is a Monday morning.
var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// env is an organisation with one sales team.
type env struct {
	t       *testing.T
	ctx     context.Context // the platform's
	db      *sqldb.DB
	store   *record.Store
	actions *action.Registry
	engine  *routing.Engine
	clock   *clock.Fake

	snap   *access.Snapshot
	sets   *routing.Sets
	people *routing.People
	queues []queue.Route

	unit, team id.ID
}

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		e := &env{t: t, ctx: access.AsSystem(t.Context(), "test"), db: db, clock: clock.NewFake(start)}
		control := &access.Control{Current: func() *access.Snapshot { return e.snap }, Catalog: func() *metadata.Catalog { return catalog }}
		e.store = record.New(record.Options{DB: db, Catalog: control.Catalog, Access: control, Log: changelog.New(db), Clock: e.clock})
		e.actions = action.New(control, e.store)
		e.engine = &routing.Engine{Sets: func() *routing.Sets { return e.sets }, People: func() *routing.People { return e.people },
			Queues: func() []queue.Route { return e.queues }, Catalog: control.Catalog, Teams: control, Clock: e.clock}
		queue.Define(e.actions, e.clock)
		routing.Define(e.actions, e.engine, nil)
		for _, h := range append(routing.Keep(), calendar.Check()...) {
			e.store.AddHook(h)
		}
		e.store.AddHook(e.engine.Picks())
		e.store.AddHooks(e.engine.Follow(slog.New(slog.DiscardHandler)))
		e.reload()
		e.unit = e.create("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
		e.create("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": e.unit})
		e.team = e.create("team", record.Row{"name": "Sales", "businessunitid": e.unit}).ID("teamid")
		run(t, e)
	})
}

// reload does what snapshots do in the product.
func (e *env) reload() {
	e.t.Helper()
	var err error
	if e.snap, err = access.Load(e.t.Context(), e.db); err != nil {
		e.t.Fatal(err)
	}
	if e.people, err = routing.LoadPeople(e.ctx, e.store); err != nil {
		e.t.Fatal(err)
	}
	if e.queues, err = queue.Load(e.ctx, e.store); err != nil {
		e.t.Fatal(err)
	}
	if e.sets, err = routing.Load(e.ctx, e.store, e.store.Catalog(), slog.New(slog.DiscardHandler)); err != nil {
		e.t.Fatal(err)
	}
}

func (e *env) try(table string, row record.Row) (out record.Row, err error) {
	err = e.store.Write(e.ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(e.ctx, table, row); return err })
	return out, err
}

func (e *env) create(table string, row record.Row) record.Row {
	e.t.Helper()
	out, err := e.try(table, row)
	if err != nil {
		e.t.Fatalf("%s: %v", table, err)
	}
	return out
}

func (e *env) update(table string, key id.ID, row record.Row) error {
	return e.store.Write(e.ctx, func(tx *record.Tx) error {
		_, err := tx.Update(e.ctx, table, key, row, record.Match{})
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

func (e *env) find(table string, where query.Node, order ...query.Order) []record.Row {
	e.t.Helper()
	page, err := e.store.Find(e.ctx, query.Query{Table: table, Where: where, Order: order, Limit: record.MaxPage})
	if err != nil {
		e.t.Fatal(err)
	}
	return page.Rows
}

// seller makes a user of the team.
func (e *env) seller(name string) id.ID {
	e.t.Helper()
	who := e.create("systemuser", record.Row{"firstname": name, "fullname": name, "domainname": name, "businessunitid": e.unit}).ID("systemuserid")
	e.create("teammembership", record.Row{"teamid": e.team, "systemuserid": who})
	return who
}

// user makes a user who holds rights on tables, at every depth.
func (e *env) user(name string, rights []access.Right, tables ...string) id.ID {
	e.t.Helper()
	who := e.create("systemuser", record.Row{"fullname": name, "domainname": name, "businessunitid": e.unit}).ID("systemuserid")
	role := e.create("role", record.Row{"name": name}).ID("roleid")
	e.create("systemuserroles", record.Row{"systemuserid": who, "roleid": role})
	for _, table := range tables {
		for _, right := range rights {
			e.create("roleprivileges", record.Row{"roleid": role, "rpt_table": table, "accessright": int64(right), "privilegedepthmask": int64(access.Global)})
		}
	}
	e.reload()
	return who
}

func (e *env) queue(name string, more record.Row) id.ID {
	e.t.Helper()
	row := record.Row{"name": name, "rpt_teamid": e.team}
	for k, v := range more {
		row[k] = v
	}
	return e.create("queue", row).ID("queueid")
}

// set makes a draft with rules.
func (e *env) set(head record.Row, rules ...record.Row) id.ID {
	e.t.Helper()
	row := record.Row{"name": "Leads"}
	for k, v := range head {
		row[k] = v
	}
	key := e.create("routingrule", row).ID("routingruleid")
	for _, r := range rules {
		r["routingruleid"] = key
		if r["name"] == nil {
			r["name"] = "rule"
		}
		e.create("routingruleitem", r)
	}
	e.reload()
	return key
}

func (e *env) call(name string, target id.ID, body map[string]any) (map[string]any, error) {
	return e.actions.Call(e.ctx, name, target, body)
}

func (e *env) activate(set id.ID) {
	e.t.Helper()
	if _, err := e.call("rpt_ActivateRouting", set, map[string]any{"AcceptWarnings": true}); err != nil {
		e.t.Fatal(err)
	}
	e.reload()
}

func (e *env) lead(row record.Row) id.ID {
	e.t.Helper()
	in := record.Row{"lastname": "Berg"}
	for k, v := range row {
		in[k] = v
	}
	return e.create("lead", in).ID("leadid")
}

func (e *env) route(lead id.ID) map[string]any {
	e.t.Helper()
	out, err := e.call("msdyn_ApplyRoutingRuleEntityRecord", id.Nil, map[string]any{"Target": map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.lead", "id": lead.String()}})
	if err != nil {
		e.t.Fatal(err)
	}
	return out
}

// reasons lists what is written down of a record, the oldest first.
func (e *env) reasons(key id.ID) []record.Row {
	e.t.Helper()
	return e.find("rpt_assignment", query.Compare{Left: query.Path{"rpt_regarding"}, Value: key}, query.Order{Column: "createdon"}, query.Order{Column: "rpt_assignmentid"})
}

// decoded reads a value of an action's answer.
func decoded[T any](t *testing.T, v any) (out T) {
	t.Helper()
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}
