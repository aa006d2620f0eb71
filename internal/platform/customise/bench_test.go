package customise

import (
	"fmt"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// crowd gives the product's catalog with 1,000 further tables of ten columns each.
func crowd(b *testing.B, c *metadata.Catalog) *metadata.Catalog {
	b.Helper()
	var change metadata.Change
	for i := range 1000 {
		name := fmt.Sprintf("new_t%d", i)
		t := &metadata.Table{Name: name, Set: name + "s", ID: name + "id", Title: "new_name", Label: metadata.Label{"en": name}, Plural: metadata.Label{"en": name}, Ownership: metadata.OwnedByUser}
		for k := range 10 {
			column := fmt.Sprintf("new_c%d", k)
			if k == 0 {
				column = "new_name"
			}
			t.Columns = append(t.Columns, &metadata.Column{Name: column, TypeName: "text", Label: metadata.Label{"en": column}})
		}
		change.Put = append(change.Put, t)
	}
	big, err := c.With(change)
	if err != nil {
		b.Fatal(err)
	}
	return big
}

// BenchmarkManyDefinitions compares the work on leads without customers' tables
// and with 1,000 of them, 10,000 columns in all: the two should differ by less
// than 5 %.
func BenchmarkManyDefinitions(b *testing.B) {
	small := fixture.Catalog(b)
	for name, catalog := range map[string]*metadata.Catalog{"none": small, "10000": crowd(b, small)} {
		db, err := sqldb.Open(b.Context(), sqldb.Options{URL: dbtest.SQLite(b, fixture.Schema(b, small))})
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		var snap *access.Snapshot
		control := &access.Control{Current: func() *access.Snapshot { return snap }, Catalog: func() *metadata.Catalog { return catalog }}
		store := record.New(record.Options{DB: db, Catalog: control.Catalog, Access: control, Log: changelog.New(db), Clock: clock.System{}})
		if snap, err = access.Load(b.Context(), db); err != nil {
			b.Fatal(err)
		}
		ctx := sys(b.Context())
		root := id.Derive("unit")
		make := func(table string, row record.Row) (out record.Row) {
			if err := store.Write(ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(ctx, table, row); return err }); err != nil {
				b.Fatal(err)
			}
			return out
		}
		make("businessunit", record.Row{"businessunitid": root, "name": "Head Office"})
		make("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": root})
		if snap, err = access.Load(b.Context(), db); err != nil {
			b.Fatal(err)
		}
		lead := make("lead", record.Row{"lastname": "Okafor", "subject": "x"})
		b.Run("create/"+name, func(b *testing.B) {
			for b.Loop() {
				make("lead", record.Row{"lastname": "Okafor", "subject": "x"})
			}
		})
		b.Run("read/"+name, func(b *testing.B) {
			for b.Loop() {
				if _, err := store.Get(ctx, "lead", lead.ID("leadid"), []string{"subject", "statecode"}, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("list/"+name, func(b *testing.B) {
			for b.Loop() {
				if _, err := store.Find(ctx, query.Query{Table: "lead", Select: []string{"subject"}, Order: []query.Order{{Column: "createdon"}}, Limit: 50}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
