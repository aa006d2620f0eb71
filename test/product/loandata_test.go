package product_test

import (
	"encoding/csv"
	"encoding/json"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/platform/rule/decide"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
	"github.com/rapport-platform/rapport/internal/test/datasets"
	"github.com/rapport-platform/rapport/internal/test/testenv"
)

// Past applications of another lender come in by the product's own import, without
// code, and the lender's rules are tried on them: what the rehearsal counts is what
// counting the file gives.
func TestPastApplicationsAreImportedAndRehearsed(t *testing.T) {
	t.Parallel()
	path := datasets.Path(t, "loan_prediction_av", "train_u6lujuX_CVtuZ9i.csv")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	var burden, term [4]int // by outcome
	for _, row := range rows[1:] {
		number := func(name string) float64 {
			n, err := strconv.ParseFloat(row[at[name]], 64)
			if err != nil {
				return math.NaN()
			}
			return n
		}
		months, amount := number("Loan_Amount_Term"), number("LoanAmount")
		switch {
		case math.IsNaN(months):
			term[decide.Refer]++
		case months < 6 || months > 480:
			term[decide.Fail]++
		default:
			term[decide.Pass]++
		}
		ratio := amount * 0.005 / (1 - math.Pow(1.005, -months)) / (number("ApplicantIncome") + number("CoapplicantIncome"))
		switch {
		case math.IsNaN(ratio) || ratio > 0.4 && ratio <= 0.5:
			burden[decide.Refer]++
		case ratio > 0.5:
			burden[decide.Fail]++
		default:
			burden[decide.Pass]++
		}
	}
	mapping := filepath.Join(t.TempDir(), "map.yaml")
	text := "columns: {Loan_ID: lastname, ApplicantIncome: lend_income, CoapplicantIncome: lend_coincome, LoanAmount: lend_amount, Loan_Amount_Term: lend_term}\n"
	if err := os.WriteFile(mapping, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	testenv.Each(t, testenv.Options{Sample: true}, func(t *testing.T, e *testenv.Env) {
		e.Stop()
		o := rapport.Options{Addr: "127.0.0.1:0", Data: e.Data, Database: e.DB, AdminPassword: testenv.Password, Logger: slog.New(slog.DiscardHandler)}
		state, _, err := rapport.Import(t.Context(), o, rapport.ImportInput{User: "admin", Table: "lead", File: path, Mapping: mapping}, func(transfer.State) {})
		if err != nil || state.Files[0].Created != int64(len(rows)-1) || state.Files[0].Refused != 0 {
			t.Fatalf("%v %+v", err, state)
		}
		e.Restart()
		c := caller{t, e, e.Token("admin")}
		list := c.want(200, "GET", "rpt_decisionversions?$select=rpt_number&$filter=rpt_decisionid/rpt_uniquename eq 'lend_eligibility'", "")
		version, _ := list.body["value"].([]any)[0].(map[string]any)
		id, _ := version["rpt_decisionversionid"].(string)
		out := c.want(200, "POST", "rpt_decisionversions("+id+")/Microsoft.Dynamics.CRM.rpt_RehearseDecision", `{"Source":"records"}`)
		var report decide.Report
		body, _ := out.body["Report"].(string)
		if err := json.Unmarshal([]byte(body), &report); err != nil {
			t.Fatal(err)
		}
		others := report.Cases - (len(rows) - 1) // leads of the sample, which say nothing of income or term
		for _, table := range report.Tables {
			want := map[string][4]int{"burden": burden, "term": term}[table.Table]
			if want == [4]int{} {
				continue
			}
			if table.Pass != want[decide.Pass] || table.Fail != want[decide.Fail] || table.Refer != want[decide.Refer]+others {
				t.Errorf("%s: %+v, counting the file gives %v and %d others", table.Table, table, want, others)
			}
		}
		if others < 0 || report.Changed != 0 {
			t.Errorf("%d others, %d changed by the version in force itself", others, report.Changed)
		}
	})
}
