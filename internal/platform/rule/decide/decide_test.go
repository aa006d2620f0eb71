package decide

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

var today = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

const lending = `{
 "inputs": [
  {"name": "income", "label": "Monthly income", "kind": "number", "least": 0, "change": "up", "step": 50},
  {"name": "debts", "label": "Monthly debts", "kind": "number", "least": 0, "change": "down", "step": 50},
  {"name": "amount", "label": "Amount", "kind": "number", "least": 0, "change": "down", "step": 500},
  {"name": "months", "label": "Term", "kind": "number", "least": 6, "most": 120, "whole": true, "change": "any"},
  {"name": "born", "label": "Birthday", "kind": "date"},
  {"name": "work", "label": "Employment", "kind": "text", "values": ["employed", "self-employed", "none"]},
  {"name": "score", "label": "Score", "kind": "number", "least": 0, "most": 1000, "service": "bureau", "field": "score"}],
 "formulas": [
  {"name": "age", "label": "Age", "kind": "number", "formula": "years(born, today)"},
  {"name": "instalment", "label": "Instalment", "kind": "number", "formula": "payment(0.005, months, amount)"},
  {"name": "ratio", "label": "Debt ratio", "kind": "number", "formula": "(debts + instalment) / income"}],
 "tables": [
  {"name": "age", "label": "Age", "inputs": ["age"], "rows": [
   {"when": ["< 18"], "outcome": "fail", "reason": "too young"}, {"when": ["[18..70]"], "outcome": "pass"}, {"when": ["> 70"], "outcome": "refer", "reason": "{age} years old"}]},
  {"name": "ratio", "label": "Debt ratio", "inputs": ["ratio"], "rows": [
   {"when": ["<= 0.4"], "outcome": "pass"}, {"when": ["-"], "outcome": "fail", "reason": "debts take too much of the income"}]},
  {"name": "limit", "label": "Limit", "policy": "unique", "inputs": ["work", "amount"], "rows": [
   {"when": ["\"employed\"", "<= 50000"], "outcome": "pass"},
   {"when": ["\"self-employed\"", "<= 20000"], "outcome": "pass"},
   {"when": ["not(\"employed\",\"self-employed\")", "-"], "outcome": "fail", "reason": "no income of one's own"},
   {"when": ["\"employed\"", "> 50000"], "outcome": "refer", "reason": "over the limit"},
   {"when": ["\"self-employed\"", "> 20000"], "outcome": "refer", "reason": "over the limit"}]},
  {"name": "score", "label": "Score", "inputs": ["score"], "rows": [
   {"when": ["missing"], "outcome": "refer", "reason": "no score"}, {"when": [">= 500"], "outcome": "pass"}, {"when": ["< 500"], "outcome": "fail", "reason": "score of {score}"}]}]}`

func program(t *testing.T, text string) *Program {
	t.Helper()
	d, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func applicant(change map[string]any) map[string]any {
	out := map[string]any{"income": int64(3000), "debts": 200.0, "amount": 10000.0, "months": 48.0, "born": "1990-05-01", "work": " Employed", "score": 700.0}
	for k, v := range change {
		out[k] = v
	}
	return out
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	p := program(t, lending)
	for _, c := range []struct {
		change map[string]any
		want   Outcome
		reason string
	}{
		{nil, Pass, ""},
		{map[string]any{"born": "2008-11-23"}, Fail, "too young"},
		{map[string]any{"born": "2008-11-22"}, Pass, ""},
		{map[string]any{"born": "1950-01-01"}, Refer, "76 years old"},
		{map[string]any{"income": 500.0}, Fail, "debts take too much"},
		{map[string]any{"income": 0.0}, Refer, "not decided: Debt ratio is missing"},
		{map[string]any{"income": nil}, Refer, "not decided: Debt ratio is missing"},
		{map[string]any{"income": "much"}, Refer, "not decided: Debt ratio is missing"},
		{map[string]any{"work": "pirate"}, Fail, "no income of one's own"},
		{map[string]any{"work": ""}, Refer, "not decided: Employment is missing"},
		{map[string]any{"score": nil}, Refer, "no score"},
		{map[string]any{"score": 499.0}, Fail, "score of 499"},
		{map[string]any{"amount": 60000.0, "income": 9000.0}, Refer, "over the limit"},
	} {
		got, err := p.Evaluate(t.Context(), applicant(c.change), today)
		if err != nil || got.Outcome != c.want || len(got.Checks) != 4 {
			t.Errorf("%v: %v %v %+v", c.change, err, got.Outcome, got.Checks)
		}
		if text, _ := json.Marshal(got.Checks); !strings.Contains(string(text), c.reason) {
			t.Errorf("%v: %s", c.change, text)
		}
	}
}

func TestExamineFindsNothingWrong(t *testing.T) {
	t.Parallel()
	if got := program(t, lending).Examine(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func kindsOf(list []Finding) string {
	var out []string
	for _, f := range list {
		out = append(out, strings.TrimSpace(fmt.Sprint(f.Kind, f.Rows, " ", f.Where)))
	}
	return strings.Join(out, "; ")
}

func TestExamine(t *testing.T) {
	t.Parallel()
	one := func(policy, rows string) string {
		return `{"inputs": [{"name": "a", "kind": "number", "least": 0, "whole": true}, {"name": "b", "kind": "boolean"}], "tables": [{"name": "t", "policy": "` + policy + `", "inputs": ["a", "b"], "rows": [` + rows + `]}]}`
	}
	for name, c := range map[string]struct{ text, want string }{
		"gap":           {one("unique", `{"when": ["< 5", "-"], "outcome": "pass"}, {"when": ["> 5", "true"], "outcome": "fail"}`), "gap[] a = 5; gap[] a > 5, b false"},
		"whole":         {one("unique", `{"when": ["<= 5", "-"], "outcome": "pass"}, {"when": [">= 6", "-"], "outcome": "fail"}`), ""},
		"contradiction": {one("unique", `{"when": ["<= 5", "-"], "outcome": "pass"}, {"when": [">= 5", "true"], "outcome": "fail"}, {"when": [">= 6", "false"], "outcome": "fail"}`), "contradiction[1 2] a = 5, b true"},
		"overlap":       {one("unique", `{"when": ["<= 5", "-"], "outcome": "pass"}, {"when": [">= 5", "-"], "outcome": "pass"}`), "overlap[1 2] a = 5"},
		"unreachable":   {one("first", `{"when": ["< 5", "-"], "outcome": "pass"}, {"when": [">= 5", "-"], "outcome": "fail"}, {"when": ["[2..9]", "true"], "outcome": "fail"}`), "unreachable[3] a [2..9], b true"},
		"never":         {one("first", `{"when": ["[5..3]", "-"], "outcome": "pass"}, {"when": ["-", "-"], "outcome": "pass"}`), "never[1]"},
		"impossible":    {one("first", `{"when": ["-", "-"], "outcome": "fail"}`), "impossible[]"},
	} {
		if got := kindsOf(program(t, c.text).Examine()); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	// Two tables that exclude each other, and an input that nobody reads.
	got := program(t, `{"inputs": [{"name": "a", "kind": "number"}, {"name": "idle", "kind": "text"}], "tables": [
	 {"name": "t", "inputs": ["a"], "rows": [{"when": ["< 5"], "outcome": "pass"}, {"when": ["-"], "outcome": "fail"}]},
	 {"name": "u", "inputs": ["a"], "rows": [{"when": ["> 5"], "outcome": "pass"}, {"when": ["-"], "outcome": "fail"}]}]}`).Examine()
	if kindsOf(got) != "impossible[]; unused[]" {
		t.Errorf("%+v", got)
	}
}

// What is found in tables is what trying values finds: gaps, double hits and rows
// that never count.
func TestExamineAgainstTrying(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	cells := func() string {
		a, b := r.IntN(6), r.IntN(6)
		return []string{"-", fmt.Sprintf("< %d", a), fmt.Sprintf(">= %d", a), fmt.Sprintf("[%d..%d]", min(a, b), max(a, b)), fmt.Sprintf("(%d..%d]", min(a, b), max(a, b)+1), fmt.Sprintf("not(%d, %d)", a, b)}[r.IntN(6)]
	}
	for range 300 {
		policy := []string{First, Unique}[r.IntN(2)]
		d := &Definition{Inputs: []Input{{Name: "a", Kind: Number, Whole: true, Least: new(float64), Most: ptr(7)}, {Name: "b", Kind: Number, Whole: true, Least: new(float64), Most: ptr(7)}}, Tables: []Table{{Name: "t", Policy: policy, Inputs: []string{"a", "b"}}}}
		for range 1 + r.IntN(4) {
			d.Tables[0].Rows = append(d.Tables[0].Rows, Row{When: []string{cells(), cells()}, Outcome: []string{"pass", "fail"}[r.IntN(2)]})
		}
		p, err := Compile(d)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, f := range p.Examine() {
			found[fmt.Sprint(f.Kind, f.Rows)] = true
			if f.Kind == "gap" {
				found["gap"] = true
			}
		}
		want := map[string]bool{}
		tab := &p.tables[0]
		holds, counts := make([]bool, len(tab.rows)), make([]bool, len(tab.rows))
		for a := range 8 {
			for b := range 8 {
				s := p.begin(map[string]any{"a": a, "b": b}, today)
				first := -1
				for i := range tab.rows {
					if tab.rows[i].cells[0].test(Number, s.values[0]) == yes && tab.rows[i].cells[1].test(Number, s.values[1]) == yes {
						holds[i] = true
						if first >= 0 && policy == Unique {
							for j := range i {
								if tab.rows[j].cells[0].test(Number, s.values[0]) == yes && tab.rows[j].cells[1].test(Number, s.values[1]) == yes {
									kind := "overlap"
									if tab.rows[j].outcome != tab.rows[i].outcome {
										kind = "contradiction"
									}
									want[fmt.Sprint(kind, []int{j + 1, i + 1})] = true
								}
							}
						}
						if first < 0 {
							first = i
						}
					}
				}
				if first < 0 {
					want["gap"] = true
				} else {
					counts[first] = true
				}
			}
		}
		for i := range tab.rows {
			switch {
			case !holds[i]:
				want[fmt.Sprint("never", []int{i + 1})] = true
			case !counts[i] && policy == First:
				want[fmt.Sprint("unreachable", []int{i + 1})] = true
			}
		}
		for _, m := range []map[string]bool{want, found} {
			for k := range m {
				if !strings.HasPrefix(k, "gap[") && k != "impossible[]" && want[k] != found[k] {
					t.Fatalf("%s: wanted %v, found %v in %+v", k, want[k], found[k], d.Tables[0])
				}
			}
		}
	}
}

func ptr(f float64) *float64 { return &f }

func TestProblemsNameTheirPlace(t *testing.T) {
	t.Parallel()
	d, err := Parse([]byte(`{"inputs": [{"name": "a", "kind": "number"}, {"name": "a", "kind": "number"}, {"name": "today", "kind": "number"}, {"name": "c", "kind": "word", "change": "sideways"}, {"name": "d", "kind": "date"}],
	 "formulas": [{"name": "f", "kind": "number", "formula": "a +"}, {"name": "g", "kind": "number", "formula": "later + 1.0"}],
	 "tables": [{"name": "t", "inputs": ["a"], "rows": [{"when": ["<< 5"], "outcome": "maybe"}, {"when": [], "outcome": "pass"}]}, {"name": "t", "inputs": ["d"], "rows": [{"when": ["-"], "outcome": "pass"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Compile(d)
	var e *errs.Error
	if !asError(err, &e) {
		t.Fatal(err)
	}
	var names []string
	for _, f := range e.Fields {
		names = append(names, f.Name)
	}
	want := "inputs[1].name inputs[2].name inputs[3].kind inputs[3].change formulas[0].formula formulas[1].formula tables[0].rows[0].outcome tables[0].rows[0].when[0] tables[0].rows[1].when tables[1].name tables[1].inputs[0]"
	if strings.Join(names, " ") != want {
		t.Error(strings.Join(names, " "))
	}
	for _, bad := range []string{`[]`, `{"tabels": []}`, `{`, strings.Repeat(" ", maxBytes+1)} {
		if _, err := Parse([]byte(bad)); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%.10s: %v", bad, err)
		}
	}
}

func say(ways []Way) string {
	var all []string
	for _, w := range ways {
		var one []string
		for _, c := range w.Changes {
			one = append(one, fmt.Sprintf("%s %s→%s", c.Input, Show(c.From), Show(c.To)))
		}
		all = append(all, strings.Join(one, " + "))
	}
	return strings.Join(all, "; ")
}

func TestWays(t *testing.T) {
	t.Parallel()
	p := program(t, lending)
	for _, c := range []struct {
		change map[string]any
		want   string
	}{
		{nil, ""},
		{map[string]any{"income": 1000.0}, "debts 200→150; amount 10000→8500; months 48→58; income 1000→1100"},
		{map[string]any{"work": "self-employed", "amount": 25000.0, "income": 3000.0}, "amount 25000→20000"},
		{map[string]any{"work": "self-employed", "amount": 25000.0, "income": 1500.0}, "amount 25000→17000"},
		{map[string]any{"born": "2010-01-01"}, ""}, // nobody gets older for it
		{map[string]any{"score": nil, "income": 100.0}, ""},
	} {
		got, err := p.Ways(t.Context(), applicant(c.change), today)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range got { // whatever is proposed passes, and each part of it is needed
			for leave := -1; leave < len(w.Changes); leave++ {
				vars := applicant(c.change)
				for i, x := range w.Changes {
					if i != leave {
						vars[x.Input] = x.To
					}
				}
				r, err := p.Evaluate(t.Context(), vars, today)
				if err != nil || (r.Outcome == Pass) != (leave < 0) {
					t.Errorf("%v, %s without %d: %v %v", c.change, say([]Way{w}), leave, r.Outcome, err)
				}
			}
		}
		if text := say(got); c.want == "" && text != "" || !sameWays(text, c.want) {
			t.Errorf("%v: %s", c.change, text)
		}
	}
}

// sameWays looks whether all that is wanted is there.
func sameWays(got, want string) bool {
	for part := range strings.SplitSeq(want, "; ") {
		if !strings.Contains(got, part) {
			return false
		}
	}
	return true
}

// On small tables all changes can be tried: what is proposed is the least, and
// where nothing is proposed nothing helps.
func TestWaysAgainstTrying(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	cell := func() string {
		a, b := r.IntN(10), r.IntN(10)
		return []string{"-", fmt.Sprintf("< %d", a), fmt.Sprintf("> %d", a), fmt.Sprintf("[%d..%d]", min(a, b), max(a, b)), fmt.Sprintf("(%d..%d)", min(a, b), max(a, b)+1)}[r.IntN(5)]
	}
	for range 200 {
		d := &Definition{Formulas: []Formula{{Name: "sum", Kind: Number, Formula: "a + b"}}}
		for _, name := range []string{"a", "b", "c"} {
			d.Inputs = append(d.Inputs, Input{Name: name, Kind: Number, Whole: true, Least: new(float64), Most: ptr(9), Change: Any})
		}
		for i, inputs := range [][]string{{"a", "b"}, {"c", "sum"}} {
			tab := Table{Name: fmt.Sprintf("t%d", i), Inputs: inputs}
			for range 1 + r.IntN(3) {
				tab.Rows = append(tab.Rows, Row{When: []string{cell(), cell()}, Outcome: []string{"pass", "fail"}[r.IntN(2)]})
			}
			d.Tables = append(d.Tables, tab)
		}
		p, err := Compile(d)
		if err != nil {
			t.Fatal(err)
		}
		at := [3]int{r.IntN(10), r.IntN(10), r.IntN(10)}
		passes := func(v [3]int) bool {
			got, err := p.Evaluate(t.Context(), map[string]any{"a": v[0], "b": v[1], "c": v[2]}, today)
			if err != nil {
				t.Fatal(err)
			}
			return got.Outcome == Pass
		}
		if passes(at) {
			continue
		}
		ways, err := p.Ways(t.Context(), map[string]any{"a": at[0], "b": at[1], "c": at[2]}, today)
		if err != nil {
			t.Fatal(err)
		}
		// The least number of inputs that must change, and the least change of each single one.
		fewest, single := 4, map[string]int{}
		for x := range 1000 {
			v := [3]int{x / 100, x / 10 % 10, x % 10}
			n, which := 0, 0
			for i := range v {
				if v[i] != at[i] {
					n, which = n+1, i
				}
			}
			if n == 0 || !passes(v) {
				continue
			}
			fewest = min(fewest, n)
			if name := d.Inputs[which].Name; n == 1 {
				by := max(v[which]-at[which], at[which]-v[which])
				if old, ok := single[name]; !ok || by < old {
					single[name] = by
				}
			}
		}
		got := 4
		if len(ways) > 0 {
			got = len(ways[0].Changes)
		}
		if got != fewest {
			t.Errorf("%v of %+v: %d changes proposed, %d needed: %s", at, d.Tables, got, fewest, say(ways))
		}
		proposed := map[string]int{}
		for _, w := range ways {
			if len(w.Changes) == 1 {
				by := int(w.Changes[0].To.(float64) - w.Changes[0].From.(float64))
				if old, ok := proposed[w.Changes[0].Input]; !ok || max(by, -by) < old {
					proposed[w.Changes[0].Input] = max(by, -by)
				}
			}
		}
		for name, by := range single {
			if proposed[name] != by {
				t.Errorf("%v of %+v: %s by %d, proposed %s", at, d.Tables, name, by, say(ways))
			}
		}
	}
}

func TestRehearse(t *testing.T) {
	t.Parallel()
	before, after := program(t, lending), program(t, strings.Replace(lending, `"<= 0.4"`, `"<= 0.1"`, 1))
	cases := func(yield func(Case, error) bool) {
		for i := range 100 {
			if !yield(Case{ID: id.New(), Name: fmt.Sprint(i), Vars: applicant(map[string]any{"income": 1000.0 + 100*float64(i)})}, nil) {
				return
			}
		}
	}
	r, err := Rehearse(t.Context(), before, after, today, cases, 5)
	if err != nil || r.Cases != 100 || len(r.Differences) != 5 || r.Changed != r.Moves["pass"]["fail"] || r.Changed == 0 || r.Changed == 100 {
		t.Fatalf("%v %+v", err, r)
	}
	if d := r.Differences[0]; d.Before != "pass" || d.After != "fail" || len(d.Reasons) != 1 || !strings.HasPrefix(d.Reasons[0], "Debt ratio: ") {
		t.Errorf("%+v", d)
	}
	if n := r.Tables[1]; n.Pass+n.Fail != 100 || n.Rows[0] != n.Pass || n.Rows[1] != n.Fail {
		t.Errorf("%+v", r.Tables)
	}
}

func BenchmarkRehearse(b *testing.B) {
	d, _ := Parse([]byte(lending))
	p, err := Compile(d)
	if err != nil {
		b.Fatal(err)
	}
	vars := applicant(nil)
	cases := func(yield func(Case, error) bool) {
		for range b.N {
			if !yield(Case{Vars: vars}, nil) {
				return
			}
		}
	}
	b.ReportAllocs()
	if _, err := Rehearse(b.Context(), p, p, today, cases, 5); err != nil {
		b.Fatal(err)
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(lending)
	f.Add(`{"inputs":[{"name":"a","kind":"number"}],"tables":[{"name":"t","inputs":["a"],"rows":[{"when":["not([1..2],3)"],"outcome":"pass"}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse([]byte(text))
		if err != nil {
			return
		}
		p, err := Compile(d)
		if err != nil {
			return
		}
		p.Examine()
		if _, err := p.Evaluate(t.Context(), map[string]any{"a": 1.5, "income": "x"}, today); err != nil {
			t.Fatal(err)
		}
	})
}
