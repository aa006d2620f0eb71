package changelog_test

import (
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// benchLog runs a benchmark on both databases.
func benchLog(b *testing.B, run func(b *testing.B, db *sqldb.DB, log *changelog.Log)) {
	schema := fixture.Schema(b, fixture.Catalog(b))
	for _, engine := range []struct {
		name string
		make func(testing.TB, dbtest.Schema) string
	}{{"sqlite", dbtest.SQLite}, {"postgres", dbtest.Postgres}} {
		b.Run(engine.name, func(b *testing.B) {
			db, err := sqldb.Open(b.Context(), sqldb.Options{URL: engine.make(b, schema)})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { db.Close() })
			run(b, db, changelog.New(db))
		})
	}
}
