package odata_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// fetchSeeds are queries that use every part of FetchXML.
func fetchSeeds() []string {
	operators := []string{"eq", "ne", "gt", "ge", "lt", "le", "null", "not-null", "like", "not-like", "begins-with", "not-begin-with", "ends-with", "not-end-with", "in", "not-in", "between", "not-between",
		"contain-values", "not-contain-values", "eq-userid", "ne-userid", "eq-businessid", "ne-businessid", "eq-userteams", "eq-useroruserteams", "eq-useroruserhierarchy", "eq-useroruserhierarchyandteams",
		"eq-userlanguage", "above", "eq-or-above", "under", "eq-or-under", "not-under", "on", "on-or-after", "on-or-before", "today", "yesterday", "tomorrow", "last-seven-days", "next-seven-days", "last-week",
		"this-week", "next-week", "last-month", "this-month", "next-month", "last-year", "this-year", "next-year", "last-x-hours", "next-x-hours", "last-x-days", "next-x-days", "last-x-weeks", "next-x-weeks",
		"last-x-months", "next-x-months", "last-x-years", "next-x-years", "olderthan-x-minutes", "olderthan-x-hours", "olderthan-x-days", "olderthan-x-weeks", "olderthan-x-months", "olderthan-x-years",
		"this-fiscal-year", "this-fiscal-period", "next-fiscal-year", "next-fiscal-period", "last-fiscal-year", "last-fiscal-period", "last-x-fiscal-years", "last-x-fiscal-periods", "next-x-fiscal-years",
		"next-x-fiscal-periods", "in-fiscal-year", "in-fiscal-period", "in-fiscal-period-and-year", "in-or-before-fiscal-period-and-year", "in-or-after-fiscal-period-and-year"}
	out := []string{
		`<fetch version="1.0" mapping="logical" distinct="true" count="5" page="2" paging-cookie="&lt;cookie page=&quot;1&quot;&gt;&lt;leadid last=&quot;x&quot;/&gt;&lt;/cookie&gt;" returntotalrecordcount="true" no-lock="true" latematerialize="true"><entity name="lead"><attribute name="subject" alias="s"/><order attribute="subject" descending="true"/></entity></fetch>`,
		`<fetch aggregate="true"><entity name="lead"><attribute name="revenue" alias="a" aggregate="sum"/><attribute name="createdon" alias="b" groupby="true" dategrouping="week" usertimezone="false"/><order alias="a"/><link-entity name="account" to="parentaccountid" from="accountid" alias="x"><attribute name="name" groupby="true" alias="n"/></link-entity></entity></fetch>`,
		`<fetch><entity name="account"><all-attributes/><link-entity name="lead" from="parentaccountid" to="accountid" link-type="outer" alias="l"><all-attributes/><link-entity name="account" from="accountid" to="parentaccountid" link-type="matchfirstrowusingcrossapply" alias="m"/><filter><condition attribute="revenue" operator="gt" valueof="l.numberofemployees"/></filter></link-entity><filter type="or"><link-entity name="lead" from="parentaccountid" to="accountid" link-type="all"><filter/></link-entity><condition entityname="l" attribute="subject" operator="null"/></filter></entity></fetch>`,
		`<fetch>`, `<!DOCTYPE x><fetch/>`, `<fetch><entity name="lead"/></fetch> x`, strings.Repeat("<fetch>", 100),
	}
	for _, column := range []string{"subject", "createdon", "parentaccountid", "leadqualitycode", "revenue"} {
		for _, op := range operators {
			out = append(out, `<fetch><entity name="lead"><filter><condition attribute="`+column+`" operator="`+op+`" value="1"/><condition attribute="`+column+`" operator="`+op+`"><value>1</value><value>2023</value></condition></filter></entity></fetch>`)
		}
	}
	return out
}

func FuzzFetchXML(f *testing.F) {
	for _, s := range fetchSeeds() {
		f.Add(s)
	}
	ctx := newContext(f)
	f.Fuzz(func(t *testing.T, text string) {
		q, err := odata.ParseFetch(ctx, text)
		checkWhole(t, ctx, q, err, text)
	})
}

func FuzzSQL(f *testing.F) {
	data, err := os.ReadFile("../../edge/httpapi/testdata/query/sql.txt")
	if err != nil {
		f.Fatal(err)
	}
	seeds := 0
	for line := range strings.SplitSeq(string(data), "\n") {
		if _, text, ok := strings.Cut(line, "sql="); ok {
			f.Add(strings.NewReplacer("lastname", "subject", "@bob", "00000000-0000-0000-0000-000000000001").Replace(text))
			seeds++
		}
	}
	if seeds < 20 {
		f.Fatal("the script is not whole")
	}
	ctx := newContext(f)
	f.Fuzz(func(t *testing.T, text string) {
		q, err := odata.ParseSQL(ctx, text)
		checkWhole(t, ctx, q, err, text)
	})
}

// checkWhole makes sure that whatever was read is refused as the asker's fault,
// or is a tree that holds and can be rendered.
func checkWhole(t *testing.T, ctx *odata.Context, q *odata.Fetch, err error, text string) {
	if err == nil {
		_, err = query.Check(ctx.Catalog, &q.Query, query.Limits{})
	}
	if err != nil {
		if k := errs.KindOf(err); k != errs.Invalid {
			t.Fatalf("%q: %v", text, err)
		}
		return
	}
	checked, _ := query.Check(ctx.Catalog, &q.Query, query.Limits{})
	for _, d := range dialects {
		if _, err := query.Render(ctx.Catalog, d, checked, nil); err != nil {
			t.Fatalf("%q became a tree that can't be rendered: %v", text, err)
		}
		if _, err := query.RenderCount(ctx.Catalog, d, checked, nil); err != nil {
			t.Fatalf("%q can't be counted: %v", text, err)
		}
	}
}

// A filter that is written as FetchXML and read again is the same condition.
func TestFiltersSurviveFetchXML(t *testing.T) {
	t.Parallel()
	ctx := newContext(t)
	plain := *ctx
	ctx.Symbolic = true
	written := 0
	for _, c := range filterCases(t) {
		table, _ := ctx.Catalog.Table(c.table)
		n, err := odata.ParseFilter(ctx, table, c.text)
		if err != nil {
			continue
		}
		text, err := odata.WriteFetch(ctx.Catalog, &query.Query{Table: c.table, Select: []string{table.ID}, Where: n})
		if errs.CodeOf(err) == "fetch.no_form" {
			continue
		}
		if err != nil {
			t.Errorf("line %d: %v", c.line, err)
			continue
		}
		again, err := odata.ParseFetch(&plain, text)
		if err != nil {
			t.Errorf("line %d: %s\n%v", c.line, text, err)
			continue
		}
		if _, err := query.Check(ctx.Catalog, &again.Query, query.Limits{}); err != nil {
			t.Errorf("line %d: %s\n%v", c.line, text, err)
		}
		written++
	}
	if written < 60 {
		t.Errorf("only %d filters have a form in FetchXML", written)
	}
}

// Rows find the same answer by a filter and by its FetchXML, where no other
// table is asked.
func TestWrittenFiltersMatchAlike(t *testing.T) {
	t.Parallel()
	ctx := newContext(t)
	lead, _ := ctx.Catalog.Table("lead")
	rows := []map[string]any{{}, {"subject": "loan 100%_sure", "numberofemployees": int64(5), "donotemail": true}, {"subject": "x[y]", "numberofemployees": int64(20), "donotemail": false}, {"subject": "", "leadqualitycode": int64(2)}}
	for _, text := range []string{"subject eq 'x[y]'", "not (subject eq 'x[y]')", "subject ne 'x[y]'", "contains(subject,'loan')", "not startswith(subject,'loan')", "numberofemployees in (5,20)", "not (numberofemployees in (5))",
		"donotemail or numberofemployees gt 10 and subject ne null", "not (numberofemployees gt 10)", "contains(subject,'[[]y')", "leadqualitycode eq null"} {
		n, err := odata.ParseFilter(ctx, lead, text)
		if err != nil {
			t.Fatal(text, err)
		}
		fetch, err := odata.WriteFetch(ctx.Catalog, &query.Query{Table: "lead", Select: []string{"leadid"}, Where: n})
		if err != nil {
			t.Fatal(text, err)
		}
		again, err := odata.ParseFetch(ctx, fetch)
		if err != nil {
			t.Fatal(fetch, err)
		}
		var a, b []int
		for i, row := range rows {
			if ok, err := query.Match(ctx.Catalog, "lead", n, row); err != nil {
				t.Fatal(err)
			} else if ok {
				a = append(a, i)
			}
			if ok, err := query.Match(ctx.Catalog, "lead", again.Query.Where, row); err != nil {
				t.Fatal(err)
			} else if ok {
				b = append(b, i)
			}
		}
		if !slices.Equal(a, b) {
			t.Errorf("%s matches %v, and written as %s %v", text, a, fetch, b)
		}
	}
}

var dialects = []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres}
