package sqldb_test

import (
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

// TestQueryPlanned asks the same with other values again and again. PostgreSQL
// keeps the plain question as a statement, for which it settles on one plan; it
// does not keep the other, which so is planned for its values.
func TestQueryPlanned(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, dbtest.Empty, func(t *testing.T, db *sqldb.DB) {

		p := db.Dialect().Placeholder(1)
		plain, planned := "SELECT CAST("+p+" AS text) || ' plain'", "SELECT CAST("+p+" AS text) || ' planned'"
		for _, word := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
			var got string
			if _, err := db.QueryRow(t.Context(), plain, []any{word}, &got); err != nil || got != word+" plain" {
				t.Fatalf("%q, %v", got, err)
			}
			rows, err := db.QueryPlanned(t.Context(), planned, word)
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				if err := rows.Scan(&got); err != nil {
					t.Error(err)
				}
			}
			rows.Close()
			if err := rows.Err(); err != nil || got != word+" planned" {
				t.Fatalf("%q, %v", got, err)
			}
		}
		if db.Dialect() == sqldb.SQLite {
			return
		}
		for text, want := range map[string]int{plain: 1, planned: 0} {
			var n int
			if _, err := db.QueryRow(t.Context(), "SELECT COUNT(*) FROM pg_prepared_statements WHERE statement = $1", []any{text}, &n); err != nil || n != want {
				t.Errorf("%s is kept %d times, want %d: %v", text, n, want, err)
			}
		}
	})
}
