package model

import (
	"math"

	"github.com/rapport-platform/rapport/internal/kit/modeleval"
)

// measure gives the figures of chances; rate is that of the rows learned from.
func measure(p []float64, y []bool, rate float64) (Metrics, error) {
	s, err := modeleval.NewSample(p, y)
	if err != nil {
		return Metrics{}, err
	}
	auc := s.AUC(0.95)
	lift := s.Lift(0.1, 0.2)
	m := Metrics{Rows: s.Rows(), Rate: s.BaseRate(), AUC: auc.Value, AUCLow: auc.Low, AUCHigh: auc.High, LogLoss: s.LogLoss(), Brier: s.Brier(),
		ECE: s.ECE(10), Lift10: lift[0].Lift, Top20: lift[1].Capture, PriorLog: s.PriorLogLoss(rate)}
	for _, v := range []*float64{&m.Rate, &m.AUC, &m.AUCLow, &m.AUCHigh, &m.LogLoss, &m.Brier, &m.ECE, &m.Lift10, &m.Top20, &m.PriorLog} {
		*v = math.Round(*v*1e5) / 1e5
	}
	return m, nil
}

// curve groups rows by their chance, from the lowest tenth to the highest.
func curve(p []float64, y []bool) ([]Bin, error) {
	s, err := modeleval.NewSample(p, y)
	if err != nil {
		return nil, err
	}
	var out []Bin
	for _, b := range s.Reliability(10) {
		out = append(out, Bin{Rows: b.Rows, Predicted: math.Round(b.Mean*1e4) / 1e4, Observed: math.Round(b.Rate*1e4) / 1e4})
	}
	return out, nil
}

// Level names how far a population stability index is from nothing.
func Level(psi float64) string {
	switch {
	case psi >= 0.25:
		return "strong"
	case psi >= 0.1:
		return "some"
	}
	return "none"
}

// psi compares two counts of the same segments.
func psi(a, b *Segments) float64 {
	counts := func(s *Segments) []int {
		out := make([]int, 0, len(s.Groups)+1)
		for _, g := range s.Groups {
			out = append(out, g.N)
		}
		return append(out, s.Absent.N)
	}
	return math.Round(modeleval.PSICounts(counts(a), counts(b))*1e4) / 1e4
}
