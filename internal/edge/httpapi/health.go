package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// HealthAPI tells machines how the server is:
//
//	GET /healthz   the process answers: 200
//	GET /readyz    {"intake","records"}, each "ok", or what is the matter, such as "unavailable"
//	GET /metrics   Prometheus metrics
//
// Intake is taking leads and events in; it goes on while the database is away.
// Records is everything else. /readyz answers 200 when both are ok and 503
// otherwise. With ?part=intake it asks only whether leads can be taken, so that
// a balancer keeps sending forms to a server whose database is away: it answers
// 200 as long as intake is ok.
type HealthAPI struct {
	Intake   func(context.Context) error // nil when events can be stored
	Records  func(context.Context) error // nil when records can be read
	Gatherer prometheus.Gatherer
}

const readyWait = 2 * time.Second // for each part to answer

// Register adds the routes.
func (a *HealthAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writePortalJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", a.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.Gatherer, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
}

func (a *HealthAPI) ready(w http.ResponseWriter, r *http.Request) {
	intake, records := stateOf(r.Context(), a.Intake), stateOf(r.Context(), a.Records)
	status := http.StatusOK
	if intake != "ok" || records != "ok" && r.URL.Query().Get("part") != "intake" {
		status = http.StatusServiceUnavailable
	}
	writePortalJSON(w, status, map[string]string{"intake": intake, "records": records})
}

// stateOf asks a part how it is. The answer is the kind of its error, which
// gives nothing away to whoever asks.
func stateOf(ctx context.Context, ask func(context.Context) error) string {
	ctx, cancel := context.WithTimeout(ctx, readyWait)
	defer cancel()
	err := ask(ctx)
	switch {
	case err == nil:
		return "ok"
	case ctx.Err() != nil || errs.KindOf(err) == errs.Internal:
		return errs.Unavailable.String()
	}
	return errs.KindOf(err).String()
}
