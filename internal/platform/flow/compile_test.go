package flow_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/flow"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

func problems(err error) string {
	var e *errs.Error
	if !errors.As(err, &e) {
		return ""
	}
	var out []string
	for _, f := range e.Fields {
		out = append(out, f.Name+" "+f.Code)
	}
	return strings.Join(out, "; ")
}

func TestCompileNamesEveryProblem(t *testing.T) {
	t.Parallel()
	check := &flow.Checker{Catalog: fixed(fixture.Catalog(t)), Action: func(name string) (bool, bool) { return name == "bound", name == "bound" || name == "free" }}
	cases := []struct{ text, want string }{
		{"name: X Y\nsteps: []", "name name; steps required"},
		{"name: x\nsteps: [{id: a, type: dance}]", "steps[0].type type"},
		{"name: x\nstepps: []", "definition syntax"},
		{"name: x\nsteps: [{id: a, type: set, set: {v: 1}}, {id: a, type: set, set: {v: 2}}, {id: 1b, type: set}]", "steps[1] id; steps[2] id; steps[2].set required"},
		{"name: x\nsteps: [{id: a, type: condition, if: 'steps.b.count > 0 && nobody'}]", "steps[0].if expression"},
		{"name: x\nsteps: [{id: a, type: condition, if: 'steps.b.count > 0'}]", "steps[0].if unknown"},
		{"name: x\ninput: {lead: {}}\nsteps: [{id: a, type: set, set: {v: '${trigger.leed.x}'}}]", "steps[0].set.v unknown"},
		{"name: x\nsteps: [{id: a, type: set, set: {v: 'x ${1 + } y', w: '${ 1'}}]", "steps[0].set.v expression; steps[0].set.w template"},
		{"name: x\nsteps: [{id: a, type: query, table: nowhere}]", "steps[0].table table; steps[0].where required"},
		{"name: x\nsteps: [{id: a, type: query, table: lead, select: [nix], order: [{column: nox}], limit: 5000, where: {and: [{column: nux, op: like, value: 1}, {colum: x}, 7]}}]",
			"steps[0].limit range; steps[0].select column; steps[0].order column; steps[0].where.and where; steps[0].where.and column; steps[0].where.and where; steps[0].where.and where; steps[0].where.and where"},
		{"name: x\nsteps: [{id: a, type: create, table: lead, row: {nix: 1}, where: {}, if: 'true'}]", "steps[0].if unused; steps[0].where unused; steps[0].row column"},
		{"name: x\nsteps: [{id: a, type: update, table: lead}, {id: b, type: upsert, table: lead, row: {}}]", "steps[0].target required; steps[0].row required; steps[1].key required"},
		{"name: x\nsteps: [{id: a, type: action, action: bound}, {id: b, type: action, action: none}, {id: c, type: action, action: free}]", "steps[0].target required; steps[1].action action"},
		{"name: x\nsteps: [{id: a, type: wait}, {id: b, type: wait, for: soon}, {id: c, type: wait, for: 1h, until: 'now'}]", "steps[0] wait; steps[1].for duration; steps[2] wait"},
		{"name: x\nsteps: [{id: a, type: foreach, as: steps, items: ''}]", "steps[0].as name; steps[0].items required"},
		{"name: x\nsteps: [{id: a, type: switch, on: 'vars.x'}, {id: b, type: terminate, status: happy}, {id: c, type: set, set: {v: 1}, retry: {attempts: 99, delay: never}}]",
			"steps[0].cases required; steps[1].status status; steps[2].retry.attempts range; steps[2].retry.delay duration"},
		{"name: x\nsteps: " + strings.Repeat("[{id: a, type: condition, if: 'true', then: ", 14) + "[]" + strings.Repeat("}]", 14), ""},
		{"", "name name; steps required"},
		{"]", "definition syntax"},
	}
	for _, c := range cases {
		_, err := flow.Compile([]byte(c.text), check)
		if err == nil || errs.KindOf(err) != errs.Invalid {
			t.Errorf("%.80s: %v", c.text, err)
			continue
		}
		if got := problems(err); c.want != "" && got != c.want {
			t.Errorf("%.80s:\n  %s\n  %s", c.text, got, c.want)
		}
	}
	if _, err := flow.Compile([]byte(strings.Repeat(" ", flow.MaxDocument+1)), nil); errs.KindOf(err) != errs.TooLarge {
		t.Error(err)
	}
}

// A short text must not take long to refuse.
func TestCompileIsBounded(t *testing.T) {
	t.Parallel()
	var bomb strings.Builder
	bomb.WriteString("name: x\nsteps:\n  - id: a\n    type: set\n    set:\n      a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i <= 9; i++ {
		fmt.Fprintf(&bomb, "      a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), i-1)
	}
	for _, text := range []string{bomb.String(), "name: x\nsteps: " + strings.Repeat("[", 20_000), "name: x\nsteps: [{id: a, type: set, set: {v: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "}}]",
		"name: x\nsteps: " + strings.Repeat("{a: ", 20_000)} {
		start := time.Now()
		if _, err := flow.Compile([]byte(text), nil); problems(err) != "definition syntax" {
			t.Errorf("%.60s: %v", text, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%.60s took %v", text, took)
		}
	}
}

// The flows that capabilities ship fit the product's tables.
func TestShippedFlowsCompile(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../*/*/flows/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no flows found", err)
	}
	check := &flow.Checker{Catalog: fixed(fixture.Catalog(t))}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		p, err := flow.Compile(text, check)
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		if p.Name != strings.TrimSuffix(filepath.Base(f), ".yaml") {
			t.Errorf("%s holds the flow %s", f, p.Name)
		}
		row, err := flow.RowOf(text)
		if err != nil || row.Text("uniquename") != p.Name {
			t.Error(row, err)
		}
	}
}

func TestTemplates(t *testing.T) {
	each(t, func(w *world) {
		w.use(1, `
name: templates
input: {a: {}, n: {}, missing: {}}
steps:
  - id: t
    type: set
    set:
      whole: "${trigger.n}"
      text: "n=${trigger.n} a=${trigger.a} nothing=${trigger.missing}."
      braces: "${ {'k': '}'}.k }!"
      plain: "$${trigger.n} {x} $5"
      deep: {list: ["${trigger.n}", {"$": "trigger.a"}, 1.5, null, true]}
      time: "${timestamp('2026-01-02T03:04:05Z')}"
  - {id: out, type: action, action: show, input: "${vars}"}
`)
		var got map[string]any
		w.act = func(_ string, _ id.ID, input map[string]any) (map[string]any, error) {
			got = input
			return map[string]any{}, nil
		}
		w.mustStart("templates", map[string]any{"a": "x", "n": 3.0}, "")
		want := map[string]any{"whole": int64(3), "text": "n=3 a=x nothing=.", "braces": "}!", "plain": "${trigger.n} {x} $5", "time": "2026-01-02T03:04:05Z"}
		for name, v := range want {
			if got[name] != v {
				t.Errorf("%s = %#v, want %#v", name, got[name], v)
			}
		}
		deep, _ := got["deep"].(map[string]any)
		list, _ := deep["list"].([]any)
		if len(list) != 5 || list[0] != int64(3) || list[1] != "x" || list[2] != 1.5 || list[3] != nil || list[4] != true {
			t.Errorf("%#v", got["deep"])
		}
	})
}

// Definitions are records: activating a wrong one is refused, versions count up.
func TestDefinitionsAreRecords(t *testing.T) {
	each(t, func(w *world) {
		check := &flow.Checker{Catalog: fixed(w.catalog)}
		w.store.AddHook(flow.Versions())
		w.store.AddHook(flow.Definitions(check).Check(fixed(w.catalog)))
		ctx := w.system()
		row, err := flow.RowOf([]byte(upsertFlow))
		if err != nil {
			t.Fatal(err)
		}
		var key id.ID
		update := func(change record.Row) error {
			return w.store.Write(ctx, func(tx *record.Tx) error {
				_, err := tx.Update(ctx, "workflow", key, change, record.Match{})
				return err
			})
		}
		if err := w.store.Write(ctx, func(tx *record.Tx) error {
			made, err := tx.Create(ctx, "workflow", row)
			key = made.ID("workflowid")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := update(record.Row{"clientdata": "name: upsert\nsteps: []"}); problems(err) != "steps required" {
			t.Error(err)
		}
		if err := update(record.Row{"clientdata": strings.Replace(upsertFlow, "again", "changed", 1)}); err != nil {
			t.Fatal(err)
		}
		set, err := flow.Load(ctx, w.store, check, nil)
		if err != nil {
			t.Fatal(err)
		}
		if p, ok := set.Flow("upsert"); !ok || p.Version != 2 || p.ID != key || !strings.Contains(string(p.Text()), "changed") {
			t.Errorf("%+v", p)
		}
		// A draft may be wrong, and is not in force.
		if err := update(record.Row{"statecode": int64(0), "clientdata": "name: upsert"}); err != nil {
			t.Fatal(err)
		}
		if set, err = flow.Load(ctx, w.store, check, nil); err != nil || set.Len() != 0 {
			t.Error(set.Len(), err)
		}
		if err := update(record.Row{"statecode": int64(1)}); errs.CodeOf(err) != "flow.invalid" {
			t.Error(err)
		}
	})
}

func FuzzCompile(f *testing.F) {
	f.Add(upsertFlow)
	f.Add(waitingFlow)
	f.Add(crashFlow)
	f.Add("name: x\nsteps: [{id: a, type: foreach, items: '[1]', as: i, steps: [{id: b, type: set, set: {v: '${i} ${\"}\"} $${'}}]}]")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := flow.Compile([]byte(text), nil)
		if err == nil && (p == nil || p.Name == "") || err != nil && errs.KindOf(err) == errs.Internal {
			t.Fatalf("%v", err)
		}
	})
}

func BenchmarkStart(b *testing.B) {
	catalog := fixture.Catalog(b)
	schema := fixture.Schema(b, catalog)
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, group := range []int{1, 100} {
			b.Run(fmt.Sprintf("%s/group=%d", engine, group), func(b *testing.B) {
				url := ""
				if engine == "sqlite" {
					url = dbtest.SQLite(b, schema)
				} else {
					url = dbtest.Postgres(b, schema)
				}
				db, err := sqldb.Open(b.Context(), sqldb.Options{URL: url})
				if err != nil {
					b.Fatal(err)
				}
				defer db.Close()
				w := newWorld(b, db, catalog)
				w.use(1, upsertFlow)
				b.ResetTimer()
				for at := 0; at < b.N; at += group {
					w.write(func(tx *sqldb.Tx) error {
						for n := at; n < min(at+group, b.N); n++ {
							key := id.Derive("bench", strconv.Itoa(n), b.Name()).String()
							if err := w.engine.Start(b.Context(), tx, "upsert", lead(key+"@example.com"), key); err != nil {
								return err
							}
						}
						return nil
					})
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "runs/s")
			})
		}
	}
}
