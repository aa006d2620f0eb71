package query_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

// TestArmsEqualMemory pages and counts for those who see some units, owners and
// shares, with and without indexes that let their rows be merged, and compares
// with a loop over the rows.
func TestArmsEqualMemory(t *testing.T) {
	t.Parallel()
	s := newSchema()
	plain := *s["lead"]
	indexed := plain
	indexed.Indexes = [][]string{{"owningbusinessunit", "score"}, {"owningbusinessunit", "subject", "score"}, {"owningbusinessunit", "hot", "subject"}, {"owningbusinessunit"},
		{"ownerid", "score"}, {"ownerid", "hot", "subject"}, {"owningbusinessunit", "seen", "day"}}
	who := func(kind string, n int) id.ID { return id.Derive(kind, fmt.Sprint(n)) }
	dbtest.Each(t, lay(s), func(t *testing.T, db *sqldb.DB) {
		var merged atomic.Int64
		rows := sampleRows(t, &plain, 150)
		shares := map[id.ID]map[id.ID]int64{}
		err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			for i, r := range rows {
				if i%11 != 0 {
					r["ownerid"] = who("user", i*7%9)
				}
				if i%13 != 0 {
					r["owningbusinessunit"] = who("unit", i*5%7)
				}
				if err := insert(tx, &plain, r); err != nil {
					return err
				}
				for n := range i % 4 {
					key, principal, mask := r["leadid"].(id.ID), who("user", (i+3*n)%10), int64(1+i%3)
					if shares[key] == nil {
						shares[key] = map[id.ID]int64{}
					}
					if shares[key][principal] != 0 {
						continue
					}
					shares[key][principal] = mask
					if err := share(tx, key, principal, mask); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		rounds := 1
		if os.Getenv("RAPPORT_SOAK") != "" {
			rounds = 40
		}
		for range rounds {
			rapid.Check(t, func(rt *rapid.T) {
				s := newSchema()
				if rapid.Bool().Draw(rt, "indexed") {
					*s["lead"] = indexed
				}
				some := func(kind string, n int) (out []id.ID) {
					for i := range n {
						if rapid.IntRange(0, 2).Draw(rt, kind) == 0 {
							out = append(out, who(kind, i))
						}
					}
					return out
				}
				arms := query.Arms{Units: some("unit", 8), Owners: some("user", 10), SharedWith: some("user", 10), Right: rapid.SampledFrom([]int64{1, 2}).Draw(rt, "right")}
				var guard query.Node = arms
				narrow := query.Compare{Left: query.Path{"hot"}, Value: true}
				if rapid.IntRange(0, 3).Draw(rt, "narrowed") == 0 {
					guard = query.And{narrow, arms}
				}
				sees := func(row map[string]any) bool {
					if _, more := guard.(query.And); more && row["hot"] != true {
						return false
					}
					unit, _ := row["owningbusinessunit"].(id.ID)
					owner, _ := row["ownerid"].(id.ID)
					if unit != id.Nil && slices.Contains(arms.Units, unit) || owner != id.Nil && slices.Contains(arms.Owners, owner) {
						return true
					}
					for _, p := range arms.SharedWith {
						if shares[row["leadid"].(id.ID)][p]&arms.Right != 0 {
							return true
						}
					}
					return false
				}
				q := query.Query{Table: "lead", Limit: rapid.SampledFrom([]int{1, 7, 40}).Draw(rt, "limit"), Order: drawArmsOrder(rt)}
				switch rapid.IntRange(0, 3).Draw(rt, "where") {
				case 0:
					q.Where = drawNode(rt, &plain, 2)
				case 1:
					q.Where = query.And{query.Compare{Left: query.Path{"subject"}, Value: drawValue(rt, plain.Columns["subject"])}, drawNode(rt, &plain, 1)}
				case 2:
					q.Where = narrow
				}
				checkArms(rt, t, db, s, rows, q, func(string) (query.Node, error) { return guard, nil }, sees, &merged)
			})
		}
		if n := merged.Load(); n < 10 {
			t.Errorf("rows were merged %d times only", n)
		}
	})
}

// drawArmsOrder draws an order that an index serves, or any.
func drawArmsOrder(rt *rapid.T) []query.Order {
	desc := rapid.Bool().Draw(rt, "desc")
	served := [][]query.Order{{{Column: "score", Desc: desc}}, {{Column: "subject", Desc: desc}}, {{Column: "seen", Desc: desc}, {Column: "day", Desc: desc}}, nil}
	if i := rapid.IntRange(0, len(served)).Draw(rt, "order"); i < len(served) {
		return served[i]
	}
	return drawOrder(rt)
}

func checkArms(rt *rapid.T, t *testing.T, db *sqldb.DB, s schema, rows []map[string]any, q query.Query, guard query.Guard, sees func(map[string]any) bool, merged *atomic.Int64) {
	var want []map[string]any
	for _, r := range rows {
		ok, err := query.Match(s, "lead", q.Where, r)
		if err != nil {
			rt.Fatal(err)
		}
		if ok && sees(r) {
			want = append(want, r)
		}
	}
	checked, err := query.Check(s, &q, query.Limits{})
	if err != nil {
		rt.Fatal(err)
	}
	slices.SortFunc(want, func(a, b map[string]any) int {
		if query.Less(s["lead"], checked.Order, a, b) {
			return -1
		}
		return 1
	})
	count, err := query.RenderCount(s, db.Dialect(), checked, guard)
	if err != nil {
		rt.Fatal(err)
	}
	if counted, err := run(t.Context(), db, count); err != nil || counted[0]["count"] != int64(len(want)) {
		rt.Fatalf("counted %v, not %d: %v\n%s", counted, len(want), err, count.SQL)
	}
	checkGroupsOfArms(rt, t, db, s, want, q, guard)
	var got []map[string]any
	for {
		page, checked, err := find(t, db, s, q, guard)
		if err != nil {
			rt.Fatal(err)
		}
		got = append(got, page...)
		if len(page) < q.Limit {
			break
		}
		q.After = query.CursorAfter(checked, page[len(page)-1])
	}
	if st, _ := query.Render(s, db.Dialect(), checked, guard); strings.Contains(st.SQL, " k CROSS JOIN ") {
		merged.Add(1)
	}
	if a, b := keys(got), keys(want); !slices.Equal(a, b) {
		st, _ := query.Render(s, db.Dialect(), checked, guard)
		rt.Fatalf("SQL finds %d rows, memory %d\n%s\n%#v", len(a), len(b), st.SQL, q)
	}
}

// checkGroupsOfArms groups the rows that may be seen and compares with a loop.
func checkGroupsOfArms(rt *rapid.T, t *testing.T, db *sqldb.DB, s schema, rows []map[string]any, q query.Query, guard query.Guard) {
	grouped := query.Query{Table: "lead", Where: q.Where, Group: &query.Group{Keys: []query.Key{{Name: "subject", Column: "subject"}}, Values: []query.Aggregate{{Name: "n", Func: query.CountRows}, {Name: "score", Func: query.Sum, Column: "score"}}}}
	checked, err := query.Check(s, &grouped, query.Limits{})
	if err != nil {
		rt.Fatal(err)
	}
	type sums struct{ n, score int64 }
	want, got := map[string]sums{}, map[string]sums{}
	fold := func(v any) string {
		text, _ := v.(string)
		return query.Fold(text) + map[bool]string{true: " (none)"}[v == nil]
	}
	for _, row := range rows {
		at := want[fold(row["subject"])]
		score, _ := row["score"].(int64)
		at.n, at.score = at.n+1, at.score+score
		want[fold(row["subject"])] = at
	}
	st, err := query.Render(s, db.Dialect(), checked, guard)
	if err != nil {
		rt.Fatal(err)
	}
	found, err := run(t.Context(), db, st)
	if err != nil {
		rt.Fatalf("%v\n%s", err, st.SQL)
	}
	for _, row := range found {
		score, _ := row["score"].(int64)
		n, _ := row["n"].(int64)
		got[fold(row["subject"])] = sums{n, score}
	}
	if !maps.Equal(got, want) {
		rt.Fatalf("grouped: %v, not %v\n%s", got, want, st.SQL)
	}
}
