package lake

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what the lake does.
type Metrics struct {
	rows      *prometheus.CounterVec
	commits   *prometheus.CounterVec
	retries   *prometheus.CounterVec
	skipped   *prometheus.CounterVec
	lag       *prometheus.GaugeVec
	freshness *prometheus.HistogramVec
	tidied    *prometheus.CounterVec
}

// NewMetrics makes the set and registers it.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		rows:    counter("rapport_lake_rows_total", "Rows written to the lake, by layer.", "layer"),
		commits: counter("rapport_lake_commits_total", "Commits to tables of the lake, by layer.", "layer"),
		retries: counter("rapport_lake_retries_total", "Writes to the lake that failed and are tried again, by consumer and stable error code.", "consumer", "code"),
		skipped: counter("rapport_lake_skipped_total", "What was not written to the lake, by reason: a row that is there already (duplicate), a value that is none of its column's (value), an event that would become no record (conversion), events trimmed before the lake had them (trimmed), one that is damaged (corrupt), a change of a table that is no more (table), a record whose earlier changes are not kept any more, so that only what changed since is known (gap).", "reason"),
		lag:     prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "rapport_lake_lag_seconds", Help: "Age of the oldest change or event that has been read and is not in the lake yet."}, []string{"consumer"}),
		freshness: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "rapport_lake_freshness_seconds", Help: "Time from a change, or an event's storing, to its being in the lake.",
			Buckets: prometheus.ExponentialBuckets(0.05, 1.5, 18)}, []string{"consumer"}),
		tidied: counter("rapport_lake_tidied_total", "Upkeep of the lake, by kind (compaction, base, vacuum, log, arrivals).", "kind"),
	}
	for _, reason := range []string{"duplicate", "value", "conversion", "trimmed", "corrupt", "table", "gap"} {
		m.skipped.WithLabelValues(reason) // shown from the start
	}
	if r != nil {
		r.MustRegister(m.rows, m.commits, m.retries, m.skipped, m.lag, m.freshness, m.tidied)
	}
	return m
}

// Missed counts events that were trimmed before the lake had them.
func (m *Metrics) Missed(n uint64) { m.skipped.WithLabelValues("trimmed").Add(float64(n)) }
