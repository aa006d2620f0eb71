package record_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// BenchmarkWrite tells what a row costs whose table has many columns, most of
// them empty: a lead with a dozen values, and one value of it changed.
func BenchmarkWrite(b *testing.B) {
	catalog := fixture.Catalog(b)
	for _, engine := range []string{"sqlite", "postgres"} {
		url := dbtest.SQLite(b, fixture.Schema(b, catalog))
		if engine == "postgres" {
			url = dbtest.Postgres(b, fixture.Schema(b, catalog))
		}
		db, err := sqldb.Open(b.Context(), sqldb.Options{URL: url})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { db.Close() })
		e := newEnv(b, db, catalog)
		ctx := system(b.Context())
		lead := func(n int) record.Row {
			return record.Row{"firstname": "Ada", "lastname": fmt.Sprint("Lovelace ", n), "emailaddress1": fmt.Sprintf("ada%d@engines.example", n), "companyname": "Engines", "jobtitle": "Analyst",
				"mobilephone": "+12125550123", "address1_city": "London", "address1_country": "GB", "subject": "A loan", "description": "for a difference engine", "leadsourcecode": int64(8), "decisionmaker": true}
		}
		b.Run(engine+"/create", func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if err := e.store.Write(ctx, func(tx *record.Tx) error { _, err := tx.Create(ctx, "lead", lead(n)); return err }); err != nil {
					b.Fatal(err)
				}
			}
		})
		row := e.must(b, "lead", lead(-1))
		b.Run(engine+"/update", func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if err := e.store.Write(ctx, func(tx *record.Tx) error { return change(ctx, tx, row, n) }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func change(ctx context.Context, tx *record.Tx, row record.Row, n int) error {
	_, err := tx.Update(ctx, "lead", row.ID("leadid"), record.Row{"jobtitle": fmt.Sprint("Analyst ", n)}, record.Match{})
	return err
}

// BenchmarkMany tells what a row costs among a thousand of one transaction,
// made by the bulk way and one by one.
func BenchmarkMany(b *testing.B) {
	catalog := fixture.Catalog(b)
	db, err := sqldb.Open(b.Context(), sqldb.Options{URL: dbtest.SQLite(b, fixture.Schema(b, catalog))})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	e := newEnv(b, db, catalog)
	ctx := system(b.Context())
	const many = 1000
	for name, way := range map[string]func(tx *record.Tx, rows []record.Row) error{
		"bulk": func(tx *record.Tx, rows []record.Row) error { _, err := tx.CreateMany(ctx, "lead", rows); return err },
		"one by one": func(tx *record.Tx, rows []record.Row) error {
			for _, row := range rows {
				if _, err := tx.Create(ctx, "lead", row); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				rows := make([]record.Row, many)
				for i := range rows {
					rows[i] = record.Row{"firstname": "Ada", "lastname": fmt.Sprint("Lovelace ", n*many+i), "emailaddress1": fmt.Sprintf("ada%d@engines.example", n*many+i), "companyname": "Engines",
						"mobilephone": "+12125550123", "address1_city": "London", "subject": "A loan", "description": "for a difference engine", "leadsourcecode": int64(8)}
				}
				if err := e.store.Write(ctx, func(tx *record.Tx) error { return way(tx, rows) }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/many, "ns/row")
		})
	}
}
