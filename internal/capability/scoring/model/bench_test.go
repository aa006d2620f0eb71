package model

import (
	"slices"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
)

// One lead's chance with exact reasons, from its attributes to the words.
func BenchmarkExplain(b *testing.B) {
	art, r, err := Train(b.Context(), made(4000, 1, plain), options())
	if err != nil || art == nil {
		b.Fatal(r.Gate, err)
	}
	now := start.AddDate(0, 6, 0)
	v := feature.Known(now, now, map[string]string{"x_job": "manager", "x_noise": "3"}, []feature.Event{{At: now.Add(-time.Hour)}})
	times := make([]time.Duration, 0, b.N)
	for b.Loop() {
		began := time.Now()
		if got := art.Deep.Explain(v); len(got.Reasons) == 0 {
			b.Fatal("no reasons")
		}
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)*99/100].Nanoseconds()), "p99-ns")
}
