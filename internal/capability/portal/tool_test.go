package portal_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/ground/errs"
)

const costs = `{"name": "costs", "language": "LANGUAGE", "title": "Costs", "campaign": "autumn", "channel": "branch", "utm": {"utm_medium": "form"}, "interests": {"Saving": 0.2},
 "tools": [
  {"name": "sum", "kind": "calculator", "title": "What it costs", "button": "Work out", "results": [
    {"name": "monthly", "label": "Monthly", "formula": "payment(rate / 1200, months, amount)", "digits": 2, "prefix": "€ ", "main": true},
    {"name": "total", "label": "Total", "formula": "monthly * months", "digits": 2}]},
  {"name": "quick", "kind": "check", "title": "Would it work?", "button": "Check", "decision": "set_one", "inputs": {"amount": "amount", "work": "work"},
   "outcomes": {"pass": {"title": "Yes"}, "refer": {"title": "Perhaps"}, "fail": {"title": "No", "text": "Not like this"}}}],
 "fields": [
  {"name": "amount", "column": "budgetamount", "type": "number", "tool": "sum", "label": "How much?", "short": "Amount", "required": true, "min": 100, "max": 1000000, "slider": true, "prefix": "€", "default": "1000"},
  {"name": "months", "column": "-", "type": "number", "tool": "sum", "label": "Months", "required": true, "min": 1, "max": 480, "default": "12"},
  {"name": "rate", "column": "-", "type": "number", "tool": "sum", "label": "Rate", "default": "6"},
  {"name": "work", "column": "-", "type": "select", "tool": "quick", "label": "Work", "required": true, "options": [{"value": "1", "label": "Yes", "interests": {"Saving": 0.7, "Home": 1}}, {"value": "2", "label": "None"}]},
  {"name": "lastname", "label": "Name", "required": true},
  {"name": "leadsourcecode", "type": "hidden", "default": "8"}]}`

// oracle is a Decider that says what a test wants.
type oracle struct {
	verdict portal.Verdict
	err     error
	asked   map[string]any
}

func (o *oracle) Quick(_ context.Context, set string, values map[string]any) (portal.Verdict, error) {
	if set != "set_one" {
		return portal.Verdict{}, errors.New("another set: " + set)
	}
	o.asked = values
	return o.verdict, o.err
}

func costsForm(t *testing.T, language string) portal.Form {
	t.Helper()
	f, err := portal.Parse([]byte(strings.ReplaceAll(costs, "LANGUAGE", language)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A calculator is exact, in the numbers of the form's language.
func TestCalculator(t *testing.T) {
	t.Parallel()
	fx := setUp(t, nil)
	for _, test := range []struct{ language, amount, rate, monthly, total string }{
		{"en", "250,000", "3.9", "€ 21,276.06", "255,312.72"},
		{"de", "250.000", "3,9", "€ 21.276,06", "255.312,72"},
		{"en", "1200", "0", "€ 100.00", "1,200.00"},
	} {
		form := costsForm(t, test.language)
		got, err := fx.Use(t.Context(), form, "sum", map[string]any{"amount": test.amount, "months": "12", "rate": test.rate}, portal.Visit{})
		if err != nil || len(got.Lines) != 2 || got.Lines[0].Text != test.monthly || got.Lines[1].Text != test.total {
			t.Errorf("%s %s: %+v, %v", test.language, test.amount, got, err)
		}
	}
	form := costsForm(t, "en")
	var e *errs.Error
	_, err := fx.Use(t.Context(), form, "sum", map[string]any{"amount": "5", "rate": "1"}, portal.Visit{})
	if !errors.As(err, &e) || len(e.Fields) != 2 || e.Fields[0].Code != "min" || e.Fields[1].Name != "months" || e.Fields[1].Code != "required" {
		t.Errorf("what is missing: %+v", err)
	}
	if _, err := fx.Use(t.Context(), form, "nothing", nil, portal.Visit{}); !errs.Has(err, errs.NotFound) {
		t.Errorf("an unknown tool: %v", err)
	}
	if _, err := fx.Use(t.Context(), form, "sum", map[string]any{"amount": "1000", "months": "1.5", "rate": "1"}, portal.Visit{}); errs.CodeOf(err) != "portal.form_invalid" {
		t.Errorf("a month and a half: %v", err)
	}
	if len(fx.out.all("leads")) != 0 {
		t.Error("asking a tool sent something")
	}
}

// A check says what the set says, and calmly that it can't be asked.
func TestCheck(t *testing.T) {
	t.Parallel()
	o := &oracle{verdict: portal.Verdict{Outcome: "fail", Ways: [][]portal.Change{{{Input: "amount", Label: "x", To: 12000.0}}, {{Input: "work", To: 1.0}, {Input: "age", Label: "Age", To: 30.0}}}}}
	fx := setUp(t, func(c *portal.Config) { c.Decider = o; c.UseRate = portal.Rate{Burst: 3, Second: 0.1} })
	form := costsForm(t, "en")
	ask := func() (portal.Answer, error) {
		return fx.Use(t.Context(), form, "quick", map[string]any{"amount": "20,000", "work": "2"}, portal.Visit{Address: netip.MustParseAddr("192.0.2.1")})
	}
	got, err := ask()
	if err != nil || got.Outcome != "fail" || got.Title != "No" || got.WaysIn == "" || !reflect.DeepEqual(got.Ways, []string{"Amount: €\u00a012,000", "Work: Yes, Age: 30"}) {
		t.Errorf("%+v, %v", got, err)
	}
	if !reflect.DeepEqual(o.asked, map[string]any{"amount": json.Number("20000"), "work": 2.0}) {
		t.Errorf("asked with %v", o.asked)
	}
	o.err = errs.New(errs.Unavailable, "x", "away")
	if got, err := ask(); err != nil || got.Outcome != "away" || got.Title == "" || got.Text == "" {
		t.Errorf("away: %+v, %v", got, err)
	}
	o.err, o.verdict = nil, portal.Verdict{Outcome: "pass"}
	if got, err := ask(); err != nil || got.Title != "Yes" || len(got.Ways) != 0 {
		t.Errorf("pass: %+v, %v", got, err)
	}
	if _, err := ask(); !errs.Has(err, errs.TooMany) {
		t.Errorf("the fourth: %v", err)
	}
	if s := fx.Stats(); s.Undecided != 1 {
		t.Errorf("%+v", s)
	}
}

// What tools said goes along with the lead, with the form's campaign, channel and interests.
func TestLeadCarriesOffer(t *testing.T) {
	t.Parallel()
	o := &oracle{err: errs.New(errs.Unavailable, "x", "away")}
	fx := setUp(t, func(c *portal.Config) { c.Decider = o })
	form := costsForm(t, "en")
	sub := portal.Submission{Values: map[string]any{"amount": "1,000", "months": "12", "rate": "6", "work": "1", "lastname": "Byron"}}
	if _, err := fx.Submit(t.Context(), form, sub); err != nil {
		t.Fatal(err)
	}
	data := fx.data("leads")
	want := map[string]any{"sum": map[string]any{"amount": 1000.0, "months": 12.0, "rate": 6.0, "monthly": 86.07, "total": 1032.84}, "quick": map[string]any{"outcome": "away", "work": "1"}, "months": 12.0, "rate": 6.0, "work": "1"}
	if !reflect.DeepEqual(data["rpt_extra"], want) {
		t.Errorf("extra %v", data["rpt_extra"])
	}
	if data["budgetamount"] != 1000.0 || data["leadsourcecode"] != "8" {
		t.Errorf("data %v", data)
	}
	wantContext := map[string]any{"form": "costs", "campaign": "autumn", "utm_campaign": "autumn", "utm_medium": "form", "channel": "branch", "interests": map[string]any{"Saving": 0.7, "Home": 1.0}}
	if !reflect.DeepEqual(data["context"], wantContext) {
		t.Errorf("context %v", data["context"])
	}
	sub.Visit.UTM = map[string]string{"utm_campaign": "spring", "utm_medium": "cpc"}
	if _, err := fx.Submit(t.Context(), form, sub); err != nil {
		t.Fatal(err)
	}
	if c, _ := fx.data("leads")["context"].(map[string]any); c["utm_campaign"] != "spring" || c["utm_medium"] != "cpc" || c["campaign"] != "autumn" {
		t.Errorf("the visit's own campaign: %v", c)
	}
}

func TestToolDefinitions(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][2]string{
		"tools[0].kind": {`"kind": "calculator"`, `"kind": "oracle"`}, "tools[0].results[0].formula": {"payment(rate / 1200, months, amount)", "payment(rates, months, amount)"},
		"tools[0].results[1].formula": {"monthly * months", "monthly *"}, "tools[1].inputs": {`"work": "work"`, `"work": "job"`}, "tools[1].outcomes": {`"refer": {"title": "Perhaps"}, `, ``},
		"tools[1].decision": {`"set_one"`, `""`}, "rate": {`"tool": "sum", "label": "Rate"`, `"tool": "sums", "label": "Rate"`}, "interests": {`"Saving": 0.2`, `"Saving": 2`}, "utm": {`"utm_medium": "form"`, `"medium": "form"`},
		"amount": {`"min": 100, "max": 1000000, "slider"`, `"min": 100, "slider"`}, "campaign": {`"autumn"`, `"two words"`}, "protection.proof": {`"campaign"`, `"protection": {"proof": "often"}, "campaign"`},
	} {
		text := strings.ReplaceAll(costs, "LANGUAGE", "en")
		if !strings.Contains(text, change[0]) {
			t.Fatal("the test does not fit the form: " + change[0])
		}
		_, err := portal.Parse([]byte(strings.Replace(text, change[0], change[1], 1)))
		var e *errs.Error
		if !errors.As(err, &e) || e.Code != "portal.form_definition" || len(e.Fields) == 0 || e.Fields[0].Name != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestToolsOnThePage(t *testing.T) {
	t.Parallel()
	form := costsForm(t, "de")
	answer := portal.Answer{Tool: "quick", Outcome: "fail", Title: "Nein <b>", WaysIn: "So", Ways: []string{"Amount: 5"}}
	page, err := form.Show(portal.View{Answer: &answer, Proof: &portal.Challenge{Algorithm: "SHA-256", Salt: `"><script>`}})
	if err != nil {
		t.Fatal(err)
	}
	html := string(page.HTML)
	for _, want := range []string{`value="1.000"`, `<dd data-result="monthly">€ 86,07</dd>`, `<h3>Nein &lt;b&gt;</h3>`, `<li>Amount: 5</li>`, `name="_tool" value="quick"`, `data-comma`, `name="altcha"`, `data-least="100"`} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(html, `"><script>`) {
		t.Error("a salt breaks out of its attribute")
	}
	if !strings.Contains(page.Policy, "connect-src 'self'; worker-src 'self'") || strings.Contains(page.Policy, "unsafe") {
		t.Errorf("policy %s", page.Policy)
	}
}
