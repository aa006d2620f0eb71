package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/examples/loanbackend/backend"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

const (
	exchangeToken  = "a token of the other side"
	exchangeSecret = "a secret under which events are signed"
	// The cases of one kind are exchanged with one counterpart.
	exchangeMapping = `{"kind": "loan", "case": "incident", "open": {"when": "casetypecode eq %d"}, "notes": true, "documents": true, "fields": [
		{"name": "amount", "column": "influencescore", "owner": "ours"}, {"name": "priority", "column": "prioritycode", "owner": "both", "values": {"high": 1, "normal": 2, "low": 3}},
		{"name": "underwriting", "column": "productserialnumber", "owner": "theirs"}, {"name": "rate", "column": "sentimentvalue", "owner": "theirs"}]}`
)

// otherSide is a counterpart that runs on while the program is killed.
type otherSide struct {
	*backend.Backend
	name string
	key  string // of its row
	kind int    // of the cases that it gets
}

// counterpart starts one that calls the web hook, or is only asked.
func (c caller) counterpart(name string, kind int, calls bool) otherSide {
	t := c.p.t
	t.Helper()
	o := backend.Options{File: filepath.Join(t.TempDir(), "cases.db"), Token: exchangeToken, Secret: exchangeSecret, Delay: 50 * time.Millisecond}
	poll := 1
	if calls {
		o.Webhook, poll = c.p.url+"/api/exchange/"+name+"/events", 0
	}
	b, err := backend.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); b.Run(ctx) }()
	server := httptest.NewServer(b.Handler())
	t.Cleanup(func() { stop(); <-done; server.Close(); b.Close() })
	if err := b.Set(backend.Faults{LostAnswer: 0.1, Duplicate: 0.2, OutOfOrder: 0.2}); err != nil {
		t.Fatal(err)
	}
	row := c.api(http.MethodPost, "rpt_counterparts", map[string]any{"rpt_name": name, "rpt_uniquename": name, "rpt_url": server.URL, "rpt_mapping": fmt.Sprintf(exchangeMapping, kind), "rpt_token": exchangeToken, "rpt_signingsecret": exchangeSecret, "rpt_poll": poll, "rpt_attempts": 100})
	out := otherSide{b, name, text(t, row, "rpt_counterpartid"), kind}
	c.p.until(name+" is in force", func() bool {
		return c.api(http.MethodPost, "rpt_counterparts("+out.key+")/Microsoft.Dynamics.CRM.rpt_ExchangeStatus", map[string]any{})["InForce"] == true
	})
	return out
}

// put sends a change until it is known to have been made. Made twice it is made once.
func (c caller) put(method, path string, body map[string]any) {
	said, err := json.Marshal(body)
	if err != nil {
		c.p.t.Error(err)
		return
	}
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		status, answer, err := c.p.do(method, "/api/data/v9.2/"+path, http.Header{"Authorization": {"Bearer " + c.token}, "Content-Type": {"application/json"}}, said)
		switch {
		case err != nil || status >= 500: // it is down, or was killed meanwhile
		case status < 300 || method == http.MethodDelete && status == http.StatusNotFound:
			return
		default:
			c.p.t.Errorf("%s %s: %d %s", method, path, status, answer)
			return
		}
	}
	c.p.t.Errorf("%s %s was never done", method, path)
}

// The program is killed while cases flow both ways, with one counterpart that calls and
// one that is asked: nothing is lost, doubled, out of order or half-written.
func TestKilledWhileCasesAreExchanged(t *testing.T) {
	cases, kills := 10, 2
	if soak() {
		cases, kills = 300, 20
	}
	eachEngine(t, func(t *testing.T, url string, c caller) {
		c.p.kill()
		c.p.env = append(c.p.env, "RAPPORT_WEBHOOK_NETWORKS=127.0.0.0/8")
		c.p.start()
		c.p.ready("records")
		account := text(t, c.api(http.MethodPost, "accounts", map[string]any{"name": "Customer Ltd"}), "accountid")
		sides := []otherSide{c.counterpart("calls", 1, true), c.counterpart("asked", 2, false)}

		gone := make([]string, cases)
		keys := make([]string, cases)
		var work sync.WaitGroup
		next := new(counter)
		for range 3 {
			work.Go(func() {
				for n := next.take(); n < cases; n = next.take() {
					key, kept, dropped := id.New().String(), id.New().String(), id.New().String()
					keys[n], gone[n] = key, dropped
					note := func(text string) map[string]any {
						return map[string]any{"subject": "Note", "notetext": text, "objectid_incident@odata.bind": "/incidents(" + key + ")"}
					}
					c.put(http.MethodPatch, "incidents("+key+")", map[string]any{"title": fmt.Sprintf("Case %d", n), "casetypecode": 1 + n%2, "influencescore": 1000, "customerid_account@odata.bind": "/accounts(" + account + ")"})
					c.put(http.MethodPatch, "annotations("+kept+")", note("stays"))
					c.put(http.MethodPatch, "annotations("+dropped+")", note("goes"))
					for step := range 3 {
						c.put(http.MethodPatch, "incidents("+key+")", map[string]any{"influencescore": 1001 + step, "prioritycode": 1 + step})
					}
					c.put(http.MethodDelete, "annotations("+dropped+")", nil)
				}
			})
		}
		for range kills {
			time.Sleep(time.Duration(200+rand.IntN(800)) * time.Millisecond) // the moment differs; the outcome must not
			c.p.kill()
			c.p.start()
		}
		work.Wait()
		c.p.ready("records")
		for _, side := range sides {
			c.agreed(url, side, cases/2)
		}
		for _, side := range sides {
			all, err := side.Cases()
			if err != nil {
				t.Fatal(err)
			}
			for _, there := range all {
				if fmt.Sprint(there.Fields["amount"]) != "1003" || there.Fields["priority"] != "low" || there.Fields["underwriting"] != "approved" {
					t.Errorf("%s: %v", there.ID, there.Fields)
				}
				for _, n := range there.Notes {
					for _, given := range gone {
						if n.ID == given {
							t.Errorf("%s: a note that was removed is there", there.ID)
						}
					}
				}
			}
		}
	})
}

// agreed waits until all has flowed, and looks whether both sides have the same, once.
func (c caller) agreed(url string, side otherSide, cases int) {
	t := c.p.t
	t.Helper()
	of := "SELECT COUNT(*) FROM %s x WHERE x.rpt_counterpartid IN (SELECT p.rpt_counterpartid FROM rpt_counterpart p WHERE p.rpt_uniquename = '" + side.name + "')"
	count := func(table, more string) int { return number(t, url, fmt.Sprintf(of, table)+more) }
	var s backend.State
	c.p.until(side.name+": all has flowed", func() bool {
		var err error
		if s, err = side.State(); err != nil {
			t.Fatal(err)
		}
		if s.Unsent != 0 || s.Deciding != 0 || s.Cases != int64(cases) || count("rpt_exchangeintent", " AND x.statecode = 0") != 0 || count("rpt_exchangeevent", "") != int(s.Events) || count("rpt_exchangeevent", " AND x.statecode = 0") != 0 {
			return false
		}
		// A change may have arrived after the other side was asked, and before it was counted here.
		done := s.Counts["done"]
		if s, err = side.State(); err != nil {
			t.Fatal(err)
		}
		return s.Counts["done"] == done
	})
	for what, n := range map[string]int{
		"changes given up": count("rpt_exchangeintent", " AND x.statecode = 2"), "events in quarantine": count("rpt_exchangeevent", " AND x.statecode = 2"),
		"cases whose numbers have gaps": number(t, url, "SELECT COUNT(*) FROM (SELECT rpt_caseid FROM rpt_exchangeintent GROUP BY rpt_caseid HAVING COUNT(*) <> MAX(rpt_number) OR MIN(rpt_number) <> 1) y"),
	} {
		if n != 0 {
			t.Errorf("%s: %s: %d", side.name, what, n)
		}
	}
	if n := count("rpt_exchangecase", ""); n != cases {
		t.Errorf("%s: %d exchanged cases, not %d", side.name, n, cases)
	}
	if n := count("rpt_exchangeintent", " AND x.statecode = 1"); int64(n) != s.Counts["done"] {
		t.Errorf("%s: %d changes were acknowledged, %d done", side.name, n, s.Counts["done"])
	}
	all, err := side.Cases()
	if err != nil {
		t.Fatal(err)
	}
	theirs := 0 // what they wrote of notes and documents
	for _, there := range all {
		for _, n := range there.Notes {
			if n.Author == "Underwriting desk" {
				theirs++
			}
		}
		theirs += len(there.Documents)
	}
	here := fmt.Sprintf("SELECT COUNT(*) FROM annotation a JOIN incident i ON i.incidentid = a.objectid WHERE a.rpt_outsideid IS NOT NULL AND i.casetypecode = %d", side.kind)
	if n := number(t, url, here); n != theirs {
		t.Errorf("%s: they wrote %d notes and documents, %d are here", side.name, theirs, n)
	}
	links, _ := c.api(http.MethodGet, "rpt_exchangecases?$select=rpt_exchangecaseid&$filter=_rpt_counterpartid_value%20eq%20"+side.key, nil)["value"].([]any)
	for _, l := range links {
		row, _ := l.(map[string]any)
		key := text(t, row, "rpt_exchangecaseid")
		if got := c.api(http.MethodPost, "rpt_exchangecases("+key+")/Microsoft.Dynamics.CRM.rpt_CompareCase", map[string]any{}); got["Differing"] != 0.0 {
			t.Errorf("%s: %v differ: %v", side.name, got["Differing"], c.api(http.MethodGet, "rpt_exchangecases("+key+")?$select=rpt_differences", nil)["rpt_differences"])
		}
	}
}
