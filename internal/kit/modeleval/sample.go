package modeleval

import (
	"cmp"
	"math"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Sample is predictions beside outcomes, checked once.
type Sample struct {
	p         []float64
	y         []bool
	order     []int32 // rows by falling probability; ties in their order
	positives int
}

// maxRows is as many as an int32 numbers with room to spare.
const maxRows = 1 << 30

// NewSample checks probabilities and outcomes. It refers to the slices, which
// must not change. Errors are Invalid and name the row.
func NewSample(p []float64, y []bool) (*Sample, error) {
	if len(p) == 0 {
		return nil, errs.New(errs.Invalid, "modeleval.empty", "there is nothing to judge: no rows")
	}
	if len(p) != len(y) {
		return nil, errs.New(errs.Invalid, "modeleval.length", "%d predictions for %d outcomes", len(p), len(y))
	}
	if len(p) > maxRows {
		return nil, errs.New(errs.TooLarge, "modeleval.too_many_rows", "%d rows; at most %d are possible", len(p), maxRows)
	}
	s := &Sample{p: p, y: y, order: make([]int32, len(p))}
	for i, v := range p {
		if !(v >= 0 && v <= 1) {
			return nil, errs.New(errs.Invalid, "modeleval.probability", "the prediction of row %d is not a probability", i)
		}
		if y[i] {
			s.positives++
		}
		s.order[i] = int32(i)
	}
	slices.SortStableFunc(s.order, func(a, b int32) int { return cmp.Compare(p[b], p[a]) })
	return s, nil
}

// Rows gives the number of rows.
func (s *Sample) Rows() int { return len(s.p) }

// Positives gives the number of rows with the outcome.
func (s *Sample) Positives() int { return s.positives }

// BaseRate gives the part of the rows with the outcome.
func (s *Sample) BaseRate() float64 { return float64(s.positives) / float64(len(s.p)) }

const closest = 1e-15

func loss(p float64, y bool) float64 {
	if !y {
		p = 1 - p
	}
	return -math.Log(min(max(p, closest), 1-closest))
}

// LogLoss gives the mean negative log-likelihood; lower is better.
func (s *Sample) LogLoss() float64 {
	sum := 0.0
	for i, p := range s.p {
		sum += loss(p, s.y[i])
	}
	return sum / float64(len(s.p))
}

// PriorLogLoss gives the log-loss of predicting the same rate for every row:
// with the rate of the training rows, what a model must beat.
func (s *Sample) PriorLogLoss(rate float64) float64 {
	b := s.BaseRate()
	return b*loss(rate, true) + (1-b)*loss(rate, false)
}

// Brier gives the mean squared error of the probabilities.
func (s *Sample) Brier() float64 {
	sum := 0.0
	for i, p := range s.p {
		if s.y[i] {
			p = 1 - p
		}
		sum += p * p
	}
	return sum / float64(len(s.p))
}
