package process_test

import (
	"context"
	"os"
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
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

const instance = "leadtoopportunitysalesprocess"

type house struct {
	*testing.T
	ctx   context.Context
	store *record.Store
	clock *clock.Fake
}

func (h *house) create(table string, row record.Row) (out record.Row) {
	h.Helper()
	if err := h.store.Write(h.ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(h.ctx, table, row); return err }); err != nil {
		h.Fatal(table, err)
	}
	return out
}

func (h *house) change(table string, key id.ID, row record.Row) error {
	return h.store.Write(h.ctx, func(tx *record.Tx) error {
		_, err := tx.Update(h.ctx, table, key, row, record.Match{})
		return err
	})
}

func (h *house) only(where query.Node) record.Row {
	h.Helper()
	page, err := h.store.Find(h.ctx, query.Query{Table: instance, Where: where})
	if err != nil || len(page.Rows) != 1 {
		h.Fatalf("%d instances, %v", len(page.Rows), err)
	}
	return page.Rows[0]
}

func stage(key string) id.ID { return process.StageID(instance, key) }

// A lead's process goes stage by stage on to its opportunity, back, to its end,
// and is taken up again; required steps stand in the way.
func TestLeadToOpportunity(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../capability/sales/processes/lead-to-opportunity.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// The shipped process requires nothing; here the last stage and the first do.
	definition := strings.Replace(string(text), "{column: purchasetimeframe}", "{column: purchasetimeframe, required: true}", 1)
	definition = strings.Replace(definition, "{column: finaldecisiondate}", "{column: finaldecisiondate, required: true}", 1)
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		var snap *access.Snapshot
		current := func() *metadata.Catalog { return catalog }
		control := &access.Control{Current: func() *access.Snapshot { return snap }, Catalog: current}
		h := &house{T: t, ctx: access.AsSystem(t.Context(), "test"), clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))}
		h.store = record.New(record.Options{DB: db, Catalog: current, Access: control, Log: changelog.New(db), Clock: h.clock})
		p, err := process.Compile(definition, catalog)
		if err != nil {
			t.Fatal(err)
		}
		p.ID = id.Derive("workflow", p.Name)
		set := process.NewSet(p)
		h.store.AddHook(process.Definitions().Check(current))
		customs := customise.New(customise.Options{DB: db, Shipped: catalog, Clock: h.clock})
		h.store.AddHook(process.Stages(current, &process.Instances{Customs: customs, Store: h.store, Jobs: job.NewQueue(db, h.clock)}))
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
		h.create("workflow", record.Row{"workflowid": p.ID, "name": "Sales", "category": process.Category, "clientdata": definition, "statecode": 1})
		if got, err := h.store.Get(h.ctx, "processstage", stage("propose"), nil, nil); err != nil || got.Int("stagecategory") != 2 || got.ID("processid") != p.ID {
			t.Fatalf("%v %v", got, err)
		}

		lead := h.create("lead", record.Row{"lastname": "L"})
		key := lead.ID("leadid")
		if lead.ID("stageid") != stage("qualify") || lead.Text("traversedpath") != stage("qualify").String() {
			t.Fatalf("%v %v", lead["stageid"], lead["traversedpath"])
		}
		at := h.only(query.Compare{Left: query.Path{"leadid"}, Value: key})
		i := at.ID("businessprocessflowinstanceid")
		if at.ID("ownerid") != lead.ID("ownerid") || at.ID("activestageid") != stage("qualify") {
			t.Errorf("%v", at)
		}
		refuse := func(code string, row record.Row) {
			t.Helper()
			if err := h.change(instance, i, row); errs.CodeOf(err) != code {
				t.Errorf("%v: got %v", row, err)
			}
		}
		take := func(row record.Row) {
			t.Helper()
			if err := h.change(instance, i, row); err != nil {
				t.Fatalf("%v: %v", row, err)
			}
		}
		refuse("process.move", record.Row{"activestageid": stage("propose")})
		refuse(process.CodeGate, record.Row{"activestageid": stage("develop")})
		refuse("process.move", record.Row{"statuscode": 2})
		if err := h.change("lead", key, record.Row{"purchasetimeframe": 1}); err != nil {
			t.Fatal(err)
		}
		refuse("process.move", record.Row{"activestageid": stage("develop")}) // there is no opportunity yet

		h.clock.Advance(90 * time.Second)
		deal := h.create("opportunity", record.Row{"name": "Deal", "originatingleadid": key}).ID("opportunityid")
		at = h.only(nil)
		path := stage("qualify").String() + "," + stage("develop").String()
		if at.ID("opportunityid") != deal || at.ID("activestageid") != stage("develop") || at.Text("traversedpath") != path || !strings.Contains(string(jsonOf(at)), `"seconds":90`) {
			t.Fatalf("%v", at)
		}
		v, ok, err := set.On(h.ctx, h.store, catalog, "opportunity", deal)
		if err != nil || !ok || v.Instance != i || v.Active != stage("develop") || len(v.Stages) != 4 || v.CanFinish || v.NextNeeds != "" {
			t.Fatalf("%v %+v", err, v)
		}
		if first := v.Stages[0]; !first.Passed || first.Seconds != 90 || first.Record != lead.ID("leadid") || v.Stages[1].Passed || v.Stages[3].Record != deal {
			t.Errorf("%+v", v.Stages)
		}
		for table, key := range map[string]id.ID{"lead": key, "opportunity": deal} {
			if got, err := h.store.Get(h.ctx, table, key, nil, nil); err != nil || got.ID("stageid") != stage("develop") || got.Text("traversedpath") != path || got.ID("processid") != p.ID {
				t.Errorf("%s: %v %v", table, got["stageid"], err)
			}
		}
		take(record.Row{"activestageid": stage("propose"), "traversedpath": path + "," + stage("propose").String()})
		take(record.Row{"activestageid": stage("qualify")})
		take(record.Row{"activestageid": stage("develop"), "traversedpath": path})
		refuse("process.move", record.Row{"activestageid": stage("propose"), "traversedpath": "x"})
		take(record.Row{"activestageid": stage("propose")})
		take(record.Row{"activestageid": stage("close")})
		refuse(process.CodeGate, record.Row{"statuscode": 2})
		if err := h.change("opportunity", deal, record.Row{"finaldecisiondate": "2026-12-01T00:00:00Z"}); err != nil {
			t.Fatal(err)
		}
		h.clock.Advance(time.Hour)
		take(record.Row{"statecode": 1, "statuscode": 2})
		if at = h.only(nil); at["completedon"] == nil || at.Int("duration") != 61 {
			t.Errorf("%v %v", at["completedon"], at["duration"])
		}
		refuse("process.move", record.Row{"activestageid": stage("propose")})
		take(record.Row{"statecode": 0, "statuscode": 1})
		take(record.Row{"statuscode": 3})
		take(record.Row{"statecode": 0})
		if at = h.only(nil); at["completedon"] != nil || at.Int("statuscode") != 1 {
			t.Errorf("%v", at)
		}
		alone := h.create("opportunity", record.Row{"name": "Alone"})
		if alone.ID("stageid") != stage("develop") {
			t.Errorf("an opportunity without a lead begins in %v", alone["stageid"])
		}
	})
}

func jsonOf(row record.Row) []byte {
	text, _ := row["rpt_stages"].(interface{ MarshalJSON() ([]byte, error) })
	if text == nil {
		return nil
	}
	out, _ := text.MarshalJSON()
	return out
}

func TestBadDefinitions(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../capability/sales/processes/lead-to-opportunity.yaml")
	if err != nil {
		t.Fatal(err)
	}
	catalog := fixture.Catalog(t)
	if _, err := process.Compile(string(text), catalog); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"stage: develop": "stage: qualify", "table: lead\n": "table: nosuch\n", "column: description": "column: nosuch", "instance: ": "instance: x", "lead: leadid": "lead: opportunityid",
		"originatingleadid": "nosuch", "category: 3": "category: 9", "links:": "likns:", "title: {en": "title: {fr"} {
		if _, err := process.Compile(strings.Replace(string(text), from, to, 1), catalog); !errs.Has(err, errs.Invalid) {
			t.Errorf("%s → %s: got %v", from, to, err)
		}
	}
}
