package process_test

import (
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// Records made in bulk name their process at once and get their instance behind:
// by the follower, when somebody asks, or when the process goes on; each one once.
func TestLater(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../capability/sales/processes/lead-to-opportunity.yaml")
	if err != nil {
		t.Fatal(err)
	}
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		var snap *access.Snapshot
		current := func() *metadata.Catalog { return catalog }
		control := &access.Control{Current: func() *access.Snapshot { return snap }, Catalog: current}
		h := &house{T: t, ctx: access.AsSystem(t.Context(), "test"), clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))}
		log := changelog.New(db)
		h.store = record.New(record.Options{DB: db, Catalog: current, Access: control, Log: log, Clock: h.clock})
		if snap, err = access.Load(h.ctx, db); err != nil {
			t.Fatal(err)
		}
		unit := h.create("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
		h.create("systemuser", record.Row{"systemuserid": access.SystemUser, "domainname": "system", "businessunitid": unit})
		if snap, err = access.Load(h.ctx, db); err != nil {
			t.Fatal(err)
		}
		p, err := process.Compile(string(text), catalog)
		if err != nil {
			t.Fatal(err)
		}
		p.ID = id.Derive("workflow", p.Name)
		h.store.AddHook(process.Definitions().Check(current))
		h.store.AddHook(process.Stages(current, &process.Instances{Customs: customise.New(customise.Options{DB: db, Shipped: catalog, Clock: h.clock}), Store: h.store, Jobs: job.NewQueue(db, h.clock)}))
		h.create("workflow", record.Row{"workflowid": p.ID, "name": "Sales", "category": process.Category, "clientdata": string(text), "statecode": 1})
		set := func() *process.Set { return process.NewSet(p) }
		h.store.AddHooks(process.Follow(set, current, h.clock))
		later := &process.Later{Set: set, Catalog: current, DB: db, Store: h.store, Log: log, Clock: h.clock, Logger: slog.New(slog.DiscardHandler)}
		follower := later.Follower()
		step := func() {
			t.Helper()
			if _, err := log.Through(h.ctx); err != nil {
				t.Fatal(err)
			}
			for {
				n, err := follower.Step(h.ctx)
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					return
				}
			}
		}
		step()

		rows := make([]record.Row, 7)
		for i := range rows {
			rows[i] = record.Row{"lastname": "L"}
		}
		var made []record.Row
		if err := h.store.Write(h.ctx, func(tx *record.Tx) (err error) {
			made, err = tx.CreateMany(record.InBulk(h.ctx), "lead", rows)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if made[0].ID("processid") != p.ID || made[0].ID("stageid") != stage("qualify") {
			t.Fatalf("%v", made[0])
		}
		count := func(want int) {
			t.Helper()
			page, err := h.store.Find(h.ctx, query.Query{Table: instance})
			if err != nil || len(page.Rows) != want {
				t.Fatalf("%d instances, not %d: %v", len(page.Rows), want, err)
			}
		}
		count(0)
		h.clock.Advance(time.Hour)
		asked, moved, gone := made[0].ID("leadid"), made[1].ID("leadid"), made[2].ID("leadid")
		if err := later.Ensure(h.ctx, "lead", asked); err != nil {
			t.Fatal(err)
		}
		if err := later.Ensure(h.ctx, "lead", asked); err != nil {
			t.Fatal(err)
		}
		count(1)
		at := h.only(query.Compare{Left: query.Path{"leadid"}, Value: asked})
		if began, _ := at["activestagestartedon"].(time.Time); !began.Equal(h.clock.Now().Add(-time.Hour)) || at.ID("ownerid") != made[0].ID("ownerid") || at.ID("activestageid") != stage("qualify") {
			t.Errorf("%v", at)
		}
		h.create("opportunity", record.Row{"name": "Deal", "originatingleadid": moved})
		if got := h.only(query.Compare{Left: query.Path{"leadid"}, Value: moved}); got.ID("opportunityid") == id.Nil {
			t.Errorf("%v", got)
		}
		count(2)
		if err := h.store.Write(h.ctx, func(tx *record.Tx) error { return tx.Delete(h.ctx, "lead", gone, record.Match{}) }); err != nil {
			t.Fatal(err)
		}
		step()
		count(6)
		for _, lead := range made {
			if key := lead.ID("leadid"); key != gone {
				h.only(query.Compare{Left: query.Path{"leadid"}, Value: key})
			}
		}
		step()
		count(6)
	})
}
