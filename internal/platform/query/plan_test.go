package query_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

// TestFewRowsAreNotSorted holds SQLite's planner to the index that has a list in
// its order, however few rows are wanted. It is told of a million rows, half of
// which another index would find: where it sees that one row is wanted it takes
// that and sorts them.
func TestFewRowsAreNotSorted(t *testing.T) {
	t.Parallel()
	s := newSchema()
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: dbtest.SQLite(t, lay(s))})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Write(t.Context(), func(tx *sqldb.Tx) error {
		for i := range 50 {
			row := map[string]any{"leadid": id.New(), "subject": fmt.Sprint("lead ", i), "score": int64(i % 2), "ownerid": id.Derive("user", fmt.Sprint(i%5))}
			if err := insert(tx, s["lead"], row); err != nil {
				return err
			}
		}
		for _, text := range []string{
			"CREATE INDEX by_subject ON lead (subject__f, leadid)", "CREATE INDEX by_owner ON lead (ownerid, score, leadid)", "ANALYZE",
			"UPDATE sqlite_stat1 SET stat = '1000000 1' WHERE tbl = 'lead'",
			"UPDATE sqlite_stat1 SET stat = '1000000 1 1' WHERE idx = 'by_subject'", "UPDATE sqlite_stat1 SET stat = '1000000 2000 1000 1' WHERE idx = 'by_owner'", "ANALYZE sqlite_schema",
		} {
			if _, err := tx.Exec(text); err != nil {
				return err
			}
		}
		for _, limit := range []int{1, 5, 50} {
			q := query.Query{Table: "lead", Select: []string{"subject", "amount"}, Where: query.Compare{Left: query.Path{"score"}, Value: int64(0)}, Order: []query.Order{{Column: "subject"}}, Limit: limit}
			checked, err := query.Check(s, &q, query.Limits{})
			if err != nil {
				return err
			}
			st, err := query.Render(s, db.Dialect(), checked, func(string) (query.Node, error) { return nil, nil })
			if err != nil {
				return err
			}
			if plan := planOf(t, tx, st.SQL, st.Args...); !strings.Contains(plan, "by_subject") || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("the first %d rows:\n%s", limit, plan)
			}
			if limit == 1 { // the test would see it
				if plan := planOf(t, tx, strings.Replace(st.SQL, "+0", "", 1), st.Args...); !strings.Contains(plan, "TEMP B-TREE") {
					t.Errorf("SQLite does well by itself by now:\n%s", plan)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func planOf(t *testing.T, tx *sqldb.Tx, text string, args ...any) string {
	t.Helper()
	rows, err := tx.Query("EXPLAIN QUERY PLAN "+text, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var line string
		if err := rows.Scan(new(any), new(any), new(any), &line); err != nil {
			t.Fatal(err)
		}
		out = append(out, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, "\n")
}
