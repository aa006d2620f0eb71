package exchange_test

import (
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/examples/loanbackend/backend"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func (e *env) remove(key id.ID) {
	e.t.Helper()
	if err := e.store.Write(e.ctx, func(tx *record.Tx) error { return tx.Delete(e.ctx, "annotation", key, record.Match{}) }); err != nil {
		e.t.Fatal(err)
	}
}

// isHere tells whether a note is here.
func (e *env) isHere(key id.ID) bool {
	e.t.Helper()
	_, err := e.store.Get(e.ctx, "annotation", key, []string{"annotationid"}, nil)
	if err != nil && !errs.Has(err, errs.NotFound) {
		e.t.Fatal(err)
	}
	return err == nil
}

// isThere tells whether the only case there has a note or document.
func (e *env) isThere(b *backend.Backend, given string) bool {
	e.t.Helper()
	c := e.only(b)
	for _, n := range c.Notes {
		if n.ID == given {
			return true
		}
	}
	for _, d := range c.Documents {
		if d.ID == given {
			return true
		}
	}
	return false
}

func (e *env) only(b *backend.Backend) backend.Case {
	e.t.Helper()
	all, err := b.Cases()
	if err != nil || len(all) != 1 {
		e.t.Fatalf("%d cases there, %v", len(all), err)
	}
	return all[0]
}

// theirs gives a note and a document of the counterpart, and what they are called there.
func (e *env) theirs(incident id.ID) (note, letter id.ID, noteThere, letterThere string) {
	e.t.Helper()
	for _, row := range e.find("annotation", eq("objectid", incident)) {
		switch given := row.Text("rpt_outsideid"); {
		case given == "":
		case row.ID("documentbody") == id.Nil:
			note, noteThere = row.ID("annotationid"), given
		default:
			letter, letterThere = row.ID("annotationid"), given
		}
	}
	if note == id.Nil || letter == id.Nil {
		e.t.Fatal("the counterpart's note and letter are not here")
	}
	return note, letter, noteThere, letterThere
}

func TestWhatIsRemovedHereIsRemovedThere(t *testing.T) {
	t.Parallel()
	each(t, true, func(t *testing.T, e *env) {
		b, server := e.other(true)
		e.connect(server.URL, nil)
		deal, incident, link := e.deal(250_000)
		note, doc := e.note(incident, "a note"), e.document(deal, "payslip.txt", "a payslip")
		e.until("decided", func() bool { return e.get("opportunity", deal)["app_underwriting"] == int64(1) && e.quiet(b) })
		heard := e.get("rpt_exchangecase", link).Int("rpt_lastin")
		theirs, letter, theirsThere, letterThere := e.theirs(incident)
		for _, key := range []id.ID{note, doc, theirs, letter} {
			e.remove(key)
		}
		e.until("removed there", func() bool { return e.quiet(b) })
		if c := e.only(b); len(c.Notes) != 0 || len(c.Documents) != 0 {
			t.Errorf("there: %v %v", c.Notes, c.Documents)
		}
		if n := e.get("rpt_exchangecase", link).Int("rpt_lastin"); n != heard {
			t.Errorf("%d events came back", n-heard)
		}
		if got := e.compared(link); got != "[]" {
			t.Errorf("both sides differ: %s", got)
		}
		// What the counterpart still has to say of these comes too late.
		e.hear(event("note", incident, int(heard)+1, map[string]any{"note": map[string]any{"id": theirsThere, "text": "again"}}))
		e.hear(event("note-removed", incident, int(heard)+2, map[string]any{"removed": theirsThere}))
		e.hear(event("document-removed", incident, int(heard)+3, map[string]any{"removed": letterThere}))
		e.hear(event("note-removed", incident, int(heard)+4, map[string]any{"removed": note.String()}))
		e.until("heard", func() bool { return e.get("rpt_exchangecase", link).Int("rpt_lastin") == heard+4 })
		if e.isHere(theirs) {
			t.Error("a note that was removed here came back")
		}
		if bad := e.find("rpt_exchangeevent", eq("statecode", int64(2))); len(bad) != 0 {
			t.Errorf("in quarantine: %v", bad)
		}
		// What is taken out of the recycle bin is there again, too.
		for _, key := range []id.ID{note, theirs} {
			if err := e.store.Write(e.ctx, func(tx *record.Tx) error {
				_, err := tx.Restore(e.ctx, "annotation", key, false)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		e.until("restored there", func() bool { return e.quiet(b) && e.isThere(b, note.String()) && e.isThere(b, theirsThere) })
		// A note that moves to another record leaves the case.
		e.update("annotation", note, record.Row{"objectid": e.customer, "objectidtype": "account"})
		e.until("moved away", func() bool { return e.quiet(b) && !e.isThere(b, note.String()) })
		if !e.isHere(note) {
			t.Error("the note that moved is gone")
		}
	})
}

func TestWhatIsRemovedThereIsRemovedHereIfItIsTheirs(t *testing.T) {
	t.Parallel()
	each(t, true, func(t *testing.T, e *env) {
		b, server := e.other(true)
		e.connect(server.URL, nil)
		deal, incident, link := e.deal(250_000)
		mine := e.note(incident, "ours")
		e.until("decided", func() bool { return e.get("opportunity", deal)["app_underwriting"] == int64(1) && e.quiet(b) })
		note, letter, noteThere, letterThere := e.theirs(incident)
		sent := len(e.intents(link))
		for _, given := range []string{noteThere, letterThere} {
			if err := b.Remove(e.ctx, incident.String(), given); err != nil {
				t.Fatal(err)
			}
		}
		e.until("removed here", func() bool { return e.quiet(b) && !e.isHere(note) && !e.isHere(letter) })
		if n := len(e.intents(link)); n != sent {
			t.Errorf("%d changes went back", n-sent)
		}
		if got := e.compared(link); got != "[]" {
			t.Errorf("both sides differ: %s", got)
		}
		// A mended or repeated event of before does not bring it back.
		e.hear(event("note", incident, int(e.get("rpt_exchangecase", link).Int("rpt_lastin")), map[string]any{"note": map[string]any{"id": noteThere, "text": "late"}}))
		// What we wrote stays, and a person is told.
		if err := b.Remove(e.ctx, incident.String(), mine.String()); err != nil {
			t.Fatal(err)
		}
		e.until("put aside", func() bool { return len(e.find("rpt_exchangeevent", eq("statecode", int64(2)))) == 1 && e.quiet(b) })
		if !e.isHere(mine) || e.isHere(note) {
			t.Errorf("ours is here: %t, theirs: %t", e.isHere(mine), e.isHere(note))
		}
		if row := e.find("rpt_exchangeevent", eq("statecode", int64(2)))[0]; !strings.Contains(row.Text("rpt_reason"), "written here") {
			t.Errorf("put aside with %q", row.Text("rpt_reason"))
		}
		if told := e.find("appnotification", eq("ownerid", e.seller)); len(told) != 1 {
			t.Errorf("%d were told", len(told))
		}
		part := "@note:" + mine.String()
		if got := e.compared(link); !strings.Contains(got, part) {
			t.Errorf("differences: %s", got)
		}
		if _, err := e.call("rpt_SettleDifference", link, map[string]any{"Part": part, "Take": "theirs"}); err == nil || !e.isHere(mine) {
			t.Errorf("our note was removed from there: %v", err)
		}
		e.must("rpt_SettleDifference", link, map[string]any{"Part": part, "Take": "ours"})
		e.until("there again", func() bool { return e.quiet(b) && e.isThere(b, mine.String()) })
	})
}

// A removal of which no event came is found when the whole case is read.
func TestRemovalsThatNobodyToldOf(t *testing.T) {
	t.Parallel()
	each(t, true, func(t *testing.T, e *env) {
		b, server := e.other(false)
		e.connect(server.URL, nil)
		_, incident, link := e.deal(250_000)
		e.until("decided there", func() bool { c, err := b.Cases(); return err == nil && len(c) == 1 && c[0].Sequence >= 6 && e.quiet(b) })
		if got := e.compared(link); got != "[]" { // takes all over
			t.Fatalf("both sides differ: %s", got)
		}
		note, letter, noteThere, letterThere := e.theirs(incident)
		for _, given := range []string{noteThere, letterThere} {
			if err := b.Remove(e.ctx, incident.String(), given); err != nil {
				t.Fatal(err)
			}
		}
		if got := e.compared(link); got != "[]" || e.isHere(note) || e.isHere(letter) {
			t.Errorf("note %t, letter %t, differences: %s", e.isHere(note), e.isHere(letter), got)
		}
	})
}

// A field that is cleared on one side is empty on the other.
func TestClearedFieldsTravel(t *testing.T) {
	t.Parallel()
	each(t, true, func(t *testing.T, e *env) {
		b, server := e.other(true)
		e.connect(server.URL, nil)
		deal, incident, link := e.deal(250_000)
		e.until("decided", func() bool { return e.get("opportunity", deal)["app_rate"] != nil && e.quiet(b) })
		if err := b.SetShared(e.ctx, incident.String(), "priority", nil); err != nil {
			t.Fatal(err)
		}
		e.until("cleared here", func() bool { return e.get("incident", incident)["prioritycode"] == nil && e.quiet(b) })
		e.update("incident", incident, record.Row{"prioritycode": int64(1)})
		e.until("set there", func() bool { return e.quiet(b) && e.only(b).Fields["priority"] == "high" })
		e.update("incident", incident, record.Row{"prioritycode": nil})
		e.update("opportunity", deal, record.Row{"app_amount": nil})
		e.until("cleared there", func() bool {
			c := e.only(b)
			amount, has := c.Fields["amount"]
			return e.quiet(b) && has && amount == nil && c.Fields["priority"] == nil && c.Status == "incomplete"
		})
		number := int(e.only(b).Sequence) + 1
		e.hear(event("fields", incident, number, map[string]any{"fields": map[string]any{"rate": nil, "underwriting": nil}}))
		e.until("cleared by an event", func() bool {
			row := e.get("opportunity", deal)
			return row["app_rate"] == nil && row["app_underwriting"] == nil && e.get("rpt_exchangecase", link).Int("rpt_lastin") == int64(number)
		})
	})
}
