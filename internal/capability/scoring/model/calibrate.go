package model

import (
	"math"

	"github.com/rapport-platform/rapport/internal/kit/modeleval"
)

// Calibration turns a model's log-odds into a chance that comes true as often as it says.
type Calibration struct {
	Method    string    `json:"method"` // platt, isotonic
	Slope     float64   `json:"slope,omitempty"`
	Intercept float64   `json:"intercept,omitempty"`
	At        []float64 `json:"at,omitempty"`
	Value     []float64 `json:"value,omitempty"`
}

const (
	// isotonicFrom is from how many successes on a curve of any rising form is
	// preferred to one of two parameters, which needs fewer.
	isotonicFrom = 1000
	// leastGain is by how much calibration must lower the log-loss to be worth it.
	leastGain = 0.0005
)

// Apply gives the calibrated chance of log-odds.
func (c *Calibration) Apply(margin float64) float64 {
	if c == nil {
		return sigmoid(margin)
	}
	if c.Method == "platt" {
		return modeleval.Platt{Slope: c.Slope, Intercept: c.Intercept}.Apply(margin)
	}
	return modeleval.Isotonic{At: c.At, Value: c.Value}.Apply(sigmoid(margin))
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// calibrate fits a calibration to rows that the model did not learn from, and
// gives it only if it helps on rows that it was not fitted to: each half of the
// rows judges the one fitted to the other.
func calibrate(margins []float64, y []bool) (*Calibration, error) {
	var halves [2]struct {
		m []float64
		y []bool
	}
	positives := 0
	for i, m := range margins {
		h := &halves[i%2]
		h.m, h.y = append(h.m, m), append(h.y, y[i])
		if y[i] {
			positives++
		}
	}
	if positives < 2*leastTally || len(y)-positives < 2*leastTally {
		return nil, nil
	}
	method := "platt"
	if positives >= isotonicFrom {
		method = "isotonic"
	}
	raw, after := 0.0, 0.0
	for i := range halves {
		fitted, judged := halves[i], halves[1-i]
		c, err := fit(method, fitted.m, fitted.y)
		if err != nil {
			return nil, err
		}
		before, err := lossOf(judged.m, judged.y, nil)
		if err != nil {
			return nil, err
		}
		then, err := lossOf(judged.m, judged.y, c)
		if err != nil {
			return nil, err
		}
		raw, after = raw+before/2, after+then/2
	}
	if raw-after < leastGain {
		return nil, nil
	}
	return fit(method, margins, y)
}

func fit(method string, margins []float64, y []bool) (*Calibration, error) {
	if method == "platt" {
		p, err := modeleval.FitPlatt(margins, y)
		return &Calibration{Method: method, Slope: p.Slope, Intercept: p.Intercept}, err
	}
	s, err := modeleval.NewSample(chances(margins, nil), y)
	if err != nil {
		return nil, err
	}
	iso := modeleval.FitIsotonic(s)
	return &Calibration{Method: method, At: iso.At, Value: iso.Value}, nil
}

func chances(margins []float64, c *Calibration) []float64 {
	out := make([]float64, len(margins))
	for i, m := range margins {
		out[i] = c.Apply(m)
	}
	return out
}

func lossOf(margins []float64, y []bool, c *Calibration) (float64, error) {
	s, err := modeleval.NewSample(chances(margins, c), y)
	if err != nil {
		return 0, err
	}
	return s.LogLoss(), nil
}
