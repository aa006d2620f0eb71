package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/platform/record"
)

// uiTable is the interface's type (web/src/api/types.ts).
type uiTable struct {
	LogicalName, EntitySet, Label, PluralLabel, PrimaryID, PrimaryName string
	Privileges                                                         map[string]bool
	Columns                                                            []struct {
		Name, Type, Label              string
		Required, ReadOnly, Searchable bool
		Sortable                       bool
		MaxLength                      int
		Precision                      *int
		Targets                        []string
		Options                        []struct {
			Value int64
			Label string
			State *int64
		}
	}
	Views []struct {
		ID, Name, Filter, OrderBy string
		Default                   bool
		Columns                   []struct{ Name string }
	}
	Forms []struct {
		Name   string
		Header []string
		Tabs   []struct {
			Label    string
			Sections []struct {
				Label   string
				Columns []string
			}
		}
	}
}

func (b *browser) table(name string, headers ...string) uiTable {
	b.s.t.Helper()
	r := b.do("GET", "/api/ui/tables/"+name, "", headers...).want(200)
	var out uiTable
	if err := json.Unmarshal([]byte(r.body), &out); err != nil {
		b.s.t.Fatal(err)
	}
	return out
}

func TestTablesOfThePerson(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.browser().do("GET", "/api/ui/tables", "").want(401)
		s.browser().do("GET", "/api/ui/tables/lead", "").want(401)
		ada, nora := s.signedIn("ada"), s.signedIn("nora")
		if r := ada.do("GET", "/api/ui/tables", "").want(200); strings.Count(r.body, `"logicalname"`) != len(s.catalog.Names()) ||
			!strings.Contains(r.body, `{"logicalname":"lead","entityset":"leads","label":"Lead","pluralLabel":"Leads"}`) {
			t.Errorf("ada's tables: %s", r.body)
		}
		if r := nora.do("GET", "/api/ui/tables", "").want(200); strings.Contains(r.body, `"systemuser"`) || !strings.Contains(r.body, `"lead"`) {
			t.Errorf("nora's tables: %s", r.body)
		}
		nora.do("GET", "/api/ui/tables/systemuser", "").wantCode(403, "access.privilege")
		ada.do("GET", "/api/ui/tables/nosuch", "").wantCode(404, "ui.table")

		lead := nora.table("lead")
		for right, want := range map[string]bool{"create": true, "read": true, "write": true, "delete": true, "assign": true} {
			if lead.Privileges[right] != want {
				t.Errorf("%s is %v", right, lead.Privileges[right])
			}
		}
		if p := ada.table("activitypointer").Privileges; p["create"] || p["write"] || p["delete"] || p["assign"] || !p["read"] {
			t.Errorf("a table that the platform alone writes: %v", p)
		}
		if p := ada.table("systemuser").Privileges; !p["write"] || p["assign"] {
			t.Errorf("a table without owners: %v", p)
		}
	})
}

func TestTableDescription(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		lead := s.signedIn("ada").table("lead")
		seen := map[string]bool{}
		for _, c := range lead.Columns {
			seen[c.Name] = true
			switch c.Name {
			case "leadid":
				if c.Type != "id" || !c.ReadOnly || c.Sortable {
					t.Errorf("%+v", c)
				}
			case "ownerid":
				if !c.Required || strings.Join(c.Targets, " ") != "systemuser team" || c.Sortable {
					t.Errorf("%+v", c)
				}
			case "rpt_propensity":
				if c.Precision == nil || *c.Precision != 4 || !c.ReadOnly || !c.Sortable {
					t.Errorf("%+v", c)
				}
			case "budgetamount":
				if c.Precision == nil || *c.Precision != 2 {
					t.Errorf("%+v", c)
				}
			case "rpt_context", "description":
				if c.Sortable {
					t.Errorf("%s can't be sorted by", c.Name)
				}
			case "statuscode":
				for _, o := range c.Options {
					if o.State == nil || o.Value == 3 && *o.State != 1 || o.Value > 3 && *o.State != 2 {
						t.Errorf("reason %d belongs to state %v", o.Value, o.State)
					}
				}
			}
		}
		if lead.PrimaryID != "leadid" || lead.PrimaryName != "fullname" || !seen["createdon"] || len(lead.Forms) != 1 || lead.Views[0].ID != "open" || !lead.Views[0].Default || lead.Views[0].Filter != "statecode eq 0" {
			t.Errorf("lead is %+v", lead)
		}
	})
}

// What a text column says of its length is what the store takes.
func TestTableLengthsAreTheStores(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		ada, checked := s.signedIn("ada"), 0
		for _, name := range s.catalog.Names() {
			table, _ := s.catalog.Table(name)
			for _, described := range ada.table(name).Columns {
				c, _ := table.Column(described.Name)
				if c.TypeName != "text" && c.TypeName != "memo" {
					if described.MaxLength != 0 {
						t.Errorf("%s.%s has a length", name, c.Name)
					}
					continue
				}
				checked++
				if _, err := c.Coerce(strings.Repeat("ß", described.MaxLength)); err != nil {
					t.Errorf("%s.%s: %v", name, c.Name, err)
				}
				if _, err := c.Coerce(strings.Repeat("ß", described.MaxLength+1)); err == nil {
					t.Errorf("%s.%s takes more than %d", name, c.Name, described.MaxLength)
				}
			}
		}
		if checked < 100 {
			t.Errorf("only %d columns checked", checked)
		}
	})
}

func TestTableLanguages(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		ada := s.signedIn("ada")
		label := func(accept string) string { return ada.table("task", "Accept-Language: "+accept).Label }
		for accept, want := range map[string]string{"": "Task", "de-AT,en;q=0.8": "Aufgabe", "fr-FR, de;q=0.5": "Aufgabe", "fr": "Task", "en-GB,de": "Task", ";;q=x, @": "Task"} {
			if got := label(accept); got != want {
				t.Errorf("Accept-Language %q gives %q, want %q", accept, got, want)
			}
		}
		s.update(s.ada, "systemuser", s.ada, record.Row{"rpt_language": "de-DE"})
		if got := label(""); got != "Aufgabe" {
			t.Errorf("by the person's settings: %q", got)
		}
		if got := label("en"); got != "Task" {
			t.Errorf("what the request asks for comes first: %q", got)
		}
	})
}

func TestTablesCarryETags(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		ada := s.signedIn("ada")
		for _, path := range []string{"/api/ui/tables", "/api/ui/tables/lead"} {
			first := ada.do("GET", path, "", "Accept-Language: en").want(200)
			tag := first.header.Get("ETag")
			if again := ada.do("GET", path, "", "Accept-Language: en", "If-None-Match: "+tag); again.status != 304 || again.body != "" {
				t.Errorf("%s: %d", path, again.status)
			}
			if german := ada.do("GET", path, "", "Accept-Language: de", "If-None-Match: "+tag).want(200); german.header.Get("ETag") == tag {
				t.Errorf("%s: the same tag for another language", path)
			}
			if v := first.header.Get("Vary"); !strings.Contains(v, "Accept-Language") || !strings.Contains(v, "Cookie") {
				t.Errorf("%s varies by %q", path, v)
			}
		}
	})
}
