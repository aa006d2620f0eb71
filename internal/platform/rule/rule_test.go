package rule_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/rule"
)

func env(t testing.TB) *expr.Env {
	t.Helper()
	e, err := expr.New(expr.Options{Vars: []expr.Var{{Name: "numberofemployees", Kind: expr.Whole}, {Name: "address1_country", Kind: expr.Text},
		{Name: "rpt_productinterest", Kind: expr.Text}, {Name: "context"}}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func enterprise() rule.Rule {
	return rule.Rule{ID: id.Derive("enterprise"), Name: "Enterprise ILP", Version: 3, Points: 20, Order: 10, Reason: "A large company in the US asks for an ILP",
		Condition: `numberofemployees > 100 && address1_country == "US" && rpt_productinterest == "ILP"`,
		Set:       map[string]any{"rpt_routingteam": "Enterprise"}, Category: "Enterprise"}
}

func TestEnterpriseRule(t *testing.T) {
	t.Parallel()
	set, bad := rule.Compile(env(t), []rule.Rule{enterprise()})
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	cases := []struct {
		employees        any
		country, product any
		want             bool
	}{
		{int64(101), "US", "ILP", true},
		{int64(100), "US", "ILP", false},
		{float64(250), "US", "ILP", true},
		{int64(250), "DE", "ILP", false},
		{int64(250), "US", "Mortgage", false},
		{nil, "US", "ILP", false},
		{"many", "US", "ILP", false},
		{int64(250), nil, "ILP", false},
		{int64(250), "US", nil, false},
	}
	for _, c := range cases {
		vars := map[string]any{"numberofemployees": c.employees, "address1_country": c.country, "rpt_productinterest": c.product}
		out, err := set.Apply(t.Context(), vars)
		if err != nil || len(out.Failed) > 0 {
			t.Fatal(err, out.Failed)
		}
		team, _ := out.Set["rpt_routingteam"].(string)
		if (team == "Enterprise") != c.want || (len(out.Hits) == 1) != c.want || (out.Points == 20) != c.want || (out.Category == "Enterprise") != c.want {
			t.Errorf("%+v: %+v", c, out)
		}
	}
}

func TestBadRulesHarmNoOther(t *testing.T) {
	t.Parallel()
	set, bad := rule.Compile(env(t), []rule.Rule{
		{Name: "broken", Condition: `numberofemployees >`},
		{Name: "unknown field", Condition: `leed == 1`},
		{Name: "", Condition: `true`},
		{Name: "too much", Condition: `true`, Points: 5000},
		{Name: "divides", Condition: `100 / numberofemployees > 1`, Points: 7},
		enterprise(),
	})
	if len(bad) != 4 || set.Len() != 2 {
		t.Fatalf("%d bad, %d good", len(bad), set.Len())
	}
	for _, b := range bad {
		if errs.CodeOf(b.Err) != "rule.invalid" {
			t.Errorf("%s: %v", b.Rule.Name, b.Err)
		}
	}
	out, err := set.Apply(t.Context(), map[string]any{"numberofemployees": int64(0), "address1_country": "US"})
	if err != nil || len(out.Failed) != 1 || out.Failed[0].Name != "divides" || out.Points != 0 {
		t.Errorf("%+v, %v", out, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := set.Apply(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestFirstInOrderWinsAndPointsAdd(t *testing.T) {
	t.Parallel()
	rules := []rule.Rule{
		{Name: "late", Condition: `true`, Order: 9, Points: 2, Set: map[string]any{"a": "late", "b": "late"}, NextAction: 4, Category: "late"},
		{Name: "early", Condition: `true`, Order: 1, Points: -5, Set: map[string]any{"a": "early"}, NextAction: 5},
	}
	set, _ := rule.Compile(env(t), rules)
	out, err := set.Apply(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if out.Points != -3 || out.NextAction != 5 || out.Category != "late" || !reflect.DeepEqual(out.Set, map[string]any{"a": "early", "b": "late"}) {
		t.Errorf("%+v", out)
	}
	if out.Hits[0].Name != "early" {
		t.Error("hits are not in order")
	}
}

func TestVersionNamesTheSet(t *testing.T) {
	t.Parallel()
	e := env(t)
	one, _ := rule.Compile(e, []rule.Rule{enterprise()})
	again, _ := rule.Compile(e, []rule.Rule{enterprise()})
	changed := enterprise()
	changed.Version, changed.Points = 4, 21
	other, _ := rule.Compile(e, []rule.Rule{changed})
	none, _ := rule.Compile(e, nil)
	if !strings.HasPrefix(one.Version(), "rules-3.") || one.Version() != again.Version() {
		t.Error(one.Version(), again.Version())
	}
	if !strings.HasPrefix(other.Version(), "rules-4.") || none.Version() == one.Version() {
		t.Error(other.Version(), none.Version())
	}
	if v := new(rule.Set).Version(); v == "" {
		t.Error("the empty set has no version")
	}
}

func TestCheckNamesColumns(t *testing.T) {
	t.Parallel()
	err := rule.Check(env(t), enterprise(), func(name string, _ any) error {
		return errs.New(errs.Invalid, "column.unknown", "there is no column %s", name)
	})
	var e *errs.Error
	if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Name != "rpt_routingteam" {
		t.Error(err)
	}
}

func TestRehearse(t *testing.T) {
	t.Parallel()
	e := env(t)
	wider := enterprise()
	wider.Condition = `numberofemployees > 50 && address1_country == "US"`
	before, _ := rule.Compile(e, []rule.Rule{enterprise()})
	after, _ := rule.Compile(e, []rule.Rule{wider, {Name: "divides", Condition: `100 / numberofemployees > 50`}})
	lead := func(n int64, product string) rule.Case {
		return rule.Case{Name: product, Vars: map[string]any{"numberofemployees": n, "address1_country": "US", "rpt_productinterest": product}}
	}
	cases := []rule.Case{lead(200, "ILP"), lead(80, "ILP"), lead(10, "ILP"), lead(0, "Car"), lead(90, "Car")}
	report, err := rule.Rehearse(t.Context(), before, after, func(yield func(rule.Case, error) bool) {
		for _, c := range cases {
			if !yield(c, nil) {
				return
			}
		}
	}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if report.Cases != 5 || report.Changed != 2 || report.Failed != 1 || report.Hits["Enterprise ILP"] != 3 || len(report.Differences) != 2 {
		t.Errorf("%+v", report)
	}
	broken := errors.New("broken")
	if _, err := rule.Rehearse(t.Context(), before, after, func(yield func(rule.Case, error) bool) { yield(rule.Case{}, broken) }, 1); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func BenchmarkApply(b *testing.B) {
	e := env(b)
	var rules []rule.Rule
	for i := range 50 {
		r := enterprise()
		r.ID = id.Derive("bench", string(rune('a'+i)))
		rules = append(rules, r)
	}
	set, _ := rule.Compile(e, rules)
	vars := map[string]any{"numberofemployees": int64(200), "address1_country": "US", "rpt_productinterest": "ILP", "context": map[string]any{"page": "/x"}}
	b.ReportAllocs()
	for b.Loop() {
		if out, err := set.Apply(b.Context(), vars); err != nil || len(out.Hits) != 50 {
			b.Fatal(err, len(out.Hits))
		}
	}
}
