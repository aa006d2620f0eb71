package process_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

const gated = `
process: app_gated
title: {en: Gated}
instance: leadtoopportunitysalesprocess
order: -1
tables: {lead: leadid, opportunity: opportunityid}
links: {opportunity: originatingleadid}
for: {lead: "rpt_productinterest eq 'HOME'"}
backreason: true
stages:
  - stage: qualify
    name: {en: Qualify}
    category: 0
    table: lead
    stalled: 24h
    gates: [{when: "budgetamount ge 1000", message: {en: The budget is too small}}]
  - {stage: develop, name: {en: Develop}, category: 1, table: opportunity}
  - {stage: close, name: {en: Close}, category: 3, table: opportunity}
`

// A process that only some records begin has gates, asks why one goes back, and
// marks what stays too long.
func TestGatesReasonsAndStalled(t *testing.T) {
	t.Parallel()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		var snap *access.Snapshot
		current := func() *metadata.Catalog { return catalog }
		control := &access.Control{Current: func() *access.Snapshot { return snap }, Catalog: current}
		h := &house{T: t, ctx: access.AsSystem(t.Context(), "test"), clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))}
		h.store = record.New(record.Options{DB: db, Catalog: current, Access: control, Log: changelog.New(db), Clock: h.clock})
		p, err := process.Compile(gated, catalog)
		if err != nil {
			t.Fatal(err)
		}
		p.ID = id.Derive("workflow", p.Name)
		set := process.NewSet(p)
		h.store.AddHooks(process.Follow(func() *process.Set { return set }, current, h.clock))
		reload := func() {
			if snap, err = access.Load(h.ctx, db); err != nil {
				t.Fatal(err)
			}
		}
		reload()
		unit := h.create("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
		h.create("systemuser", record.Row{"systemuserid": access.SystemUser, "domainname": "system", "businessunitid": unit})
		reload()
		h.create("workflow", record.Row{"workflowid": p.ID, "name": "Gated", "category": process.Category, "clientdata": gated, "statecode": 1})
		at := func(key string) id.ID { return process.StageID("app_gated", key) }
		for _, s := range p.Stages {
			h.create("processstage", record.Row{"processstageid": at(s.Key), "stagename": s.Name["en"], "stagecategory": s.Category, "primaryentitytypecode": s.Table, "processid": p.ID})
		}

		if other := h.create("lead", record.Row{"lastname": "O", "rpt_productinterest": "ILP"}); other["processid"] != nil {
			t.Error("a lead that the process is not for begins it")
		}
		lead := h.create("lead", record.Row{"lastname": "L", "rpt_productinterest": "HOME", "budgetamount": 10})
		key := lead.ID("leadid")
		i := h.only(query.Compare{Left: query.Path{"leadid"}, Value: key}).ID("businessprocessflowinstanceid")
		instanceRow := func() record.Row {
			return h.only(query.Compare{Left: query.Path{"leadid"}, Value: key})
		}

		// Stalled after its time, on the instance and the lead; not before, and once.
		look := &process.Stalled{Set: func() *process.Set { return set }, Store: h.store, Clock: h.clock}
		for _, c := range []struct {
			after time.Duration
			want  bool
		}{{23 * time.Hour, false}, {2 * time.Hour, true}, {24 * time.Hour, true}} {
			h.clock.Advance(c.after)
			if err := look.Look(h.ctx); err != nil {
				t.Fatal(err)
			}
			row, err := h.store.Get(h.ctx, "lead", key, nil, nil)
			if err != nil || (row["rpt_stalledon"] != nil) != c.want || (instanceRow()["rpt_stalledon"] != nil) != c.want {
				t.Errorf("after %s: %v, %v and %v", c.after, err, row["rpt_stalledon"], instanceRow()["rpt_stalledon"])
			}
		}
		v, ok, err := set.On(h.ctx, h.store, catalog, "lead", key)
		if err != nil || !ok || v.Stalled.IsZero() || !v.BackReason {
			t.Errorf("%v %v %+v", err, ok, v)
		}

		// The gate stays shut, even where the opportunity is there.
		deal := h.create("opportunity", record.Row{"name": "Deal", "originatingleadid": key}).ID("opportunityid")
		if got := instanceRow(); got.ID("activestageid") != at("qualify") || got.ID("opportunityid") != deal {
			t.Errorf("past the gate: %v", got)
		}
		err = h.change(instance, i, record.Row{"activestageid": at("develop")})
		var e *errs.Error
		if !errors.As(err, &e) || e.Code != process.CodeGate || len(e.Fields) != 1 || e.Fields[0].Message != "The budget is too small" {
			t.Errorf("%v", err)
		}
		if err := h.change("lead", key, record.Row{"budgetamount": 5000}); err != nil {
			t.Fatal(err)
		}
		if err := h.change(instance, i, record.Row{"activestageid": at("develop")}); err != nil {
			t.Fatal(err)
		}
		row, err := h.store.Get(h.ctx, "lead", key, nil, nil)
		if err != nil || row["rpt_stalledon"] != nil || instanceRow()["rpt_stalledon"] != nil {
			t.Errorf("stalled in a stage that it has left: %v %v", err, row["rpt_stalledon"])
		}

		// Back only with a reason, which is kept with the stay.
		back := record.Row{"activestageid": at("qualify")}
		if err := h.change(instance, i, back); errs.CodeOf(err) != process.CodeReason {
			t.Errorf("back without a reason: %v", err)
		}
		back["rpt_movereason"] = "The budget was wrong"
		if err := h.change(instance, i, back); err != nil || !strings.Contains(string(jsonOf(instanceRow())), `"reason":"The budget was wrong"`) {
			t.Errorf("%v %s", err, jsonOf(instanceRow()))
		}
		for text, bad := range map[string]string{"24h": "soon", "budgetamount ge": "nothing ge", "rpt_productinterest eq": "nothing eq"} {
			if _, err := process.Compile(strings.Replace(gated, text, bad, 1), catalog); errs.CodeOf(err) != "process.definition" {
				t.Errorf("%s: %v", bad, err)
			}
		}
	})
}
