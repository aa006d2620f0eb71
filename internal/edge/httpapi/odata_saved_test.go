package httpapi_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/savedquery"
)

func TestShippedViewsAreSavedQueries(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		views := savedquery.NewViews(a.store, func() *metadata.Catalog { return a.catalog }, clock.NewFake(start), slog.New(slog.DiscardHandler))
		ctx := access.AsSystem(t.Context(), "test")
		if err := views.Sync(ctx); err != nil {
			t.Fatal(err)
		}
		count := 0
		for _, name := range a.catalog.Names() {
			table, _ := a.catalog.Table(name)
			for _, v := range table.Views {
				count++
				r := a.do("GET", "savedqueries("+savedquery.ViewID(name, v.Name).String()+")", "")
				if r.status != 200 {
					t.Errorf("view %s of %s is no saved query: %s", v.Name, name, r.body)
					continue
				}
				if r.json["returnedtypecode"] != name || r.json["ismanaged"] != true || !strings.Contains(r.json["layoutxml"].(string), `<cell name="`+v.Columns[0]+`"`) {
					t.Errorf("%s", r.body)
				}
				a.do("GET", table.Set+"?savedQuery="+r.json["savedqueryid"].(string), "").want(200)
			}
		}
		if r := a.do("GET", "savedqueries/$count", ""); count < 50 || r.body != itoa(count) {
			t.Errorf("%d views, %s rows", count, r.body)
		}
		before := a.do("GET", "savedqueries?$select=versionnumber", "").column("versionnumber")
		if err := views.Sync(ctx); err != nil || a.do("GET", "savedqueries?$select=versionnumber", "").column("versionnumber") != before {
			t.Errorf("a second time writes again: %v", err)
		}
		leads(a, 3, nil)
		mine := savedquery.ViewID("lead", "mine").String()
		if r := a.do("GET", "savedqueries("+mine+")", ""); r.status == 200 && !strings.Contains(r.json["fetchxml"].(string), `operator="eq-userid"`) {
			t.Errorf("who asks is not kept by name: %s", r.body)
		}
	})
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func TestSavedAndUserQueries(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		leads(a, 5, nil)
		body := func(table, fetch string) string {
			b, _ := json.Marshal(map[string]any{"name": "Mine", "returnedtypecode": table, "fetchxml": fetch})
			return string(b)
		}
		const fetch = `<fetch><entity name="lead"><attribute name="lastname"/><order attribute="lastname"/><filter><condition attribute="lastname" operator="ne" value="L03"/></filter></entity></fetch>`
		key := a.do("POST", "userqueries", body("lead", fetch)).want(204).key()
		r := a.do("GET", "leads?userQuery="+key, "", "Prefer: odata.maxpagesize=3").want(200)
		if got := r.column("lastname"); got != "L01 L02 L04" {
			t.Errorf("got %s", got)
		}
		if got := a.do("GET", r.json["@odata.nextLink"].(string), "", "Prefer: odata.maxpagesize=3").want(200).column("lastname"); got != "L05" {
			t.Errorf("got %s", got)
		}
		own := map[string]access.Depth{"lead": access.Global, "userquery": access.Basic, "savedquery": access.Global}
		bob := a.user("bob", own)
		a.as(bob, "GET", "leads?userQuery="+key, "").wantError(404, "0x80040217", "record.not_found")
		a.as(bob, "GET", "userqueries("+key+")", "").wantError(404, "0x80040217", "record.not_found")

		a.do("POST", "userqueries", body("lead", "<fetch>")).wantError(400, "0x80040203", "fetch.xml")
		a.do("POST", "savedqueries", body("lead", strings.Replace(fetch, "lastname", "nope", 1))).wantError(400, "0x80060888", "query.unknown_column")
		a.do("POST", "savedqueries", body("account", fetch)).wantError(400, "0x80040203", "savedquery.table")
		a.do("PATCH", "userqueries("+key+")", `{"fetchxml":"<fetch aggregate='true'><entity name='lead'/></fetch>"}`).wantError(400, "0x80040203", "fetch.invalid")
		a.do("PATCH", "userqueries("+key+")", `{"name":"Renamed"}`).want(204)
		a.do("GET", "accounts?userQuery="+key, "").wantError(400, "0x80040203", "odata.table_mismatch")
		a.do("GET", "leads?savedQuery="+id.New().String(), "").wantError(404, "0x80040217", "record.not_found")
		a.do("GET", "leads?savedQuery=x", "").wantError(400, "0x80060888", "odata.option")
	})
}
