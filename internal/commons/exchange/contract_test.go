package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/rapport-platform/rapport/internal/platform/webhook"
)

var decoders = sync.OnceFunc(func() {
	openapi3filter.RegisterBodyDecoder("application/merge-patch+json", openapi3filter.JSONBodyDecoder)
})

// contract reads the contract with the counterpart at an address.
func contract(t *testing.T, address string) (*openapi3.T, routers.Router) {
	t.Helper()
	decoders()
	doc, err := openapi3.NewLoader().LoadFromFile("../../../docs/schemas/case-exchange.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: address}}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return doc, router
}

var open = &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}

// TestTrafficFollowsTheContract validates what both sides really send: all requests
// of ours with the answers, and all events with ours.
func TestTrafficFollowsTheContract(t *testing.T) {
	t.Parallel()
	each(t, true, func(t *testing.T, e *env) {
		b, server := e.other(true)
		doc, router := contract(t, server.URL)
		var mu sync.Mutex
		var wrong []error
		used := map[string]int{}
		e.sender.mu.Lock()
		e.sender.seen = func(r *http.Request, body []byte, reply webhook.Reply) {
			mu.Lock()
			defer mu.Unlock()
			again, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), r.Method, r.URL.String(), bytes.NewReader(body))
			if err != nil {
				wrong = append(wrong, err)
				return
			}
			again.Header = r.Header
			route, params, err := router.FindRoute(again)
			if err != nil {
				wrong = append(wrong, err)
				return
			}
			used[route.Operation.OperationID]++
			in := &openapi3filter.RequestValidationInput{Request: again, PathParams: params, Route: route, Options: open}
			wrong = append(wrong, openapi3filter.ValidateRequest(again.Context(), in),
				openapi3filter.ValidateResponse(again.Context(), &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: reply.Status, Header: reply.Header, Body: io.NopCloser(bytes.NewReader(reply.Body)), Options: open}))
		}
		e.sender.mu.Unlock()
		hook := func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			item := doc.Paths.Value("/api/exchange/{counterpart}/events")
			r.Body = io.NopCloser(bytes.NewReader(body))
			err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{Request: r, PathParams: map[string]string{"counterpart": "other"}, Options: open,
				Route: &routers.Route{Spec: doc, Path: r.URL.Path, PathItem: item, Method: http.MethodPost, Operation: item.Post}})
			mu.Lock()
			wrong = append(wrong, err)
			used[item.Post.OperationID]++
			mu.Unlock()
			r.Body = io.NopCloser(bytes.NewReader(body))
			e.receive(w, r)
		}
		e.hook.Config.Handler = http.HandlerFunc(hook)
		e.connect(server.URL, nil)
		deal, incident, link := e.deal(250_000)
		note, slip := e.note(incident, "a note"), e.document(deal, "payslip.txt", "a payslip")
		e.until("decided", func() bool { return e.get("opportunity", deal)["app_underwriting"] == int64(1) && e.quiet(b) })
		e.update("opportunity", deal, map[string]any{"app_amount": 300_000})
		e.update("incident", incident, map[string]any{"statuscode": int64(2)})
		_, _, noteThere, letterThere := e.theirs(incident)
		for _, given := range []string{noteThere, letterThere} {
			if err := b.Remove(e.ctx, incident.String(), given); err != nil {
				t.Fatal(err)
			}
		}
		e.remove(note)
		e.remove(slip)
		e.until("all sent", func() bool { return e.quiet(b) })
		if got := e.compared(link); got != "[]" {
			t.Errorf("both sides differ: %s", got)
		}
		e.update("rpt_counterpart", e.counterpart, map[string]any{"rpt_poll": int64(1)})
		e.refresh()
		e.until("asked", func() bool { mu.Lock(); defer mu.Unlock(); return used["listChanges"] > 0 })
		mu.Lock()
		defer mu.Unlock()
		if err := errors.Join(wrong...); err != nil {
			t.Error(err)
		}
		for name, item := range doc.Paths.Map() {
			for method, op := range item.Operations() {
				if used[op.OperationID] == 0 {
					t.Errorf("%s %s was never used", method, name)
				}
			}
		}
	})
}

// TestRefusalsFollowTheContract holds the back-end's refusals to the contract, too.
func TestRefusalsFollowTheContract(t *testing.T) {
	t.Parallel()
	each(t, false, func(t *testing.T, e *env) {
		_, server := e.other(false)
		_, router := contract(t, server.URL)
		for _, q := range []struct {
			method, path, key, token, body string
			status                         int
		}{
			{"GET", "/cases/nobody", "", token, "", 404},
			{"GET", "/cases/nobody", "", "wrong", "", 401},
			{"PUT", "/cases/one", "key-number-1", token, `{"kind": "loan", "title": "One", "fields": {}}`, 201},
			{"PUT", "/cases/one", "key-number-1", token, `{"kind": "loan", "title": "One", "fields": {}}`, 201},
			{"PUT", "/cases/one", "key-number-1", token, `{"kind": "loan", "title": "Two", "fields": {}}`, 422},
			{"PUT", "/cases/one", "key-number-2", token, `{"kind": 7}`, 409},
			{"PUT", "/cases/two", "key-number-3", token, `{"kind": 7}`, 400},
			{"GET", "/changes?after=nonsense", "", token, "", 400},
		} {
			r, err := http.NewRequestWithContext(t.Context(), q.method, server.URL+q.path, strings.NewReader(q.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+q.token)
			if q.key != "" {
				r.Header.Set("Idempotency-Key", q.key)
				r.Header.Set("Exchange-Sequence", "1")
				r.Header.Set("Content-Type", "application/json")
			}
			route, params, err := router.FindRoute(r)
			if err != nil {
				t.Fatal(err)
			}
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: open}
			err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: res.StatusCode, Header: res.Header, Body: res.Body, Options: open})
			res.Body.Close()
			if err != nil || res.StatusCode != q.status {
				t.Errorf("%s %s: %d, %v", q.method, q.path, res.StatusCode, err)
			}
		}
	})
}
