package httpapi_test

import (
	"encoding/json"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/savedquery"
)

// fetchIn gives the query of a chart.
func fetchIn(t *testing.T, data string) string {
	t.Helper()
	_, rest, ok := strings.Cut(data, "<fetchcollection>")
	fetch, _, also := strings.Cut(rest, "</fetchcollection>")
	if !ok || !also {
		t.Fatalf("no query in %s", data)
	}
	return fetch
}

func TestShippedChartsAndFormsAreRows(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		rows := savedquery.NewViews(a.store, func() *metadata.Catalog { return a.catalog }, clock.NewFake(start), slog.New(slog.DiscardHandler))
		ctx := access.AsSystem(t.Context(), "test")
		if err := rows.Sync(ctx); err != nil {
			t.Fatal(err)
		}
		charts, forms := 0, 0
		for _, name := range a.catalog.Names() {
			table, _ := a.catalog.Table(name)
			for _, c := range table.Charts {
				charts++
				r := a.do("GET", "savedqueryvisualizations("+savedquery.ChartID(name, c.Name).String()+")", "").want(200)
				if r.json["primaryentitytypecode"] != name || r.json["ismanaged"] != true || !strings.Contains(r.json["presentationdescription"].(string), "ChartType=") {
					t.Errorf("%s", r.body)
				}
				a.do("GET", table.Set+"?fetchXml="+url.QueryEscape(fetchIn(t, r.json["datadescription"].(string))), "").want(200)
			}
			for _, f := range table.Forms {
				forms++
				r := a.do("GET", "systemforms("+savedquery.FormID(name, f.Name).String()+")", "").want(200)
				if r.json["objecttypecode"] != name || r.json["type"] != 2.0 {
					t.Errorf("%s", r.body)
				}
				var body struct {
					Tabs []struct {
						Sections []struct {
							Rows []struct {
								Cell struct {
									Control struct {
										Field string `json:"datafieldname"`
									}
								}
							}
						}
					}
				}
				if err := json.Unmarshal([]byte(r.json["formjson"].(string)), &body); err != nil || len(body.Tabs) != len(f.Tabs) {
					t.Fatalf("form %s of %s: %v %s", f.Name, name, err, r.json["formjson"])
				}
				for i, tab := range f.Tabs {
					for j, s := range tab.Sections {
						for k, column := range s.Columns {
							if got := body.Tabs[i].Sections[j].Rows[k].Cell.Control.Field; got != column || !strings.Contains(r.json["formxml"].(string), `datafieldname="`+column+`"`) {
								t.Errorf("%s of %s: %s, not %s", f.Name, name, got, column)
							}
						}
					}
				}
			}
		}
		if charts < 5 || forms < 20 {
			t.Errorf("%d charts, %d forms", charts, forms)
		}
		if got := a.do("GET", "savedqueryvisualizations/$count", "").body; got != itoa(charts) {
			t.Errorf("%d charts, %s rows", charts, got)
		}
		if got := a.do("GET", "systemforms/$count", "").body; got != itoa(forms) {
			t.Errorf("%d forms, %s rows", forms, got)
		}
		versions := func() string {
			return a.do("GET", "savedqueryvisualizations?$select=versionnumber", "").column("versionnumber") + a.do("GET", "systemforms?$select=versionnumber", "").column("versionnumber")
		}
		before := versions()
		if err := rows.Sync(ctx); err != nil || versions() != before {
			t.Errorf("a second time writes again: %v", err)
		}
		chart := "savedqueryvisualizations(" + savedquery.ChartID("lead", "bysource").String() + ")"
		a.do("PATCH", chart, `{"name":"Mine"}`).wantError(403, "0x80040220", "savedquery.managed")
		a.do("DELETE", chart, "").wantError(403, "0x80040220", "savedquery.managed")
		a.do("PATCH", "savedqueries("+savedquery.ViewID("lead", "open").String()+")", `{"name":"Mine"}`).wantError(403, "0x80040220", "savedquery.managed")
		a.do("PATCH", "systemforms("+savedquery.FormID("lead", "main").String()+")", `{"name":"Mine"}`).wantError(403, "0x80040220", "record.managed")
	})
}

func TestChartsGiveTheirValues(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		rows := savedquery.NewViews(a.store, func() *metadata.Catalog { return a.catalog }, clock.NewFake(start), slog.New(slog.DiscardHandler))
		if err := rows.Sync(access.AsSystem(t.Context(), "test")); err != nil {
			t.Fatal(err)
		}
		for _, o := range []record.Row{
			{"salesstage": int64(0), "estimatedvalue": json.Number("100"), "estimatedclosedate": "2026-12-05T00:00:00Z"}, {"salesstage": int64(2), "estimatedvalue": json.Number("50.5"), "estimatedclosedate": "2027-12-20T00:00:00Z"},
			{"salesstage": int64(0), "estimatedvalue": json.Number("11"), "estimatedclosedate": "2026-12-31T00:00:00Z"}, {"salesstage": int64(0), "estimatedvalue": json.Number("7"), "statecode": int64(1), "statuscode": int64(3), "estimatedclosedate": "2026-12-05T00:00:00Z"}, {"salesstage": int64(2), "estimatedvalue": json.Number("3")},
		} {
			o["name"], o["ownerid"], o["owneridtype"] = "Loan", a.admin, "systemuser"
			a.must("opportunity", o)
		}
		draw := func(chart string) string {
			r := a.do("GET", "savedqueryvisualizations("+savedquery.ChartID("opportunity", chart).String()+")", "").want(200)
			got := a.do("GET", "opportunities?fetchXml="+url.QueryEscape(fetchIn(t, r.json["datadescription"].(string))), "").want(200)
			return got.column("groupby_year") + "|" + got.column("groupby_column") + "|" + got.column("aggregate_column")
		}
		if got := draw("pipeline"); !strings.HasSuffix(got, "|0 2|111 53.5") {
			t.Errorf("the pipeline: %s", got)
		}
		if got := draw("bymonth"); got != "2026 2027|12 12|111 50.5" {
			t.Errorf("by month: %s", got)
		}
	})
}

func TestChartsOfOnesOwn(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		const fetch = `<fetch aggregate="true"><entity name="lead"><attribute name="leadsourcecode" alias="groupby_column" groupby="true"/><attribute name="leadid" alias="n" aggregate="count"/></entity></fetch>`
		whole := func(fetch, measure string) string {
			return `<datadefinition><fetchcollection>` + fetch + `</fetchcollection><categorycollection><category><measurecollection><measure alias="` + measure + `"/></measurecollection></category></categorycollection></datadefinition>`
		}
		body := func(table, data, look string) string {
			b, _ := json.Marshal(map[string]any{"name": "Mine", "primaryentitytypecode": table, "datadescription": data, "presentationdescription": look})
			return string(b)
		}
		good := whole(fetch, "n")
		for _, set := range []string{"savedqueryvisualizations", "userqueryvisualizations"} {
			key := a.do("POST", set, body("lead", good, "<Chart/>")).want(204).key()
			for name, c := range map[string]struct{ table, data, look, code string }{
				"another table":     {"account", good, "<Chart/>", "savedquery.table"},
				"no XML":            {"lead", "<datadefinition>", "<Chart/>", "savedquery.chart"},
				"no data":           {"lead", "<other/>", "<Chart/>", "savedquery.chart"},
				"no query":          {"lead", "<datadefinition/>", "<Chart/>", "savedquery.chart"},
				"a DTD":             {"lead", `<!DOCTYPE x [<!ENTITY e "e">]>` + good, "<Chart/>", "savedquery.chart"},
				"unknown measure":   {"lead", whole(fetch, "m"), "<Chart/>", "savedquery.chart"},
				"no aggregate":      {"lead", whole(`<fetch><entity name="lead"><attribute name="fullname"/></entity></fetch>`, "fullname"), "<Chart/>", "savedquery.chart"},
				"nothing to group":  {"lead", whole(`<fetch aggregate="true"><entity name="lead"><attribute name="leadid" alias="n" aggregate="count"/></entity></fetch>`, "n"), "<Chart/>", "savedquery.chart"},
				"sum of a text":     {"lead", whole(strings.Replace(fetch, `name="leadid" alias="n" aggregate="count"`, `name="subject" alias="n" aggregate="sum"`, 1), "n"), "<Chart/>", ""},
				"bad query":         {"lead", whole(strings.Replace(fetch, "groupby=", "group=", 1), "n"), "<Chart/>", "fetch.invalid"},
				"bad look":          {"lead", good, "<Chart>", "savedquery.chart"},
				"two looks":         {"lead", good, "<Chart/><Chart/>", "savedquery.chart"},
				"deep beyond limit": {"lead", "<datadefinition>" + strings.Repeat("<a>", 60) + strings.Repeat("</a>", 60) + "</datadefinition>", "<Chart/>", "savedquery.chart"},
			} {
				r := a.do("POST", set, body(c.table, c.data, c.look))
				if r.status != 400 || !strings.Contains(r.body, c.code) {
					t.Errorf("%s: %d %s", name, r.status, r.body)
				}
			}
			a.do("PATCH", set+"("+key+")", `{"datadescription":"<datadefinition/>"}`).wantError(400, "0x80040203", "savedquery.chart")
			a.do("PATCH", set+"("+key+")", `{"name":"Renamed"}`).want(204)
			if r := a.do("GET", set+"("+key+")", "").want(200); r.json["name"] != "Renamed" || r.json["datadescription"] != good {
				t.Errorf("%s", r.body)
			}
			if set == "userqueryvisualizations" {
				bob := a.user("bob", map[string]access.Depth{"lead": access.Global, "userqueryvisualization": access.Basic})
				a.as(bob, "GET", set+"("+key+")", "").wantError(404, "0x80040217", "record.not_found")
			}
			a.do("DELETE", set+"("+key+")", "").want(204)
		}
		reader := a.user("reader", map[string]access.Depth{"userqueryvisualization": access.Basic})
		a.as(reader, "POST", "savedqueryvisualizations", body("lead", good, "<Chart/>")).want(403)
	})
}
