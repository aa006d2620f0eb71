package intake_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/capability/intake"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func arrived(data string) intake.Event {
	return intake.Event{ID: "e1", Source: "/portal/forms/loan", Topic: "leads", Data: json.RawMessage(data)}
}

func codes(faults []intake.Fault) string {
	var out []string
	for _, f := range faults {
		out = append(out, f.Column+" "+f.Code)
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func TestCleanNormalises(t *testing.T) {
	t.Parallel()
	l, faults := cleaner(t).Clean(arrived(`{"firstname":"  ADA ","lastname":"VAN DER BERG","emailaddress1":"Ada.Berg+x@BÜCHER.example","mobilephone":"0171 2345678",
		"telephone1":"+1 (212) 555-0123 x5","address1_country":"Deutschland","address1_postalcode":"D-53111","address1_city":"BAD  GODESBERG","numberofemployees":"51-200",
		"budgetamount":"€ 50.000,00","companyname":"IBM\u0000 \u202eDeutschland","rpt_consent":"on","leadqualitycode":"warm","websiteurl":"WWW.Example.com/x","description":"a\r\n\r\n\r\n b\tc ",
		"rpt_productinterest":"ILP","favourite":"=cmd|' /C calc'!A0","FirstName2":{"a":[1,2.5,null]},
		"context":{"page":"https://bank.example/loans/calculator?x=1","utm_source":"partner","n":3}}`))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	want := record.Row{"firstname": "Ada", "lastname": "van der Berg", "fullname": "Ada van der Berg", "emailaddress1": "Ada.Berg+x@bücher.example", "rpt_matchkey": "ada.berg+x@xn--bcher-kva.example",
		"mobilephone": "+491712345678", "telephone1": "+12125550123", "address1_country": "DE", "address1_postalcode": "53111", "address1_city": "Bad Godesberg",
		"numberofemployees": int64(51), "budgetamount": query.Number{Units: 500000000, Scale: 4}, "companyname": "IBM Deutschland", "rpt_consent": true, "leadqualitycode": int64(2),
		"websiteurl": "https://www.example.com/x", "description": "a\n\nb c", "rpt_productinterest": "ILP", "subject": "ILP: Ada van der Berg", "leadsourcecode": int64(8),
		"rpt_eventid": "e1", "rpt_source": "/portal/forms/loan"}
	for name, v := range want {
		if fmt.Sprint(l.Row[name]) != fmt.Sprint(v) {
			t.Errorf("%s = %#v, want %#v", name, l.Row[name], v)
		}
	}
	for name := range l.Row {
		if _, ok := want[name]; !ok && name != "rpt_extra" && name != "rpt_context" {
			t.Errorf("unexpected %s = %v", name, l.Row[name])
		}
	}
	if got := string(l.Row["rpt_extra"].(json.RawMessage)); got != `{"FirstName2":{"a":[1,2.5,null]},"favourite":"=cmd|' /C calc'!A0","telephone1_extension":"5"}` {
		t.Error(got)
	}
	if got := string(l.Row["rpt_context"].(json.RawMessage)); got != `{"n":3,"page":"https://bank.example/loans/calculator?x=1","utm_source":"partner"}` {
		t.Error(got)
	}
	if l.Domain != "xn--bcher-kva.example" {
		t.Error(l.Domain)
	}
}

// What a form sends beside the columns stands in rpt_extra as it is, and what
// comes by itself under the same name counts.
func TestFormsExtra(t *testing.T) {
	t.Parallel()
	l, faults := cleaner(t).Clean(arrived(`{"lastname":"X","emailaddress1":"x@example.com","colour":"red","rpt_extra":{"sum":{"total":1.5},"colour":"blue","lastname":"Y"}}`))
	if got := string(l.Row["rpt_extra"].(json.RawMessage)); len(faults) > 0 || got != `{"colour":"red","sum":{"total":1.5}}` || l.Row["lastname"] != "X" {
		t.Errorf("%s, %v, %v", got, l.Row["lastname"], faults)
	}
}

// What the platform decides can't be set by an event; it is kept in rpt_extra.
func TestEventsDecideNothing(t *testing.T) {
	t.Parallel()
	l, faults := cleaner(t).Clean(arrived(`{"lastname":"X","emailaddress1":"x@example.com","msdyn_leadscore":100,"rpt_nextaction":1,"rpt_propensity":1,"statecode":1,"ownerid":"00000000-0000-0000-0000-000000000001",
		"rpt_routingteam":"Enterprise","leadid":"00000000-0000-0000-0000-000000000001","parentaccountid":"00000000-0000-0000-0000-000000000001","rpt_matchkey":"y@example.com","createdon":"2020-01-01T00:00:00Z","versionnumber":3}`))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if l.Row.Text("rpt_matchkey") != "x@example.com" || len(l.Extra) != 11 {
		t.Errorf("%v %v", l.Row, l.Extra)
	}
	for _, name := range []string{"msdyn_leadscore", "rpt_nextaction", "statecode", "ownerid", "rpt_routingteam", "leadid", "parentaccountid", "createdon"} {
		if l.Row[name] != nil {
			t.Errorf("%s was set", name)
		}
	}
}

func TestCleanRefuses(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":`, 500) + "1" + strings.Repeat("}", 500)
	cases := []struct{ data, want string }{
		{`{}`, "emailaddress1 required; lastname required"},
		{`[]`, " data.malformed"},
		{`null`, " data.malformed"},
		{``, " data.malformed"},
		{`{"lastname":"x"`, " data.malformed"},
		{`{"lastname":"x"} {}`, " data.malformed"},
		{`"text"`, " data.malformed"},
		{`{"lastname":" \u0000 ","emailaddress1":"x@example.com"}`, "lastname required"},
		{`{"lastname":"X","emailaddress1":"not an address"}`, "emailaddress1 email.syntax"},
		{`{"companyname":"X","mobilephone":"12"}`, "mobilephone phone.invalid"},
		{`{"lastname":"X","telephone1":"0228 123456"}`, "telephone1 phone.invalid"}, // no US number
		{`{"lastname":["X"],"emailaddress1":{"a":1},"numberofemployees":"many","address1_country":"Neverland","budgetamount":"-5","donotemail":"perhaps","leadqualitycode":"lukewarm","context":"x"}`,
			"address1_country country.unknown; budgetamount number.negative; context context.type; donotemail column.type; emailaddress1 column.type; lastname column.type; leadqualitycode column.type; numberofemployees column.type"},
		{`{"lastname":"X","emailaddress1":"x@example.com","address1_country":"DE","address1_postalcode":"ABC"}`, "address1_postalcode postalcode.syntax"},
		{`{"lastname":"` + strings.Repeat("x", 51) + `","emailaddress1":"x@example.com"}`, "lastname column.too_long"},
		{`{"lastname":"X","emailaddress1":"x@example.com","websiteurl":"javascript:alert(1)"}`, "websiteurl website.syntax"},
		{`{"lastname":"X","emailaddress1":"x@example.com","numberofemployees":-1}`, "numberofemployees number.negative"},
		{`{"lastname":"X","emailaddress1":"x@example.com","numberofemployees":1e300}`, "numberofemployees column.type"},
		{`{"lastname":"X","emailaddress1":"x@example.com","other":` + deep + `}`, "rpt_extra too_deep"},
		{`{"lastname":"X","emailaddress1":"x@example.com","context":` + deep + `}`, "rpt_context too_deep"},
		{`{"lastname":"X","emailaddress1":"x@example.com","other":"` + strings.Repeat("y", 70_000) + `"}`, "rpt_extra too_large"},
	}
	c := cleaner(t)
	for _, k := range cases {
		l, faults := c.Clean(arrived(k.data))
		if got := codes(faults); l != nil || got != k.want {
			t.Errorf("%.80s: %v, %s; want %s", k.data, l, got, k.want)
		}
		for _, f := range faults {
			if f.Message == "" {
				t.Errorf("%s %s has no words", f.Column, f.Code)
			}
		}
	}
}

func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	for _, s := range []string{`Robert'); DROP TABLE lead;--`, `<script>alert(1)</script>`, `=HYPERLINK("http://x")`, `{{7*7}}`, `%00%0a`, `O’Brien`, `李`} {
		data, _ := json.Marshal(map[string]any{"lastname": s, "emailaddress1": "x@example.com"})
		l, faults := cleaner(t).Clean(arrived(string(data)))
		if len(faults) > 0 || l.Row.Text("lastname") != s {
			t.Errorf("%s: %v %v", s, faults, l)
		}
	}
}

func TestParseEmail(t *testing.T) {
	t.Parallel()
	good := map[string][2]string{
		"Ada@Example.COM":                 {"Ada@example.com", "ada@example.com"},
		" Ada Lovelace <ada@example.com>": {"ada@example.com", "ada@example.com"},
		"a.d.a@gmail.com":                 {"a.d.a@gmail.com", "a.d.a@gmail.com"},
		"mailto:x@example.org":            {"x@example.org", "x@example.org"},
		"jörg@BÜCHER.de":                  {"jörg@bücher.de", "jörg@xn--bcher-kva.de"},
		"o'brien+tag@sub.example.co.uk":   {"o'brien+tag@sub.example.co.uk", "o'brien+tag@sub.example.co.uk"},
		"x@xn--bcher-kva.de":              {"x@bücher.de", "x@xn--bcher-kva.de"},
	}
	for in, want := range good {
		if a, ok := intake.ParseEmail(in); !ok || a.Shown != want[0] || a.Key != want[1] {
			t.Errorf("%s: %+v %v", in, a, ok)
		}
	}
	for _, in := range []string{"", "x", "@", "x@", "@example.com", "x@localhost", "x@10.0.0.1", "x@[10.0.0.1]", "a b@example.com", `"a b"@example.com`, "a@b@example.com", "a..b@example.com", ".a@example.com",
		"a@-x-.com", "a@exa mple.com", "a@example.com,b@example.com", strings.Repeat("a", 65) + "@example.com", "a@" + strings.Repeat("b", 64) + ".com", "a@example.123", "x@example.com\nbcc: y@example.com"} {
		if a, ok := intake.ParseEmail(in); ok {
			t.Errorf("%q: %+v", in, a)
		}
	}
}

func TestNumbersNamesCountriesPostcodes(t *testing.T) {
	t.Parallel()
	c := cleaner(t)
	one := func(column, value string) string {
		data, _ := json.Marshal(map[string]any{"companyname": "X", "emailaddress1": "x@example.com", column: value})
		l, faults := c.Clean(arrived(string(data)))
		if len(faults) > 0 {
			return codes(faults)
		}
		return fmt.Sprint(l.Row[column])
	}
	cases := []struct{ column, in, want string }{
		{"numberofemployees", "1,200", "1200"}, {"numberofemployees", "1.200", "1200"}, {"numberofemployees", "100+", "100"}, {"numberofemployees", "> 100", "100"},
		{"numberofemployees", "101 – 500", "101"}, {"numberofemployees", "12 000", "12000"}, {"numberofemployees", "about 50", "50"}, {"numberofemployees", "3.5", "numberofemployees column.type"},
		{"budgetamount", "50000", "50000"}, {"budgetamount", "$1,234.56", "1234.56"}, {"budgetamount", "1.234,56 EUR", "1234.56"}, {"budgetamount", "50k", "50000"}, {"budgetamount", "1.5 million", "1500000"},
		{"budgetamount", "1'000'000", "1000000"}, {"budgetamount", "0.500", "0.5"}, {"budgetamount", "12,5", "12.5"}, {"budgetamount", "a lot", "budgetamount column.type"}, {"budgetamount", "1e9", "budgetamount column.type"},
		{"lastname", "o'brien", "O'Brien"}, {"lastname", "MCDONALD", "McDonald"}, {"lastname", "ANNA-LENA", "Anna-Lena"}, {"lastname", "de la Cruz", "de la Cruz"}, {"lastname", "DE LA CRUZ", "de la Cruz"}, {"lastname", "deVries", "deVries"}, {"lastname", "ÖZTÜRK", "Öztürk"},
		{"address1_city", "frankfurt am main", "Frankfurt am Main"}, {"address1_city", "NEW YORK", "New York"}, {"address1_city", "LA PAZ", "La Paz"}, {"address1_city", "St. Louis", "St. Louis"},
		{"address1_country", "USA", "US"}, {"address1_country", "u.s.", "US"}, {"address1_country", "United Kingdom", "GB"}, {"address1_country", "DEU", "DE"}, {"address1_country", "España", "ES"}, {"address1_country", "International", "address1_country country.unknown"},
		{"address1_postalcode", "sw1a1aa", "SW1A1AA"}, {"mobilephone", "212-555-0123", "+12125550123"}, {"mobilephone", "0049 171 2345678", "+491712345678"},
	}
	for _, k := range cases {
		if got := one(k.column, k.in); got != k.want {
			t.Errorf("%s %q = %s, want %s", k.column, k.in, got, k.want)
		}
	}
	for in, want := range map[[2]string]string{{"94105-1234", "US"}: "94105-1234", {"941051234", "US"}: "94105-1234", {"94105", "US"}: "94105", {"9410", "US"}: "", {"k1a0b1", "CA"}: "K1A 0B1", {"sw1a 1aa", "GB"}: "SW1A 1AA",
		{"1012 ab", "NL"}: "1012 AB", {"NL-1012AB", "NL"}: "1012 AB", {"00950", "PL"}: "00-950", {"CH 8001", "CH"}: "8001", {"100 05", "SE"}: "100 05", {"whatever", "DE"}: "", {"B-12", "KE"}: "B-12", {"<script>", "KE"}: ""} {
		if got, ok := intake.ParsePostal(in[0], in[1]); ok != (want != "") || ok && got != want {
			t.Errorf("%v = %s %v, want %s", in, got, ok, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add(`{"lastname":"X","emailaddress1":"x@example.com","mobilephone":"+1 212 555 0123","context":{"page":"/x"}}`)
	f.Add(`{"companyname":"\u202e=1+1","telephone1":"00 49 228","numberofemployees":"1.2.3,4","budgetamount":"€ 5k","address1_postalcode":"1","address1_country":"u s"}`)
	f.Add(`{"firstname":"mc","lastname":"'s-de","address1_country":"X","address1_postalcode":"A","websiteurl":"//","extra":[[[[[[[[[[1]]]]]]]]]]}`)
	c := cleaner(f)
	rules := shipped(f)
	f.Fuzz(func(t *testing.T, data string) {
		l, faults := c.Clean(arrived(data))
		if (l == nil) != (len(faults) > 0) {
			t.Fatalf("%v with %v", l, faults)
		}
		if l == nil {
			return
		}
		for name, v := range l.Row {
			if s, ok := v.(string); ok && (!utf8.ValidString(s) || strings.ContainsRune(s, 0)) {
				t.Fatalf("%s is %q", name, s)
			}
			column, _ := c.Columns.Column(name)
			if _, err := column.Coerce(v); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		d, err := c.Decide(t.Context(), l, rules)
		if err != nil || d.Score < 1 || d.Score > 100 || len(d.Refused) > 0 || len(d.Failed) > 0 {
			t.Fatalf("%+v, %v", d, err)
		}
		// Cleaning what is clean changes nothing.
		again := map[string]any{}
		for _, name := range []string{"firstname", "lastname", "companyname", "emailaddress1", "mobilephone", "telephone1", "address1_country", "address1_postalcode", "address1_city"} {
			if v := l.Row.Text(name); v != "" {
				again[name] = v
			}
		}
		text, _ := json.Marshal(again)
		second, faults := c.Clean(arrived(string(text)))
		if len(faults) > 0 {
			t.Fatalf("%s: %v", text, faults)
		}
		for name := range again {
			if second.Row[name] != l.Row[name] {
				t.Fatalf("%s: %q then %q", name, l.Row[name], second.Row[name])
			}
		}
	})
}

func BenchmarkCleanAndDecide(b *testing.B) {
	c, rules := cleaner(b), shipped(b)
	e := arrived(`{"firstname":"Ada","lastname":"Lovelace","emailaddress1":"ada@engines.example","mobilephone":"+1 212 555 0123","address1_country":"US","address1_city":"New York","address1_postalcode":"10001",
		"companyname":"Analytical Engines","numberofemployees":250,"rpt_productinterest":"ILP","budgetamount":"50000","context":{"page":"https://bank.example/calculator","useragent":"x"}}`)
	b.ReportAllocs()
	for b.Loop() {
		l, faults := c.Clean(e)
		if len(faults) > 0 {
			b.Fatal(faults)
		}
		if _, err := c.Decide(b.Context(), l, rules); err != nil {
			b.Fatal(err)
		}
	}
}
