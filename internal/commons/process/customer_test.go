package process_test

import (
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/businessrule"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/flow"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/solution"
	"github.com/rapport-platform/rapport/internal/platform/workflow"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// customer is an organisation with processes of its own.
type customer struct {
	house
	db        *sqldb.DB
	customs   *customise.Service
	instances *process.Instances
	bundles   *solution.Manager
	set       *process.Set
}

func (c *customer) reload() {
	c.Helper()
	var err error
	if c.set, err = process.Load(c.ctx, c.store, c.customs.Catalog(), slog.New(slog.DiscardHandler)); err != nil {
		c.Fatal(err)
	}
}

func newCustomer(t *testing.T, db *sqldb.DB) *customer {
	t.Helper()
	c := &customer{house: house{T: t, ctx: access.AsSystem(t.Context(), "test"), clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))}, db: db}
	c.customs = customise.New(customise.Options{DB: db, Shipped: fixture.Catalog(t), Clock: c.clock})
	var snap *access.Snapshot
	control := &access.Control{Current: func() *access.Snapshot { return snap }, Catalog: c.customs.Catalog}
	c.store = record.New(record.Options{DB: db, Catalog: c.customs.Catalog, Access: control, Log: changelog.New(db), Clock: c.clock, Renew: c.customs.Refresh})
	jobs := job.NewQueue(db, c.clock)
	c.customs.Use(c.store, control, jobs)
	c.instances = &process.Instances{Customs: c.customs, Store: c.store, Jobs: jobs}
	kinds := []workflow.Kind{businessrule.Definitions(), process.Definitions(), flow.Definitions(nil)}
	c.store.AddHook(flow.Versions())
	for _, k := range kinds {
		c.store.AddHook(k.Check(c.customs.Catalog))
	}
	c.store.AddHook(process.Stages(c.customs.Catalog, c.instances))
	c.store.AddHooks(process.Follow(func() *process.Set { return c.set }, c.customs.Catalog, c.clock))
	c.bundles = &solution.Manager{Store: c.store, Customs: c.customs, Kinds: kinds, Clock: c.clock}
	load := func() {
		var err error
		if snap, err = access.Load(c.ctx, db); err != nil {
			t.Fatal(err)
		}
	}
	load()
	unit := c.create("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
	c.create("systemuser", record.Row{"systemuserid": access.SystemUser, "domainname": "system", "businessunitid": unit})
	load()
	return c
}

const onboarding = `process: new_onboarding
title: {en: Onboarding}
order: -1
stages:
  - {stage: first, name: {en: First}, category: 4, table: contact, steps: [{column: telephone1, required: true}]}
  - {stage: last, name: {en: Last}, category: 6, table: contact}
`

// A customer's process gets its table of instances by itself, and is in force then.
func TestCustomersProcessGetsItsTable(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, fixture.Schema(t, fixture.Catalog(t)), func(t *testing.T, db *sqldb.DB) {
		c := newCustomer(t, db)
		row := c.create("workflow", record.Row{"name": "Onboarding", "category": process.Category, "clientdata": onboarding, "statecode": 1})
		if row.Int("processorder") != -1 || row.Text("rpt_solution") != customise.DefaultSolution {
			t.Errorf("%v", row)
		}
		waiting := 0
		if _, err := db.QueryRow(t.Context(), "SELECT count(*) FROM job WHERE kind = '"+process.InstanceKind+"'", nil, &waiting); err != nil || waiting != 1 {
			t.Fatalf("%d jobs, %v", waiting, err)
		}
		payload, err := json.Marshal(row.ID("workflowid"))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // a job may run twice
			if err := c.instances.Handler().Run(t.Context(), &job.Job{Payload: payload}); err != nil {
				t.Fatal(err)
			}
		}
		if table, ok := c.customs.Catalog().Table("new_onboarding"); !ok || !table.Process || len(c.customs.Of(customise.DefaultSolution)) == 0 {
			t.Fatal("there is no table of instances")
		}
		c.reload()
		contact := c.create("contact", record.Row{"lastname": "Okafor"})
		stage := func(key string) id.ID { return process.StageID("new_onboarding", key) }
		page, err := c.store.Find(c.ctx, query.Query{Table: "new_onboarding", Where: query.Compare{Left: query.Path{"bpf_contactid"}, Value: contact.ID("contactid")}})
		if err != nil || len(page.Rows) != 1 || page.Rows[0].ID("activestageid") != stage("first") || page.Rows[0].Text("bpf_name") != "Onboarding" {
			t.Fatalf("%v %v", page, err)
		}
		at := page.Rows[0].ID("businessprocessflowinstanceid")
		if err := c.change("new_onboarding", at, record.Row{"activestageid": stage("last")}); errs.CodeOf(err) != process.CodeGate {
			t.Errorf("the gate is open: %v", err)
		}
		if err := c.change("contact", contact.ID("contactid"), record.Row{"telephone1": "1"}); err != nil {
			t.Fatal(err)
		}
		if err := c.change("new_onboarding", at, record.Row{"activestageid": stage("last")}); err != nil {
			t.Fatal(err)
		}
		c.clock.Advance(time.Hour)
		if err := c.change("new_onboarding", at, record.Row{"statecode": 1, "statuscode": 2}); err != nil {
			t.Fatal(err)
		}
		if got, err := c.store.Get(c.ctx, "new_onboarding", at, nil, nil); err != nil || got.Int("duration") != 60 {
			t.Errorf("%v %v", got, err)
		}
		bad := strings.Replace(onboarding, "new_onboarding", "onboarding", 1)
		err = c.store.Write(c.ctx, func(tx *record.Tx) error {
			_, err := tx.Create(c.ctx, "workflow", record.Row{"name": "X", "category": process.Category, "clientdata": bad, "statecode": 1})
			return err
		})
		if errs.CodeOf(err) != "process.definition" {
			t.Errorf("a table without a prefix: %v", err)
		}
	})
}

const (
	manifest = "name: onboard\ntitle: Onboard\nversion: 1.0\npublisher: {name: tests, title: Tests, prefix: new}\n"
	rank     = "table: contact\ncolumns:\n  - {name: new_rank, type: whole, label: {en: Rank}}\n"
	rule     = "rule: new_ranked\ntitle: {en: Ranked}\ntable: contact\nbranches:\n  - {when: new_rank gt 9, then: [{error: {column: new_rank, message: {en: Too high}}}]}\n"
	stirring = "name: new-stir\ntitle: Stir\nsteps:\n  - {id: stop, type: set, set: {a: 1}}\n"
)

func pack(files ...string) fstest.MapFS {
	out := fstest.MapFS{solution.ManifestFile: {Data: []byte(manifest)}}
	for i := 0; i < len(files); i += 2 {
		out[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return out
}

// Rules, processes and flows come, change and go with a bundle, and what one
// exports is what came.
func TestAutomationsInBundles(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, fixture.Schema(t, fixture.Catalog(t)), func(t *testing.T, db *sqldb.DB) {
		c := newCustomer(t, db)
		bring := func(files fstest.MapFS, how customise.How) customise.Report {
			t.Helper()
			r, err := c.bundles.Import(c.ctx, files, how)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		there := func(unique string) record.Row {
			t.Helper()
			row, err := c.store.GetByKey(c.ctx, "workflow", map[string]any{"uniquename": unique}, nil, nil)
			if err != nil && !errs.Has(err, errs.NotFound) {
				t.Fatal(err)
			}
			return row
		}
		all := pack("tables/contact.yaml", rank, "rules/new_ranked.yaml", rule, "processes/new_onboarding.yaml", onboarding, "flows/new-stir.draft.yaml", stirring)
		dry := bring(all, customise.How{DryRun: true})
		for _, want := range []string{"business rule new_ranked", "process new_onboarding", "flow new-stir", "table new_onboarding", "column new_onboarding.bpf_contactid"} {
			if !slices.Contains(dry.Added, want) {
				t.Errorf("the dry run does not add %s: %v", want, dry.Added)
			}
		}
		if there("new_ranked") != nil {
			t.Fatal("the dry run has made something")
		}
		bring(all, customise.How{})
		if there("new_ranked").Int("statecode") != 1 || there("new_onboarding").Text("rpt_solution") != "onboard" || there("new-stir").Int("statecode") != 0 {
			t.Fatalf("%v %v %v", there("new_ranked"), there("new_onboarding"), there("new-stir"))
		}
		c.reload()
		made := c.create("contact", record.Row{"lastname": "Okafor"})
		if made.ID("processid") != there("new_onboarding").ID("workflowid") {
			t.Errorf("the new process is not that of contacts: %v", made["processid"])
		}
		if again := bring(all, customise.How{}); len(again.Added)+len(again.Changed)+len(again.Removed) > 0 {
			t.Errorf("the second import changes something: %+v", again)
		}
		// What people change is exported, and taken back by the bundle.
		if err := c.change("workflow", there("new_ranked").ID("workflowid"), record.Row{"clientdata": strings.Replace(rule, "gt 9", "gt 7", 1)}); err != nil {
			t.Fatal(err)
		}
		out, err := c.bundles.Export(c.ctx, "onboard")
		if err != nil {
			t.Fatal(err)
		}
		if got := string(out["rules/new_ranked.yaml"]); !strings.Contains(got, "gt 7") || string(out["flows/new-stir.draft.yaml"]) != stirring || string(out["processes/new_onboarding.yaml"]) != onboarding {
			t.Errorf("exported: %v", slices.Collect(maps.Keys(out)))
		}
		whole := fstest.MapFS{}
		for name, text := range out {
			whole[name] = &fstest.MapFile{Data: text}
		}
		if r := bring(whole, customise.How{}); len(r.Added)+len(r.Changed)+len(r.Removed) > 0 {
			t.Errorf("the export is new to where it comes from: %+v", r)
		}
		// The next version has the flow in force and the rule no more; the process stays with its instances.
		next := pack("tables/contact.yaml", rank, "processes/new_onboarding.yaml", onboarding, "flows/new-stir.yaml", stirring)
		r := bring(next, customise.How{})
		if !slices.Equal(r.Removed, []string{"business rule new_ranked"}) || !slices.Equal(r.Changed, []string{"flow new-stir"}) || there("new_ranked") != nil || there("new-stir").Int("statecode") != 1 {
			t.Errorf("the upgrade: %+v", r)
		}
		if _, err := c.bundles.Remove(c.ctx, "onboard", customise.How{}); errs.CodeOf(err) != "customise.data_loss" {
			t.Errorf("instances are lost unasked: %v", err)
		}
		if _, err := c.bundles.Remove(c.ctx, "onboard", customise.How{Confirm: true}); err != nil {
			t.Fatal(err)
		}
		if _, ok := c.customs.Catalog().Table("new_onboarding"); ok || there("new_onboarding") != nil || there("new-stir") != nil {
			t.Error("something is left")
		}
	})
}

func TestBadAutomationsAreNamed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, fixture.Schema(t, fixture.Catalog(t)), func(t *testing.T, db *sqldb.DB) {
		c := newCustomer(t, db)
		for file, text := range map[string]string{"rules/a.yaml": strings.Replace(rule, "new_rank gt", "new_other gt", 1), "rules/b.yaml": "rule: [", "processes/c.yaml": strings.Replace(onboarding, "telephone1", "nosuch", 1),
			"processes/d.yaml": strings.Replace(onboarding, "new_onboarding", "onboarding", 1), "flows/e.yaml": "name: x\nsteps: []"} {
			_, err := c.bundles.Import(c.ctx, pack("tables/contact.yaml", rank, file, text), customise.How{})
			if !errs.Has(err, errs.Invalid) || !strings.Contains(err.Error(), ": "+file+": ") {
				t.Errorf("%s: %v", file, err)
			}
		}
		if table, _ := c.customs.Catalog().Table("contact"); table != nil {
			if _, has := table.Column("new_rank"); has {
				t.Error("a refused bundle has changed the data model")
			}
		}
	})
}
