package record_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// A table with an audited column, and one whose rows look up to it.
const patients = `
table: rpt_patient
schema: rpt_Patient
set: rpt_patients
label: {en: Patient}
plural: {en: Patients}
id: rpt_patientid
name: rpt_name
ownership: user
columns:
  - {name: rpt_name, type: text, max: 100, label: {en: Name}}
  - {name: rpt_diagnosis, type: text, max: 100, audit: reads, label: {en: Diagnosis}}
  - {name: rpt_city, type: text, max: 100, label: {en: City}}
`

const visits = `
table: rpt_visit
schema: rpt_Visit
set: rpt_visits
label: {en: Visit}
plural: {en: Visits}
id: rpt_visitid
name: rpt_name
ownership: user
columns:
  - {name: rpt_name, type: text, max: 100, label: {en: Name}}
  - {name: rpt_patientid, type: lookup, targets: [rpt_patient], collection: rpt_patient_visits, label: {en: Patient}}
`

func (e *env) traces(t *testing.T) []record.Row {
	t.Helper()
	page, err := e.store.Find(system(t.Context()), query.Query{Table: "rpt_readlog", Order: []query.Order{{Column: "createdon"}, {Column: "rpt_table"}}})
	if err != nil {
		t.Fatal(err)
	}
	return page.Rows
}

func TestReadsOfAuditedColumnsLeaveATrace(t *testing.T) {
	t.Parallel()
	eachOf(t, fixture.With(t, patients, visits), func(t *testing.T, e *env) {
		read := map[access.Right]access.Depth{access.Read: access.Global}
		nurse := e.user(t, "nurse", e.root, map[string]map[access.Right]access.Depth{"rpt_patient": read, "rpt_visit": read})
		e.reload(t)
		var all []id.ID
		for n := range 3 {
			key := e.must(t, "rpt_patient", record.Row{"rpt_name": fmt.Sprint("P", n), "rpt_diagnosis": "flu", "rpt_city": "York"}).ID("rpt_patientid")
			e.must(t, "rpt_visit", record.Row{"rpt_name": "first", "rpt_patientid": key})
			all = append(all, key)
		}
		ctx := changelog.WithSource(changelog.WithOrigin(as(t.Context(), nurse), "api 1"), changelog.Source{Channel: changelog.Web, Address: "192.0.2.9"})
		marked := query.Query{Table: "rpt_patient", Select: []string{"rpt_name", "rpt_diagnosis"}}
		for name, test := range map[string]struct {
			q       query.Query
			way     string
			table   string
			columns string
			used    string
			ids     []id.ID
			count   int64
		}{
			"no audited column": {q: query.Query{Table: "rpt_patient", Select: []string{"rpt_name"}}},
			"all columns":       {q: query.Query{Table: "rpt_patient"}, table: "rpt_patient", columns: "rpt_diagnosis", ids: all, count: 3},
			"some columns":      {q: marked, way: "fetchxml", table: "rpt_patient", columns: "rpt_diagnosis", ids: all, count: 3},
			"filtered by it":    {q: query.Query{Table: "rpt_patient", Select: []string{"rpt_name"}, Where: query.Compare{Left: query.Path{"rpt_diagnosis"}, Value: "flu"}}, table: "rpt_patient", used: "rpt_diagnosis", ids: all, count: 3},
			"found by trying":   {q: query.Query{Table: "rpt_patient", Select: []string{"rpt_name"}, Where: query.Compare{Left: query.Path{"rpt_diagnosis"}, Value: "gout"}}, table: "rpt_patient", used: "rpt_diagnosis"},
			"related": {q: query.Query{Table: "rpt_visit", Select: []string{"rpt_name"}, Expand: []query.Expand{{Relation: "rpt_patientid", Query: query.Query{Select: []string{"rpt_diagnosis"}}}}},
				table: "rpt_patient", columns: "rpt_diagnosis", ids: all, count: 3},
			"linked": {q: query.Query{Table: "rpt_visit", Select: []string{"rpt_name"}, Links: []query.Link{{Alias: "p", Table: "rpt_patient", From: "rpt_patientid", To: "rpt_patientid", Select: []string{"rpt_diagnosis"}}}},
				table: "rpt_patient", columns: "rpt_diagnosis", ids: all, count: 3},
			"grouped": {q: query.Query{Table: "rpt_patient", Group: &query.Group{Keys: []query.Key{{Name: "d", Column: "rpt_diagnosis"}}, Values: []query.Aggregate{{Name: "n", Func: query.CountRows}}}},
				table: "rpt_patient", columns: "rpt_diagnosis", used: "rpt_diagnosis", count: 1},
			"export": {q: query.Query{Table: "rpt_patient", Select: []string{"rpt_city"}}, way: "export", table: "rpt_patient", columns: "rpt_city, rpt_patientid", ids: all, count: 3},
		} {
			e.clock.Advance(time.Second)
			before := len(e.traces(t))
			way := ctx
			switch test.way {
			case "":
				test.way = "read"
			case "export":
				way = record.Exporting(ctx, "csv of all")
			default:
				way = record.Reading(ctx, test.way)
			}
			page, err := e.store.Find(way, test.q)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, row := range page.Rows {
				if _, there := row["p.rpt_patientid"]; there {
					t.Errorf("%s: the row holds what nobody asked for: %v", name, row)
				}
			}
			got := e.traces(t)[before:]
			if test.table == "" {
				if len(got) > 0 {
					t.Errorf("%s: %v", name, got)
				}
				continue
			}
			if len(got) != 1 {
				t.Errorf("%s: %d traces: %v", name, len(got), got)
				continue
			}
			one := got[0]
			columns := strings.Split(one.Text("rpt_columns"), ", ")
			slices.Sort(columns)
			if one.Text("rpt_table") != test.table || strings.Join(columns, ", ") != test.columns || one.Text("rpt_used") != test.used || one.Int("rpt_count") != test.count || one.Text("rpt_how") != test.way ||
				one.ID("rpt_userid") != nurse || one.Text("rpt_address") != "192.0.2.9" || one.Text("rpt_channel") != "web" || one.Text("rpt_origin") != "api 1" {
				t.Errorf("%s: %v", name, one)
			}
			for _, key := range all {
				list, err := e.store.ReadsOf(t.Context(), test.table, key, e.clock.Now().Add(time.Second), 1)
				if err != nil {
					t.Fatal(err)
				}
				if found := len(list) == 1 && list[0] == one.ID("rpt_readlogid"); found != slices.Contains(test.ids, key) {
					t.Errorf("%s: reads of %s: %v", name, key, list)
				}
			}
		}
		before := len(e.traces(t))
		if _, err := e.store.Find(system(t.Context()), marked); err != nil {
			t.Fatal(err)
		}
		if n := len(e.traces(t)); n != before {
			t.Error("what the platform reads for itself leaves a trace")
		}
		// What can't be written down is not shown.
		if err := e.db.Write(t.Context(), func(tx *sqldb.Tx) error { _, err := tx.Exec("DROP TABLE readlogrows"); return err }); err != nil {
			t.Fatal(err)
		}
		if page, err := e.store.Find(ctx, marked); err == nil {
			t.Errorf("%d rows are shown without a trace", len(page.Rows))
		}
	})
}

// BenchmarkAuditedPage tells what the trace of a page of 5,000 rows costs.
func BenchmarkAuditedPage(b *testing.B) {
	catalog := fixture.With(b, patients)
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
		nurse := e.user(b, "nurse", e.root, map[string]map[access.Right]access.Depth{"rpt_patient": {access.Read: access.Global}})
		e.reload(b)
		ctx := system(b.Context())
		rows := make([]record.Row, record.MaxPage)
		for i := range rows {
			rows[i] = record.Row{"rpt_name": fmt.Sprint("P", i), "rpt_diagnosis": "flu"}
		}
		if err := e.store.Write(ctx, func(tx *record.Tx) error { _, err := tx.CreateMany(ctx, "rpt_patient", rows); return err }); err != nil {
			b.Fatal(err)
		}
		for name, columns := range map[string][]string{"audited": {"rpt_name", "rpt_diagnosis"}, "plain": {"rpt_name", "rpt_city"}} {
			b.Run(engine+"/"+name, func(b *testing.B) {
				for b.Loop() {
					page, err := e.store.Find(as(b.Context(), nurse), query.Query{Table: "rpt_patient", Select: columns})
					if err != nil || len(page.Rows) != record.MaxPage {
						b.Fatal(len(page.Rows), err)
					}
				}
			})
		}
	}
}
