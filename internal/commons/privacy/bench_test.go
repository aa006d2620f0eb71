package privacy

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// BenchmarkErasure erases one person of many: RAPPORT_BENCH_LEADS leads (2,000
// if it is not set), all of them changed once, with a task each for every tenth.
// It needs a minute to make a hundred thousand.
func BenchmarkErasure(b *testing.B) {
	n := 2000
	if v, err := strconv.Atoi(os.Getenv("RAPPORT_BENCH_LEADS")); err == nil {
		n = v
	}
	catalog := fixture.Catalog(b)
	schema := fixture.Schema(b, catalog)
	for name, open := range map[string]func() string{"sqlite": func() string { return dbtest.SQLite(b, schema) }, "postgres": func() string { return dbtest.Postgres(b, schema) }} {
		b.Run(name, func(b *testing.B) {
			e := newEnv(b, open(), catalog)
			e.service.o.Data = "" // the look through the folder is not part of the erasure's time
			for at := 0; at < n; at += 500 {
				e.must(e.store.Write(e.system(), func(tx *record.Tx) error {
					var rows []record.Row
					for i := at; i < min(n, at+500); i++ {
						rows = append(rows, record.Row{"subject": "Loan", "firstname": "Lea", "lastname": fmt.Sprint("Lead", i), "emailaddress1": fmt.Sprintf("lead%d@example.com", i), "mobilephone": fmt.Sprintf("+49 151 %08d", i)})
					}
					_, err := tx.CreateMany(e.system(), "lead", rows)
					return err
				}))
			}
			// What comes behind a write has come, as in a product that runs.
			e.must(e.service.o.Addresses.CatchUp(b.Context()))
			e.must(e.lake.Flush(b.Context()))
			b.ResetTimer()
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				out, err := e.call("rpt_ErasePerson", map[string]any{"Email": fmt.Sprintf("lead%d@example.com", i*7%n)})
				if err != nil || out["row"].(record.Row).Int("statuscode") != statusDone {
					b.Fatal(out, err)
				}
				b.ReportMetric(time.Since(start).Seconds(), "s/person")
			}
		})
	}
}
