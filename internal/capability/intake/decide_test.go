package intake_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/capability/intake"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func decide(t *testing.T, data string) (*intake.Lead, intake.Decision) {
	t.Helper()
	c := cleaner(t)
	l, faults := c.Clean(arrived(data))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	d, err := c.Decide(t.Context(), l, shipped(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Failed) > 0 || len(d.Refused) > 0 {
		t.Fatalf("%v %v", d.Failed, d.Refused)
	}
	return l, d
}

func TestEnterpriseRuleRoutes(t *testing.T) {
	t.Parallel()
	l, d := decide(t, `{"lastname":"X","emailaddress1":"x@engines.example","numberofemployees":"101","address1_country":"usa","rpt_productinterest":"ILP"}`)
	if l.Row.Text("rpt_routingteam") != "Enterprise" || l.Row.Text("rpt_category") != "Enterprise" {
		t.Errorf("%v", l.Row)
	}
	if !strings.HasPrefix(d.Version, "rules-1.") || l.Row.Text("rpt_modelversion") != d.Version {
		t.Error(d.Version)
	}
	l, _ = decide(t, `{"lastname":"X","emailaddress1":"x@engines.example","numberofemployees":100,"address1_country":"US","rpt_productinterest":"ILP"}`)
	if l.Row.Text("rpt_routingteam") != "" {
		t.Error("100 people are routed to the enterprise team")
	}
}

func TestPageChangesScoreAndIsAReason(t *testing.T) {
	t.Parallel()
	data := func(page string) string {
		return `{"lastname":"X","emailaddress1":"x@engines.example","mobilephone":"+12125550123","budgetamount":300000,"jobtitle":"CEO","purchasetimeframe":0,"numberofemployees":60,
			"address1_line1":"1 Main St","address1_city":"Rome","address1_postalcode":"10001","context":{"page":"` + page + `"}}`
	}
	l, calculator := decide(t, data("https://bank.example/loans/calculator?email=x"))
	_, careers := decide(t, data("https://bank.example/careers/x"))
	_, about := decide(t, data("https://bank.example/about"))
	if calculator.Score <= about.Score || about.Score <= careers.Score {
		t.Errorf("%d %d %d", calculator.Score, about.Score, careers.Score)
	}
	for _, d := range []intake.Decision{calculator, careers, about} {
		found := ""
		for _, r := range d.Reasons {
			if r.Text == "" {
				t.Error("a reason has no words")
			}
			if r.Kind == "page" {
				found = r.Detail
			}
		}
		if found == "" || strings.Contains(found, "?") || len(d.Reasons) > 7 {
			t.Errorf("the page is not among %+v", d.Reasons)
		}
	}
	var kept []intake.Reason
	if err := json.Unmarshal(l.Row["rpt_reasons"].(json.RawMessage), &kept); err != nil || len(kept) != len(calculator.Reasons) {
		t.Error(err, kept)
	}
	if l.Row["msdyn_leadscore"] != calculator.Score || l.Row["rpt_firstscore"] != calculator.Score || l.Row["rpt_nextaction"] != calculator.NextAction {
		t.Errorf("%v", l.Row)
	}
}

func TestNextActions(t *testing.T) {
	t.Parallel()
	cases := []struct {
		data string
		want int64
	}{
		{`{"lastname":"X","emailaddress1":"x@engines.example","mobilephone":"+12125550123","context":{"page":"https://b.example/calculator"}}`, intake.FastFollowUp},
		{`{"lastname":"X","emailaddress1":"x@engines.example","mobilephone":"+12125550123"}`, intake.Ordinary},
		{`{"lastname":"X","emailaddress1":"x@gmail.com"}`, intake.TailoredMessage},
		{`{"lastname":"X","emailaddress1":"x@mailinator.com"}`, intake.Nurture},
		{`{"lastname":"X","emailaddress1":"x@engines.example","mobilephone":"+12125550123","donotemail":true,"donotphone":true,"context":{"page":"https://b.example/calculator"}}`, intake.Suppress},
		{`{"lastname":"X","emailaddress1":"x@engines.example","context":{"suspect":"honeypot,too_fast"}}`, intake.Suppress},
	}
	for _, c := range cases {
		if _, d := decide(t, c.data); d.NextAction != c.want {
			t.Errorf("%s: %d (%v), want %d", c.data, d.NextAction, d.Propensity, c.want)
		}
	}
}

func TestPropensityIsAProbability(t *testing.T) {
	t.Parallel()
	last := -1.0
	for points := int64(-3000); points <= 3000; points += 7 {
		p := intake.Propensity(points)
		if p < last || p <= 0 || p >= 1 || math.IsNaN(p) {
			t.Fatalf("%d points give %v after %v", points, p, last)
		}
		if s := intake.Score(p); s < 1 || s > 100 {
			t.Fatalf("%v gives %d", p, s)
		}
		last = p
	}
	if intake.Propensity(20) != 0.5 || intake.Grade(75) != intake.GradeA || intake.Grade(1) != intake.GradeD {
		t.Error("the scale has moved")
	}
}

// Every field of the shipped rule's row fits the table, and comes back the same.
func TestRulesAreRecords(t *testing.T) {
	t.Parallel()
	rules, err := intake.ShippedRules()
	if err != nil {
		t.Fatal(err)
	}
	tbl := table(t, "rpt_rule")
	seen := map[string]bool{}
	for _, r := range rules {
		if r.Reason == "" || seen[r.Name] {
			t.Errorf("%s has no reason or stands twice", r.Name)
		}
		seen[r.Name] = true
		row, err := intake.RowOf(r)
		if err != nil {
			t.Fatal(err)
		}
		canonical := record.Row{}
		for name, v := range row {
			column, ok := tbl.Column(name)
			if !ok {
				t.Fatalf("rpt_rule has no column %s", name)
			}
			if canonical[name], err = column.Coerce(v); err != nil {
				t.Fatal(err)
			}
		}
		back := intake.RuleOf(canonical)
		if back.Name != r.Name || back.Condition != r.Condition || back.Points != r.Points || back.ID != r.ID || len(back.Set) != len(r.Set) || back.Category != r.Category {
			t.Errorf("%+v came back as %+v", r, back)
		}
	}
}

// A stored lead gives conditions the same to read as the arriving one did.
func TestPastVarsAgree(t *testing.T) {
	t.Parallel()
	l, d := decide(t, `{"lastname":"X","emailaddress1":"x@engines.example","existing_customer":"yes","budgetamount":60000,"context":{"page":"https://b.example/apply","utm_source":"partner"}}`)
	out, err := shipped(t).Apply(t.Context(), intake.PastVars(l.Row))
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Hits) != len(d.Hits) || len(d.Hits) < 5 {
		t.Errorf("%v and %v", out.Hits, d.Hits)
	}
}

func TestTablesLoad(t *testing.T) {
	t.Parallel()
	all, err := intake.Tables()
	if err != nil || len(all) != 2 {
		t.Fatal(err, len(all))
	}
	for _, x := range all {
		built := table(t, x.Name)
		for _, c := range built.Columns {
			if c.Label["de"] == "" {
				t.Errorf("%s.%s has no German label", x.Name, c.Name)
			}
		}
	}
}
