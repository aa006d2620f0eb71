package exchange_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/examples/loanbackend/backend"
	"github.com/rapport-platform/rapport/internal/commons/exchange"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

var seeds = []string{
	`{"id":"e1","caseId":"0190f0d0-0000-7000-8000-000000000001","sequence":1,"type":"status","time":"2026-11-22T09:00:00Z","status":"approved"}`,
	`[{"id":"e2","caseId":"0190f0d0-0000-7000-8000-000000000001","sequence":9223372036854775807,"type":"fields","time":"1969-01-01T00:00:00Z","fields":{"rate":4.5,"underwriting":"approved","priority":"low","amount":1e400},"versions":{"priority":-1}}]`,
	`{"id":"e3","caseId":"0190f0d0-0000-7000-8000-000000000001","sequence":3,"type":"note","time":"9999-12-31T23:59:59Z","note":{"id":"n","text":"<b>"}}`,
	`{"id":"e4","caseId":"0190f0d0-0000-7000-8000-000000000001","sequence":4,"type":"document","time":"2026-11-22T09:00:00Z","document":{"id":"../x","name":"x","size":-1,"sha256":""}}`,
	`{"id":"e5","caseId":"0190f0d0-0000-7000-8000-000000000001","sequence":5,"type":"note-removed","time":"2026-11-22T09:00:00Z","removed":"n"}`,
	`{"id":"a-case","version":3,"sequence":7,"status":"approved","fields":{"rate":"4.50","priority":"high"},"versions":{"priority":2},"notes":[{"id":"n","text":"t"}],"documents":[]}`,
	`{"id":"a-case","version":1e3,"sequence":"7","status":null,"fields":[],"notes":{}}`, `[]`, `null`, `7`, "[[[[", `{"fields":{"rate":{}}}`,
}

// FuzzInbound reads what a counterpart sends, and what it answers: nothing breaks, and
// a value that is taken is the same when it has gone there and back.
func FuzzInbound(f *testing.F) {
	m, err := exchange.Compile(mapping, tables(f))
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := m.Hear(text); err != nil {
			t.Error(err)
		}
		if err := m.Read(text); err != nil {
			t.Error(err)
		}
	})
}

func TestRemovalsAreRememberedWithinBounds(t *testing.T) {
	t.Parallel()
	all, removed := exchange.Remembered(3 * exchange.MostRemoved / 2) // half of them here
	if len(all) != exchange.MostRemoved {
		t.Fatalf("%d are remembered", len(all))
	}
	last, here := 3*exchange.MostRemoved/2-2, 1
	if !removed(fmt.Sprint("note-", last), int64(last)) || removed(fmt.Sprint("note-", last), int64(last)+2) || !removed(fmt.Sprint("note-", here), 1<<60) || removed("note-0", 1) {
		t.Error("the wrong ones are remembered")
	}
}

// TestNonsenseBetweenGoodEvents mixes all kinds of nonsense with what is right: the
// records show what is right alone, nothing is half-written, and people are told.
func TestNonsenseBetweenGoodEvents(t *testing.T) {
	t.Parallel()
	each(t, true, func(t *testing.T, e *env) {
		_, server := e.other(false)
		e.connect(server.URL, nil)
		deal, incident, link := e.deal(100)
		number, bad := 0, 0
		good := func(kind string, more map[string]any) []byte {
			number++
			return event(kind, incident, number, more)
		}
		rates := 0
		right := func() []byte {
			rates++
			return good("fields", map[string]any{"fields": map[string]any{"rate": float64(rates)}})
		}
		for _, wrong := range []func() []byte{
			// Half of it is right: none of it may show.
			func() []byte {
				return good("fields", map[string]any{"fields": map[string]any{"rate": 77, "colour": "red"}})
			},
			func() []byte {
				return good("fields", map[string]any{"fields": map[string]any{"rate": 77, "underwriting": "perhaps"}})
			},
			func() []byte {
				return good("fields", map[string]any{"fields": map[string]any{"rate": 77, "priority": "high"}})
			},
			func() []byte {
				return good("fields", map[string]any{"fields": map[string]any{"rate": 77, "amount": 1}})
			},
			func() []byte { return good("fields", map[string]any{"fields": map[string]any{"rate": "1e999"}}) },
			func() []byte { return good("fields", map[string]any{"fields": map[string]any{"rate": true}}) },
			func() []byte { return good("fields", map[string]any{"fields": map[string]any{"rate": []any{}}}) },
			func() []byte { return good("fields", map[string]any{"fields": map[string]any{}}) },
			func() []byte { return good("status", map[string]any{"status": "unheard-of"}) },
			func() []byte { return good("status", map[string]any{"status": "Approved!"}) },
			func() []byte { return good("note", map[string]any{"note": map[string]any{"id": "a b", "text": "x"}}) },
			func() []byte {
				return good("note", map[string]any{"note": map[string]any{"id": "n", "text": strings.Repeat("x", 100_001)}})
			},
			func() []byte { return good("note-removed", map[string]any{"removed": ""}) },
			func() []byte {
				return good("document", map[string]any{"document": map[string]any{"id": "d", "name": "d.txt", "size": 26214401, "sha256": strings.Repeat("0", 64)}})
			},
			func() []byte { return good("moonwalk", nil) },
		} {
			e.hear(right())
			e.hear(wrong())
			bad++
		}
		// What belongs to no event at all.
		deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
		long, err := json.Marshal(map[string]any{"id": "long", "caseId": incident.String(), "sequence": 1, "type": "note", "time": "2026-11-22T09:00:00Z", "note": map[string]any{"id": "n", "text": strings.Repeat("x", 600_000)}})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{`{"sequence": "one"}`, `{"id": 7}`, `"a text"`, `{"id": "x", "caseId": "` + incident.String() + `", "sequence": 0}`, `{"id": "x", "caseId": "` + incident.String() + `", "sequence": 1.5}`, `{"fields": ` + deep + `}`, string(long)} {
			body := []byte(text)
			err := e.service.Receive(e.ctx, "other", backend.Sign(signing, e.clock.Now(), body), body)
			if text[0] == '{' && strings.Contains(text, "[[[[") && err != nil {
				continue // refused as a whole is as good
			}
			if err != nil {
				t.Errorf("%.60s: %v", text, err)
			}
			bad++
		}
		// One id with two contents: the first stands. The same again is nothing, whatever its time.
		first := event("fields", incident, number+1, map[string]any{"id": "twice", "fields": map[string]any{"rate": 50}})
		second := event("fields", incident, number+1, map[string]any{"id": "twice", "fields": map[string]any{"rate": 77}})
		again := event("fields", incident, number+1, map[string]any{"id": "twice", "fields": map[string]any{"rate": 50}, "time": "1969-07-20T20:17:40Z"})
		e.hear([]byte("[" + string(first) + "," + string(second) + "," + string(again) + "]"))
		for _, body := range [][]byte{second, again, first} {
			e.hear(body)
		}
		number, bad = number+1, bad+1
		// A time of tomorrow and of long ago decides nothing.
		e.hear(good("fields", map[string]any{"fields": map[string]any{"rate": 51}, "time": "2999-01-01T00:00:00Z"}))
		e.hear(good("fields", map[string]any{"fields": map[string]any{"rate": 52}, "time": "1970-01-01T00:00:00Z"}))
		// Backwards.
		last := number + 3
		for n := last; n > number; n-- {
			e.hear(event("fields", incident, n, map[string]any{"fields": map[string]any{"rate": 50 + n - number + 2}}))
		}
		e.until("all heard", func() bool {
			return e.get("rpt_exchangecase", link).Int("rpt_lastin") == int64(last) && len(e.find("rpt_exchangeevent", eq("statecode", int64(0)))) == 0
		})
		row, case0 := e.get("opportunity", deal), e.get("incident", incident)
		if fmt.Sprint(row["app_rate"]) != "55" || row["app_underwriting"] != nil || fmt.Sprint(row["app_amount"]) != "100" || case0["app_status"] != nil || case0.Int("prioritycode") != 2 {
			t.Errorf("the deal: rate %v, %v, %v; the case: %v, %v", row["app_rate"], row["app_underwriting"], row["app_amount"], case0["app_status"], case0["prioritycode"])
		}
		if n := len(e.find("annotation", query.Const(true))); n != 0 {
			t.Errorf("%d notes", n)
		}
		aside := e.find("rpt_exchangeevent", eq("statecode", int64(2)))
		for _, row := range aside {
			if row.Text("rpt_reason") == "" {
				t.Errorf("put aside without a reason: %v", row)
			}
		}
		if len(aside) != bad {
			t.Errorf("%d of %d were put aside", len(aside), bad)
		}
		if told := e.find("appnotification", eq("ownerid", e.seller)); len(told) != bad {
			t.Errorf("%d of %d were told", len(told), bad)
		}
	})
}

// TestAnAnswerThatIsNonsense has the counterpart answer nonsense when it is asked for a
// whole case: what is right is taken over, the rest is left out, and a person is told.
func TestAnAnswerThatIsNonsense(t *testing.T) {
	t.Parallel()
	each(t, true, func(t *testing.T, e *env) {
		var incident id.ID
		answer := ""
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.Method != http.MethodGet {
				fmt.Fprintf(w, `{"id": %q, "version": 1, "sequence": 0, "status": "received", "fields": {}, "notes": [], "documents": []}`, strings.Split(r.URL.Path, "/")[2])
				return
			}
			fmt.Fprint(w, strings.ReplaceAll(answer, "ID", incident.String()))
		}))
		t.Cleanup(server.Close)
		e.connect(server.URL, nil)
		var deal, link id.ID
		deal, incident, link = e.deal(100)
		e.until("sent", func() bool { return len(e.find("rpt_exchangeintent", eq("statecode", int64(0)))) == 0 })
		for _, text := range []string{"", "null", "[]", "<html>", `{"id": "another", "version": 1, "sequence": 1, "status": "approved", "fields": {}}`, `{"id": "ID", "version": 0, "sequence": 1, "status": "approved", "fields": {}}`, `{"id": "ID", "version": 2, "sequence": "1", "status": "approved", "fields": {}}`, strings.Repeat("[", 100_000)} {
			answer = text
			if _, err := e.call("rpt_CompareCase", link, nil); err == nil {
				t.Errorf("%.40q was taken", text)
			}
		}
		answer = `{"id": "ID", "version": 9, "sequence": 4, "status": "lost-at-sea", "fields": {"rate": 4.5, "underwriting": "perhaps", "amount": 7, "priority": "high", "colour": "red"}, "versions": {"priority": 0},
			"notes": [{"id": "n", "text": "fine"}, {"id": "bad id", "text": ""}], "documents": [{"id": "d", "name": "d.txt", "size": 3, "sha256": "` + strings.Repeat("0", 64) + `"}]}`
		e.must("rpt_CompareCase", link, nil)
		row, case0 := e.get("opportunity", deal), e.get("incident", incident)
		if fmt.Sprint(row["app_rate"]) != "4.5" || row["app_underwriting"] != nil || fmt.Sprint(row["app_amount"]) != "100" || case0["app_status"] != nil || case0.Int("prioritycode") != 2 {
			t.Errorf("the deal: rate %v, %v, %v; the case: %v, %v", row["app_rate"], row["app_underwriting"], row["app_amount"], case0["app_status"], case0["prioritycode"])
		}
		if notes := e.find("annotation", query.Const(true)); len(notes) != 1 || notes[0].Text("notetext") != "fine" {
			t.Errorf("notes: %v", notes)
		}
		told := e.find("appnotification", eq("ownerid", e.seller))
		if len(told) != 1 || !strings.Contains(told[0].Text("body"), "lost-at-sea") {
			t.Errorf("told: %v", told)
		}
		// An answer that does not speak of notes says nothing of them; one that does removes theirs.
		answer = `{"id": "ID", "version": 10, "sequence": 5, "status": "received", "fields": {}}`
		e.must("rpt_CompareCase", link, nil)
		if n := len(e.find("annotation", query.Const(true))); n != 1 {
			t.Errorf("%d notes", n)
		}
		answer = `{"id": "ID", "version": 11, "sequence": 6, "status": "received", "fields": {}, "notes": [], "documents": []}`
		e.must("rpt_CompareCase", link, nil)
		if n := len(e.find("annotation", query.Const(true))); n != 0 {
			t.Errorf("%d notes", n)
		}
	})
}
