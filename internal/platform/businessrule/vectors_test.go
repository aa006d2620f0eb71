package businessrule_test

import (
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/businessrule"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew")

// vectors are run here and by vitest (web/src/businessrules): the store and the
// form come to the same answers.
type vectors struct {
	Columns map[string]string `json:"columns"` // type by column
	Rows    []map[string]any  `json:"rows"`    // as they are on the wire
	Filters []filterCase      `json:"filters"`
	Rules   []ruleCase        `json:"rules"`
}

type filterCase struct {
	Text  string `json:"text"`
	Tree  any    `json:"tree"`
	Match []bool `json:"match"` // for each row
}

type ruleCase struct {
	Definition string            `json:"definition"`
	View       businessrule.View `json:"view"`
	Outcomes   []outcome         `json:"outcomes"` // for each row, as one that is made
}

type outcome struct {
	Set    map[string]any    `json:"set"`
	Errors map[string]string `json:"errors"` // code by column
}

func read(t *testing.T) vectors {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func canonical(t *testing.T, table *metadata.Table, wire map[string]any) map[string]any {
	t.Helper()
	out := map[string]any{}
	for name, v := range wire {
		c, ok := table.Column(name)
		if !ok {
			t.Fatalf("there is no column %s", name)
		}
		value, err := c.Coerce(v)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = value
	}
	return out
}

// same compares by JSON, which is what both sides see.
func same(a, b any) bool {
	plain := func(v any) (out any) {
		text, _ := json.Marshal(v)
		_ = json.Unmarshal(text, &out) // what has just been written can be read
		return out
	}
	return reflect.DeepEqual(plain(a), plain(b))
}

func TestVectors(t *testing.T) {
	t.Parallel()
	catalog := fixture.Catalog(t)
	lead, _ := catalog.Table("lead")
	v := read(t)
	was := v
	for name := range v.Columns {
		if c, ok := lead.Column(name); !ok || c.TypeName != v.Columns[name] {
			t.Errorf("column %s is not of type %s", name, v.Columns[name])
		}
	}
	rows := make([]map[string]any, len(v.Rows))
	for i, r := range v.Rows {
		rows[i] = canonical(t, lead, r)
	}
	v.Filters, v.Rules = slices.Clone(v.Filters), slices.Clone(v.Rules)
	for i, f := range v.Filters {
		node, err := odata.ParseFilter(&odata.Context{Catalog: catalog, Now: time.Unix(0, 0)}, lead, f.Text)
		if err != nil {
			t.Fatalf("%s: %v", f.Text, err)
		}
		if node, err = query.CheckNode(catalog, "lead", node, query.Limits{}); err != nil {
			t.Fatalf("%s: %v", f.Text, err)
		}
		tree, err := businessrule.Tree(node)
		if err != nil {
			t.Fatalf("%s: %v", f.Text, err)
		}
		got := filterCase{f.Text, tree, []bool{}}
		for _, row := range rows {
			holds, err := query.Match(catalog, "lead", node, row)
			if err != nil {
				t.Fatalf("%s: %v", f.Text, err)
			}
			got.Match = append(got.Match, holds)
		}
		v.Filters[i] = got
		if !*update && !same(got, f) {
			t.Errorf("%s: got %v %v, want %v %v", f.Text, got.Tree, got.Match, f.Tree, f.Match)
		}
	}
	for i, r := range v.Rules {
		v.Rules[i] = runRule(t, catalog, r, rows)
		if !*update && !same(v.Rules[i], r) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", strings.SplitN(r.Definition, "\n", 2)[0], v.Rules[i], r)
		}
	}
	if *update && !same(v, was) {
		text, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("testdata/vectors.json", append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func runRule(t *testing.T, catalog *metadata.Catalog, r ruleCase, rows []map[string]any) ruleCase {
	t.Helper()
	d, err := businessrule.Parse([]byte(r.Definition))
	if err != nil {
		t.Fatal(err)
	}
	rule, err := businessrule.Compile(d, catalog)
	if err != nil {
		t.Fatal(err)
	}
	out := ruleCase{Definition: r.Definition}
	if out.View, err = rule.View("en"); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		o := outcome{map[string]any{}, map[string]string{}}
		set, err := businessrule.NewSet(rule).Apply(d.Table, row, true)
		for name, v := range set {
			if n, ok := v.(query.Number); ok {
				v = json.Number(n.String())
			}
			o.Set[name] = v
		}
		if err != nil {
			e, ok := err.(*errs.Error)
			if !ok || e.Code != businessrule.CodeRefused {
				t.Fatal(err)
			}
			for _, f := range e.Fields {
				o.Errors[f.Name] = f.Code
			}
		}
		out.Outcomes = append(out.Outcomes, o)
	}
	return out
}
