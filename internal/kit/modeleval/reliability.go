package modeleval

import "math"

// Bin is a group of rows of similar probability.
type Bin struct {
	Rows      int
	Positives int
	Mean      float64 // probability on average
	Rate      float64 // of the outcome
	Low, High float64 // probabilities
}

// Reliability cuts the rows, from the lowest probability up, into so many bins
// of equal count (the first ones have one more where it does not come out even).
func (s *Sample) Reliability(bins int) []Bin {
	n := len(s.p)
	bins = max(1, min(bins, n))
	out := make([]Bin, 0, bins)
	at := 0
	for i := range bins {
		rows := n / bins
		if i < n%bins {
			rows++
		}
		b := Bin{Rows: rows, Low: math.Inf(1), High: math.Inf(-1)}
		for range rows {
			row := s.order[n-1-at]
			b.Mean += s.p[row]
			b.Low, b.High = min(b.Low, s.p[row]), max(b.High, s.p[row])
			if s.y[row] {
				b.Positives++
			}
			at++
		}
		b.Mean /= float64(rows)
		b.Rate = float64(b.Positives) / float64(rows)
		out = append(out, b)
	}
	return out
}

// ECE gives the expected calibration error over bins of equal count: how far
// the mean probability is from the rate, on average.
func (s *Sample) ECE(bins int) float64 {
	sum := 0.0
	for _, b := range s.Reliability(bins) {
		sum += float64(b.Rows) * math.Abs(b.Mean-b.Rate)
	}
	return sum / float64(len(s.p))
}

// LiftRow says what the rows with the highest probabilities hold.
type LiftRow struct {
	Fraction float64 // of the rows, from the top
	Rows     int
	Rate     float64 // of the outcome among them
	Lift     float64 // Rate over the base rate; 0 without positives
	Capture  float64 // part of all positives among them (cumulative gain)
	Least    float64 // lowest probability among them
}

// Lift gives the table of lift and gain at the given fractions of the rows,
// each rounded up to whole rows.
func (s *Sample) Lift(fractions ...float64) []LiftRow {
	n := len(s.p)
	gained := make([]int, n+1)
	for i, row := range s.order {
		gained[i+1] = gained[i]
		if s.y[row] {
			gained[i+1]++
		}
	}
	out := make([]LiftRow, len(fractions))
	for i, f := range fractions {
		rows := max(1, min(n, int(math.Ceil(f*float64(n)-1e-9))))
		r := LiftRow{Fraction: f, Rows: rows, Rate: float64(gained[rows]) / float64(rows), Least: s.p[s.order[rows-1]]}
		if s.positives > 0 {
			r.Lift = r.Rate / s.BaseRate()
			r.Capture = float64(gained[rows]) / float64(s.positives)
		}
		out[i] = r
	}
	return out
}
