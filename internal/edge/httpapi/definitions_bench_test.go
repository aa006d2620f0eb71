package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// withTables gives a catalog with further tables of ten columns each.
func withTables(b testing.TB, c *metadata.Catalog, n int) *metadata.Catalog {
	b.Helper()
	var change metadata.Change
	for i := range n {
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
	out, err := c.With(change)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// side is the Web API over a catalog.
type side struct {
	*api
	lead id.ID
	took []time.Duration
}

func (s *side) ask(method, path, body string, want int) {
	r, err := http.NewRequest(method, s.url+"/api/data/v9.2/"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.admin.String())
	r.Header.Set("Content-Type", "application/json")
	start := time.Now()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	s.took = append(s.took, time.Since(start))
	if res.StatusCode != want {
		s.t.Fatalf("%s %s: %d", method, path, res.StatusCode)
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// BenchmarkManyDefinitions decides whether customers' definitions cost requests
// on other tables: the same requests go in turns to an organisation with one
// table of its own and to one with 1,000 tables and 10,000 columns. The ratio of
// the medians should be below 1.05.
func BenchmarkManyDefinitions(b *testing.B) {
	shipped := fixture.Catalog(b)
	make := func(tables int) *side {
		db, err := sqldb.Open(b.Context(), sqldb.Options{URL: dbtest.SQLite(b, fixture.Schema(b, shipped))})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { db.Close() })
		s := &side{api: newAPI(b, db, withTables(b, shipped, tables))}
		for i := range 200 {
			s.lead = s.must("lead", record.Row{"lastname": fmt.Sprint("Okafor ", i), "subject": "x"}).ID("leadid")
		}
		return s
	}
	few, many := make(1), make(1000)
	for name, run := range map[string]func(s *side){
		"create": func(s *side) { s.ask("POST", "leads", `{"lastname":"Berg","subject":"x"}`, 204) },
		"update": func(s *side) {
			s.ask("PATCH", "leads("+s.lead.String()+")", fmt.Sprintf(`{"subject":"%d"}`, len(s.took)), 204)
		},
		"read": func(s *side) { s.ask("GET", "leads("+s.lead.String()+")?$select=subject,statecode", "", 200) },
		"list": func(s *side) {
			s.ask("GET", "leads?$select=lastname&$filter=startswith(lastname,'Okafor')&$orderby=createdon&$top=50", "", 200)
		},
	} {
		b.Run(name, func(b *testing.B) {
			few.took, many.took = nil, nil
			for b.Loop() {
				run(few)
				run(many)
			}
			f, m := median(few.took), median(many.took)
			b.ReportMetric(float64(f.Microseconds()), "few-µs")
			b.ReportMetric(float64(m.Microseconds()), "many-µs")
			b.ReportMetric(float64(m)/float64(f), "many/few")
		})
	}
}
