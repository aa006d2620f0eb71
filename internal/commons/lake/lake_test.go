package lake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/lake"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// equalToStore compares the lake's present with every row of the record store, all columns.
func (e *env) equalToStore(t *testing.T, table string) {
	t.Helper()
	def, _ := e.catalog.Table(table)
	names := def.Shape().AllNames
	got := map[id.ID][]any{}
	for _, row := range all(t, e.lake.Current(t.Context(), table, names)) {
		if _, twice := got[row.ID]; twice {
			t.Errorf("%s %s stands twice", table, row.ID)
		}
		got[row.ID] = row.Values
	}
	page, err := e.store.Find(system(t.Context()), query.Query{Table: table, Limit: record.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Rows) != len(got) {
		t.Errorf("%s: the lake has %d records, the store %d", table, len(got), len(page.Rows))
	}
	for _, want := range page.Rows {
		values, ok := got[want.ID(def.ID)]
		if !ok {
			t.Errorf("%s %s is not in the lake", table, want.ID(def.ID))
			continue
		}
		for i, name := range names {
			w := want[name]
			if w == id.Nil {
				w = nil
			}
			if raw, ok := w.(json.RawMessage); ok {
				if have, _ := values[i].(json.RawMessage); bytes.Equal(raw, have) {
					continue
				}
			}
			if !reflect.DeepEqual(values[i], w) {
				t.Errorf("%s.%s: the lake has %#v, the store %#v", table, name, values[i], w)
			}
		}
	}
}

func TestChangesFlowIn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		stop := e.start(t)
		var leads []id.ID
		for i := range 30 {
			row := e.create(t, "lead", record.Row{"subject": fmt.Sprint("Lead ", i), "lastname": "Doe", "emailaddress1": fmt.Sprintf("p%d@example.org", i), "budgetamount": query.Number{Units: int64(i) * 12345, Scale: 4}, "donotemail": i%2 == 0})
			leads = append(leads, row.ID("leadid"))
		}
		e.clock.Advance(time.Hour)
		for i, k := range leads[:20] {
			e.update(t, "lead", k, record.Row{"subject": fmt.Sprint("Changed ", i), "emailaddress1": nil})
		}
		e.flush(t)
		e.equalToStore(t, "lead")
		e.equalToStore(t, "systemuser")
		stop()

		// A new process has nothing in memory, and the feed was away for a while.
		e.clock.Advance(time.Hour)
		for _, k := range leads[10:25] {
			e.update(t, "lead", k, record.Row{"lastname": "Roe"})
		}
		e.delete(t, "lead", leads[29])
		e.open(t)
		e.start(t)
		e.flush(t)
		e.equalToStore(t, "lead")

		history := all(t, e.lake.History(t.Context(), "lead", []string{"subject", "lastname", "versionnumber"}, time.Time{}, time.Time{}))
		if len(history) != 30+20+15+1 {
			t.Errorf("%d versions, want 66", len(history))
		}
		var of []lake.Row
		for i, row := range history {
			if i > 0 && row.ID == history[i-1].ID && row.Version != history[i-1].Version+1 {
				t.Errorf("version %d follows %d", row.Version, history[i-1].Version)
			}
			if row.ID == leads[12] {
				of = append(of, row)
			}
		}
		want := [][]any{{"Lead 12", "Doe", int64(1)}, {"Changed 12", "Doe", int64(2)}, {"Changed 12", "Roe", int64(3)}}
		if len(of) != 3 {
			t.Fatalf("%d versions of one lead", len(of))
		}
		for i := range of {
			if !reflect.DeepEqual(of[i].Values, want[i]) {
				t.Errorf("version %d: %v, want %v", i+1, of[i].Values, want[i])
			}
		}
		if of[0].Op != changelog.Create || of[1].Op != changelog.Update || !of[1].At.Equal(start.Add(time.Hour)) {
			t.Errorf("%+v", of)
		}

		between := all(t, e.lake.History(t.Context(), "lead", []string{"subject"}, start.Add(time.Minute), start.Add(90*time.Minute)))
		if len(between) != 30+20 {
			t.Errorf("%d versions between, want 50: each at the start, and the first update", len(between))
		}
		past := all(t, e.lake.AsOf(t.Context(), "lead", []string{"lastname"}, start.Add(90*time.Minute)))
		if len(past) != 30 {
			t.Errorf("%d leads an hour and a half in, want 30", len(past))
		}
		for _, row := range past {
			if row.Values[0] != "Doe" {
				t.Errorf("in the past somebody is called %v", row.Values[0])
			}
		}
	})
}

func TestImportedHistory(t *testing.T) {
	t.Parallel()
	l := lake.New(lake.Config{Dir: t.TempDir()})
	ctx := t.Context()
	rows := func(from, to int, mark string) func(yield func([]any, error) bool) {
		return func(yield func([]any, error) bool) {
			for i := to - 1; i >= from; i-- {
				if !yield([]any{fmt.Sprintf("k%03d", i), int64(i), float64(i) / 2, mark, query.Number{Units: int64(i), Scale: 2}, i%2 == 0, query.Date("2026-01-02"), start}, nil) {
					return
				}
			}
		}
	}
	columns := []lake.Column{{Name: "key", Kind: query.Text}, {Name: "n", Kind: query.Int}, {Name: "f", Kind: query.Float}, {Name: "mark", Kind: query.Memo}, {Name: "price", Kind: query.Fixed, Scale: 2},
		{Name: "yes", Kind: query.Bool}, {Name: "day", Kind: query.Day}, {Name: "at", Kind: query.Time}}
	for i, in := range []lake.Import{{Columns: columns, Key: "key", Rows: rows(0, 100, "first"), ID: "a"}, {Columns: columns, Key: "key", Rows: rows(90, 120, "second"), ID: "b"}} {
		if res, err := l.Append(ctx, "lead_history", in); err != nil || res.Rows != int64(100-70*i) {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	if _, err := l.Append(ctx, "lead_history", lake.Import{Columns: columns, Key: "key", Rows: rows(0, 5, "again"), ID: "b"}); err == nil {
		t.Error("one import was taken twice")
	}
	got := all(t, l.Imported(ctx, "lead_history", nil))
	if len(got) != 120 {
		t.Fatalf("%d rows, want 120", len(got))
	}
	for i, row := range got {
		mark := "first"
		if i >= 90 {
			mark = "second"
		}
		want := []any{fmt.Sprintf("k%03d", i), int64(i), float64(i) / 2, mark, query.Number{Units: int64(i), Scale: 2}, i%2 == 0, query.Date("2026-01-02"), start}
		if !reflect.DeepEqual(row, want) {
			t.Errorf("row %d: %v, want %v", i, row, want)
		}
	}
	if n := len(all(t, l.Imported(ctx, "lead_history", []string{"mark"}))); n != 120 {
		t.Errorf("%d rows of one column", n)
	}
	for _, err := range l.Imported(ctx, "lead_history", []string{"nothing"}) {
		if err == nil {
			t.Error("a column that is not there was read")
		}
	}
}
