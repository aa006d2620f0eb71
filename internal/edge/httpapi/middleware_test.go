package httpapi_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// wrapped serves a mux behind the middleware, without sign-in.
func wrapped(t *testing.T, mux *http.ServeMux) (url string, logged *lines, metrics *prometheus.Registry) {
	t.Helper()
	logged, metrics = &lines{}, prometheus.NewRegistry()
	m := httpapi.NewMiddleware(httpapi.MiddlewareOptions{Registerer: metrics, Logger: slog.New(slog.NewJSONHandler(logged, nil)), Clock: clock.NewFake(start)})
	server := httptest.NewServer(m.Wrap(mux))
	t.Cleanup(server.Close)
	return server.URL, logged, metrics
}

func get(t *testing.T, method, url string, headers ...string) (*http.Response, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}

// series lists the label values of the request histogram with their counts.
func series(t *testing.T, metrics *prometheus.Registry) map[string]uint64 {
	t.Helper()
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]uint64{}
	for _, f := range families {
		if f.GetName() != "rapport_http_request_duration_seconds" {
			continue
		}
		for _, m := range f.GetMetric() {
			var values []string
			for _, l := range m.GetLabel() {
				values = append(values, l.GetValue())
			}
			out[strings.Join(values, " ")] = m.GetHistogram().GetSampleCount()
		}
	}
	return out
}

func TestMiddlewareLogsAndCounts(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	url, logged, metrics := wrapped(t, mux)
	res, _, err := get(t, "GET", url+"/things/contacts(emailaddress1='ann@example.com')?token=secret", "Authorization: Bearer rpt_secret")
	if err != nil || res.StatusCode != 200 {
		t.Fatal(err, res)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Strict-Transport-Security": ""} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	id := res.Header.Get("X-Request-Id")
	if line := logged.String(); id == "" || !strings.Contains(line, `"request":"`+id+`"`) || !strings.Contains(line, `"status":200,"bytes":5`) || !strings.Contains(line, `/things/contacts(emailaddress1='')`) {
		t.Errorf("id %q, log %s", id, line)
	}
	for range 3 {
		_, _, _ = get(t, "BREW", url+"/nosuch")
	}
	_, _, _ = get(t, "DELETE", url+"/other")
	if strings.Contains(logged.String(), "secret") || strings.Contains(logged.String(), "ann@") {
		t.Errorf("the log holds secrets or personal data: %s", logged)
	}
	got := series(t, metrics)
	if got["200 GET /things/{id}"] != 1 || got["404 other none"] != 3 || got["404 DELETE none"] != 1 || len(got) != 3 {
		t.Errorf("series are %v", got)
	}
}

func TestMiddlewareCatchesPanics(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/early", func(http.ResponseWriter, *http.Request) { panic(errors.New("the password is hunter2")) })
	mux.HandleFunc("/late", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 100_000))
		panic("late")
	})
	url, logged, metrics := wrapped(t, mux)
	res, body, err := get(t, "GET", url+"/early")
	if err != nil || res.StatusCode != 500 || strings.Contains(body, "hunter2") || !strings.Contains(body, `"internal"`) {
		t.Errorf("%v %v %s", err, res, body)
	}
	if line := logged.String(); !strings.Contains(line, "a handler panicked") || !strings.Contains(line, "middleware_test.go") {
		t.Errorf("log: %s", line)
	}
	if _, _, err := get(t, "GET", url+"/late"); err == nil {
		t.Error("half an answer was taken for a whole one")
	}
	if got := series(t, metrics); got["500 GET /early"] != 1 {
		t.Errorf("series are %v", got)
	}
}

func TestMiddlewareTakesTracesOn(t *testing.T) {
	t.Parallel()
	const sent = "0af7651916cd43dd8448eb211c80319c"
	var seen trace.SpanContext
	mux := http.NewServeMux()
	mux.HandleFunc("/x", func(w http.ResponseWriter, r *http.Request) {
		seen = trace.SpanContextFromContext(r.Context())
		httpapi.WriteError(w, r, errs.New(errs.NotFound, "x.gone", "gone"))
	})
	url, logged, _ := wrapped(t, mux)
	if _, _, err := get(t, "GET", url+"/x", "Traceparent: 00-"+sent+"-b7ad6b7169203331-01"); err != nil {
		t.Fatal(err)
	}
	if seen.TraceID().String() != sent || !seen.IsSampled() {
		t.Errorf("the handler's trace is %v", seen)
	}
	if !strings.Contains(logged.String(), `"trace":"`+sent+`"`) {
		t.Errorf("log: %s", logged)
	}
}
