package product_test

import (
	"encoding/csv"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
	"github.com/rapport-platform/rapport/internal/test/datasets"
	"github.com/rapport-platform/rapport/internal/test/testenv"
)

// The accounts and the pipeline of a sales team, and a shop's marketing funnel, come in
// by the product's own import, without code: what is there afterwards is what counting
// the files gives, and what refers to something leads to it.
func TestSalesAndFunnelAreImported(t *testing.T) {
	t.Parallel()
	type set struct {
		path, table, mapping string
	}
	sets := []set{
		{datasets.Path(t, "maven_crm_sales", "accounts.csv"), "account", "columns: {account: name, revenue: revenue, employees: numberofemployees, office_location: address1_country, subsidiary_of: parentaccountid}\n"},
		{datasets.Path(t, "maven_crm_sales", "sales_pipeline.csv"), "opportunity", "dates: mdy\ncolumns: {opportunity_id: name, account: customerid, deal_stage: stepname, engage_date: estimatedclosedate, close_date: actualclosedate, close_value: actualvalue}\nlookups: {account: {table: account}}\n"},
		{datasets.Path(t, "olist_marketing_funnel", "olist_marketing_qualified_leads_dataset.csv"), "lead", "columns: {mql_id: lastname, origin: subject, landing_page_id: description}\n"},
		{datasets.Path(t, "olist_marketing_funnel", "olist_closed_deals_dataset.csv"), "opportunity", "columns: {seller_id: name, mql_id: originatingleadid, won_date: actualclosedate, declared_monthly_revenue: actualvalue, business_segment: description}\nlookups: {mql_id: {by: lastname}}\n"},
	}
	files := make([][]map[string]string, len(sets))
	for i, s := range sets {
		files[i] = csvRows(t, s.path)
	}
	testenv.Each(t, testenv.Options{}, func(t *testing.T, e *testenv.Env) {
		e.Stop()
		o := rapport.Options{Addr: "127.0.0.1:0", Data: e.Data, Database: e.DB, AdminPassword: testenv.Password, Logger: slog.New(slog.DiscardHandler)}
		for i, s := range sets {
			mapping := filepath.Join(t.TempDir(), "map.yaml")
			if err := os.WriteFile(mapping, []byte(s.mapping), 0o600); err != nil {
				t.Fatal(err)
			}
			state, _, err := rapport.Import(t.Context(), o, rapport.ImportInput{User: "admin", Table: s.table, File: s.path, Mapping: mapping}, func(transfer.State) {})
			if err != nil || state.Files[0].Created != int64(len(files[i])) || state.Files[0].Refused != 0 {
				t.Fatalf("%s: %v %+v", filepath.Base(s.path), err, state)
			}
		}
		e.Restart()
		c := caller{t, e, e.Token("admin")}
		count := func(set, filter string, want int) {
			t.Helper()
			if got := e.Count(c.token, set, filter); got != want {
				t.Errorf("%s where %s: %d, counting the file gives %d", set, filter, got, want)
			}
		}
		has := func(column, want string) func(map[string]string) bool {
			return func(row map[string]string) bool { return row[column] == want }
		}
		filled := func(column string) func(map[string]string) bool {
			return func(row map[string]string) bool { return row[column] != "" }
		}
		accounts, pipeline, leads, closed := files[0], files[1], files[2], files[3]
		count("accounts", "parentaccountid/name ne null", tally(accounts, filled("subsidiary_of")))
		count("accounts", "parentaccountid/name eq 'Acme Corporation'", tally(accounts, has("subsidiary_of", "Acme Corporation")))
		for _, stage := range []string{"Won", "Lost", "Engaging", "Prospecting"} {
			count("opportunities", "stepname eq '"+stage+"'", tally(pipeline, has("deal_stage", stage)))
		}
		count("opportunities", "_customerid_value eq null and stepname ne null", tally(pipeline, func(row map[string]string) bool { return row["account"] == "" }))
		count("opportunities", "customerid_account/name eq 'Cancity'", tally(pipeline, has("account", "Cancity")))
		count("opportunities", "actualclosedate ge 2017-10-01T00:00:00Z and actualclosedate lt 2017-11-01T00:00:00Z and stepname ne null", tally(pipeline, func(row map[string]string) bool {
			var month, day, year int
			n, err := fmt.Sscanf(row["close_date"], "%d/%d/%d", &month, &day, &year)
			return err == nil && n == 3 && month == 10 && year == 2017
		}))
		for _, origin := range []string{"social", "paid search", "email"} {
			count("leads", "subject eq '"+origin+"'", tally(leads, has("origin", origin)))
		}
		count("leads", "subject eq null", tally(leads, func(row map[string]string) bool { return row["origin"] == "" }))
		count("opportunities", "originatingleadid/lastname ne null", len(closed))
	})
}

// csvRows reads a CSV file with a head.
func csvRows(t *testing.T, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil || len(all) < 2 {
		t.Fatalf("%s: %v", path, err)
	}
	var out []map[string]string
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		out = append(out, row)
	}
	return out
}

func tally(rows []map[string]string, is func(map[string]string) bool) (n int) {
	for _, row := range rows {
		if is(row) {
			n++
		}
	}
	return n
}
