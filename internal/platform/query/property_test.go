package query_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

// TestSQLEqualsMemory draws rows and conditions, and compares what SQL finds,
// sorts and pages with what Match and Less say.
func TestSQLEqualsMemory(t *testing.T) {
	t.Parallel()
	s := newSchema()
	dbtest.Each(t, lay(s), func(t *testing.T, db *sqldb.DB) {
		rows := sampleRows(t, s["lead"], 120)
		err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			for _, r := range rows {
				if err := insert(tx, s["lead"], r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 { // rapid's own default of 100 draws misses too much
			rapid.Check(t, func(rt *rapid.T) { checkOne(rt, t, db, s, rows) })
		}
	})
}

func checkOne(rt *rapid.T, t *testing.T, db *sqldb.DB, s schema, rows []map[string]any) {
	lead := s["lead"]
	q := query.Query{Table: "lead", Where: drawNode(rt, lead, 4), Order: drawOrder(rt)}
	if rapid.Bool().Draw(rt, "ends") {
		q.Select = []string{"subject"}
	}
	q.Limit = rapid.SampledFrom([]int{0, 7, 40}).Draw(rt, "limit")
	var want []map[string]any
	for _, r := range rows {
		ok, err := query.Match(s, "lead", q.Where, r)
		if err != nil {
			rt.Fatal(err)
		}
		if ok {
			want = append(want, r)
		}
	}
	checked, err := query.Check(s, &q, query.Limits{})
	if err != nil {
		rt.Fatal(err)
	}
	slices.SortFunc(want, func(a, b map[string]any) int {
		if query.Less(lead, checked.Order, a, b) {
			return -1
		}
		return 1
	})
	var got []map[string]any
	for {
		page, checked, err := find(t, db, s, q, nil)
		if err != nil {
			rt.Fatal(err)
		}
		got = append(got, page...)
		if q.Limit == 0 || len(page) < q.Limit {
			break
		}
		q.After = query.CursorAfter(checked, page[len(page)-1])
	}
	if a, b := keys(got), keys(want); !slices.Equal(a, b) {
		st, _ := query.Render(s, db.Dialect(), checked, nil)
		rt.Fatalf("SQL finds %d rows, memory %d\n%s\n%v\n%#v", len(a), len(b), st.SQL, st.Args, q)
	}
}

func keys(rows []map[string]any) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = fmt.Sprint(r["leadid"])
	}
	return out
}

// texts hold what trips folding, ordering and matching up.
var texts = []string{"", "a", "A", "ab", "aB ", "b", "ß", "ss", "SS", "ſ", "ﬁ", "fi", "é", "e\u0301", "É", "%", "_", "\\", "'", "\"", "İ", "i", "ı", "K", "k", "z", "ä", "中", "\U0001F600", "\U0010FFFF", "\uD7FF", "1", "10", "9"}

func drawValue(rt *rapid.T, c query.Column) any {
	switch c.Kind {
	case query.Text, query.Memo:
		return rapid.SampledFrom(texts).Draw(rt, "text") + rapid.SampledFrom(texts).Draw(rt, "text")
	case query.Int:
		return rapid.SampledFrom([]int64{-1, 0, 1, 2, 3, 1<<31 - 1, -1 << 31}).Draw(rt, "int")
	case query.Bool:
		return rapid.Bool().Draw(rt, "bool")
	case query.Time:
		micro := rapid.SampledFrom([]int64{0, 1, -1, 1_700_000_000_000_000, 1_700_000_000_000_001, -62_135_596_800_000_000, 253_402_300_799_999_999}).Draw(rt, "µs")
		return time.UnixMicro(micro).UTC()
	case query.Day:
		return rapid.SampledFrom([]query.Date{"0001-01-01", "1999-12-31", "2024-02-29", "2024-03-01", "9999-12-31"}).Draw(rt, "day")
	case query.Set:
		return query.NewSet(rapid.SliceOfN(rapid.Int64Range(1, 12), 1, 3).Draw(rt, "members")...)
	case query.Fixed:
		return query.Number{Scale: c.Scale, Units: rapid.SampledFrom([]int64{-1, 0, 1, 10_000, 10_001, 1<<63 - 2, -1<<63 + 1}).Draw(rt, "units")}
	default:
		return id.Derive("value", rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "id"))
	}
}

var drawn = []string{"subject", "city", "notes", "score", "size", "hot", "seen", "day", "amount", "paid", "rate", "accountid", "customeridtype", "tags"}

func sampleRows(t *testing.T, lead *query.Table, n int) []map[string]any {
	t.Helper()
	one := rapid.Custom(func(rt *rapid.T) map[string]any {
		row := map[string]any{}
		for _, name := range drawn {
			if rapid.IntRange(0, 3).Draw(rt, "null") > 0 {
				row[name] = drawValue(rt, lead.Columns[name])
			}
		}
		return row
	})
	out := make([]map[string]any, n)
	for i := range out {
		out[i] = one.Example(i)
		out[i]["leadid"] = id.Derive("row", fmt.Sprint(i))
	}
	return out
}

func drawOrder(rt *rapid.T) []query.Order {
	var out []query.Order
	for range rapid.IntRange(0, 3).Draw(rt, "orders") {
		name := rapid.SampledFrom(drawn).Draw(rt, "order")
		if name != "notes" && name != "tags" {
			out = append(out, query.Order{Column: name, Desc: rapid.Bool().Draw(rt, "desc")})
		}
	}
	return out
}

func drawNode(rt *rapid.T, t *query.Table, depth int) query.Node {
	kinds := 5
	if depth > 0 {
		kinds = 11
	}
	list := func() []query.Node {
		out := make([]query.Node, rapid.IntRange(0, 3).Draw(rt, "parts"))
		for i := range out {
			out[i] = drawNode(rt, t, depth-1)
		}
		return out
	}
	c := t.Columns[rapid.SampledFrom(drawn).Draw(rt, "column")]
	left := query.Path{c.Name}
	switch rapid.IntRange(0, kinds).Draw(rt, "node") {
	case 0:
		return query.Null{Left: left, Negate: rapid.Bool().Draw(rt, "negate")}
	case 1:
		values := make([]any, rapid.IntRange(0, 4).Draw(rt, "values"))
		for i := range values {
			if rapid.IntRange(0, 5).Draw(rt, "null") > 0 {
				values[i] = drawValue(rt, c)
			}
		}
		return query.In{Left: left, Values: values, Negate: rapid.Bool().Draw(rt, "negate")}
	case 9:
		name := rapid.SampledFrom([]string{"subject", "city", "notes"}).Draw(rt, "column")
		parts := []string{"%", "%", "_", "[a-c]", "[^a]", "[%]", "[", "]", "*", "?", "a", "ss", "k", "i", "\\", "."}
		text := rapid.SampledFrom(parts).Draw(rt, "part") + rapid.SampledFrom(parts).Draw(rt, "part") + rapid.SampledFrom(parts).Draw(rt, "part")
		return query.TextMatch{Left: query.Path{name}, Op: query.Like, Text: text}
	case 2:
		name := rapid.SampledFrom([]string{"subject", "city", "notes", "customeridtype"}).Draw(rt, "column")
		op := rapid.SampledFrom([]query.TextOp{query.Contains, query.StartsWith, query.EndsWith}).Draw(rt, "op")
		return query.TextMatch{Left: query.Path{name}, Op: op, Text: rapid.SampledFrom(texts).Draw(rt, "part")}
	case 3:
		pair := rapid.SampledFrom([][2]string{{"subject", "city"}, {"score", "size"}, {"amount", "paid"}, {"notes", "subject"}}).Draw(rt, "pair")
		return query.Compare{Left: query.Path{pair[0]}, Op: query.Op(rapid.IntRange(0, 5).Draw(rt, "op")), Right: query.Path{pair[1]}}
	case 10:
		return query.HasAny{Left: query.Path{"tags"}, Members: rapid.SliceOfN(rapid.Int64Range(1, 12), 0, 2).Draw(rt, "members"), Negate: rapid.Bool().Draw(rt, "negate")}
	case 11:
		f := query.Fiscal{Month: time.Month(rapid.IntRange(1, 12).Draw(rt, "month")), Periods: rapid.SampledFrom([]int{2, 4, 12, 13}).Draw(rt, "periods")}
		return query.InPeriod{Left: query.Path{rapid.SampledFrom([]string{"seen", "day"}).Draw(rt, "column")}, Period: rapid.IntRange(1, f.Count()).Draw(rt, "period"), Fiscal: f}
	case 4:
		return query.Const(rapid.Bool().Draw(rt, "const"))
	case 6:
		return query.Not{Node: drawNode(rt, t, depth-1)}
	case 7:
		return query.And(list())
	case 8:
		return query.Or(list())
	default:
		return query.Compare{Left: left, Op: query.Op(rapid.IntRange(0, 5).Draw(rt, "op")), Value: drawValue(rt, c)}
	}
}
