// Package exchange_test exchanges a case with a counterpart that we did not
// write: a mock which @stoplight/prism-cli makes of the contract alone, and which
// refuses whatever does not follow it. It needs Node and `make clients`.
package exchange_test

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/test/testenv"
)

const mapping = `{"kind": "request", "case": "incident", "open": {"when": "casetypecode eq 3"}, "status": {"ours": {"active": 1, "on-hold": 2}},
 "fields": [{"name": "title", "column": "title", "owner": "ours"}, {"name": "customer", "column": "customerid", "owner": "ours"}, {"name": "priority", "column": "prioritycode", "owner": "both", "values": {"high": 1, "normal": 2, "low": 3}}],
 "notes": true}`

// TestTheMockTakesWhatWeSend has each kind of change taken by the mock. Its answers
// are made up, and so about another case: that is what each is given up for, while a
// change that does not follow the contract would be refused with a status of 4xx.
func TestTheMockTakesWhatWeSend(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("skipped: Node is missing; install Node 20.19 or newer")
	}
	if _, err := os.Stat("node_modules/@stoplight/prism-cli"); err != nil {
		t.Skip("skipped: the mock is not installed; run `make clients`")
	}
	address := mock(t, node)
	e := testenv.Start(t, testenv.Options{Edit: func(o *rapport.Options) { o.WebhookNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }})
	token := e.Token("admin")
	create := func(set string, body map[string]any) {
		t.Helper()
		if status := e.API(token, http.MethodPost, set, body, nil); status != http.StatusNoContent && status != http.StatusCreated {
			t.Fatalf("%s: %d", set, status)
		}
	}
	counterpart, account, incident := "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"
	create("accounts", map[string]any{"accountid": account, "name": "Customer Ltd"})
	create("rpt_counterparts", map[string]any{"rpt_counterpartid": counterpart, "rpt_name": "Mock", "rpt_uniquename": "mock", "rpt_url": address, "rpt_mapping": mapping, "rpt_token": "a token of the mock", "rpt_poll": 0, "rpt_attempts": 1})
	create("incidents", map[string]any{"incidentid": incident, "title": "A case", "casetypecode": 2, "customerid_account@odata.bind": "/accounts(" + account + ")"})
	e.Until("the counterpart is in force", func() bool {
		var status struct{ InForce bool }
		e.API(token, http.MethodPost, "rpt_counterparts("+counterpart+")/Microsoft.Dynamics.CRM.rpt_ExchangeStatus", map[string]any{}, &status)
		return status.InForce
	})
	for _, change := range []map[string]any{{"casetypecode": 3}, {"title": "Another title", "prioritycode": 1}} {
		if status := e.API(token, http.MethodPatch, "incidents("+incident+")", change, nil); status >= 300 {
			t.Fatalf("the case: %d", status)
		}
	}
	create("annotations", map[string]any{"subject": "Note", "notetext": "a note", "objectid_incident@odata.bind": "/incidents(" + incident + ")"})
	for _, kind := range []string{"case", "status", "fields", "note"} {
		var list struct {
			Value []struct {
				ID     string `json:"rpt_exchangeintentid"`
				Kind   string `json:"rpt_kind"`
				Reason string `json:"rpt_reason"`
			}
		}
		e.Until(kind+" was sent", func() bool {
			e.API(token, http.MethodGet, "rpt_exchangeintents?$filter=statecode%20eq%202", nil, &list)
			return len(list.Value) == 1
		})
		got := list.Value[0]
		if got.Kind != kind || !strings.Contains(got.Reason, "about another case") {
			t.Errorf("%s: %+v", kind, got)
		}
		if status := e.API(token, http.MethodPost, "rpt_exchangeintents("+got.ID+")/Microsoft.Dynamics.CRM.rpt_DiscardChange", map[string]any{}, nil); status >= 300 {
			t.Fatalf("discarding: %d", status)
		}
	}
}

// mock starts the mock and gives its address.
func mock(t *testing.T, node string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	cmd := exec.CommandContext(t.Context(), node, "node_modules/@stoplight/prism-cli/dist/index.js", "mock", "-m", "false", "--errors", "-h", "127.0.0.1", "-p", port, "../../../docs/schemas/case-exchange.yaml")
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // the context has ended it
	address := "http://127.0.0.1:" + port
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		res, err := http.Get(address + "/changes")
		if err == nil {
			res.Body.Close()
			return address
		}
		if time.Now().After(deadline) {
			t.Fatal(fmt.Errorf("the mock does not answer: %w", err))
		}
	}
}
