package httpapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// delta follows a link to its end and shows what it gives.
func delta(a *api, user id.ID, link, prefer string) (shown []string, next string) {
	a.t.Helper()
	for range 20 {
		r := a.as(user, "GET", link, "", prefer).want(200)
		for _, x := range r.json["value"].([]any) {
			row := x.(map[string]any)
			if context, ok := row["@odata.context"].(string); ok && strings.HasSuffix(context, "#leads/$deletedEntity") {
				shown = append(shown, fmt.Sprint(row["reason"]))
				continue
			}
			shown = append(shown, fmt.Sprint(row["lastname"]))
		}
		if next, ok := r.json["@odata.deltaLink"].(string); ok {
			return shown, next
		}
		link = r.json["@odata.nextLink"].(string)
	}
	a.t.Fatal("no end")
	return nil, ""
}

func TestChangeTracking(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		leads(a, 5, nil)
		keys := strings.Fields(a.do("GET", "leads?$select=leadid&$orderby=lastname", "").column("leadid"))
		const track = "Prefer: odata.track-changes,odata.maxpagesize=2"
		first := a.do("GET", "leads?$select=lastname", "", track).want(200)
		if !strings.Contains(first.header.Get("Preference-Applied"), "odata.track-changes") {
			t.Errorf("%v", first.header)
		}
		// What changes while the first reading goes on comes again with the link.
		a.do("PATCH", "leads("+keys[0]+")", `{"lastname":"L01b"}`).want(204)
		rest, link := delta(a, a.admin, first.json["@odata.nextLink"].(string), track)
		if len(rest) != 3 {
			t.Errorf("got %v", rest)
		}
		a.do("DELETE", "leads("+keys[1]+")", "").want(204)
		a.do("PATCH", "leads("+keys[2]+")", `{"firstname":"x"}`).want(204)
		a.do("POST", "leads", `{"lastname":"new"}`).want(204)
		made := a.do("POST", "leads", `{"lastname":"short-lived"}`).key()
		a.do("DELETE", "leads("+made+")", "").want(204)
		a.do("POST", "accounts", `{"name":"other table"}`).want(204)
		got, later := delta(a, a.admin, link, "Prefer: odata.maxpagesize=2")
		if want := "L01b deleted L03 new"; strings.Join(got, " ") != want {
			t.Errorf("got %v, want %s", got, want)
		}
		if token, err := url.QueryUnescape(link[strings.Index(link, "$deltatoken=")+12:]); err != nil || !strings.Contains(token, "!11/22/2026 09:00:00") {
			t.Errorf("token %s %v", token, err)
		}
		if n := a.do("GET", "leads/$count?$deltatoken="+link[strings.Index(link, "$deltatoken=")+12:], "").want(200); n.body != "4" {
			t.Errorf("count %s", n.body)
		}
		if got, _ := delta(a, a.admin, later, "Accept: application/json"); len(got) != 0 {
			t.Errorf("again: %v", got)
		}
		for path, code := range map[string]string{
			"leads?$deltatoken=x": "odata.deltatoken", "leads?$deltatoken=99999999!x": "odata.deltatoken", "leads?$deltatoken=-1": "odata.deltatoken",
			"leads?$deltatoken=1!x&$filter=true": "odata.delta_options", "leads?$deltatoken=1!x&$orderby=lastname": "odata.delta_options", "leads?$deltatoken=1!x&$skiptoken=x": "odata.deltatoken",
		} {
			a.do("GET", path, "").wantError(400, "0x80040203", code)
		}
		a.do("GET", "leads?$top=5", "", track).wantError(400, "0x80040203", "odata.delta_options")
	})
}

func TestChangeTrackingUnderAccessControl(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, a *api) {
		bob := a.user("bob", map[string]access.Depth{"lead": access.Basic})
		make := func(name string, owner id.ID) string {
			return a.must("lead", record.Row{"lastname": name, "ownerid": owner, "owneridtype": "systemuser"}).ID("leadid").String()
		}
		mine, moving, coming, hidden, going := make("mine", bob), make("moving", bob), make("coming", a.admin), make("hidden", a.admin), make("going", bob)
		first, link := delta(a, bob, "leads?$select=lastname", "Prefer: odata.track-changes")
		if len(first) != 3 {
			t.Fatalf("got %v", first)
		}
		bind := func(user id.ID) string { return `{"ownerid@odata.bind":"/systemusers(` + user.String() + `)"}` }
		a.do("PATCH", "leads("+mine+")", `{"lastname":"mine2"}`).want(204)
		a.do("PATCH", "leads("+moving+")", `{"firstname":"x"}`).want(204)
		a.do("PATCH", "leads("+moving+")", bind(a.admin)).want(204)
		a.do("PATCH", "leads("+coming+")", bind(bob)).want(204)
		a.do("PATCH", "leads("+hidden+")", `{"firstname":"x"}`).want(204)
		a.do("DELETE", "leads("+hidden+")", "").want(204)
		a.do("DELETE", "leads("+going+")", "").want(204)
		got, _ := delta(a, bob, link, "Accept: application/json")
		if want := "mine2 coming changed deleted"; strings.Join(got, " ") != want {
			t.Errorf("got %v, want %s", got, want)
		}
		nobody := a.user("nobody", map[string]access.Depth{"account": access.Global})
		a.as(nobody, "GET", link, "").wantError(403, "0x80040220", "access.privilege")
	})
}
