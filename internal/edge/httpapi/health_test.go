package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/ground/errs"
)

func TestReadinessTellsIntakeAndRecordsApart(t *testing.T) {
	t.Parallel()
	down := errs.New(errs.Unavailable, "x.down", "the database at 10.0.0.1 is down")
	for _, c := range []struct {
		intake, records error
		part            string
		status          int
		body            string
	}{
		{nil, nil, "", 200, `{"intake":"ok","records":"ok"}`},
		{nil, nil, "?part=intake", 200, `{"intake":"ok","records":"ok"}`},
		{nil, down, "", 503, `{"intake":"ok","records":"unavailable"}`},
		{nil, down, "?part=intake", 200, `{"intake":"ok","records":"unavailable"}`},
		{nil, errors.New("secret detail"), "", 503, `{"intake":"ok","records":"unavailable"}`},
		{down, nil, "", 503, `{"intake":"unavailable","records":"ok"}`},
		{down, nil, "?part=intake", 503, `{"intake":"unavailable","records":"ok"}`},
	} {
		mux := http.NewServeMux()
		(&httpapi.HealthAPI{Intake: func(context.Context) error { return c.intake }, Records: func(context.Context) error { return c.records }, Gatherer: prometheus.NewRegistry()}).Register(mux)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/readyz"+c.part, nil))
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("%v %v %q: got %d %s", c.intake, c.records, c.part, w.Code, w.Body)
		}
	}
}

// A part that does not answer is not waited for longer than a balancer waits.
func TestReadinessDoesNotHang(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	(&httpapi.HealthAPI{Intake: func(context.Context) error { return nil }, Records: hang, Gatherer: prometheus.NewRegistry()}).Register(mux)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil))
	if w.Code != 503 || w.Body.String() != `{"intake":"ok","records":"unavailable"}` {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestHealthAndMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "rapport_test_total", Help: "x"})
	registry.MustRegister(counter)
	counter.Inc()
	ask := func(context.Context) error { return errors.New("down") }
	mux := http.NewServeMux()
	(&httpapi.HealthAPI{Intake: ask, Records: ask, Gatherer: registry}).Register(mux)
	for path, want := range map[string]string{"/healthz": `{"status":"ok"}`, "/metrics": "rapport_test_total 1"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		if w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
