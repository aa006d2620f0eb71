package event

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what consumers do. One set serves all subscriptions.
type Metrics struct {
	handled  *prometheus.CounterVec
	retries  *prometheus.CounterVec
	lag      *prometheus.GaugeVec
	inflight *prometheus.GaugeVec
	delay    *prometheus.HistogramVec
}

// NewMetrics makes the set and registers it.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		handled:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rapport_events_handled_total", Help: "Events worked off, by consumer and outcome (done, duplicate, dead)."}, []string{"consumer", "outcome"}),
		retries:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rapport_event_retries_total", Help: "Deliveries that failed and are tried again, by consumer and stable error code."}, []string{"consumer", "code"}),
		lag:      prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "rapport_event_lag_seconds", Help: "Age of the oldest event that a consumer has read and not yet worked off."}, []string{"consumer"}),
		inflight: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "rapport_events_in_flight", Help: "Events read and not yet worked off, by consumer."}, []string{"consumer"}),
		delay:    prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "rapport_event_delay_seconds", Help: "Time from an event's storing to its effect being on disk.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 16)}, []string{"consumer"}),
	}
	if r != nil {
		r.MustRegister(m.handled, m.retries, m.lag, m.inflight, m.delay)
	}
	return m
}
