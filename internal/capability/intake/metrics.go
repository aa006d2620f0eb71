package intake

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what becomes of events.
type Metrics struct {
	leads  *prometheus.CounterVec
	faults *prometheus.CounterVec
	failed *prometheus.CounterVec
}

// NewMetrics makes the set and registers it; r may be nil.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		leads:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rapport_intake_leads_total", Help: "Events of the topic leads, by outcome (accepted, quarantined, replayed)."}, []string{"outcome"}),
		faults: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rapport_intake_faults_total", Help: "Reasons for quarantine, by stable code."}, []string{"code"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rapport_intake_rule_failures_total", Help: "Rules that could not be evaluated or applied, by name."}, []string{"rule"}),
	}
	if r != nil {
		r.MustRegister(m.leads, m.faults, m.failed)
	}
	return m
}

// short cuts a text to a number of characters.
func short(s string, n int) string {
	r := []rune(storable([]byte(s)))
	return string(r[:min(len(r), n)])
}

// storable makes a text of any bytes that both databases can keep.
func storable(b []byte) string {
	return strings.ReplaceAll(strings.ToValidUTF8(string(b), "�"), "\x00", "�")
}
