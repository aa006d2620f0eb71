package exchange_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/examples/loanbackend/backend"
	"github.com/rapport-platform/rapport/internal/commons/exchange"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// TestNothingIsLostOrDoubled has every fault on at once, then each by itself.
func TestNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	faults := map[string]backend.Faults{
		"all": {Slow: "5ms", Error: 0.2, LostAnswer: 0.2, Nonsense: 0.1, Duplicate: 0.4, OutOfOrder: 0.4, Lies: 0.2}, "error": {Error: 0.5}, "lost answer": {LostAnswer: 0.5}, "nonsense": {Nonsense: 0.5}, "duplicate": {Duplicate: 1}, "out of order": {OutOfOrder: 1}, "lies": {Lies: 0.5}}
	each(t, true, func(t *testing.T, e *env) {
		b, server := e.other(true)
		e.connect(server.URL, record.Row{"rpt_attempts": int64(100)})
		for name, f := range faults {
			if err := b.Set(f); err != nil {
				t.Fatal(err)
			}
			deal, incident, link := e.deal(100_000)
			note := e.note(incident, "under "+name)
			gone := []id.ID{e.note(incident, "soon gone"), e.document(deal, "gone.txt", "soon gone under "+name)}
			e.document(deal, "proof.txt", "proof of "+name)
			for _, key := range gone {
				e.remove(key)
			}
			for n := range 3 {
				e.update("opportunity", deal, record.Row{"app_amount": 600_000 + n})
			}
			e.until(name+": all is told", func() bool { return e.quiet(b) && e.get("opportunity", deal)["app_underwriting"] == int64(2) })
			if err := b.Set(backend.Faults{}); err != nil {
				t.Fatal(err)
			}
			if got := e.compared(link); got != "[]" {
				t.Errorf("%s: both sides differ: %s", name, got)
			}
			all, err := b.Cases()
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range all {
				seen := map[string]bool{}
				for _, n := range c.Notes {
					if seen[n.ID] {
						t.Errorf("%s: a note is there twice", name)
					}
					seen[n.ID] = true
				}
				for _, d := range c.Documents {
					seen[d.ID] = true
				}
				if seen[gone[0].String()] || seen[gone[1].String()] {
					t.Errorf("%s: what was removed is still there", name)
				}
				if c.ID == incident.String() && !seen[note.String()] {
					t.Errorf("%s: the note is not there", name)
				}
			}
			here := map[string]bool{}
			for _, n := range e.find("annotation", eq("objectid", incident)) {
				if key := n.Text("rpt_outsideid"); key != "" && here[key] {
					t.Errorf("%s: the note %s is here twice", name, key)
				} else {
					here[key] = true
				}
			}
		}
		s, err := b.State()
		if err != nil {
			t.Fatal(err)
		}
		sent := len(e.find("rpt_exchangeintent", eq("statecode", int64(1))))
		if s.Counts["done"] != int64(sent) || s.Counts["repeated"] == 0 {
			t.Errorf("%d changes were acknowledged, and done %d times; %d were repeated without effect", sent, s.Counts["done"], s.Counts["repeated"])
		}
		if dead := e.find("rpt_exchangeintent", eq("statecode", int64(2))); len(dead) != 0 {
			t.Errorf("given up: %v", dead)
		}
		for _, row := range e.find("rpt_exchangeevent", eq("statecode", int64(2))) {
			if !strings.Contains(row.Text("rpt_reason"), "gone-fishing") {
				t.Errorf("in quarantine: %v", row)
			}
		}
		if told := e.find("appnotification", eq("ownerid", e.seller)); len(told) == 0 && s.Counts["lies"] > 0 {
			t.Error("nobody was told of lies")
		}
	})
}

func TestSignaturesAndReplay(t *testing.T) {
	t.Parallel()
	each(t, false, func(t *testing.T, e *env) {
		e.connect("http://127.0.0.1:1", nil)
		_, incident, _ := e.deal(1)
		body := event("status", incident, 1, map[string]any{"status": "received"})
		good := backend.Sign(signing, e.clock.Now(), body)
		for name, signature := range map[string]string{
			"none": "", "nonsense": "t=x,v1=y", "another secret": backend.Sign("another secret", e.clock.Now(), body), "another body": backend.Sign(signing, e.clock.Now(), []byte("{}")),
			"old": backend.Sign(signing, e.clock.Now().Add(-6*time.Minute), body), "of tomorrow": backend.Sign(signing, e.clock.Now().Add(6*time.Minute), body),
			"a newer time": strings.Replace(good, "t=", "t=1", 1), "more behind": good + "00", "twice": good + "," + good, "cut": good[:len(good)-2],
		} {
			if err := e.service.Receive(e.ctx, "other", signature, body); !errors.Is(err, exchange.ErrSignature) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := e.service.Receive(e.ctx, "nobody", good, body); !errors.Is(err, exchange.ErrSignature) {
			t.Errorf("an unknown counterpart: %v", err)
		}
		if n := len(e.find("rpt_exchangeevent", query.Const(true))); n != 0 {
			t.Fatalf("%d events were taken", n)
		}
		for range 3 { // the same request again, within its time
			if err := e.service.Receive(e.ctx, "other", good, body); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(e.find("rpt_exchangeevent", query.Const(true))); n != 1 {
			t.Errorf("one event was taken %d times", n)
		}
		secrets, err := e.db.Query(e.ctx, "SELECT sealed FROM exchangesecret")
		if err != nil {
			t.Fatal(err)
		}
		defer secrets.Close()
		for secrets.Next() {
			var sealed string
			if err := secrets.Scan(&sealed); err != nil || strings.Contains(sealed, token) || strings.Contains(sealed, signing) {
				t.Errorf("a secret lies open: %v", err)
			}
		}
		if row := e.get("rpt_counterpart", e.counterpart); row["rpt_token"] != nil || row["rpt_signingsecret"] != nil || row["rpt_hastoken"] != true {
			t.Errorf("the counterpart shows %v", row)
		}
	})
}

func TestEventsAreAppliedInOrderAndNonsenseWaitsForAPerson(t *testing.T) {
	t.Parallel()
	each(t, true, func(t *testing.T, e *env) {
		_, server := e.other(false)
		e.connect(server.URL, nil)
		deal, incident, link := e.deal(100)
		applied := func(n int64) func() bool {
			return func() bool {
				return e.get("rpt_exchangecase", link).Int("rpt_lastin") == n && len(e.find("rpt_exchangeevent", eq("statecode", int64(0)))) == 0
			}
		}
		second := event("status", incident, 2, map[string]any{"status": "in-review", "reason": "look"})
		e.hear(second)
		e.hear(event("status", incident, 3, map[string]any{"status": "approved"}))
		if n := e.get("rpt_exchangecase", link).Int("rpt_lastin"); n != 0 {
			t.Errorf("a gap was passed: %d", n)
		}
		e.hear(event("status", incident, 1, map[string]any{"status": "received"}))
		e.until("three events", applied(3))
		if row := e.get("incident", incident); row.Int("app_status") != 3 {
			t.Errorf("status %d", row.Int("app_status"))
		}
		bad := []struct {
			kind string
			more map[string]any
			why  string
		}{
			{"status", map[string]any{"status": "moonlit"}, "moonlit"},
			{"fields", map[string]any{"fields": map[string]any{"amount": 7}}, "ours"},
			{"fields", map[string]any{"fields": map[string]any{"colour": "red"}}, "not known"},
			{"fields", map[string]any{"fields": map[string]any{"underwriting": "maybe"}}, "maybe"},
			{"fields", map[string]any{"fields": map[string]any{"rate": "high"}}, "rate"},
			{"fields", map[string]any{"fields": map[string]any{"rate": map[string]any{"x": 1}}}, "no value"},
			{"fields", map[string]any{"fields": map[string]any{"priority": "high"}}, "version"},
			{"dance", nil, "dance"},
			{"note", nil, "missing"},
			{"document", map[string]any{"document": map[string]any{"id": "d1", "name": "x", "size": 3, "sha256": strings.Repeat("0", 64)}}, "can't be fetched"},
			{"status", map[string]any{"status": "approved", "time": "yesterday"}, "time"},
		}
		for i, q := range bad {
			e.hear(event(q.kind, incident, 4+i, q.more))
		}
		last := int64(3 + len(bad))
		e.until("all nonsense put aside", applied(last))
		for i, row := range e.find("rpt_exchangeevent", eq("statecode", int64(2))) {
			if q := bad[row.Int("rpt_number")-4]; !strings.Contains(row.Text("rpt_reason"), q.why) {
				t.Errorf("%d: %q", i, row.Text("rpt_reason"))
			}
		}
		if row := e.get("opportunity", deal); row["app_underwriting"] != nil || row["app_rate"] != nil || fmt.Sprint(row["app_amount"]) != "100" {
			t.Errorf("nonsense had an effect: %v", row)
		}
		if told := e.find("appnotification", eq("ownerid", e.seller)); len(told) < len(bad) {
			t.Errorf("%d of %d were told", len(told), len(bad))
		}
		// What belongs to no case, or is nothing at all.
		e.hear([]byte(`[{"moon": "cheese"}, 7, "x", {"id": "a", "caseId": "b", "sequence": 1}]`))
		e.hear(event("status", link, 1, map[string]any{"status": "received"})) // an id, but of no case
		e.until("strangers put aside", func() bool { return len(e.find("rpt_exchangeevent", eq("statecode", int64(2)))) == len(bad)+5 })
		// A person mends the status, and leaves the type alone.
		var status, dance record.Row
		for _, row := range e.find("rpt_exchangeevent", eq("statecode", int64(2))) {
			if row.Int("rpt_number") == 4 {
				status = row
			}
			if row.Text("rpt_kind") == "dance" {
				dance = row
			}
		}
		var was map[string]any
		if err := json.Unmarshal([]byte(status.Text("rpt_payload")), &was); err != nil {
			t.Fatal(err)
		}
		was["status"] = "declined"
		mended, err := json.Marshal(was)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.call("rpt_ReplayExchangeEvent", status.ID("rpt_exchangeeventid"), nil); err == nil {
			t.Error("nonsense was applied unmended")
		}
		e.must("rpt_ReplayExchangeEvent", status.ID("rpt_exchangeeventid"), map[string]any{"Payload": string(mended)})
		if row := e.get("incident", incident); row.Int("app_status") != 4 {
			t.Errorf("status %d after mending", row.Int("app_status"))
		}
		e.must("rpt_DiscardExchangeEvent", dance.ID("rpt_exchangeeventid"), nil)
		if _, err := e.call("rpt_DiscardExchangeEvent", dance.ID("rpt_exchangeeventid"), nil); !errors.Is(err, exchange.ErrState) {
			t.Errorf("discarded twice: %v", err)
		}
	})
}

func TestAGapIsFilledByReadingTheCase(t *testing.T) {
	t.Parallel()
	each(t, true, func(t *testing.T, e *env) {
		b, server := e.other(false)
		e.connect(server.URL, nil)
		deal, incident, link := e.deal(250_000)
		e.until("decided there", func() bool { c, err := b.Cases(); return err == nil && len(c) == 1 && c[0].Sequence >= 6 && e.quiet(b) })
		there, err := b.Cases()
		if err != nil {
			t.Fatal(err)
		}
		e.hear(event("status", incident, int(there[0].Sequence), map[string]any{"status": "approved"}))
		e.clock.Advance(30 * time.Second)
		e.until("filled", func() bool {
			return e.get("rpt_exchangecase", link).Int("rpt_lastin") == there[0].Sequence && e.quiet(b)
		})
		if row := e.get("opportunity", deal); row["app_underwriting"] != int64(1) {
			t.Errorf("the deal: %v", row)
		}
		if got := e.compared(link); got != "[]" {
			t.Errorf("both sides differ: %s", got)
		}
		e.hear(event("status", incident, 5000, map[string]any{"status": "declined"})) // a number that is a lie
		e.clock.Advance(30 * time.Second)
		e.until("put aside", func() bool { return len(e.find("rpt_exchangeevent", eq("statecode", int64(2)))) == 1 })
		if row := e.get("incident", incident); row.Int("app_status") != 3 {
			t.Errorf("status %d", row.Int("app_status"))
		}
	})
}

func TestTheLastWriterWinsOnBothSides(t *testing.T) {
	t.Parallel()
	each(t, true, func(t *testing.T, e *env) {
		b, server := e.other(true)
		e.connect(server.URL, nil)
		_, incident, link := e.deal(250_000)
		e.until("decided", func() bool { return e.get("incident", incident).Int("app_status") == 3 && e.quiet(b) })
		if err := b.SetShared(e.ctx, incident.String(), "priority", "high"); err != nil {
			t.Fatal(err)
		}
		e.until("theirs is here", func() bool { return e.get("incident", incident).Int("prioritycode") == 1 && e.quiet(b) })
		e.update("incident", incident, record.Row{"prioritycode": int64(3)})
		e.until("ours is there", func() bool { return e.quiet(b) && e.compared(link) == "[]" })
		// At once: neither has seen the other. Theirs wins the draw, on both sides.
		if err := b.Set(backend.Faults{Down: true}); err != nil {
			t.Fatal(err)
		}
		e.update("incident", incident, record.Row{"prioritycode": int64(2)})
		if err := b.SetShared(e.ctx, incident.String(), "priority", "high"); err != nil {
			t.Fatal(err)
		}
		if err := b.Set(backend.Faults{}); err != nil {
			t.Fatal(err)
		}
		e.until("agreed", func() bool { return e.quiet(b) && e.get("incident", incident).Int("prioritycode") == 1 })
		if got := e.compared(link); got != "[]" {
			t.Errorf("both sides differ: %s", got)
		}
	})
}

func TestARefusedChangeHoldsItsCaseAndIsReplayed(t *testing.T) {
	t.Parallel()
	each(t, true, func(t *testing.T, e *env) {
		b, server := e.other(true)
		e.connect(server.URL, record.Row{"rpt_token": "not the token they want"})
		_, incident, link := e.deal(250_000)
		e.until("given up", func() bool { return len(e.find("rpt_exchangeintent", eq("statecode", int64(2)))) == 1 })
		e.note(incident, "behind it")
		other, _, _ := e.deal(1) // another case has its own line
		e.until("given up, too", func() bool { return len(e.find("rpt_exchangeintent", eq("statecode", int64(2)))) == 2 })
		list := e.intents(link)
		if list[0].Int("statecode") != 2 || !strings.Contains(list[0].Text("rpt_reason"), "401") || list[len(list)-1].Int("statecode") != 0 {
			t.Errorf("changes: %v", list)
		}
		if told := e.find("appnotification", eq("ownerid", e.seller)); len(told) == 0 {
			t.Error("nobody was told")
		}
		e.update("rpt_counterpart", e.counterpart, record.Row{"rpt_token": token})
		if got := e.must("rpt_ReplayChanges", e.counterpart, nil); fmt.Sprint(got["Count"]) != "2" {
			t.Errorf("replayed %v", got)
		}
		e.until("all there", func() bool { return e.quiet(b) && e.get("opportunity", other)["app_underwriting"] == int64(1) })
		if got := e.compared(link); got != "[]" {
			t.Errorf("both sides differ: %s", got)
		}
	})
}

func TestDifferencesAreFoundAndSettled(t *testing.T) {
	t.Parallel()
	each(t, true, func(t *testing.T, e *env) {
		b, server := e.other(true)
		e.connect(server.URL, nil)
		deal, incident, link := e.deal(250_000)
		note := e.note(incident, "a note")
		e.until("decided", func() bool { return e.get("opportunity", deal)["app_underwriting"] == int64(1) && e.quiet(b) })
		// Behind the exchange's back: the counterpart is away while columns are changed.
		e.update("rpt_counterpart", e.counterpart, record.Row{"statecode": int64(1), "statuscode": int64(2)})
		e.refresh()
		e.update("opportunity", deal, record.Row{"app_amount": 260_000, "app_underwriting": int64(3)})
		e.update("annotation", note, record.Row{"notetext": "changed"})
		second := e.note(incident, "not sent")
		e.update("rpt_counterpart", e.counterpart, record.Row{"statecode": int64(0), "statuscode": int64(1)})
		e.refresh()
		got := e.compared(link)
		for _, part := range []string{`"part":"amount"`, `"part":"underwriting"`, "@note:" + second.String()} {
			if !strings.Contains(got, part) {
				t.Errorf("%s is missing in %s", part, got)
			}
		}
		if n := e.get("rpt_exchangecase", link).Int("rpt_differing"); n != 3 {
			t.Errorf("%d differences: %s", n, got)
		}
		if _, err := e.call("rpt_SettleDifference", link, map[string]any{"Part": "underwriting", "Take": "ours"}); err == nil {
			t.Error("a field of theirs was sent")
		}
		e.must("rpt_SettleDifference", link, map[string]any{"Part": "underwriting", "Take": "theirs"})
		e.must("rpt_SettleDifference", link, map[string]any{"Part": "amount", "Take": "ours"})
		e.must("rpt_SettleDifference", link, map[string]any{"Part": "@note:" + second.String(), "Take": "ours"})
		e.until("settled", func() bool { return e.quiet(b) })
		if got := e.compared(link); got != "[]" {
			t.Errorf("both sides differ: %s", got)
		}
		e.must("rpt_CompareExchange", e.counterpart, nil)
		e.must("rpt_ResendCase", link, nil)
		e.until("sent again", func() bool { return e.quiet(b) })
		if got := e.compared(link); got != "[]" {
			t.Errorf("both sides differ after sending all again: %s", got)
		}
	})
}

func TestTheBreakerLeavesACounterpartAlone(t *testing.T) {
	t.Parallel()
	each(t, true, func(t *testing.T, e *env) {
		b, server := e.other(false)
		if err := b.Set(backend.Faults{Error: 1}); err != nil {
			t.Fatal(err)
		}
		e.connect(server.URL, nil)
		_, _, link := e.deal(250_000)
		failures := func() int {
			n, err := strconv.Atoi(fmt.Sprint(e.must("rpt_ExchangeStatus", e.counterpart, nil)["Failures"]))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		e.until("five failures", func() bool { return failures() >= 5 })
		if status := e.must("rpt_ExchangeStatus", e.counterpart, nil); status["Breaker"] != "open" || status["BreakerUntil"] == nil {
			t.Errorf("status: %v", status)
		}
		_, _, second := e.deal(1) // while it is left alone, which counts as no try; one may go through to see
		if err := b.Set(backend.Faults{}); err != nil {
			t.Fatal(err)
		}
		e.until("it works again", func() bool { return e.quiet(b) })
		if first, behind := e.intents(link)[0], e.intents(second)[0]; first.Int("rpt_attempts") < 5 || behind.Int("rpt_attempts") > 2 {
			t.Errorf("tries: %d and %d", first.Int("rpt_attempts"), behind.Int("rpt_attempts"))
		}
		if status := e.must("rpt_ExchangeStatus", e.counterpart, nil); status["Breaker"] != "closed" || failures() != 0 {
			t.Errorf("status: %v", status)
		}
	})
}
