package scoring

import "github.com/prometheus/client_golang/prometheus"

// Metrics count what the loop does.
type Metrics struct {
	scored   *prometheus.CounterVec // written, unchanged, closed, conflict
	arrivals *prometheus.CounterVec // model, endpoint, fallback, none
	tasks    prometheus.Counter
	seconds  prometheus.Histogram
	trained  *prometheus.CounterVec // by outcome
}

// NewMetrics makes the metrics; nil keeps them to itself.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		scored:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rapport_scoring_leads_total", Help: "Leads scored, by what came of it."}, []string{"outcome"}),
		arrivals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rapport_scoring_arrivals_total", Help: "Arriving leads, by what scored them."}, []string{"by"}),
		tasks:    prometheus.NewCounter(prometheus.CounterOpts{Name: "rapport_scoring_tasks_total", Help: "Tasks made for leads that rose."}),
		seconds:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: "rapport_scoring_lead_seconds", Help: "Time to work out one lead's score with its reasons.", Buckets: prometheus.ExponentialBuckets(1e-5, 4, 10)}),
		trained:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rapport_scoring_trainings_total", Help: "Trainings, by what came of them."}, []string{"outcome"}),
	}
	if r != nil {
		r.MustRegister(m.scored, m.arrivals, m.tasks, m.seconds, m.trained)
	}
	return m
}
