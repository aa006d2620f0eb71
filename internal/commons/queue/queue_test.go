package queue_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/queue"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
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

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

type env struct {
	t       *testing.T
	ctx     context.Context // the platform's
	db      *sqldb.DB
	store   *record.Store
	actions *action.Registry
	clock   *clock.Fake
	unit    id.ID
}

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		e := &env{t: t, ctx: access.AsSystem(t.Context(), "test"), db: db, clock: clock.NewFake(start)}
		snap, err := access.Load(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		control := &access.Control{Current: func() *access.Snapshot { return snap }, Catalog: func() *metadata.Catalog { return catalog }}
		e.store = record.New(record.Options{DB: db, Catalog: control.Catalog, Access: control, Log: changelog.New(db), Clock: e.clock})
		e.actions = action.New(control, e.store)
		queue.Define(e.actions, e.clock)
		e.unit = e.create("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
		e.create("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": e.unit})
		run(t, e)
	})
}

func (e *env) create(table string, row record.Row) (out record.Row) {
	e.t.Helper()
	err := e.store.Write(e.ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(e.ctx, table, row); return err })
	if err != nil {
		e.t.Fatal(err)
	}
	return out
}

func (e *env) add(q id.ID, table string, target id.ID) (map[string]any, error) {
	return e.actions.Call(e.ctx, "AddToQueue", q, map[string]any{"Target": named(table, target)})
}

func named(table string, key id.ID) map[string]any {
	return map[string]any{"@odata.type": "Microsoft.Dynamics.CRM." + table, "id": key.String()}
}

func (e *env) items() []record.Row {
	e.t.Helper()
	page, err := e.store.Find(e.ctx, query.Query{Table: "queueitem"})
	if err != nil {
		e.t.Fatal(err)
	}
	return page.Rows
}

func TestARecordWaitsInAQueueOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		team := e.create("team", record.Row{"name": "Sales", "businessunitid": e.unit}).ID("teamid")
		q := e.create("queue", record.Row{"name": "Q", "ownerid": team, "owneridtype": "team"}).ID("queueid")
		lead := e.create("lead", record.Row{"lastname": "Berg", "fullname": strings.Repeat("ä", 150)}).ID("leadid")
		first, err := e.add(q, "lead", lead)
		if err != nil {
			t.Fatal(err)
		}
		e.clock.Advance(time.Minute)
		again, err := e.add(q, "lead", lead)
		if err != nil || again["QueueItemId"] != first["QueueItemId"] {
			t.Errorf("again: %v, %v; first %v", again, err, first)
		}
		item := e.items()[0]
		if len(e.items()) != 1 || item["enteredon"] != start || item.ID("objectid") != lead || item.Text("objectidtype") != "lead" || item.ID("ownerid") != team || item.Version() != 1 {
			t.Errorf("the item is %v", item)
		}
		// Worked off and put in again, it waits anew.
		err = e.store.Write(e.ctx, func(tx *record.Tx) error {
			_, err := tx.Update(e.ctx, "queueitem", item.ID("queueitemid"), record.Row{"statecode": 1}, record.Match{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if again, err = e.add(q, "lead", lead); err != nil || again["QueueItemId"] != first["QueueItemId"] {
			t.Errorf("after it was worked off: %v, %v", again, err)
		}
		if item = e.items()[0]; item.Int("statecode") != 0 || item["enteredon"] != start.Add(time.Minute) {
			t.Errorf("the item is %v", item)
		}
		other := e.create("queue", record.Row{"name": "R"}).ID("queueid")
		if _, err = e.add(other, "lead", lead); err != nil || len(e.items()) != 2 {
			t.Errorf("another queue: %v, %d items", err, len(e.items()))
		}
	})
}

func TestWhatCannotWait(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		q := e.create("queue", record.Row{"name": "Q"}).ID("queueid")
		lead := e.create("lead", record.Row{"lastname": "Berg"}).ID("leadid")
		for name, c := range map[string]struct {
			queue, target id.ID
			table         string
			kind          errs.Kind
		}{
			"another table":     {q, lead, "queue", errs.Invalid},
			"no table":          {q, lead, "", errs.Invalid},
			"a row of another":  {q, lead, "task", errs.NotFound},
			"a row that is not": {q, id.New(), "lead", errs.NotFound},
			"no such queue":     {id.New(), lead, "lead", errs.NotFound},
			"no queue at all":   {id.Nil, lead, "lead", errs.Invalid},
		} {
			if _, err := e.add(c.queue, c.table, c.target); !errs.Has(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := e.actions.Call(t.Context(), "AddToQueue", q, map[string]any{"Target": named("lead", lead)}); !errs.Has(err, errs.Unauthenticated) {
			t.Errorf("nobody: %v", err)
		}
		if len(e.items()) != 0 {
			t.Errorf("%d items", len(e.items()))
		}
	})
}

// Sixteen add the same record at the same moment: one item, and nobody fails.
func TestAddingAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		q := e.create("queue", record.Row{"name": "Q"}).ID("queueid")
		lead := e.create("lead", record.Row{"lastname": "Berg"}).ID("leadid")
		var wg sync.WaitGroup
		got := make([]any, 16)
		for i := range got {
			wg.Go(func() {
				out, err := e.add(q, "lead", lead)
				if err != nil {
					t.Error(err)
				}
				got[i] = out["QueueItemId"]
			})
		}
		wg.Wait()
		if slices.ContainsFunc(got, func(v any) bool { return v != got[0] }) || len(e.items()) != 1 {
			t.Errorf("%d items: %v", len(e.items()), got)
		}
	})
}

func TestLoad(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		team := e.create("team", record.Row{"name": "Sales", "businessunitid": e.unit}).ID("teamid")
		e.create("queue", record.Row{"name": "B", "rpt_teamid": team, "rpt_routingteam": "ENTERPRISE", "rpt_isdefault": true, "rpt_countries": []any{"de", "AT"}, "rpt_cities": []any{"MÜNCHEN"}, "rpt_postalcodes": []any{"sw1 a"}})
		e.create("queue", record.Row{"name": "A", "rpt_countries": map[string]any{"no": "list"}, "rpt_cities": []any{1}})
		e.create("queue", record.Row{"name": "C", "statecode": 1})
		got, err := queue.Load(e.ctx, e.store)
		if err != nil || len(got) != 2 || got[0].Name != "A" || len(got[0].Countries)+len(got[0].Cities) != 0 {
			t.Fatalf("%v, %+v", err, got)
		}
		r := got[1]
		if r.Team != team || r.RoutingTeam != "enterprise" || !r.Default || !slices.Equal(r.Countries, []string{"DE", "AT"}) || !slices.Equal(r.Cities, []string{"münchen"}) || !slices.Equal(r.PostalCodes, []string{"SW1A"}) {
			t.Errorf("%+v", r)
		}
		if _, err := queue.Load(t.Context(), e.store); !errs.Has(err, errs.Unauthenticated) {
			t.Errorf("nobody: %v", err)
		}
	})
}
