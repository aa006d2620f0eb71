package search_test

import (
	"fmt"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// BenchmarkRebuild tells what it costs to take a record in: accounts, each with a
// name that others have, too, and an e-mail address of its own.
func BenchmarkRebuild(b *testing.B) {
	catalog := fixture.Catalog(b)
	for name, url := range map[string]func(testing.TB, dbtest.Schema) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			db, err := sqldb.Open(b.Context(), sqldb.Options{URL: url(b, fixture.Schema(b, catalog))})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			e := prepare(b, catalog, db)
			const rows = 10_000
			for from := 0; from < rows; from += 1000 {
				list := make([]record.Row, 1000)
				for i := range list {
					n := from + i
					list[i] = record.Row{"name": fmt.Sprintf("Firm %d of Neumann", n%4999), "emailaddress1": fmt.Sprintf("person%d@firm%d.example", n, n%4999), "address1_city": fmt.Sprintf("City %d", n%300)}
				}
				e.write(func(tx *record.Tx) error { _, err := tx.CreateMany(e.system(), "account", list); return err })
			}
			for b.Loop() {
				b.StopTimer()
				e.write(func(tx *record.Tx) error {
					for _, table := range []string{"searchdoc", "searchindex", "searchterm"} {
						if table == "searchindex" && tx.SQL().Dialect() == sqldb.Postgres {
							continue
						}
						if _, err := tx.SQL().Exec("DELETE FROM " + table); err != nil {
							return err
						}
					}
					return nil
				})
				b.StartTimer()
				e.rebuild()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*rows), "µs/record")
		})
	}
}
