package odata_test

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

type filterCase struct {
	line  int
	table string
	text  string
	want  string // tree, or "! code: part of the message"
}

// filterCases reads testdata/filters.txt: "table: filter" and below it the tree
// that it must become, or "!" with the error.
func filterCases(t testing.TB) []filterCase {
	t.Helper()
	f, err := os.Open("testdata/filters.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []filterCase
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := lines.Text()
		switch {
		case text == "" || strings.HasPrefix(text, "#"):
		case strings.HasPrefix(text, "  "):
			out[len(out)-1].want = strings.TrimSpace(text)
		default:
			table, filter, _ := strings.Cut(text, ": ")
			out = append(out, filterCase{line: n, table: table, text: filter})
		}
	}
	if len(out) < 50 {
		t.Fatal("the script is not whole")
	}
	return out
}

func TestFilters(t *testing.T) {
	t.Parallel()
	ctx := newContext(t)
	for _, c := range filterCases(t) {
		table, _ := ctx.Catalog.Table(c.table)
		n, err := odata.ParseFilter(ctx, table, c.text)
		if rest, fails := strings.CutPrefix(c.want, "! "); fails {
			code, message, _ := strings.Cut(rest, ": ")
			if errs.CodeOf(err) != code || !strings.Contains(err.Error(), message) {
				t.Errorf("line %d: %s\n got %v\nwant %s", c.line, c.text, err, rest)
			}
			continue
		}
		if err != nil || show(n) != c.want {
			t.Errorf("line %d: %s\n got %s %v\nwant %s", c.line, c.text, show(n), err, c.want)
			continue
		}
		if _, err := query.CheckNode(ctx.Catalog, c.table, n, query.Limits{}); err != nil {
			t.Errorf("line %d: %s: the tree does not hold: %v", c.line, c.text, err)
		}
	}
}

func TestFilterLimits(t *testing.T) {
	t.Parallel()
	ctx := newContext(t)
	lead, _ := ctx.Catalog.Table("lead")
	for name, text := range map[string]string{
		"brackets": strings.Repeat("(", 100_000), "closed brackets": strings.Repeat("(", 33) + "subject eq 'a'" + strings.Repeat(")", 33),
		"nots": strings.Repeat("not ", 5000) + "donotemail", "text": "subject eq '" + strings.Repeat("x", 40_000) + "'",
		"path":   strings.Repeat("parentaccountid/primarycontactid/", 1) + strings.Repeat("createdby/", 500) + "fullname eq 'x'",
		"lambda": strings.Repeat("account_leads/any(o:o/", 40),
	} {
		if _, err := odata.ParseFilter(ctx, lead, text); !errs.Has(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, c := range filterCases(f) {
		f.Add(c.text)
	}
	ctx := newContext(f)
	lead, _ := ctx.Catalog.Table("lead")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := odata.ParseFilter(ctx, lead, text)
		if err != nil {
			if k := errs.KindOf(err); k != errs.Invalid && k != errs.Unsupported {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if _, err := query.CheckNode(ctx.Catalog, "lead", n, query.Limits{Depth: 100, Nodes: 100_000}); errs.Has(err, errs.Internal) {
			t.Fatalf("%q became a tree that is broken: %v", text, err)
		}
	})
}

func FuzzRequest(f *testing.F) {
	for _, s := range []string{"leads", "leads(00000000-0000-0000-0000-000000000001)/subject/$value", "leads(emailaddress1='a%2Fb')", "accounts(1)/account_leads/$ref", "WhoAmI()", "X(A=@p,B='x')",
		"leads/$count", "accounts(accountnumber='A1')/account_leads(00000000-0000-0000-0000-000000000001)/$ref", "leads(x", "%zz"} {
		f.Add(s, "$select=subject,_parentaccountid_value&$expand=parentaccountid($select=name;$expand=primarycontactid)&$orderby=@p desc&@p=revenue&$top=3&$count=true")
	}
	f.Add("$metadata", "$filter=subject eq 'a;b'&$expand=parentaccountid($filter=name eq 'x;y)')")
	ctx := newContext(f)
	lead, _ := ctx.Catalog.Table("lead")
	f.Fuzz(func(t *testing.T, path, raw string) {
		check := func(err error) {
			if k := errs.KindOf(err); err != nil && k != errs.Invalid && k != errs.Unsupported && k != errs.NotFound {
				t.Fatalf("%q %q: %v", path, raw, err)
			}
		}
		p, err := odata.ParsePath(ctx.Catalog, path)
		check(err)
		params, err := odata.Params(raw)
		check(err)
		if err != nil {
			return
		}
		o, err := odata.ParseOptions(ctx, lead, params)
		check(err)
		if err == nil {
			_, err = query.Check(ctx.Catalog, &o.Query, query.Limits{Depth: 100, Nodes: 100_000, Expands: 100_000})
			check(err)
		}
		if p != nil && p.Kind == odata.Operation {
			_, err = odata.ParseArguments(p.Arguments, params)
			check(err)
		}
	})
}

func FuzzBody(f *testing.F) {
	for _, s := range []string{`{"subject":"x","revenue":1.5}`, `{"parentaccountid@odata.bind":"/accounts(00000000-0000-0000-0000-000000000001)"}`, `{"customerid_account":{"name":"x"}}`, `{"account_leads":[{}]}`, `[]`, `{"a":`} {
		f.Add([]byte(s))
	}
	ctx := newContext(f)
	lead, _ := ctx.Catalog.Table("lead")
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := odata.ReadBody(ctx.Catalog, lead, data); err != nil && !errs.Has(err, errs.Invalid) && !errs.Has(err, errs.NotFound) && !errs.Has(err, errs.Unsupported) {
			t.Fatalf("%q: %v", data, err)
		}
	})
}
