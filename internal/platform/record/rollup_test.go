package record_test

import (
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func TestComputedColumnsFollowOtherRows(t *testing.T) {
	t.Parallel()
	catalog := things(t)
	eachOf(t, catalog, func(t *testing.T, e *env) {
		sys := system(t.Context())
		e.store.ReadFilters(func(t *metadata.Table, text string) (query.Node, error) {
			return odata.ParseFilter(&odata.Context{Catalog: catalog, Now: start}, t, text)
		})
		d := record.NewDeriver(e.store, slog.New(slog.DiscardHandler))
		var at int64
		settle := func() {
			t.Helper()
			for {
				if _, err := e.log.Through(t.Context()); err != nil {
					t.Fatal(err)
				}
				next, err := d.Step(sys, at)
				if err != nil {
					t.Fatal(err)
				}
				if next == at {
					return
				}
				at = next
			}
		}
		a, b := e.must(t, "rpt_thing", record.Row{"name": "a"}).ID("rpt_thingid"), e.must(t, "rpt_thing", record.Row{"name": "b"})
		below := e.must(t, "rpt_thing", record.Row{"name": "below", "parent": a}).ID("rpt_thingid")
		one := e.part(t, "thing", a, record.Row{"weight": json.Number("1.5")})
		e.part(t, "thing", a, record.Row{"weight": 4})
		hidden := e.part(t, "thing", a, record.Row{"weight": 10, "hidden": true})
		settle()
		check := func(what string, key any, parts int64, weight, heaviest string, mean any) {
			t.Helper()
			page, err := e.store.Find(sys, query.Query{Table: "rpt_thing", Where: eq("rpt_thingid", key)})
			if err != nil {
				t.Fatal(err)
			}
			row := page.Rows[0]
			number := func(name string) string {
				if n, ok := row[name].(query.Number); ok {
					return n.String()
				}
				return ""
			}
			if row.Int("parts") != parts || number("weight") != weight || number("heaviest") != heaviest || row["mean"] != mean || row.Int("parts_state") != metadata.RollupCalculated || row["parts_date"] == nil {
				t.Errorf("%s: parts %v, weight %v, heaviest %v, mean %v, state %v", what, row["parts"], row["weight"], row["heaviest"], row["mean"], row["parts_state"])
			}
		}
		check("three parts", a, 3, "5.5", "10", 5.17)
		if _, err := e.update(sys, "rpt_part", one, record.Row{"weight": 2}, record.Match{}); err != nil {
			t.Fatal(err)
		}
		if _, err := e.update(sys, "rpt_part", hidden, record.Row{"hidden": false}, record.Match{}); err != nil {
			t.Fatal(err)
		}
		settle()
		check("heavier, and one shown", a, 3, "16", "10", 5.33)
		if _, err := e.update(sys, "rpt_part", one, record.Row{"thing": b.ID("rpt_thingid")}, record.Match{}); err != nil {
			t.Fatal(err)
		}
		if err := e.delete(sys, "rpt_part", hidden); err != nil {
			t.Fatal(err)
		}
		settle()
		check("one moved, one deleted", a, 1, "4", "4", 4.0)
		check("where it moved to", b.ID("rpt_thingid"), 1, "2", "2", 2.0)
		// The rows that read a row by a lookup follow it, and nobody is said to have modified them.
		e.clock.Advance(1)
		if _, err := e.update(sys, "rpt_thing", a, record.Row{"name": "A new name"}, record.Match{}); err != nil {
			t.Fatal(err)
		}
		settle()
		row, err := e.store.Get(sys, "rpt_thing", below, nil, nil)
		if err != nil || row.Text("inherited") != "A new name / below" || row["modifiedon"] != start || row.Version() < 2 {
			t.Errorf("the row below: %v, modified %v, version %d (%v)", row["inherited"], row["modifiedon"], row.Version(), err)
		}
		// On demand, and after a change of the definition.
		e.part(t, "thing", a, record.Row{"weight": 6})
		e.write(t, func(tx *record.Tx) error {
			row, err := tx.CalculateRollup(sys, "rpt_thing", a, "parts")
			if err == nil && row.Int("parts") != 2 {
				t.Errorf("on demand there are %d parts", row.Int("parts"))
			}
			return err
		})
		if err := d.Definitions(sys); err != nil {
			t.Fatal(err)
		}
		check("after the definitions", a, 2, "10", "6", 5.0)
	})
}
