package query_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

const (
	benchRows   = 200_000
	benchOwners = 1_000
	benchUnits  = 50
)

// BenchmarkArms fetches a first page of 50 in sort order out of 200,000 leads
// of 1,000 owners in 50 units, as people with different rights see it, in both
// shapes: "or" is one condition in sort order, "split" a branch for each arm.
// It shows what the chooser in visible rests on.
func BenchmarkArms(b *testing.B) {
	s := newSchema()
	for _, url := range map[string]func() string{"sqlite": func() string { return dbtest.SQLite(b, lay(s)) }, "postgres": func() string { return dbtest.Postgres(b, lay(s)) }} {
		db, err := sqldb.Open(b.Context(), sqldb.Options{URL: url()})
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		fillBench(b, db, s)
		owner, unit := id.Derive("owner", "7"), id.Derive("unit", "7")
		for name, arms := range map[string]query.Arms{
			"owner":        {Owners: []id.ID{owner}},
			"owner+shares": {Owners: []id.ID{owner}, SharedWith: []id.ID{owner}, Right: 1},
			"unit":         {Units: []id.ID{unit}, Owners: []id.ID{owner}},
			"unit+shares":  {Units: []id.ID{unit}, Owners: []id.ID{owner}, SharedWith: []id.ID{owner}, Right: 1},
			"all+shares":   {Units: allUnits(), Owners: []id.ID{owner}, SharedWith: []id.ID{owner}, Right: 1},
		} {
			for _, order := range []string{"seen", "subject"} {
				for shape, guard := range map[string]query.Node{"split": arms, "or": query.Or{arms}} {
					b.Run(fmt.Sprintf("%s/%s/%s/%s", db.Dialect(), name, order, shape), func(b *testing.B) {
						q := query.Query{Table: "lead", Select: []string{"subject", "seen"}, Limit: 50, Order: []query.Order{{Column: order, Desc: true}}}
						for b.Loop() {
							rows, _, err := find(b, db, s, q, func(string) (query.Node, error) { return guard, nil })
							if err != nil || len(rows) == 0 {
								b.Fatal(len(rows), err)
							}
						}
					})
				}
			}
		}
	}
}

func allUnits() []id.ID {
	var out []id.ID
	for u := range benchUnits {
		out = append(out, id.Derive("unit", fmt.Sprint(u)))
	}
	return out
}

func fillBench(b *testing.B, db *sqldb.DB, s schema) {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	base := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for done := 0; done < benchRows; done += 5000 {
		err := db.Write(b.Context(), func(tx *sqldb.Tx) error {
			for i := range 5000 {
				owner := r.IntN(benchOwners)
				key := id.Derive("bench", fmt.Sprint(done+i))
				err := insert(tx, s["lead"], map[string]any{"leadid": key, "subject": fmt.Sprintf("Lead %06d", r.IntN(benchRows)), "seen": base.Add(time.Duration(r.IntN(1e9)) * time.Millisecond),
					"ownerid": id.Derive("owner", fmt.Sprint(owner)), "owningbusinessunit": id.Derive("unit", fmt.Sprint(owner%benchUnits))})
				if err == nil && i%500 == 0 {
					err = share(tx, key, id.Derive("owner", fmt.Sprint(r.IntN(20))), 1)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	err := db.Write(b.Context(), func(tx *sqldb.Tx) error {
		nulls := ""
		if tx.Dialect() == sqldb.Postgres {
			nulls = " NULLS FIRST"
		}
		for _, x := range []string{"a ON lead (seen" + nulls + ", leadid)", "b ON lead (subject__f" + nulls + ", leadid)", "c ON lead (ownerid)", "d ON lead (owningbusinessunit)",
			"e ON principalobjectaccess (principalid, objectid)"} {
			if _, err := tx.Exec("CREATE INDEX bench_" + x); err != nil {
				return err
			}
		}
		_, err := tx.Exec("ANALYZE")
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}
