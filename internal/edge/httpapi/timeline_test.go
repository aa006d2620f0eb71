package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

type timelinePage struct {
	Items []struct {
		Kind, ID, Title, Text string
		At                    time.Time
		Actor                 struct {
			ID   id.ID
			Name string
		}
		Changes []struct {
			Column, Label string
			From, To      *string
		}
		Link *struct {
			Table string
			ID    id.ID
		}
	}
	Next string
}

func (b *browser) timeline(table string, key id.ID, query string, headers ...string) timelinePage {
	b.s.t.Helper()
	r := b.do("GET", "/api/ui/tables/"+table+"/"+key.String()+"/timeline?"+query, "", headers...).want(200)
	var out timelinePage
	if err := json.Unmarshal([]byte(r.body), &out); err != nil || out.Items == nil {
		b.s.t.Fatal(err, r.body)
	}
	return out
}

func text(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}

// createAs makes a row in the name of a user.
func (s *site) createAs(user id.ID, table string, row record.Row) (out record.Row) {
	s.t.Helper()
	ctx := access.With(s.t.Context(), access.Principal{Kind: access.User, ID: user})
	s.write(ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(ctx, table, row); return err })
	return out
}

func TestTimelineTellsWhatHappened(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		lead := s.createAs(s.nora, "lead", record.Row{"lastname": "Berg", "numberofemployees": 12000, "budgetamount": 1234.5, "donotemail": true, "rpt_extra": `{"page":"/x"}`}).ID("leadid")
		about := record.Row{"regardingobjectid": lead, "regardingobjectidtype": "lead", "subject": "Ring up", "description": "before noon"}
		s.clock.Advance(time.Minute)
		task := s.createAs(s.nora, "task", about).ID("activityid")
		s.clock.Advance(time.Minute)
		s.createAs(s.nora, "annotation", record.Row{"objectid": lead, "objectidtype": "lead", "notetext": "Was friendly."})
		s.clock.Advance(time.Minute)
		s.update(s.ada, "lead", lead, record.Row{"statuscode": 5, "estimatedclosedate": "2026-12-24T08:00:00Z"})
		s.clock.Advance(time.Minute)
		s.update(s.ada, "lead", lead, record.Row{"ownerid": s.ada, "owneridtype": "systemuser"})

		page := s.signedIn("ada").timeline("lead", lead, "")
		var got []string
		for _, i := range page.Items {
			line := i.At.Format("15:04") + " " + i.Kind + " " + i.Actor.Name + ": " + i.Title + " " + i.Text
			for _, c := range i.Changes {
				line += fmt.Sprintf(" [%s %s→%s]", c.Label, text(c.From), text(c.To))
			}
			got = append(got, line)
		}
		want := []string{
			"09:04 change Ada: assigned the record  [Owner Nora→Ada]",
			"09:03 change Ada: changed the status  [Status Reason New→Cannot Contact] [Est. Close Date -→2026-12-24 08:00] [Status Open→Disqualified]",
			"09:02 annotation Nora:  Was friendly.",
			"09:01 task Nora: Ring up before noon",
		}
		if len(got) != 5 || !slices.Equal(got[:4], want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		created := got[4]
		for _, part := range []string{"09:00 change Nora: created the record", "[Last Name -→Berg]", "-→12,000]", "-→1,234.50]", "-→Yes]", "[Owner -→Nora]"} {
			if !strings.Contains(created, part) {
				t.Errorf("the creation lacks %q: %s", part, created)
			}
		}
		if strings.Contains(created, "/x") || strings.Contains(created, lead.String()) {
			t.Errorf("the creation shows what no form shows: %s", created)
		}
		if l := page.Items[3].Link; l == nil || l.Table != "task" || l.ID != task || page.Next != "" {
			t.Errorf("link %v, next %q", l, page.Next)
		}
	})
}

func TestTimelineSpeaksGermanAndLocalTime(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		lead := s.createAs(s.ada, "lead", record.Row{"lastname": "Berg", "budgetamount": 1234567.5, "donotemail": false}).ID("leadid")
		task := s.createAs(s.ada, "task", record.Row{"subject": "x", "scheduledend": "2026-12-01T23:30:00Z"}).ID("activityid")
		s.update(s.ada, "systemuser", s.ada, record.Row{"rpt_timezone": "Europe/Berlin", "rpt_language": "de"})
		ada := s.signedIn("ada")
		r := ada.do("GET", "/api/ui/tables/lead/"+lead.String()+"/timeline", "").want(200)
		for _, want := range []string{`"hat den Datensatz angelegt"`, `"1.234.567,50"`, `"Nein"`, `"Besitzer"`} {
			if !strings.Contains(r.body, want) {
				t.Errorf("lacks %s: %s", want, r.body)
			}
		}
		if r := ada.do("GET", "/api/ui/tables/task/"+task.String()+"/timeline", "").want(200); !strings.Contains(r.body, `"02.12.2026 00:30"`) {
			t.Errorf("due in the local time: %s", r.body)
		}
	})
}

func TestTimelineShowsFlowRuns(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		lead := s.createAs(s.nora, "lead", record.Row{"lastname": "Berg"}).ID("leadid")
		s.clock.Advance(time.Second)
		run := s.must("rpt_flowrun", record.Row{"rpt_name": "Lead upsert", "rpt_status": 2, "rpt_regarding": lead}).ID("rpt_flowrunid")
		s.must("rpt_flowrun", record.Row{"rpt_name": "Another", "rpt_status": 1, "rpt_regarding": id.New()})
		page := s.signedIn("ada").timeline("lead", lead, "")
		if len(page.Items) != 2 {
			t.Fatalf("%+v", page.Items)
		}
		if i := page.Items[0]; i.Kind != "flowrun" || i.Title != "Lead upsert: Failed" || i.Link == nil || i.Link.Table != "rpt_flowrun" || i.Link.ID != run || i.Actor.Name != "SYSTEM" {
			t.Errorf("%+v", i)
		}
		// Runs belong to the organisation, and nora has no privilege on them.
		if page := s.signedIn("nora").timeline("lead", lead, ""); len(page.Items) != 1 || page.Items[0].Kind != "change" {
			t.Errorf("nora sees %+v", page.Items)
		}
	})
}

// Pages of any size together are the whole, each entry once and in order, also
// while new entries arrive at the top.
func TestTimelinePaging(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		lead := s.createAs(s.ada, "lead", record.Row{"lastname": "Berg"}).ID("leadid")
		for i := range 12 {
			if i%3 != 0 { // several at the same instant
				s.clock.Advance(time.Second)
			}
			s.update(s.ada, "lead", lead, record.Row{"firstname": fmt.Sprint(i)})
			s.createAs(s.ada, "task", record.Row{"subject": fmt.Sprint("task ", i), "regardingobjectid": lead, "regardingobjectidtype": "lead"})
			if i%2 == 0 {
				s.createAs(s.ada, "annotation", record.Row{"subject": fmt.Sprint("note ", i), "objectid": lead, "objectidtype": "lead"})
			}
		}
		ada := s.signedIn("ada")
		whole := ada.timeline("lead", lead, "top=200")
		if len(whole.Items) != 1+12+12+6 || whole.Next != "" {
			t.Fatalf("%d entries, next %q", len(whole.Items), whole.Next)
		}
		for _, top := range []int{1, 2, 7, 30, 31, 32} {
			var got []string
			next := ""
			for range 40 {
				page := ada.timeline("lead", lead, fmt.Sprintf("top=%d&before=%s", top, url.QueryEscape(next)))
				for _, i := range page.Items {
					got = append(got, i.Kind+i.ID)
				}
				if next = page.Next; next == "" {
					break
				}
				if len(page.Items) != top {
					t.Fatalf("top %d: a page of %d", top, len(page.Items))
				}
			}
			for i, want := range whole.Items {
				if i >= len(got) || got[i] != want.Kind+want.ID {
					t.Fatalf("top %d: entry %d is wrong; %d entries", top, i, len(got))
				}
			}
			if len(got) != len(whole.Items) {
				t.Fatalf("top %d: %d entries, want %d", top, len(got), len(whole.Items))
			}
		}
		first := ada.timeline("lead", lead, "top=10")
		s.clock.Advance(time.Second)
		s.update(s.ada, "lead", lead, record.Row{"firstname": "late"})
		s.createAs(s.ada, "annotation", record.Row{"subject": "late", "objectid": lead, "objectidtype": "lead"})
		if second := ada.timeline("lead", lead, "top=10&before="+first.Next); second.Items[0].ID != whole.Items[10].ID || second.Items[9].ID != whole.Items[19].ID {
			t.Error("what arrived meanwhile moved the second page")
		}
	})
}

func TestTimelineObeysRights(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		secret := s.createAs(s.ada, "lead", record.Row{"lastname": "Secret"}).ID("leadid")
		mine := s.createAs(s.nora, "lead", record.Row{"lastname": "Mine"}).ID("leadid")
		s.createAs(s.ada, "annotation", record.Row{"notetext": "ada's own words", "objectid": mine, "objectidtype": "lead"})
		s.createAs(s.ada, "task", record.Row{"subject": "ada's own task", "regardingobjectid": mine, "regardingobjectidtype": "lead"})
		nora := s.signedIn("nora")
		s.browser().do("GET", "/api/ui/tables/lead/"+mine.String()+"/timeline", "").want(401)
		nora.do("GET", "/api/ui/tables/lead/"+secret.String()+"/timeline", "").wantCode(404, "record.not_found")
		nora.do("GET", "/api/ui/tables/lead/"+id.New().String()+"/timeline", "").wantCode(404, "record.not_found")
		if page := nora.timeline("lead", mine, ""); len(page.Items) != 1 || page.Items[0].Title != "created the record" {
			t.Errorf("nora sees %+v", page.Items)
		}
		if page := s.signedIn("ada").timeline("lead", mine, ""); len(page.Items) != 3 {
			t.Errorf("ada sees %d entries", len(page.Items))
		}
	})
}

func TestTimelineRefusesNonsense(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		lead := s.createAs(s.ada, "lead", record.Row{"lastname": "Berg"}).ID("leadid").String()
		ada := s.signedIn("ada")
		for path, want := range map[string]int{
			"lead/" + lead + "/timeline?top=0": 400, "lead/" + lead + "/timeline?top=201": 400, "lead/" + lead + "/timeline?top=x": 400,
			"lead/" + lead + "/timeline?before=%25": 400, "lead/" + lead + "/timeline?before=e30x": 400, "lead/" + lead + "/timeline?before=" + strings.Repeat("A", 9000): 400,
			"lead/x/timeline": 400, "nosuch/" + lead + "/timeline": 404, "account/" + lead + "/timeline": 404,
		} {
			if r := ada.do("GET", "/api/ui/tables/"+path, ""); r.status != want {
				t.Errorf("%.60s: %d %s", path, r.status, r.body)
			}
		}
	})
}
