package query_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

// TestGroupsAndLinksEqualPlainLoops compares joins, groups and their paging with
// loops over the same rows.
func TestGroupsAndLinksEqualPlainLoops(t *testing.T) {
	t.Parallel()
	s := newSchema()
	dbtest.Each(t, lay(s), func(t *testing.T, db *sqldb.DB) {
		w := &world{s: s, db: db}
		w.fill(t)
		t.Run("links", func(t *testing.T) { rapid.Check(t, func(rt *rapid.T) { w.links(rt, t) }) })
		t.Run("groups", func(t *testing.T) { rapid.Check(t, func(rt *rapid.T) { w.groups(rt, t) }) })
	})
}

type world struct {
	s        schema
	db       *sqldb.DB
	accounts []map[string]any
	contacts []map[string]any
	leads    []map[string]any
}

func (w *world) fill(t *testing.T) {
	names := []string{"Acme", "ACME", "beta", "Straße", "STRASSE"}
	for i := range 9 {
		row := map[string]any{"accountid": id.Derive("account", fmt.Sprint(i))}
		if i > 0 {
			row["name"] = names[i%len(names)]
			row["revenue"] = query.Number{Units: int64(i) * 12_345, Scale: 4}
		}
		w.accounts = append(w.accounts, row)
	}
	for i := range 25 {
		row := map[string]any{"contactid": id.Derive("contact", fmt.Sprint(i)), "fullname": fmt.Sprint("c", i%7), "age": int64(i % 5)}
		if i%6 > 0 {
			row["parentid"] = w.accounts[i%6]["accountid"]
		}
		w.contacts = append(w.contacts, row)
	}
	w.leads = sampleRows(t, w.s["lead"], 90)
	for i, row := range w.leads {
		delete(row, "accountid")
		if i%4 > 0 {
			row["accountid"] = w.accounts[i%9]["accountid"]
		}
		if n, ok := row["amount"].(query.Number); ok {
			row["amount"] = query.Number{Units: n.Units % 1_000_000, Scale: 4}
		}
		if v, ok := row["seen"].(time.Time); ok && (v.Year() < 1900 || v.Year() > 2100) {
			row["seen"] = time.Date(2023, time.Month(1+i%12), 1+i%31, i%24, 59, 59, 999_999_000, time.UTC)
		}
	}
	err := w.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		for table, rows := range map[string][]map[string]any{"account": w.accounts, "contact": w.contacts, "lead": w.leads} {
			for _, row := range rows {
				if err := insert(tx, w.s[table], row); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) account(key any) map[string]any {
	for _, a := range w.accounts {
		if a["accountid"] == key {
			return a
		}
	}
	return nil
}

// all fetches a query page by page, each page by way of a token.
func (w *world) all(rt *rapid.T, t *testing.T, q query.Query) []map[string]any {
	var out []map[string]any
	for range 1000 {
		rows, checked, err := find(t, w.db, w.s, q, nil)
		if err != nil {
			rt.Fatal(err)
		}
		out = append(out, rows...)
		if q.Limit == 0 || len(rows) < q.Limit {
			return out
		}
		token, err := query.EncodeCursor(w.s, &q, query.CursorAfter(checked, rows[len(rows)-1]))
		if err != nil {
			rt.Fatal(err)
		}
		if q.After, err = query.DecodeCursor(w.s, &q, token); err != nil {
			rt.Fatal(err)
		}
	}
	rt.Fatal("paging does not end")
	return nil
}

// links: leads with their account and its contacts.
func (w *world) links(rt *rapid.T, t *testing.T) {
	kind := rapid.SampledFrom([]query.LinkKind{query.Inner, query.Outer, query.First})
	outer, inner := kind.Draw(rt, "account"), kind.Draw(rt, "contact")
	young := rapid.Bool().Draw(rt, "young")
	contact := query.Link{Alias: "c", Table: "contact", From: "parentid", To: "accountid", Kind: inner, Select: []string{"fullname", "age"}}
	if young {
		contact.Where = query.Compare{Left: query.Path{"age"}, Op: query.Lt, Value: int64(3)}
	}
	q := query.Query{Table: "lead", Select: []string{"leadid"}, Limit: rapid.SampledFrom([]int{0, 7, 50}).Draw(rt, "limit"),
		Links: []query.Link{{Alias: "a", Table: "account", From: "accountid", To: "accountid", Kind: outer, Select: []string{"name"}, Links: []query.Link{contact}}}}
	keys := []query.Order{{Link: "a", Column: "name"}, {Link: "c", Column: "age"}, {Column: "score"}, {Link: "a", Column: "revenue"}}
	for range rapid.IntRange(0, 3).Draw(rt, "orders") {
		o := rapid.SampledFrom(keys).Draw(rt, "order")
		o.Desc = rapid.Bool().Draw(rt, "desc")
		q.Order = append(q.Order, o)
	}
	named := rapid.Bool().Draw(rt, "where")
	if named {
		q.Where = query.Or{query.Compare{Left: query.LinkPath("a", "name"), Op: query.Ne, Value: "acme"}, query.Compare{Left: query.Path{"score"}, Op: query.Eq, Right: query.LinkPath("c", "age")}}
	}
	var want []string
	for _, lead := range w.leads {
		a := w.account(lead["accountid"])
		var partners []map[string]any
		if a != nil {
			for _, c := range w.contacts {
				if c["parentid"] == a["accountid"] && (!young || c["age"].(int64) < 3) {
					partners = append(partners, c)
				}
			}
			slices.SortFunc(partners, func(x, y map[string]any) int {
				a, b := x["contactid"].(id.ID), y["contactid"].(id.ID)
				return slices.Compare(a[:], b[:])
			})
			if inner == query.First && len(partners) > 1 {
				partners = partners[:1]
			}
			if inner == query.Outer && len(partners) == 0 {
				partners = append(partners, nil)
			}
		}
		if len(partners) == 0 && outer == query.Outer {
			a, partners = nil, []map[string]any{nil}
		}
		for _, c := range partners {
			var name any
			if a != nil {
				name = a["name"]
			}
			isAcme := name != nil && query.Fold(name.(string)) == "acme"
			same := lead["score"] != nil && c["age"] != nil && lead["score"] == c["age"]
			if !named || !isAcme || same {
				want = append(want, fmt.Sprint(lead["leadid"], name, c["fullname"], c["age"]))
			}
		}
	}
	rows := w.all(rt, t, q)
	var got []string
	for i, row := range rows {
		got = append(got, fmt.Sprint(row["leadid"], row["a.name"], row["c.fullname"], row["c.age"]))
		if i > 0 && len(q.Order) > 0 && less(rows[i], rows[i-1], q.Order[0]) {
			rt.Fatalf("row %d is out of order", i)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		checked, _ := query.Check(w.s, &q, query.Limits{})
		st, _ := query.Render(w.s, w.db.Dialect(), checked, nil)
		rt.Fatalf("%d rows, want %d\n%s", len(got), len(want), st.SQL)
	}
}

// less compares by one column, null least.
func less(a, b map[string]any, o query.Order) bool {
	name := query.LinkedName(o.Link, o.Column)
	x, y := a[name], b[name]
	if o.Desc {
		x, y = y, x
	}
	switch v := x.(type) {
	case nil:
		return y != nil
	case string:
		return y != nil && query.Fold(v) < query.Fold(y.(string))
	case int64:
		return y != nil && v < y.(int64)
	case query.Number:
		return y != nil && v.Compare(y.(query.Number)) < 0
	}
	return false
}

// groups: leads by keys of their own and of their account.
func (w *world) groups(rt *rapid.T, t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	zone := rapid.SampledFrom([]*time.Location{nil, berlin, time.FixedZone("west", -5*3600)}).Draw(rt, "zone")
	fiscal := query.Fiscal{Month: time.Month(rapid.IntRange(1, 12).Draw(rt, "month")), Day: rapid.IntRange(1, 28).Draw(rt, "day"), Periods: rapid.SampledFrom([]int{1, 2, 4, 12, 13}).Draw(rt, "periods")}
	all := []query.Key{{Column: "city"}, {Column: "hot"}, {Column: "score"}, {Link: "a", Column: "name"}, {Column: "day", Part: query.MonthPart}, {Column: "day"}}
	for part := query.DayPart; part <= query.FiscalYearPart; part++ {
		all = append(all, query.Key{Column: "seen", Part: part, Zone: zone, Fiscal: fiscal})
	}
	g := &query.Group{Values: []query.Aggregate{{Name: "n", Func: query.CountRows}, {Name: "sum", Func: query.Sum, Column: "amount"}, {Name: "avg", Func: query.Average, Column: "amount"},
		{Name: "mean", Func: query.Average, Column: "size"}, {Name: "cities", Func: query.CountDistinct, Column: "city"}, {Name: "values", Func: query.CountValues, Column: "score"},
		{Name: "least", Func: query.Min, Column: "seen"}, {Name: "most", Func: query.Max, Column: "day"}, {Name: "revenue", Func: query.Max, Link: "a", Column: "revenue"}}}
	for i := range rapid.IntRange(0, 2).Draw(rt, "keys") {
		k := rapid.SampledFrom(all).Draw(rt, "key")
		k.Name = fmt.Sprint("k", i)
		g.Keys = append(g.Keys, k)
	}
	q := query.Query{Table: "lead", Group: g, Limit: rapid.SampledFrom([]int{0, 3}).Draw(rt, "limit"),
		Links: []query.Link{{Alias: "a", Table: "account", From: "accountid", To: "accountid", Kind: query.Outer}}}
	if rapid.Bool().Draw(rt, "sorted") {
		q.Order = []query.Order{{Column: rapid.SampledFrom([]string{"n", "sum", "avg", "least"}).Draw(rt, "by"), Desc: rapid.Bool().Draw(rt, "desc")}}
	}
	byKey := map[string][]map[string]any{}
	for _, lead := range w.leads {
		var parts []string
		for _, k := range g.Keys {
			parts = append(parts, fmt.Sprint(w.keyValue(lead, k)))
		}
		byKey[strings.Join(parts, "|")] = append(byKey[strings.Join(parts, "|")], lead)
	}
	var want []string
	for key, rows := range byKey {
		want = append(want, key+" => "+w.combined(rows))
	}
	rows := w.all(rt, t, q)
	var got []string
	for i, row := range rows {
		var parts []string
		for _, k := range g.Keys {
			v := row[k.Name]
			if s, ok := v.(string); ok {
				v = query.Fold(s)
			}
			parts = append(parts, fmt.Sprint(v))
		}
		got = append(got, strings.Join(parts, "|")+" => "+fmt.Sprint(row["n"], row["sum"], row["avg"], row["mean"], row["cities"], row["values"], row["least"], row["most"], row["revenue"]))
		if i > 0 && len(q.Order) > 0 && less(rows[i], rows[i-1], q.Order[0]) {
			rt.Fatalf("group %d is out of order", i)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		checked, _ := query.Check(w.s, &q, query.Limits{})
		st, _ := query.Render(w.s, w.db.Dialect(), checked, nil)
		rt.Fatalf("got\n%s\nwant\n%s\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), st.SQL)
	}
}

func (w *world) keyValue(lead map[string]any, k query.Key) any {
	v := lead[k.Column]
	if k.Link == "a" {
		v = nil
		if a := w.account(lead["accountid"]); a != nil {
			v = a[k.Column]
		}
	}
	if s, ok := v.(string); ok {
		v = query.Fold(s)
	}
	if v == nil || k.Part == query.Whole {
		return v
	}
	zone := k.Zone
	if zone == nil {
		zone = time.UTC
	}
	var at time.Time
	switch x := v.(type) {
	case time.Time:
		at = x.In(zone)
	case query.Date:
		at, _ = time.Parse(time.DateOnly, string(x))
	}
	year, period := k.Fiscal.Of(at)
	switch k.Part {
	case query.DayPart:
		return at.Day()
	case query.WeekPart:
		first := time.Date(at.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
		return (at.YearDay()-1+int(first.Weekday()))/7 + 1
	case query.MonthPart:
		return int(at.Month())
	case query.QuarterPart:
		return (int(at.Month())-1)/3 + 1
	case query.YearPart:
		return at.Year()
	case query.FiscalYearPart:
		return year
	}
	return year*100 + period
}

// combined works the aggregates out by big integers.
func (w *world) combined(rows []map[string]any) string {
	sum := func(column string) (total *big.Int, n int64) {
		total = new(big.Int)
		for _, r := range rows {
			switch v := r[column].(type) {
			case int64:
				total.Add(total, big.NewInt(v))
				n++
			case query.Number:
				total.Add(total, big.NewInt(v.Units))
				n++
			}
		}
		return total, n
	}
	average := func(total *big.Int, n, scale int64) any {
		if n == 0 {
			return nil
		}
		half := new(big.Rat).SetFrac(new(big.Int).Mul(total, big.NewInt(scale)), big.NewInt(n))
		text := half.FloatString(0) // rounds half away from zero
		out, _ := query.ParseNumber(text, 0)
		return query.Number{Units: out.Units, Scale: 4}
	}
	amount, n := sum("amount")
	var total any
	if n > 0 {
		total = query.Number{Units: amount.Int64(), Scale: 4}
	}
	sizes, m := sum("size")
	cities := map[string]bool{}
	values := 0
	var least, most, revenue any
	for _, r := range rows {
		if c, ok := r["city"].(string); ok {
			cities[query.Fold(c)] = true
		}
		if r["score"] != nil {
			values++
		}
		if v, ok := r["seen"].(time.Time); ok && (least == nil || v.Before(least.(time.Time))) {
			least = v
		}
		if v, ok := r["day"].(query.Date); ok && (most == nil || cmp.Compare(v, most.(query.Date)) > 0) {
			most = v
		}
		if a := w.account(r["accountid"]); a != nil {
			if v, ok := a["revenue"].(query.Number); ok && (revenue == nil || v.Compare(revenue.(query.Number)) > 0) {
				revenue = v
			}
		}
	}
	return fmt.Sprint(len(rows), total, average(amount, n, 1), average(sizes, m, 10_000), len(cities), values, least, most, revenue)
}

func TestDistinct(t *testing.T) {
	t.Parallel()
	s := newSchema()
	dbtest.Each(t, lay(s), func(t *testing.T, db *sqldb.DB) {
		err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			for i, city := range []any{"Ulm", "ULM", "Köln", nil, nil, "köln", "Bonn"} {
				if err := insert(tx, s["lead"], map[string]any{"leadid": id.Derive("d", fmt.Sprint(i)), "city": city, "score": int64(i / 4)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for want, q := range map[string]query.Query{
			"<nil> Bonn Köln ULM":            {Table: "lead", Select: []string{"city"}, Distinct: true},
			"ULM Köln Bonn <nil>":            {Table: "lead", Select: []string{"city"}, Distinct: true, Order: []query.Order{{Column: "city", Desc: true}}},
			"<nil> Köln ULM <nil> Bonn köln": {Table: "lead", Select: []string{"score", "city"}, Distinct: true, Order: []query.Order{{Column: "score"}}},
		} {
			rows, checked, err := find(t, db, s, q, nil)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range rows {
				got = append(got, fmt.Sprint(r["city"]))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("got %v, want %s", got, want)
			}
			st, err := query.RenderCount(s, db.Dialect(), checked, nil)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := run(t.Context(), db, st); err != nil || n[0]["count"] != int64(len(got)) {
				t.Errorf("count %v, %v", n, err)
			}
		}
	})
}

func TestASumBeyondItsRangeIsRefused(t *testing.T) {
	t.Parallel()
	s := newSchema()
	dbtest.Each(t, lay(s), func(t *testing.T, db *sqldb.DB) {
		err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			for i := range 3 {
				if err := insert(tx, s["lead"], map[string]any{"leadid": id.Derive("d", fmt.Sprint(i)), "amount": query.Number{Units: 1<<63 - 2, Scale: 4}, "score": int64(1 << 62)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for column, f := range map[string]query.Function{"amount": query.Sum, "score": query.Average} {
			_, _, err := find(t, db, s, query.Query{Table: "lead", Group: &query.Group{Values: []query.Aggregate{{Name: "x", Func: f, Column: column}}}}, nil)
			if !errs.Has(err, errs.Invalid) {
				t.Errorf("%s: %v", column, err)
			}
		}
	})
}

func TestGroupsRefused(t *testing.T) {
	t.Parallel()
	s := newSchema()
	secured := query.Limits{Secured: func(string, string) bool { return true }}
	group := func(g query.Group) query.Query { return query.Query{Table: "lead", Group: &g} }
	many := make([]query.Key, 51)
	links := make([]query.Link, 16)
	for i := range links {
		links[i] = query.Link{Alias: fmt.Sprint("l", i), Table: "account", From: "accountid", To: "accountid"}
	}
	for _, c := range []struct {
		code string
		q    query.Query
	}{
		{"query.group", group(query.Group{})},
		{"query.group", group(query.Group{Keys: many})},
		{"query.group_name", group(query.Group{Keys: []query.Key{{Column: "city"}}})},
		{"query.group_name", group(query.Group{Keys: []query.Key{{Name: "a", Column: "city"}}, Values: []query.Aggregate{{Name: "a"}}})},
		{"query.group_part", group(query.Group{Keys: []query.Key{{Name: "a", Column: "city", Part: query.YearPart}}})},
		{"query.secured_column", group(query.Group{Keys: []query.Key{{Name: "a", Column: "secret"}}})},
		{"query.secured_column", group(query.Group{Values: []query.Aggregate{{Name: "a", Func: query.CountDistinct, Column: "secret"}}})},
		{"query.secured_column", query.Query{Table: "lead", Select: []string{"secret"}, Distinct: true}},
		{"query.not_aggregatable", group(query.Group{Values: []query.Aggregate{{Name: "a", Func: query.Sum, Column: "city"}}})},
		{"query.unknown_link", group(query.Group{Values: []query.Aggregate{{Name: "a", Func: query.Sum, Link: "x", Column: "revenue"}}})},
		{"query.group_order", query.Query{Table: "lead", Group: &query.Group{Keys: []query.Key{{Name: "a", Column: "city"}}}, Order: []query.Order{{Column: "score"}}}},
		{"query.group_expand", query.Query{Table: "lead", Group: &query.Group{Keys: []query.Key{{Name: "a", Column: "city"}}}, Expand: []query.Expand{{Relation: "account"}}}},
		{"query.too_many_links", query.Query{Table: "lead", Links: links}},
		{"query.link_alias", query.Query{Table: "lead", Links: []query.Link{links[0], links[0]}}},
		{"query.link_column", query.Query{Table: "lead", Links: []query.Link{{Alias: "a", Table: "account", From: "name", To: "accountid"}}}},
		{"query.unknown_link", query.Query{Table: "lead", Where: query.Null{Left: query.LinkPath("a", "name")}}},
		{"query.unknown_link", query.Query{Table: "lead", Order: []query.Order{{Link: "a", Column: "name"}}}},
	} {
		if _, err := query.Check(s, &c.q, secured); errs.CodeOf(err) != c.code {
			t.Errorf("want %s, got %v", c.code, err)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(s)) {
		if _, ok := s.QueryTable(k); !ok {
			t.Error(k)
		}
	}
}
