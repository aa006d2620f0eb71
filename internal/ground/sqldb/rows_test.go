package sqldb_test

import (
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

// A server that goes away while rows are read is away, as at any other time.
func TestErrorWhileRowsAreRead(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, counters, func(t *testing.T, db *sqldb.DB) {
		if db.Dialect() != sqldb.Postgres {
			t.Skip("needs a server")
		}
		// A later row ends the connection that it is read by.
		rows, err := db.Query(t.Context(), "SELECT n, CASE WHEN n = 2000 THEN pg_terminate_backend(pg_backend_pid()) END FROM generate_series(1, 100000) AS n")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
		}
		if err := rows.Err(); !errs.Has(err, errs.Unavailable) {
			t.Errorf("got %v, want unavailable", err)
		}
	})
}
