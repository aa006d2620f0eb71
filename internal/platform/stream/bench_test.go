package stream_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/platform/stream"
)

// BenchmarkPublish measures events on disk a second, by publishers and events a call; events have about 1 KB.
func BenchmarkPublish(b *testing.B) {
	for _, batch := range []int{1, 100, 1000} {
		for _, publishers := range []int{1, 64} {
			b.Run(fmt.Sprintf("batch=%d/publishers=%d", batch, publishers), func(b *testing.B) {
				s := start(b, stream.Options{})
				sent := events("x", batch, 900)
				b.SetParallelism((publishers + 1) / 2)
				if publishers == 1 {
					for b.Loop() {
						if err := s.Publish(b.Context(), topic, sent...); err != nil {
							b.Fatal(err)
						}
					}
				} else {
					b.RunParallel(func(pb *testing.PB) {
						for pb.Next() {
							if err := s.Publish(b.Context(), topic, sent...); err != nil {
								b.Error(err)
							}
						}
					})
				}
				b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "events/s")
				b.ReportMetric(float64(s.Stats().Events)/float64(s.Stats().Commits), "events/commit")
			})
		}
	}
}

// BenchmarkRead measures entries a second out of a log of 1 KB events, in packs as singles and batches make them.
func BenchmarkRead(b *testing.B) {
	for _, batch := range []int{1, 100} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			const total = 10_000
			s := start(b, stream.Options{})
			for i := range total / batch {
				if err := s.Publish(b.Context(), topic, events(fmt.Sprint(i), batch, 900)...); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				r, err := s.NewReader(b.Context(), topic, 0)
				if err != nil {
					b.Fatal(err)
				}
				for n := 0; n < total; {
					entries, err := r.Next(b.Context(), 256, time.Second)
					if err != nil || len(entries) == 0 {
						b.Fatal(n, err)
					}
					n += len(entries)
				}
				r.Close()
			}
			b.ReportMetric(float64(b.N*total)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
