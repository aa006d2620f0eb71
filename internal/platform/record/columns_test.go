package record_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func money(units int64) query.Number { return query.Number{Units: units, Scale: 4} }

// TestEveryColumnTypeComesBack writes a value of each type, reads it, finds it
// and looks at its history.
func TestEveryColumnTypeComesBack(t *testing.T) {
	t.Parallel()
	eachOf(t, things(t), func(t *testing.T, e *env) {
		sys := system(t.Context())
		contact := e.must(t, "contact", record.Row{"lastname": "Ann"}).ID("contactid")
		in := record.Row{"name": "Ä thing", "mail": "a@b.example", "story": "Once\nupon", "amount": json.Number("-7"), "large": int64(1) << 60, "share": json.Number("0.1254"),
			"ratio": json.Number("0.1"), "price": json.Number("12.34567"), "cost": json.Number("2.005"), "hot": true, "birthday": "2000-02-29", "moment": "2026-11-22T10:00:00+02:00",
			"clock": "2026-11-22T10:00:00+02:00", "grade": 2, "grades": "3,1", "customer": contact.String(), "customertype": "contact", "extra": `{"a": [1]}`}
		want := record.Row{"name": "Ä thing", "mail": "a@b.example", "story": "Once\nupon", "amount": int64(-7), "large": int64(1) << 60, "share": query.Number{Units: 125, Scale: 3},
			"ratio": 0.1, "price": money(123457), "cost": money(20100), "hot": true, "birthday": query.Date("2000-02-29"), "moment": time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC),
			"clock": time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), "grade": int64(2), "grades": query.SetValue("1,3"), "customer": contact, "customertype": "contact", "extra": json.RawMessage(`{"a":[1]}`),
			"price_base": money(123457), "cost_base": money(20100), "transactioncurrencyid": record.BaseCurrency, "exchangerate": query.Number{Units: 1e10, Scale: 10},
			"margin": money(103357), "margin_base": money(103357), "twice": money(206714), "inherited": "none / Ä thing"}
		made, err := e.create(sys, "rpt_thing", in)
		if err != nil {
			t.Fatal(err)
		}
		key := made.ID("rpt_thingid")
		read, err := e.store.Get(sys, "rpt_thing", key, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range want {
			if !reflect.DeepEqual(made[name], v) || !reflect.DeepEqual(read[name], v) {
				t.Errorf("%s: written %#v, read %#v, want %#v", name, made[name], read[name], v)
			}
		}
		if !strings.HasPrefix(read.Text("number"), "THING-00001-") {
			t.Errorf("number %q", read.Text("number"))
		}
		// By value, among others.
		e.must(t, "rpt_thing", record.Row{"name": "other", "grades": "13", "ratio": 0.2})
		for name, v := range in {
			if !slices.Contains([]string{"name", "mail", "amount", "large", "ratio", "hot", "birthday", "moment", "grade", "grades", "customer"}, name) {
				continue
			}
			page, err := e.store.Find(sys, query.Query{Table: "rpt_thing", Select: []string{"name"}, Where: query.Compare{Left: query.Path{name}, Value: v}})
			if err != nil || len(page.Rows) != 1 || page.Rows[0].ID("rpt_thingid") != key {
				t.Errorf("by %s: %d rows, %v", name, len(page.Rows), err)
			}
		}
		// The same values again change nothing.
		same, err := e.update(sys, "rpt_thing", key, in, record.Match{})
		if err != nil || same.Version() != 1 {
			t.Errorf("version %d after the same values again (%v)", same.Version(), err)
		}
		// All of it emptied.
		empty := record.Row{}
		for name := range in {
			empty[name] = nil
		}
		delete(empty, "customertype")
		bare, err := e.update(sys, "rpt_thing", key, empty, record.Match{})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"grades", "ratio", "price", "price_base", "margin", "margin_base", "twice", "customer", "customertype", "clock"} {
			if bare[name] != nil {
				t.Errorf("%s is still %v", name, bare[name])
			}
		}
		history, err := e.log.History(t.Context(), "rpt_thing", key, 0, 10)
		if err != nil || len(history) != 2 {
			t.Fatalf("history %v, %v", history, err)
		}
		for _, piece := range []string{`"grades":"1,3"`, `"ratio":0.1`, `"price":12.3457`, `"twice":20.6714`} {
			if !strings.Contains(string(history[0].Before), piece) || !strings.Contains(string(history[1].After), piece) {
				t.Errorf("the history lacks %s: %s", piece, history[0].Before)
			}
		}
	})
}

func TestMoneyInOtherCurrencies(t *testing.T) {
	t.Parallel()
	eachOf(t, things(t), func(t *testing.T, e *env) {
		sys := system(t.Context())
		e.must(t, "transactioncurrency", record.Row{"transactioncurrencyid": record.BaseCurrency, "currencyname": "Euro", "isocurrencycode": "EUR", "currencysymbol": "€", "exchangerate": 1})
		yen := e.must(t, "transactioncurrency", record.Row{"currencyname": "Yen", "isocurrencycode": "JPY", "currencysymbol": "¥", "exchangerate": json.Number("160.5")}).ID("transactioncurrencyid")
		key := e.must(t, "rpt_thing", record.Row{"name": "a", "price": json.Number("1000"), "transactioncurrencyid": yen}).ID("rpt_thingid")
		check := func(what string, price, base int64, rate string) {
			t.Helper()
			row, err := e.store.Get(sys, "rpt_thing", key, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if n, _ := row["exchangerate"].(query.Number); row["price"] != money(price) || row["price_base"] != money(base) || n.String() != rate {
				t.Errorf("%s: price %v, base %v, rate %v", what, row["price"], row["price_base"], row["exchangerate"])
			}
		}
		check("in yen", 10_000_000, 62_305, "160.5")
		// A new rate is for rows to come; this one keeps its own.
		if _, err := e.update(sys, "transactioncurrency", yen, record.Row{"exchangerate": 200}, record.Match{}); err != nil {
			t.Fatal(err)
		}
		if _, err := e.update(sys, "rpt_thing", key, record.Row{"price": 2000}, record.Match{}); err != nil {
			t.Fatal(err)
		}
		check("more yen", 20_000_000, 124_611, "160.5")
		if _, err := e.update(sys, "rpt_thing", key, record.Row{"transactioncurrencyid": record.BaseCurrency}, record.Match{}); err != nil {
			t.Fatal(err)
		}
		check("in euro", 20_000_000, 20_000_000, "1")
		if _, err := e.update(sys, "rpt_thing", key, record.Row{"transactioncurrencyid": yen}, record.Match{}); err != nil {
			t.Fatal(err)
		}
		check("in yen again", 20_000_000, 100_000, "200")
		for what, err := range map[string]error{
			"the base currency's rate": second(e.update(sys, "transactioncurrency", record.BaseCurrency, record.Row{"exchangerate": 2}, record.Match{})),
			"a rate of nothing":        second(e.update(sys, "transactioncurrency", yen, record.Row{"exchangerate": 0}, record.Match{})),
			"deleting the base":        e.delete(sys, "transactioncurrency", record.BaseCurrency),
			"deleting one in use":      e.delete(sys, "transactioncurrency", yen),
			"an unknown currency":      second(e.update(sys, "rpt_thing", key, record.Row{"transactioncurrencyid": id.New()}, record.Match{})),
			"an amount too large":      second(e.create(sys, "rpt_thing", record.Row{"price": json.Number("1e14"), "transactioncurrencyid": e.must(t, "transactioncurrency", record.Row{"currencyname": "Heavy", "isocurrencycode": "HVY", "currencysymbol": "H", "exchangerate": json.Number("0.0000000001")}).ID("transactioncurrencyid")})),
		} {
			if !errs.Has(err, errs.Invalid) && !errs.Has(err, errs.Conflict) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestAutoNumbersOfSixteenWriters(t *testing.T) {
	t.Parallel()
	eachOf(t, things(t), func(t *testing.T, e *env) {
		const writers, each = 16, 20
		sys := system(t.Context())
		// Some are given by hand, among them ones that the sequence will come to.
		given := map[string]bool{}
		var wait sync.WaitGroup
		var mu sync.Mutex
		seen := map[string]int{}
		for w := range writers {
			wait.Go(func() {
				for i := range each {
					row := record.Row{"name": "x"}
					if w == 0 && i%5 == 0 {
						row["number"] = "MINE-" + string(rune('A'+i))
						mu.Lock()
						given[row.Text("number")] = true
						mu.Unlock()
					}
					out, err := e.create(sys, "rpt_thing", row)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					seen[out.Text("number")]++
					mu.Unlock()
				}
			})
		}
		wait.Wait()
		if len(seen) != writers*each {
			t.Errorf("%d numbers for %d rows", len(seen), writers*each)
		}
		for n := range given {
			if seen[n] != 1 {
				t.Errorf("the number %s was not kept", n)
			}
		}
		if _, err := e.create(sys, "rpt_thing", record.Row{"number": "mine-a"}); !errs.Has(err, errs.Conflict) {
			t.Errorf("a number that is taken: %v", err)
		}
	})
}

// TestAutoNumbersPassByThoseGivenByHand has a plain pattern, whose numbers people can guess.
func TestAutoNumbersPassByThoseGivenByHand(t *testing.T) {
	t.Parallel()
	catalog, err := things(t).With(metadata.Change{Put: []*metadata.Table{{Name: "rpt_case", Set: "rpt_cases", Label: metadata.Label{"en": "Case"}, Plural: metadata.Label{"en": "Cases"}, ID: "rpt_caseid", Title: "number",
		Ownership: metadata.OwnedByUser, Columns: []*metadata.Column{{Name: "number", TypeName: "text", AutoNumber: "C-{SEQNUM:3}", Label: metadata.Label{"en": "Number"}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	eachOf(t, catalog, func(t *testing.T, e *env) {
		sys := system(t.Context())
		for _, n := range []string{"C-001", "C-002", "C-003", "C-005", "C-006", "C-007", "C-008", "C-009"} {
			e.must(t, "rpt_case", record.Row{"number": n})
		}
		seen := map[string]bool{}
		for range 5 {
			seen[e.must(t, "rpt_case", record.Row{}).Text("number")] = true
		}
		if len(seen) != 5 || seen["C-001"] {
			t.Errorf("numbers %v", seen)
		}
		e.write(t, func(tx *record.Tx) error { return tx.SetNumber(sys, "rpt_case", "number", 700) })
		if got := e.must(t, "rpt_case", record.Row{}).Text("number"); got != "C-700" {
			t.Errorf("after setting it to 700: %s", got)
		}
		user := e.user(t, "u", e.root, map[string]map[access.Right]access.Depth{"rpt_case": {access.Write: access.Basic, access.Read: access.Basic}})
		e.reload(t)
		err := e.store.Write(t.Context(), func(tx *record.Tx) error { return tx.SetNumber(as(t.Context(), user), "rpt_case", "number", 1) })
		if !errs.Has(err, errs.Forbidden) {
			t.Errorf("set by somebody who may write own rows only: %v", err)
		}
	})
}

func TestTreesHaveNoCircles(t *testing.T) {
	t.Parallel()
	eachOf(t, things(t), func(t *testing.T, e *env) {
		sys := system(t.Context())
		a := e.must(t, "rpt_thing", record.Row{"name": "a"}).ID("rpt_thingid")
		b := e.must(t, "rpt_thing", record.Row{"name": "b", "parent": a}).ID("rpt_thingid")
		c := e.must(t, "rpt_thing", record.Row{"name": "c", "parent": b}).ID("rpt_thingid")
		for _, to := range []id.ID{a, b, c} {
			if _, err := e.update(sys, "rpt_thing", a, record.Row{"parent": to}, record.Match{}); errs.CodeOf(err) != "record.cycle" {
				t.Errorf("a below itself: %v", err)
			}
		}
		if _, err := e.update(sys, "rpt_thing", c, record.Row{"parent": a}, record.Match{}); err != nil {
			t.Error(err)
		}
		// Two moves that would close a circle together: one of them is refused.
		d := e.must(t, "rpt_thing", record.Row{"name": "d"}).ID("rpt_thingid")
		f := e.must(t, "rpt_thing", record.Row{"name": "f"}).ID("rpt_thingid")
		var wait sync.WaitGroup
		failed := make([]error, 2)
		for i, pair := range [][2]id.ID{{d, f}, {f, d}} {
			wait.Go(func() {
				_, failed[i] = e.update(sys, "rpt_thing", pair[0], record.Row{"parent": pair[1]}, record.Match{})
			})
		}
		wait.Wait()
		if (failed[0] == nil) == (failed[1] == nil) {
			t.Errorf("moves against each other end with %v and %v", failed[0], failed[1])
		}
	})
}

func TestFormulasFollowTheirRow(t *testing.T) {
	t.Parallel()
	eachOf(t, things(t), func(t *testing.T, e *env) {
		sys := system(t.Context())
		parent := e.must(t, "rpt_thing", record.Row{"name": "Up"}).ID("rpt_thingid")
		row := e.must(t, "rpt_thing", record.Row{"name": "a", "price": 10, "parent": parent})
		if row["margin"] != nil || row.Text("inherited") != "Up / a" {
			t.Errorf("margin %v, inherited %v", row["margin"], row["inherited"])
		}
		key := row.ID("rpt_thingid")
		row, err := e.update(sys, "rpt_thing", key, record.Row{"cost": 4}, record.Match{})
		if err != nil || row["twice"] != money(120_000) || row["twice_base"] != money(120_000) {
			t.Errorf("twice %v, %v", row["twice"], err)
		}
		row, err = e.update(sys, "rpt_thing", key, record.Row{"parent": nil}, record.Match{})
		if err != nil || row.Text("inherited") != "none / a" {
			t.Errorf("inherited %v, %v", row["inherited"], err)
		}
		user := e.user(t, "u", e.root, map[string]map[access.Right]access.Depth{"rpt_thing": {access.Write: access.Global, access.Read: access.Global}})
		e.reload(t)
		if _, err := e.update(as(t.Context(), user), "rpt_thing", key, record.Row{"margin": 1}, record.Match{}); !errs.Has(err, errs.Invalid) {
			t.Errorf("writing a formula's value: %v", err)
		}
	})
}

func TestStatesAndTransitions(t *testing.T) {
	t.Parallel()
	eachOf(t, things(t), func(t *testing.T, e *env) {
		all := access.Global
		user := as(t.Context(), e.user(t, "u", e.root, map[string]map[access.Right]access.Depth{"rpt_thing": {access.Write: all, access.Read: all, access.Create: all}}))
		e.reload(t)
		made, err := e.create(user, "rpt_thing", record.Row{"name": "a"})
		if err != nil {
			t.Fatal(err)
		}
		key := made.ID("rpt_thingid")
		for _, c := range []struct {
			in            record.Row
			state, reason int64 // what is then; state -1 is refused
		}{
			{record.Row{"statuscode": 4}, -1, 0},                 // may not follow 1
			{record.Row{"statecode": 0, "statuscode": 3}, -1, 0}, // belongs to the other state
			{record.Row{"statecode": 7}, -1, 0},                  // unknown
			{record.Row{"statuscode": 99}, -1, 0},                // unknown
			{record.Row{"statecode": nil}, -1, 0},                // never empty
			{record.Row{"statuscode": 2}, 0, 2},                  // allowed
			{record.Row{"statecode": 0}, 0, 2},                   // the state as it is leaves the reason
			{record.Row{"statecode": 1, "statuscode": 4}, 1, 4},  // 2 names none that follow: all may
			{record.Row{"statecode": 0}, 0, 1},                   // the first of the state
			{record.Row{"statecode": 1}, 1, 3},                   // the first of the state, and allowed
			{record.Row{"statuscode": 4}, -1, 0},                 // may not follow 3
			{record.Row{"overriddencreatedon": start}, -1, 0},    // only when it is made
		} {
			row, err := e.update(user, "rpt_thing", key, c.in, record.Match{})
			switch {
			case c.state < 0 && !errs.Has(err, errs.Invalid):
				t.Errorf("%v: %v", c.in, err)
			case c.state >= 0 && (err != nil || row.Int("statecode") != c.state || row.Int("statuscode") != c.reason):
				t.Errorf("%v gives %v, %v (%v)", c.in, row["statecode"], row["statuscode"], err)
			}
		}
	})
}

func TestRowsFromElsewhereKeepTheirAge(t *testing.T) {
	t.Parallel()
	eachOf(t, things(t), func(t *testing.T, e *env) {
		then := start.AddDate(-3, 0, 0)
		row := e.must(t, "rpt_thing", record.Row{"name": "old", "overriddencreatedon": then, "importsequencenumber": 7})
		if row["createdon"] != then || row["overriddencreatedon"] != start || row.Int("importsequencenumber") != 7 || row["modifiedon"] != start {
			t.Errorf("created %v, brought in %v", row["createdon"], row["overriddencreatedon"])
		}
		if _, err := e.create(system(t.Context()), "rpt_thing", record.Row{"overriddencreatedon": start.Add(time.Hour)}); !errs.Has(err, errs.Invalid) {
			t.Errorf("made in the future: %v", err)
		}
	})
}

func TestKeysOfSixteenWriters(t *testing.T) {
	t.Parallel()
	eachOf(t, things(t), func(t *testing.T, e *env) {
		sys := system(t.Context())
		var wait sync.WaitGroup
		var mu sync.Mutex
		created := 0
		for range 16 {
			wait.Go(func() {
				err := e.store.Write(t.Context(), func(tx *record.Tx) error {
					_, made, err := tx.UpsertByKey(sys, "rpt_thing", map[string]any{"number": "K-1"}, record.Row{"name": "x"}, record.Match{})
					mu.Lock()
					defer mu.Unlock()
					if made && err == nil {
						created++
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		page, err := e.store.Find(sys, query.Query{Table: "rpt_thing", Select: []string{"name"}, Count: true})
		if err != nil || page.Total != 1 || created < 1 {
			t.Errorf("%d rows, %d made, %v", page.Total, created, err)
		}
	})
}
