package expr_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

func env(t testing.TB) *expr.Env {
	t.Helper()
	e, err := expr.New(expr.Options{Vars: []expr.Var{
		{Name: "numberofemployees", Kind: expr.Whole}, {Name: "amount", Kind: expr.Number}, {Name: "country", Kind: expr.Text},
		{Name: "product", Kind: expr.Text}, {Name: "since", Kind: expr.Time}, {Name: "known", Kind: expr.Bool}, {Name: "context"}, {Name: "rows"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

type amount struct{ f float64 }

func (a amount) Float() float64 { return a.f }

type row map[string]any

func TestBool(t *testing.T) {
	t.Parallel()
	e := env(t)
	full := map[string]any{"numberofemployees": int64(250), "amount": amount{99.5}, "country": "US", "product": "ILP", "known": true,
		"since": time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), "context": map[string]any{"page": "/loans/calculator", "n": json.Number("3"), "nil": nil}}
	cases := []struct {
		text        string
		full, empty bool
	}{
		{`numberofemployees > 100 && country == "US" && product == "ILP"`, true, false},
		{`numberofemployees > 100`, true, false},
		{`100 < numberofemployees`, true, false},
		{`!(numberofemployees > 100)`, false, false}, // unknown stays unknown
		{`numberofemployees > 1000 || country == "US"`, true, false},
		{`numberofemployees > 1000 || country != "US"`, false, true},
		{`country != "DE"`, true, true}, // null differs from every value
		{`country == null`, false, true},
		{`numberofemployees != null && numberofemployees > 1`, true, false},
		{`numberofemployees == 250.0`, true, false},
		{`numberofemployees < 250.5`, true, false},
		{`amount > 99`, true, false},
		{`amount == 99.5`, true, false},
		{`numberofemployees in [1, 250]`, true, false},
		{`country in ["US", "CA"]`, true, false},
		{`context.page.contains("/calculator")`, true, false},
		{`context.utm_source == "mail"`, false, false},
		{`context.utm_source != "mail"`, true, true},
		{`context.deep.deeper == null`, true, true},
		{`has(context.page)`, true, false},
		{`has(context.utm_source)`, false, false},
		{`has(context.deep.deeper)`, false, false},
		{`!has(context.deep.deeper)`, true, true},
		{`context["page"].startsWith("/loans")`, true, false},
		{`context[country] == null`, true, true},
		{`context.page > 5`, false, false}, // another kind: unknown, no failure
		{`context.n == 3 && context.n < 3.5`, true, false},
		{`context.nil == null`, true, true},
		{`rows[3] == null`, true, true},
		{`lower(country) == "us"`, true, false},
		{`empty(country)`, false, true},
		{`text(country) == ""`, false, true},
		{`coalesce(context.utm_source, country, "none") == "US"`, true, false},
		{`since < timestamp("2026-06-01T00:00:00Z")`, true, false},
		{`known`, true, false},
		{`!known`, false, false},
		{`known == true`, true, false},
	}
	for _, c := range cases {
		p, err := e.Compile(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		for _, side := range []struct {
			name string
			vars map[string]any
			want bool
		}{{"full", full, c.full}, {"empty", nil, c.empty}} {
			got, err := p.Bool(t.Context(), side.vars)
			if err != nil || got != side.want {
				t.Errorf("%s on %s: %v, %v; want %v", c.text, side.name, got, err, side.want)
			}
		}
	}
}

func TestEval(t *testing.T) {
	t.Parallel()
	key := id.Derive("a lead")
	vars := map[string]any{"country": "US", "numberofemployees": int64(3), "amount": 1.5, "since": time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC),
		"rows":    []row{{"leadid": key, "n": int64(1)}, {"leadid": id.Nil, "n": int64(2)}},
		"context": json.RawMessage(`{"page":"/x","n":7,"list":[1,2.5,"three",null]}`)}
	cases := []struct {
		text string
		want any
	}{
		{`country + "!"`, "US!"},
		{`numberofemployees * 2`, int64(6)},
		{`amount`, 1.5},
		{`null`, nil},
		{`rows[0].leadid`, key.String()},
		{`rows[1].leadid`, nil},
		{`rows.map(r, r.n)`, []any{int64(1), int64(2)}},
		{`rows.filter(r, r.n > 1).size()`, int64(1)},
		{`context.list`, []any{int64(1), 2.5, "three", nil}},
		{`context.n + 1`, int64(8)},
		{`{"a": [country], "b": context.missing}`, map[string]any{"a": []any{"US"}, "b": nil}},
		{`since`, time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)},
		{`coalesce(context.missing, "none")`, "none"},
		{`text(amount) + text(numberofemployees)`, "1.53"},
		{`country == "US" ? 1 : 2`, int64(1)},
	}
	e := env(t)
	for _, c := range cases {
		p, err := e.Compile(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got, err := p.Eval(t.Context(), vars); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s = %#v, %v; want %#v", c.text, got, err, c.want)
		}
	}
}

func TestEvalRefusesTheUnknown(t *testing.T) {
	t.Parallel()
	e := env(t)
	for _, text := range []string{`country + "!"`, `numberofemployees * 2`, `context.page.size()`, `lower(country)`} {
		p, err := e.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := p.Eval(t.Context(), nil); !errors.Is(err, expr.ErrUnknown) {
			t.Errorf("%s: %v, %v", text, v, err)
		}
	}
	p, err := e.Compile(`1 / numberofemployees`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Bool(t.Context(), map[string]any{"numberofemployees": int64(0)}); errs.CodeOf(err) != "expr.failed" {
		t.Errorf("division by zero: %v", err)
	}
	if _, err := p.Bool(t.Context(), map[string]any{"numberofemployees": int64(1)}); errs.CodeOf(err) != "expr.not_a_condition" {
		t.Errorf("a number as a condition: %v", err)
	}
}

func TestProblemsHavePlaceAndPlainWords(t *testing.T) {
	t.Parallel()
	cases := []struct {
		text         string
		line, column int
		words        string
	}{
		{"", 1, 1, "empty"},
		{"numberofemployees >", 1, 20, "not complete"},
		{"country == US", 1, 12, "there is no field or function “US”"},
		{"country == \"US\" &&\n  leed > 3", 2, 3, "“leed”"},
		{`numberofemployees > "100"`, 1, 19, "compares a whole number with a text"},
		{`country == 5`, 1, 9, "compares a text with a whole number"},
		{`"a" + 1`, 1, 5, "can't be used with a text and a whole number"},
		{`amount * 2`, 1, 8, "same kind"},
		{`country + amount`, 1, 9, "text(…)"},
		{`numberofemployees.contains("1")`, 1, 27, "needs a text"},
		{`country.matches("[")`, 1, 17, "regular expression"},
		{strings.Repeat("(", 200) + "1" + strings.Repeat(")", 200), 1, 0, ""},
		{strings.Repeat("1 + ", 2000) + "1", 1, 1, "too long"},
		{"string", 1, 1, "no value"},
	}
	e := env(t)
	for _, c := range cases {
		_, err := e.Compile(c.text)
		var bad *expr.InvalidError
		if !errors.As(err, &bad) || errs.KindOf(err) != errs.Invalid || len(bad.Problems) == 0 {
			t.Errorf("%.40s: %v", c.text, err)
			continue
		}
		p := bad.Problems[0]
		if p.Line != c.line || c.column > 0 && p.Column != c.column || !strings.Contains(p.Message, c.words) {
			t.Errorf("%.40q: %+v; want %d:%d %q", c.text, p, c.line, c.column, c.words)
		}
	}
}

func TestCostIsBounded(t *testing.T) {
	t.Parallel()
	e, err := expr.New(expr.Options{Vars: []expr.Var{{Name: "rows"}, {Name: "s"}}, CostLimit: 20_000})
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]any, 10_000)
	vars := map[string]any{"rows": rows, "s": strings.Repeat("ab", 1<<20)}
	for _, text := range []string{`rows.all(a, rows.all(b, a == b))`, `rows.map(a, rows.map(b, 1)).size() > 1`, `s.matches("(a|b)*c") || s.matches("(a|b)+d")`} {
		p, err := e.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := p.Bool(t.Context(), vars); errs.CodeOf(err) != "expr.too_costly" {
			t.Errorf("%s: %v", text, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %v", text, took)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p, _ := e.Compile(`true`)
	if _, err := p.Bool(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestUses(t *testing.T) {
	t.Parallel()
	p, err := env(t).Compile(`context.page.contains("x") && country == "US"`)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(p.Uses(), " "); got != "context context.page country" {
		t.Error(got)
	}
}

func FuzzEval(f *testing.F) {
	for _, s := range []string{`numberofemployees > 100 && country == "US"`, `context.page.contains("/x")`, `coalesce(a, b)`, `rows.map(r, r.n)[0]`,
		`has(context.a.b) ? {"a": 1} : [1, 2u, b"x", null]`, `size("\u0000") == 1`, `timestamp(since) + duration("1h")`, "`a`.b"} {
		f.Add(s, `{"page":"/x","list":[1,{"a":null}]}`)
	}
	e := env(f)
	f.Fuzz(func(t *testing.T, text, data string) {
		p, err := e.Compile(text)
		if err != nil {
			var bad *expr.InvalidError
			if !errors.As(err, &bad) || len(bad.Problems) == 0 || bad.Problems[0].Line < 1 || bad.Problems[0].Column < 1 {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		vars := map[string]any{"context": json.RawMessage(data), "country": data, "numberofemployees": int64(len(data)), "rows": []any{data}}
		v, err := p.Eval(t.Context(), vars)
		if err == nil {
			if _, err := json.Marshal(v); err != nil {
				t.Fatalf("%q gives %T: %v", text, v, err)
			}
		}
		if _, err := p.Bool(t.Context(), vars); err != nil && errs.KindOf(err) != errs.Invalid {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

func BenchmarkBool(b *testing.B) {
	p, err := env(b).Compile(`numberofemployees > 100 && country == "US" && product == "ILP"`)
	if err != nil {
		b.Fatal(err)
	}
	vars := map[string]any{"numberofemployees": int64(250), "country": "US", "product": "ILP"}
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := p.Bool(b.Context(), vars); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
