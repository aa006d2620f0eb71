package httpapi_test

import (
	"fmt"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// BenchmarkWebAPI measures whole requests over HTTP on loopback, on SQLite, in
// a table of 20,000 leads.
func BenchmarkWebAPI(b *testing.B) {
	catalog := fixture.Catalog(b)
	db, err := sqldb.Open(b.Context(), sqldb.Options{URL: dbtest.SQLite(b, fixture.Schema(b, catalog))})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	a := newAPI(b, db, catalog)
	ctx := access.With(b.Context(), access.Principal{Kind: access.User, ID: a.admin})
	var key string
	for range 40 {
		err := a.store.Write(ctx, func(tx *record.Tx) error {
			for i := range 500 {
				row, err := tx.Create(ctx, "lead", record.Row{"lastname": fmt.Sprintf("Name %d", i), "companyname": "Acme", "numberofemployees": i, "revenue": i})
				if err != nil {
					return err
				}
				key = row.ID("leadid").String()
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	const columns = "$select=fullname,companyname,emailaddress1,msdyn_leadscore,createdon,_ownerid_value,statuscode"
	for _, c := range []struct{ name, path string }{
		{"one", "leads(" + key + ")"}, {"one-selected", "leads(" + key + ")?$select=lastname,companyname"},
		{"list50", "leads?$top=50&$orderby=createdon desc&$filter=statecode eq 0&" + columns}, {"list50-all-columns", "leads?$top=50&$orderby=createdon desc"},
		{"count", "leads/$count"}, {"metadata", "$metadata"},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				a.do("GET", c.path, "").want(200)
			}
		})
	}
	b.Run("list50-annotated", func(b *testing.B) {
		for b.Loop() {
			a.do("GET", "leads?$orderby=createdon desc&"+columns, "", `Prefer: odata.include-annotations="*",odata.maxpagesize=50`).want(200)
		}
	})
	b.Run("create", func(b *testing.B) {
		for b.Loop() {
			a.do("POST", "leads", `{"lastname":"New","companyname":"Acme","revenue":12.5}`).want(204)
		}
	})
}
