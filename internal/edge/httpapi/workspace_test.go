package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/workspace"
)

const navigation = `[{"label": {"en": "Sales", "de": "Vertrieb"}, "items": [{"table": "lead"}, {"table": "rpt_nosuch"}, {"table": "systemuser"}, {"page": "scoring", "needs": "systemuser", "label": {"en": "Model"}}]}]`

func TestSessionKnowsPreferences(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		nora, otto := s.signedIn("nora"), s.signedIn("otto")
		nora.do("PATCH", "/api/ui/preferences", `{"timeZone": "Pacific/Kiritimati", "settings": {"density": "compact"}}`).want(200)
		const want = `"preferences":{"settings":{"density":"compact"},"timeZone":"Pacific/Kiritimati"}`
		if body := nora.do("GET", "/api/auth/session", "").want(200).body; !strings.Contains(body, want) {
			t.Errorf("nora's session: %s", body)
		}
		if body := s.browser().do("POST", "/api/auth/signin", `{"username":"nora","password":"`+password+`"}`).want(200).body; !strings.Contains(body, want) {
			t.Errorf("signed in anew: %s", body)
		}
		if body := otto.do("GET", "/api/auth/session", "").want(200).body; !strings.Contains(body, `"preferences":{}`) {
			t.Errorf("otto has chosen nothing: %s", body)
		}
	})
}

func TestAppsByRoleAndRights(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.store.AddHook(workspace.Check())
		ada, nora, otto := s.signedIn("ada"), s.signedIn("nora"), s.signedIn("otto")
		s.browser().do("GET", "/api/ui/apps", "").want(401)
		if body := ada.do("GET", "/api/ui/apps", "").want(200).body; strings.TrimSpace(body) != "[]" {
			t.Fatal("apps before there are any:", body)
		}
		sales := s.must("appmodule", record.Row{"name": "Sales", "uniquename": "sales", "rpt_label": `{"en": "Sales", "de": "Vertrieb"}`, "rpt_navigation": navigation})
		rest := s.must("appmodule", record.Row{"name": "Rest", "uniquename": "rest", "rpt_navigation": strings.ReplaceAll(navigation, `{"table": "lead"}, `, "")})
		seller := s.must("role", record.Row{"name": "App users"})
		s.must("appmoduleroles", record.Row{"appmoduleid": sales.ID("appmoduleid"), "roleid": seller.ID("roleid")})

		names := func(b *browser, headers ...string) string {
			var apps []struct {
				Name, Label string
				Groups      []struct {
					Label string
					Items []struct{ Table, Page, Label string }
				}
			}
			if err := json.Unmarshal([]byte(b.do("GET", "/api/ui/apps", "", headers...).want(200).body), &apps); err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, a := range apps {
				for _, g := range a.Groups {
					for _, i := range g.Items {
						out = append(out, a.Label+"/"+g.Label+"/"+i.Table+i.Page)
					}
				}
			}
			return strings.Join(out, " ")
		}
		if got := names(nora, "Accept-Language: de"); got != "" {
			t.Errorf("nora has no role of the one app and may read nothing of the other: %s", got)
		}
		s.must("systemuserroles", record.Row{"systemuserid": s.nora, "roleid": seller.ID("roleid")})
		s.reload()
		if got := names(nora, "Accept-Language: de"); got != "Vertrieb/Vertrieb/lead" {
			t.Errorf("nora: %s", got)
		}
		if got := names(ada, "Accept-Language: en"); got != "Rest/Sales/systemuser Rest/Sales/scoring" {
			t.Errorf("ada is of no role that the first is for: %s", got)
		}
		if got := names(otto); got != "" {
			t.Errorf("otto: %s", got)
		}
		s.update(s.ada, "appmodule", rest.ID("appmoduleid"), record.Row{"statecode": int64(1)})
		if got := names(ada); got != "" {
			t.Errorf("an inactive app: %s", got)
		}
	})
}

func TestNavigationIsChecked(t *testing.T) {
	t.Parallel()
	for want, row := range map[string]record.Row{
		"1 to 30 groups":                 {"rpt_navigation": json.RawMessage(`[]`)},
		"no list of groups":              {"rpt_navigation": json.RawMessage(`{"x": 1}`)},
		"1 to 200 items":                 {"rpt_navigation": json.RawMessage(`[{"label": {"en": "A"}, "items": []}]`)},
		"one of table, page and":         {"rpt_navigation": json.RawMessage(`[{"label": {"en": "A"}, "items": [{"table": "lead", "page": "x"}]}]`)},
		"no path of the interface":       {"rpt_navigation": json.RawMessage(`[{"label": {"en": "A"}, "items": [{"page": "https://elsewhere", "label": {"en": "x"}}]}]`)},
		`no dashboard "x"`:               {"rpt_navigation": json.RawMessage(`[{"label": {"en": "A"}, "items": [{"dashboard": "x"}]}]`)},
		"lacks a name, label.en or 1 to": {"rpt_navigation": json.RawMessage(navigation), "rpt_dashboards": json.RawMessage(`[{"name": "x", "label": {"en": "X"}, "charts": []}]`)},
		"the label is no object":         {"rpt_navigation": json.RawMessage(navigation), "rpt_label": json.RawMessage(`["x"]`)},
	} {
		if err := workspace.CheckApp(row); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v is not refused with %q", err, want)
		}
	}
	if err := workspace.CheckApp(record.Row{"rpt_navigation": json.RawMessage(navigation)}); err != nil {
		t.Error(err)
	}
}

func TestPreferencesAreOnesOwn(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.browser().do("GET", "/api/ui/preferences", "").want(401)
		nora, otto := s.signedIn("nora"), s.signedIn("otto")
		if body := nora.do("GET", "/api/ui/preferences", "").want(200).body; strings.TrimSpace(body) != "{}" {
			t.Fatal(body)
		}
		nora.do("PATCH", "/api/ui/preferences", `{"density": "compact", "pinned": [1]}`).want(200)
		nora.do("PATCH", "/api/ui/preferences", `{"pinned": null, "timeZone": "Europe/Zurich"}`).want(200)
		if body := nora.do("GET", "/api/ui/preferences", "").want(200).body; strings.TrimSpace(body) != `{"density":"compact","timeZone":"Europe/Zurich"}` {
			t.Errorf("kept: %s", body)
		}
		ctx := access.AsSystem(t.Context(), "test")
		if row, err := s.store.Get(ctx, "systemuser", s.nora, []string{"rpt_timezone"}, nil); err != nil || row.Text("rpt_timezone") != "Europe/Zurich" {
			t.Errorf("the person's own row has the zone, too: %v %v", row, err)
		}
		if body := otto.do("GET", "/api/ui/preferences", "").want(200).body; strings.TrimSpace(body) != "{}" {
			t.Errorf("another's: %s", body)
		}
		for body, code := range map[string]string{`[1]`: "ui.preferences", `{"a b": 1}`: "workspace.setting", `{"timeZone": "Mars/Base"}`: "workspace.timeZone", `{"timeZone": 3}`: "workspace.timeZone"} {
			nora.do("PATCH", "/api/ui/preferences", body).wantCode(400, code)
		}
		nora.do("PATCH", "/api/ui/preferences", `{"big": "`+strings.Repeat("x", 65500)+`"}`).wantCode(400, "workspace.settings")
		nora.do("PATCH", "/api/ui/preferences", `{"big": "`+strings.Repeat("x", 66000)+`"}`).wantCode(413, "ui.preferences")
	})
}

func TestMutedMessagesAreReadAlready(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.store.AddHook((&workspace.Preferences{Store: s.store}).Mute(clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))))
		s.signedIn("nora").do("PATCH", "/api/ui/preferences", `{"muted": ["score"]}`).want(200)
		ctx := access.AsSystem(t.Context(), "test")
		for kind, quiet := range map[string]bool{"score": true, "mention": false, "": false} {
			var made record.Row
			err := s.store.Write(ctx, func(tx *record.Tx) (err error) {
				made, err = tx.Create(ctx, "appnotification", record.Row{"title": "Hello", "rpt_kind": kind, "ownerid": s.nora, "owneridtype": "systemuser"})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := made["rpt_readon"] != nil; got != quiet {
				t.Errorf("a message of the kind %q is read: %v", kind, got)
			}
		}
	})
}

func TestWhoElseIsLooking(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.startTailer()
		lead := s.createAs(s.nora, "lead", record.Row{"lastname": "Berg"}).ID("leadid").String()
		nora := s.signedIn("nora").listen("task&viewing=lead/" + lead)
		// The first to look is told that nobody else does.
		if got := nora.moving(); got != `presence {"table":"lead","id":"`+lead+`","people":[]}` {
			t.Fatal(got)
		}
		ada := s.signedIn("ada").listen("task&viewing=lead/" + lead)
		if got := ada.moving(); got != `presence {"table":"lead","id":"`+lead+`","people":[{"id":"`+s.nora.String()+`","name":"Nora"}]}` {
			t.Fatal(got)
		}
		if got := nora.moving(); !strings.Contains(got, `"name":"Ada"`) {
			t.Fatal(got)
		}
		// Who may not read the record is not told, nor named.
		otto := s.signedIn("otto").listen("lead&viewing=lead/" + lead)
		defer otto.close()
		ada.close()
		if got := nora.moving(); !strings.HasSuffix(got, `"people":[]}`) {
			t.Fatal(got)
		}
	})
}

func TestTimelineIsNarrowed(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		lead := s.createAs(s.nora, "lead", record.Row{"lastname": "Berg"}).ID("leadid")
		s.createAs(s.nora, "task", record.Row{"regardingobjectid": lead, "regardingobjectidtype": "lead", "subject": "Ring up about the boat"})
		s.createAs(s.nora, "annotation", record.Row{"objectid": lead, "objectidtype": "lead", "notetext": "<p>Likes <strong>boats</strong></p>", "rpt_pinned": true})
		nora := s.signedIn("nora")
		kinds := func(query string) string {
			var out []string
			for _, i := range nora.timeline("lead", lead, query).Items {
				out = append(out, i.Kind)
			}
			return strings.Join(out, ",")
		}
		for query, want := range map[string]string{"kinds=note": "annotation", "kinds=activity": "task", "kinds=change": "change", "kinds=flow": "", "q=BOAT&kinds=activity": "task", "q=nothing": ""} {
			if got := kinds(query); got != want {
				t.Errorf("%s: %s", query, got)
			}
		}
		path := "/api/ui/tables/lead/" + lead.String() + "/timeline?"
		nora.do("GET", path+"kinds=nonsense", "").wantCode(400, "timeline.kinds")
		nora.do("GET", path+"q="+strings.Repeat("x", 300), "").wantCode(400, "timeline.q")
		if body := nora.do("GET", path+"kinds=note", "").want(200).body; !strings.Contains(body, `"pinned":true`) {
			t.Error(body)
		}
	})
}

func TestWhatBelongsToARow(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		related := func(b *browser, table string) string {
			var out struct {
				Related []struct{ Nav, Table, Column, Inverse string }
			}
			if err := json.Unmarshal([]byte(b.do("GET", "/api/ui/tables/"+table, "").want(200).body), &out); err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, r := range out.Related {
				all = append(all, r.Nav+">"+r.Table+"."+r.Column+r.Inverse)
			}
			return " " + strings.Join(all, " ") + " "
		}
		account := related(s.signedIn("ada"), "account")
		for _, want := range []string{" contact_customer_accounts>contact.parentcustomerid ", ">opportunity.", " accountleads_association>lead.accountleads_association "} {
			if !strings.Contains(account, want) {
				t.Errorf("%s is not among %s", want, account)
			}
		}
		for _, not := range []string{">annotation.", "createdby", ">task."} {
			if strings.Contains(account, not) {
				t.Errorf("%s is among %s", not, account)
			}
		}
		if got := related(s.signedIn("nora"), "account"); strings.Contains(got, ">competitor.") && !strings.Contains(account, ">competitor.") {
			t.Error(got)
		}
	})
}
