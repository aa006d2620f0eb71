package routing_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/routing"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

type checked struct {
	Faults, Warnings, Rules int
	Problems                []routing.Problem
}

// Contradictory, unreachable and impossible rules are found before activation.
func TestCheck(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.seller("Ann")
		a, b := e.queue("A", nil), e.queue("B", nil)
		empty := e.create("queue", record.Row{"name": "Empty"}).ID("queueid")
		closed := e.create("queue", record.Row{"name": "Closed", "statecode": 1}).ID("queueid")
		filter := func(s string) string { return "<filter>" + s + "</filter>" }
		set := e.set(record.Row{"rpt_fallbackqueueid": a},
			record.Row{"name": "one", "rpt_postalcode": "10115", "routedqueueid": a}, record.Row{"name": "other", "rpt_postalcode": "10115", "routedqueueid": b},
			record.Row{"name": "wide", "sequencenumber": 5, "rpt_postalcode": "2*", "routedqueueid": a}, record.Row{"name": "hidden", "rpt_postalcode": "20095-20099, 21*", "routedqueueid": b},
			record.Row{"name": "half hidden", "rpt_postalcode": "20095, 30000", "routedqueueid": b},
			record.Row{"name": "never", "routedqueueid": a, "conditionxml": filter(`<condition attribute="numberofemployees" operator="gt" value="10"/><condition attribute="numberofemployees" operator="lt" value="5"/>`)},
			record.Row{"name": "constant", "routedqueueid": a, "rpt_condition": "1 > 2"},
			record.Row{"name": "nowhere", "rpt_city": "Ulm"}, record.Row{"name": "closed", "rpt_city": "Bonn", "routedqueueid": closed}, record.Row{"name": "nobody", "rpt_city": "Trier", "routedqueueid": empty},
			record.Row{"name": "skill", "rpt_city": "Essen", "routedqueueid": a, "rpt_skills": "Juggling"},
			record.Row{"name": "fine", "rpt_city": "Jena", "routedqueueid": a, "rpt_condition": "numberofemployees > 5"})
		out, err := e.call("rpt_CheckRouting", set, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := decoded[checked](t, out)
		codes := map[string]string{}
		for _, p := range got.Problems {
			codes[p.Name] += string(p.Level) + " " + p.Code + ";"
		}
		for name, want := range map[string]string{"other": "fault routing.contradiction;", "hidden": "warning routing.unreachable;", "never": "fault routing.never;", "constant": "warning routing.constant;",
			"nowhere": "fault routing.nowhere;", "closed": "fault routing.queue;", "nobody": "warning routing.nobody;", "skill": "fault routing.skill;", "one": "", "wide": "", "half hidden": "", "fine": ""} {
			if codes[name] != want {
				t.Errorf("%s: %q, want %q", name, codes[name], want)
			}
		}
		if got.Faults != 5 || got.Warnings != 3 || got.Rules != 12 {
			t.Errorf("%+v", got)
		}
		if _, err := e.call("rpt_ActivateRouting", set, map[string]any{"AcceptWarnings": true}); errs.CodeOf(err) != "routing.faults" || e.get("routingrule", set).Int("statecode") != 0 {
			t.Errorf("activated with faults: %v", err)
		}
		// Rules that can't be read at all are refused when they are written, by the column.
		for column, value := range map[string]any{"rpt_postalcode": "10..9", "rpt_condition": "nosuch > 5", "rpt_skills": "A:99", "conditionxml": "<filter><condition attribute='createdon' operator='today'/></filter>"} {
			_, err := e.try("routingruleitem", record.Row{"name": "x", "routingruleid": set, "routedqueueid": a, column: value})
			if wrong := fieldsOf(err); !slices.Equal(wrong, []string{column}) {
				t.Errorf("%s: %v", column, err)
			}
		}
	})
}

func fieldsOf(err error) (out []string) {
	if e, ok := err.(*errs.Error); ok {
		for _, f := range e.Fields {
			out = append(out, f.Name)
		}
	}
	return out
}

// What has been active stays as it was, and can be gone back to.
func TestVersions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.seller("Ann")
		a, b := e.queue("A", nil), e.queue("B", nil)
		first := e.set(nil, record.Row{"name": "all", "routedqueueid": a})
		e.activate(first)
		rule := e.find("routingruleitem", nil)[0].ID("routingruleitemid")
		for what, err := range map[string]error{
			"a rule changes":  e.update("routingruleitem", rule, record.Row{"routedqueueid": b}),
			"the set changes": e.update("routingrule", first, record.Row{"rpt_allocation": 2}),
			"by hand":         e.update("routingrule", first, record.Row{"statecode": 0}),
			"a rule comes": func() error {
				_, err := e.try("routingruleitem", record.Row{"name": "x", "routingruleid": first})
				return err
			}(),
			"a rule goes":  e.store.Write(e.ctx, func(tx *record.Tx) error { return tx.Delete(e.ctx, "routingruleitem", rule, record.Match{}) }),
			"the set goes": e.store.Write(e.ctx, func(tx *record.Tx) error { return tx.Delete(e.ctx, "routingrule", first, record.Match{}) }),
		} {
			if err == nil {
				t.Errorf("%s", what)
			}
		}
		if err := e.update("routingrule", first, record.Row{"description": "words may change"}); err != nil {
			t.Error(err)
		}
		e.clock.Advance(time.Minute)
		out, err := e.call("rpt_DraftRouting", first, nil)
		if made := decoded[routing.Drafted](t, out); err != nil || made.Rules != 1 || made.Version != 2 {
			t.Fatalf("%v %v", out, err)
		}
		second, _ := id.Parse(out["RoutingRuleId"].(string))
		copied := e.find("routingruleitem", query.Compare{Left: query.Path{"routingruleid"}, Value: second})
		if len(copied) != 1 || copied[0].ID("routedqueueid") != a || e.get("routingrule", second).Int("rpt_version") != 2 {
			t.Fatalf("%v", copied)
		}
		if err := e.update("routingruleitem", copied[0].ID("routingruleitemid"), record.Row{"routedqueueid": b}); err != nil {
			t.Fatal(err)
		}
		e.activate(second)
		if out := e.route(e.lead(nil)); out["QueueName"] != "B" {
			t.Errorf("%v", out)
		}
		e.clock.Advance(time.Minute)
		if _, err := e.call("rpt_RollBackRouting", second, nil); err != nil {
			t.Fatal(err)
		}
		e.reload()
		lead := e.lead(nil)
		if out := e.route(lead); out["QueueName"] != "A" || len(e.find("routingrule", query.Compare{Left: query.Path{"statecode"}, Value: int64(1)})) != 1 {
			t.Errorf("rolled back: %v", out)
		}
		if r := e.reasons(lead); len(r) != 1 || r[0].Int("rpt_version") != 1 {
			t.Errorf("%v", r)
		}
		if _, err := e.call("rpt_RollBackRouting", first, nil); errs.CodeOf(err) != "routing.first" {
			t.Errorf("back beyond the first: %v", err)
		}
		if _, err := e.call("rpt_DeactivateRouting", first, nil); err != nil {
			t.Fatal(err)
		}
		e.reload()
		if e.sets.Of("lead") != nil {
			t.Error("still in force")
		}
	})
}

// A rehearsal tells what would have come of past records, and writes nothing.
func TestRehearse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.seller("Ann")
		e.seller("Ben")
		a, b := e.queue("A", nil), e.queue("B", nil)
		e.activate(e.set(nil, record.Row{"name": "all", "routedqueueid": a}))
		for i := range 20 {
			e.lead(record.Row{"address1_postalcode": fmt.Sprintf("%05d", i*5000), "numberofemployees": i})
			e.clock.Advance(time.Minute)
		}
		draft := e.set(nil, record.Row{"name": "low", "rpt_postalcode": "0*", "routedqueueid": b}, record.Row{"name": "fails", "rpt_postalcode": "1*", "rpt_condition": "100 / (numberofemployees - 2) > 0", "routedqueueid": b},
			record.Row{"name": "all", "routedqueueid": a})
		before := len(e.find("rpt_assignment", nil))
		out, err := e.call("rpt_RehearseRouting", draft, map[string]any{"Days": 30})
		if err != nil {
			t.Fatal(err)
		}
		got := decoded[struct {
			Checked, Changed, Failed, Waiting, Unruled int
			Queues, People, Rules                      []routing.Share
			Samples                                    []routing.Sample
		}](t, out)
		shares := map[string]routing.Share{}
		for _, s := range append(got.Queues, got.People...) {
			shares[s.Name] = s
		}
		if got.Checked != 20 || got.Failed != 1 || got.Unruled != 0 || shares["A"].Before != 20 || shares["A"].After != 16 || shares["B"].After != 3 || shares["Ann"].Before != 10 || len(got.Samples) != got.Changed || got.Changed < 4 {
			t.Errorf("%+v", got)
		}
		if len(e.find("rpt_assignment", nil)) != before || len(e.find("queueitem", nil)) != 0 {
			t.Error("a rehearsal wrote something")
		}
		if _, err := e.call("rpt_RehearseRouting", draft, map[string]any{"Limit": 100000}); !errs.Has(err, errs.Invalid) {
			t.Errorf("without bounds: %v", err)
		}
	})
}

// Whoever may change rule sets makes, activates and rolls back versions; whoever
// may only read them does not.
func TestWhoMayActivate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.seller("Ann")
		q := e.queue("A", nil)
		boss, clerk := e.user("boss", access.Rights(), "routingrule", "routingruleitem", "queue"), e.user("clerk", []access.Right{access.Read}, "routingrule", "routingruleitem", "queue")
		first := e.set(nil, record.Row{"name": "all", "routedqueueid": q})
		as := func(who id.ID, name string, target id.ID) (map[string]any, error) {
			return e.actions.Call(access.With(t.Context(), access.Principal{Kind: access.User, ID: who}), name, target, nil)
		}
		if _, err := as(clerk, "rpt_ActivateRouting", first); !errs.Has(err, errs.Forbidden) {
			t.Errorf("a clerk: %v", err)
		}
		if _, err := as(clerk, "rpt_CheckRouting", first); err != nil {
			t.Errorf("a clerk looks: %v", err)
		}
		if _, err := as(boss, "rpt_ActivateRouting", first); errs.CodeOf(err) != "routing.warnings" {
			t.Errorf("warnings that nobody accepted: %v", err)
		}
		e.activate(first)
		out, err := as(boss, "rpt_DraftRouting", first)
		if err != nil {
			t.Fatal(err)
		}
		second := decoded[routing.Drafted](t, out).RoutingRuleID
		if e.get("routingrule", second).ID("rpt_baseid") != first {
			t.Error("the draft does not say what it was made of")
		}
		e.clock.Advance(time.Minute)
		for _, step := range []struct {
			name   string
			target id.ID
			body   map[string]any
		}{{"rpt_ActivateRouting", second, map[string]any{"AcceptWarnings": true}}, {"rpt_RollBackRouting", second, nil}, {"rpt_DeactivateRouting", first, nil}} {
			if _, err := e.actions.Call(access.With(t.Context(), access.Principal{Kind: access.User, ID: boss}), step.name, step.target, step.body); err != nil {
				t.Errorf("%s: %v", step.name, err)
			}
		}
	})
}
