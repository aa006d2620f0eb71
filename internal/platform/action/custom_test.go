package action_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// env is an organisation with an empty registry and customers' actions.
type env struct {
	t       *testing.T
	store   *record.Store
	actions *action.Registry
	snap    *access.Snapshot
	customs *action.Customs
	maker   *action.Customiser
	flows   *starter
	unit    id.ID
}

// starter notes which flows are begun.
type starter struct {
	begun []string
	input map[string]any
}

func (s *starter) Begin(_ context.Context, _ *sqldb.Tx, flow string, input map[string]any, _ string) (id.ID, error) {
	if flow == "missing" {
		return id.Nil, errs.New(errs.NotFound, "flow.inactive", "there is no active flow missing")
	}
	s.begun, s.input = append(s.begun, flow), input
	return id.Derive("run", flow), nil
}

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		e := &env{t: t, flows: &starter{}}
		control := &access.Control{Current: func() *access.Snapshot { return e.snap }, Catalog: func() *metadata.Catalog { return catalog }}
		clk := clock.NewFake(start)
		e.store = record.New(record.Options{DB: db, Catalog: control.Catalog, Access: control, Log: changelog.New(db), Clock: clk})
		e.actions = action.New(control, e.store)
		var err error
		if e.maker, err = action.NewCustomiser(control.Catalog, control, e.flows, clk, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		e.store.AddHook(e.maker.Check(e.actions))
		e.actions.UseCustom(func() *action.Customs { return e.customs })
		action.Define(e.actions, action.Spec{Name: "Shapes", Effect: action.Read}, shapes)
		e.reload(db)
		e.unit = e.must("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
		e.must("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": e.unit})
		run(t, e)
	})
}

func (e *env) reload(db *sqldb.DB) {
	var err error
	if e.snap, err = access.Load(e.t.Context(), db); err != nil {
		e.t.Fatal(err)
	}
}

func (e *env) system() context.Context { return access.AsSystem(e.t.Context(), "test") }

func (e *env) create(table string, row record.Row) (out record.Row, err error) {
	ctx := e.system()
	err = e.store.Write(ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(ctx, table, row); return err })
	return out, err
}

func (e *env) must(table string, row record.Row) record.Row {
	e.t.Helper()
	out, err := e.create(table, row)
	if err != nil {
		e.t.Fatal(err)
	}
	return out
}

func (e *env) load() {
	e.t.Helper()
	var err error
	if e.customs, err = e.maker.Load(e.system(), e.store); err != nil {
		e.t.Fatal(err)
	}
}

// A customer's function gives what its expressions say, of its parameters and
// of the row that it is bound to.
func TestCustomFunction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.must("customapi", record.Row{"uniquename": "acme_Instalment", "name": "Instalment", "isfunction": true, "bindingtype": 1, "boundentitylogicalname": "lead",
			"rpt_parameters": []any{map[string]any{"name": "Months", "type": "Integer"}, map[string]any{"name": "Note", "type": "String", "optional": true}},
			"rpt_results": []any{map[string]any{"name": "Amount", "type": "Decimal", "expression": "target.budgetamount / double(params.Months)"},
				map[string]any{"name": "Who", "type": "String", "expression": "target.lastname"}}})
		lead := e.must("lead", record.Row{"lastname": "Berg", "budgetamount": 1200}).ID("leadid")
		if _, ok := e.actions.Find("acme_Instalment"); ok {
			t.Error("found before it was loaded")
		}
		e.load()
		info, ok := e.actions.Find("acme_Instalment")
		if !ok || !info.Function || info.Table != "lead" || len(info.In) != 2 || info.In[0].Type != "Edm.Int32" || !info.In[1].Optional || info.Out[0].Type != "Edm.Decimal" {
			t.Fatalf("%v %+v", ok, info)
		}
		out, err := e.actions.Call(e.system(), "acme_Instalment", lead, map[string]any{"Months": 12})
		if err != nil || out["Amount"] != 100.0 || out["Who"] != "Berg" {
			t.Errorf("%v %v", out, err)
		}
		for name, body := range map[string]map[string]any{"missing": {}, "type": {"Months": "twelve"}, "unknown": {"Months": 1, "Years": 1}} {
			if _, err := e.actions.Call(e.system(), "acme_Instalment", lead, body); errs.CodeOf(err) != "action.input" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := e.actions.Call(e.system(), "acme_Instalment", lead, map[string]any{"Months": 0}); err == nil {
			t.Error("division by zero gives a result")
		}
		if _, err := e.actions.Call(t.Context(), "acme_Instalment", lead, map[string]any{"Months": 1}); !errs.Has(err, errs.Unauthenticated) {
			t.Errorf("nobody may call it: %v", err)
		}
	})
}

// A customer's action starts its flow with what was sent.
func TestCustomActionStartsAFlow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.must("customapi", record.Row{"uniquename": "acme_Approve", "name": "Approve", "bindingtype": 1, "boundentitylogicalname": "lead", "rpt_flow": "approve", "executeprivilegename": "prvWriteLead",
			"rpt_parameters": []any{map[string]any{"name": "By", "type": "EntityReference"}},
			"rpt_results":    []any{map[string]any{"name": "RunId", "type": "Guid", "expression": "run"}}})
		e.must("customapi", record.Row{"uniquename": "acme_Broken", "name": "Broken", "rpt_flow": "missing"})
		e.load()
		lead := e.must("lead", record.Row{"lastname": "Berg"}).ID("leadid")
		out, err := e.actions.Call(e.system(), "acme_Approve", lead, map[string]any{"By": map[string]any{"@odata.id": "systemusers(" + access.SystemUser.String() + ")"}})
		if err != nil || out["RunId"] != id.Derive("run", "approve").String() || len(e.flows.begun) != 1 {
			t.Fatalf("%v %v %v", out, err, e.flows.begun)
		}
		by, _ := e.flows.input["params"].(map[string]any)["By"].(map[string]any)
		target, _ := e.flows.input["target"].(map[string]any)
		if by["table"] != "systemuser" || by["id"] != access.SystemUser.String() || target["id"] != lead.String() {
			t.Errorf("input %v", e.flows.input)
		}
		if _, err := e.actions.Call(e.system(), "acme_Broken", id.Nil, nil); !errs.Has(err, errs.NotFound) {
			t.Errorf("a flow that is not there: %v", err)
		}
		nobody := access.With(t.Context(), access.Principal{Kind: access.User, ID: access.SystemUser})
		if _, err := e.actions.Call(nobody, "acme_Approve", lead, map[string]any{"By": map[string]any{"@odata.id": "systemusers(" + access.SystemUser.String() + ")"}}); err == nil || len(e.flows.begun) != 1 {
			t.Errorf("without the privilege: %v", err)
		}
	})
}

func TestCustomDefinitionsThatCantBeUsed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		result := []any{map[string]any{"name": "A", "type": "String", "expression": "'x'"}}
		for column, row := range map[string]record.Row{
			"uniquename":             {"uniquename": "Approve", "rpt_results": result},
			"boundentitylogicalname": {"uniquename": "acme_A", "bindingtype": 1, "boundentitylogicalname": "nothing", "rpt_results": result},
			"executeprivilegename":   {"uniquename": "acme_A", "executeprivilegename": "prvFlyLead", "rpt_results": result},
			"rpt_parameters":         {"uniquename": "acme_A", "rpt_parameters": []any{map[string]any{"name": "A", "type": "Shoe"}}, "rpt_results": result},
			"rpt_results":            {"uniquename": "acme_A", "rpt_results": []any{map[string]any{"name": "A", "type": "String", "expression": "params.("}}},
			"rpt_flow":               {"uniquename": "acme_A", "isfunction": true, "rpt_flow": "x", "rpt_results": result},
		} {
			row["name"] = "A"
			if _, err := e.create("customapi", row); errs.CodeOf(err) != "action.definition" || !strings.Contains(err.Error(), column) {
				t.Errorf("%s: %v", column, err)
			}
		}
	})
}
