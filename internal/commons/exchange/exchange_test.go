package exchange_test

import (
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func TestACaseGoesOutAndComesBack(t *testing.T) {
	t.Parallel()
	each(t, true, func(t *testing.T, e *env) {
		b, server := e.other(true)
		e.connect(server.URL, nil)
		deal, incident, link := e.deal(250_000)
		first := e.note(incident, "<p>Two <b>children</b> &amp; a dog</p>")
		doc := e.document(deal, "payslip.txt", "a payslip")
		e.until("decided", func() bool { return e.get("opportunity", deal)["app_underwriting"] == int64(1) && e.quiet(b) })
		if row := e.get("incident", incident); row.Int("app_status") != 3 || !strings.Contains(row.Text("app_reason"), "250000") || row.Int("casetypecode") != 3 || row.ID("app_dealid") != deal || row.ID("ownerid") != e.seller {
			t.Errorf("the case: %v", row)
		}
		there, err := b.Cases()
		if err != nil || len(there) != 1 {
			t.Fatal(err, there)
		}
		c := there[0]
		if c.Fields["applicant"] != "Customer Ltd" || c.Fields["priority"] != "normal" || c.OurStatus != "active" || c.Title != "Deal" {
			t.Errorf("there: %+v", c)
		}
		if len(c.Notes) != 2 || len(c.Documents) != 2 || c.Notes[0].ID != first.String() && c.Notes[1].ID != first.String() {
			t.Errorf("notes and documents there: %+v %+v", c.Notes, c.Documents)
		}
		notes := e.find("annotation", eq("objectid", incident))
		var theirs, letter record.Row
		for _, n := range notes {
			switch {
			case n.Text("filename") == "decision-letter.txt":
				letter = n
			case n.Text("rpt_outsideid") != "":
				theirs = n
			}
		}
		if len(notes) != 3 || !strings.Contains(theirs.Text("notetext"), "&lt;250000.00&gt; &amp; the") || letter.ID("documentbody") == id.Nil || theirs.ID("ownerid") != e.seller {
			t.Errorf("notes here: %v", notes)
		}
		if got := e.compared(link); got != "[]" {
			t.Errorf("both sides differ: %s", got)
		}
		// A change of ours goes there, has it decided again; what comes from there does not go back.
		sent := len(e.intents(link))
		e.update("opportunity", deal, record.Row{"app_amount": 2_000_000})
		e.until("declined", func() bool { return e.get("opportunity", deal)["app_underwriting"] == int64(3) && e.quiet(b) })
		if n := len(e.intents(link)); n != sent+1 {
			t.Errorf("%d changes were sent instead of one", n-sent)
		}
		e.update("annotation", doc, record.Row{"subject": "Payslip of May"})
		e.update("opportunity", deal, record.Row{"statecode": int64(2), "statuscode": int64(4)})
		e.until("closed", func() bool {
			all, err := b.Cases()
			return err == nil && all[0].Closed && all[0].OurStatus == "withdrawn" && e.quiet(b)
		})
		e.update("incident", incident, record.Row{"prioritycode": int64(1)})
		if n := len(e.find("rpt_exchangeintent", eq("statecode", int64(0)))); n != 0 {
			t.Errorf("%d changes wait after the end", n)
		}
		status := e.must("rpt_ExchangeStatus", e.counterpart, nil)
		if status["Breaker"] != "closed" || status["InForce"] != true || status["Dead"] == nil {
			t.Errorf("status: %v", status)
		}
		if s, err := b.State(); err != nil || s.Counts["repeated"] != 0 {
			t.Errorf("the other side saw %v, %v", s, err)
		}
	})
}

func TestAskingBringsTheSame(t *testing.T) {
	t.Parallel()
	each(t, true, func(t *testing.T, e *env) {
		b, server := e.other(false)
		e.connect(server.URL, record.Row{"rpt_poll": int64(1)})
		deal, _, link := e.deal(700_000)
		e.until("decided", func() bool { return e.get("opportunity", deal)["app_underwriting"] == int64(2) })
		e.until("all events applied", func() bool {
			c, err := b.Cases()
			return err == nil && e.get("rpt_exchangecase", link).Int("rpt_lastin") == c[0].Sequence && e.quiet(b)
		})
		if got := e.compared(link); got != "[]" {
			t.Errorf("both sides differ: %s", got)
		}
		for _, row := range e.find("rpt_exchangeevent", query.Const(true)) {
			if row.Text("rpt_way") != "asked" || row.Int("statecode") != 1 {
				t.Errorf("event: %v", row)
			}
		}
	})
}
