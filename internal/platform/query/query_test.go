package query_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

func TestValuesSurviveTheDatabase(t *testing.T) {
	t.Parallel()
	s := newSchema()
	rows := []map[string]any{
		{"leadid": id.New(), "subject": "Größe \U0001F600 '\"\\", "notes": "a\nb", "score": int64(-1 << 63), "hot": false, "seen": time.UnixMicro(1).UTC(),
			"day": query.Date("0001-01-01"), "amount": query.Number{Units: 1<<63 - 2, Scale: 4}, "rate": query.Number{Units: -5, Scale: 2},
			"extra": json.RawMessage(`{"b":1,"a":[]}`), "customerid": id.Derive("x"), "customeridtype": "contact"},
		{"leadid": id.Nil, "hot": true, "score": int64(1<<63 - 1), "seen": time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)},
	}
	dbtest.Each(t, lay(s), func(t *testing.T, db *sqldb.DB) {
		for _, row := range rows {
			if err := db.Write(t.Context(), func(tx *sqldb.Tx) error { return insert(tx, s["lead"], row) }); err != nil {
				t.Fatal(err)
			}
			got, _, err := find(t, db, s, query.Query{Table: "lead", Where: query.Compare{Left: query.Path{"leadid"}, Value: row["leadid"]}}, nil)
			if err != nil || len(got) != 1 {
				t.Fatalf("%d rows, %v", len(got), err)
			}
			for _, name := range s["lead"].AllNames {
				if !reflect.DeepEqual(got[0][name], row[name]) {
					t.Errorf("%s: stored %#v, read %#v", name, row[name], got[0][name])
				}
			}
		}
	})
}

func TestEncodeRefusesWhatIsNotCanonical(t *testing.T) {
	t.Parallel()
	for k, v := range map[query.Kind]any{query.Text: 1, query.Int: "1", query.Bool: 1, query.ID: "x", query.Time: "now", query.Day: "2024-01-01", query.Fixed: 1.5, query.JSON: "{}"} {
		if _, err := query.Encode(sqldb.SQLite, k, v); !errs.Has(err, errs.Internal) || err == nil {
			t.Errorf("kind %d took %T: %v", k, v, err)
		}
		if _, err := query.Decode(sqldb.SQLite, k, 0, struct{}{}); err == nil {
			t.Errorf("kind %d decoded a struct", k)
		}
	}
}

func TestCursorTokens(t *testing.T) {
	t.Parallel()
	s := newSchema()
	q := &query.Query{Table: "lead", Order: []query.Order{{Column: "subject"}, {Column: "seen", Desc: true}, {Column: "amount"}, {Column: "hot"}, {Column: "day"}, {Column: "score"}}}
	want := query.Cursor{"Ä/+?&=", time.UnixMicro(1_700_000_000_000_001).UTC(), query.Number{Units: -1, Scale: 4}, true, query.Date("2024-01-01"), nil, id.Derive("a")}
	token, err := query.EncodeCursor(s, q, want)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(token, "+/=&? ") {
		t.Errorf("the token %q is not URL-safe", token)
	}
	got, err := query.DecodeCursor(s, q, token)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %#v, %v", got, err)
	}
	other := *q
	other.Order = slices.Clone(q.Order)
	other.Order[0].Desc = true
	damaged := []string{"", "x", token[:len(token)-2], token + "AA", strings.Repeat("A", 1<<20), "!!!"}
	for i := range token {
		damaged = append(damaged, token[:i]+string('A'+(token[i]-'A'+1)%26)+token[i+1:])
	}
	for _, d := range damaged {
		if _, err := query.DecodeCursor(s, q, d); errs.CodeOf(err) != "query.cursor" || !errs.Has(err, errs.Invalid) {
			t.Errorf("the damaged token %.60q was taken: %v", d, err)
		}
	}
	for _, o := range []*query.Query{&other, {Table: "account"}, {Table: "lead"}} {
		if _, err := query.DecodeCursor(s, o, token); errs.CodeOf(err) != "query.cursor" {
			t.Errorf("another query took the token: %v", err)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	s := newSchema()
	deep := query.Node(query.Const(true))
	for range 32 {
		deep = query.Not{Node: deep}
	}
	wide := make(query.Or, 1000)
	for i := range wide {
		wide[i] = query.Const(true)
	}
	long := query.In{Left: query.Path{"score"}, Values: make([]any, 5001)}
	expand := query.Query{Table: "lead"}
	for range 16 {
		expand = query.Query{Table: "account", Expand: []query.Expand{{Relation: "account_leads", Query: expand}}}
		expand = query.Query{Table: "lead", Expand: []query.Expand{{Relation: "account", Query: expand}}}
	}
	for code, q := range map[string]query.Query{
		"query.too_deep": {Table: "lead", Where: deep}, "query.too_large": {Table: "lead", Where: wide},
		"query.too_many_values": {Table: "lead", Where: long}, "query.too_many_expands": expand,
		"query.not_sortable": {Table: "lead", Order: []query.Order{{Column: "notes"}}}, "query.limit": {Table: "lead", Limit: -1},
		"query.unknown_column": {Table: "lead", Select: []string{"nope"}}, "query.cursor": {Table: "lead", After: query.Cursor{1, 2}},
		"query.unknown_relation": {Table: "lead", Expand: []query.Expand{{Relation: "nope"}}},
	} {
		if _, err := query.Check(s, &q, query.Limits{}); errs.CodeOf(err) != code || !errs.Has(err, errs.Invalid) {
			t.Errorf("want %s, got %v", code, err)
		}
	}
	secured := query.Limits{Secured: func(table, column string) bool { return table == "lead" && column == "secret" }}
	if _, err := query.Check(s, &query.Query{Table: "lead", Order: []query.Order{{Column: "secret"}}}, secured); !errs.Has(err, errs.Forbidden) {
		t.Errorf("sorted by a secured column: %v", err)
	}
	if _, err := query.Check(s, &query.Query{Table: "lead", Select: []string{"secret"}}, secured); err != nil {
		t.Errorf("selecting a secured column is the store's to mask: %v", err)
	}
}

func TestCheckMakesTheQueryExplicit(t *testing.T) {
	t.Parallel()
	s := newSchema()
	got, err := query.Check(s, &query.Query{Table: "lead", Select: []string{"customerid", "subject", "subject"},
		Order: []query.Order{{Column: "score", Desc: true}, {Column: "score"}}, Expand: []query.Expand{{Relation: "account", Query: query.Query{Select: []string{"name"}}}}}, query.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"customerid", "customeridtype", "subject", "leadid"}; !slices.Equal(got.Select, want) {
		t.Errorf("select %v", got.Select)
	}
	if want := []query.Order{{Column: "score", Desc: true}, {Column: "leadid", Desc: true}}; !slices.Equal(got.Order, want) {
		t.Errorf("order %v", got.Order)
	}
	if x := got.Expand[0].Query; x.Table != "account" || !slices.Equal(x.Select, []string{"name", "accountid"}) {
		t.Errorf("expand %+v", x)
	}
}

// TestRenderingNeverTrustsNames renders a query that was not checked.
func TestRenderingNeverTrustsNames(t *testing.T) {
	t.Parallel()
	s := newSchema()
	evil := `x" OR 1=1 --`
	for _, q := range []query.Query{
		{Table: evil}, {Table: "lead", Select: []string{evil}}, {Table: "lead", Order: []query.Order{{Column: evil}}},
		{Table: "lead", Where: query.Null{Left: query.Path{evil}}}, {Table: "lead", Where: query.Null{Left: query.Path{evil, "name"}}},
		{Table: "lead", Where: query.Related{Relation: evil}}, {Table: "lead", Where: query.Compare{Left: query.Path{"score"}, Value: evil}},
		{Table: "lead", Where: query.Compare{Left: query.Path{"score"}, Right: query.Path{evil}}}, {Table: "lead", Where: query.Null{}},
	} {
		if st, err := query.Render(s, sqldb.SQLite, &q, nil); err == nil {
			t.Errorf("rendered %s", st.SQL)
		}
	}
}

func TestRelatedRowsForManyKeys(t *testing.T) {
	t.Parallel()
	s := newSchema()
	account := s["account"]
	dbtest.Each(t, lay(s), func(t *testing.T, db *sqldb.DB) {
		keys := []any{named("k0"), named("k1"), named("k2")}
		err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			for i := range 12 {
				row := map[string]any{"leadid": named(fmt.Sprint("r", i)), "subject": fmt.Sprintf("%02d", i), "customerid": keys[i%3], "customeridtype": "account"}
				if i >= 9 {
					row["customeridtype"] = "contact"
				}
				if err := insert(tx, s["lead"], row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		ask := func(limit int, keys ...any) string {
			rel := account.Relations["account_customer_leads"]
			q, err := query.Check(s, &query.Query{Table: "lead", Select: []string{"subject"}, Limit: limit,
				Where: query.Compare{Left: query.Path{"subject"}, Op: query.Ne, Value: "08"}, Order: []query.Order{{Column: "subject", Desc: true}}}, query.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			st, err := query.RenderRelated(s, db.Dialect(), q, rel, keys, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := run(t.Context(), db, st)
			if err != nil {
				t.Fatal(err)
			}
			by := map[any][]string{}
			for _, r := range rows {
				by[r["customerid"]] = append(by[r["customerid"]], r["subject"].(string))
			}
			out := ""
			for _, k := range keys {
				out += strings.Join(by[k], " ") + ";"
			}
			return out
		}
		if got := ask(2, keys...); got != "06 03;07 04;05 02;" {
			t.Errorf("first two of each: %s", got)
		}
		if got := ask(0, keys[0], keys[2]); got != "06 03 00;05 02;" {
			t.Errorf("all: %s", got)
		}
		if got := ask(5); got != "" {
			t.Errorf("no keys: %s", got)
		}
	})
}

func TestGuardErrorsRefuseTheQuery(t *testing.T) {
	t.Parallel()
	s := newSchema()
	refuse := func(table string) (query.Node, error) {
		if table == "account" {
			return nil, errs.New(errs.Forbidden, "access.denied", "no")
		}
		return nil, nil
	}
	q := &query.Query{Table: "lead", Where: query.Null{Left: query.Path{"account", "name"}}}
	if _, err := query.Render(s, sqldb.SQLite, q, refuse); !errs.Has(err, errs.Forbidden) {
		t.Errorf("got %v", err)
	}
	if _, err := query.RenderCount(s, sqldb.SQLite, q, refuse); !errs.Has(err, errs.Forbidden) {
		t.Errorf("got %v", err)
	}
}

func TestNumbersCompareAcrossScales(t *testing.T) {
	t.Parallel()
	n := func(units int64, scale uint8) query.Number { return query.Number{Units: units, Scale: scale} }
	for _, c := range []struct {
		a, b query.Number
		want int
	}{{n(100, 2), n(1, 0), 0}, {n(101, 2), n(1, 0), 1}, {n(-1<<63, 0), n(-1, 4), -1}, {n(1<<62, 0), n(1<<62, 4), 1}} {
		if got := c.a.Compare(c.b); got != c.want {
			t.Errorf("%v against %v: %d", c.a, c.b, got)
		}
	}
}

func TestLongLists(t *testing.T) {
	t.Parallel()
	s := newSchema()
	dbtest.Each(t, lay(s), func(t *testing.T, db *sqldb.DB) {
		if err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			return insert(tx, s["lead"], map[string]any{"leadid": named("a"), "accountid": named("4999")})
		}); err != nil {
			t.Fatal(err)
		}
		keys := make([]any, 5000)
		for i := range keys {
			keys[i] = named(fmt.Sprint(i))
		}
		for _, n := range []int{1, 2, 3, 4, 5, 4999, 5000} {
			list := keys[5000-n:]
			in := query.In{Left: query.Path{"accountid"}, Values: list}
			rows, _, err := find(t, db, s, query.Query{Table: "lead", Where: query.And{in, query.Not{Node: query.In{Left: query.Path{"leadid"}, Values: list}}}}, nil)
			if err != nil || len(rows) != 1 {
				t.Errorf("%d values: %d rows, %v", n, len(rows), err)
			}
		}
	})
}
