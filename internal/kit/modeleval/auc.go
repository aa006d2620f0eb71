package modeleval

import "math"

// Interval is an estimate with the ends of its confidence interval.
type Interval struct{ Value, Low, High float64 }

// Includes tells whether a value lies within the interval, its ends included.
func (i Interval) Includes(v float64) bool { return i.Low <= v && v <= i.High }

// AUC gives the area under the ROC curve: the chance that a row with the
// outcome is ranked before one without, ties counting half. The interval is
// DeLong's for the given level, such as 0.95. With fewer than two rows of
// either class nothing can be told, and the interval is 0 to 1.
func (s *Sample) AUC(level float64) Interval {
	n := len(s.p)
	pos, neg := s.positives, n-s.positives
	if pos == 0 || neg == 0 {
		return Interval{0.5, 0, 1}
	}
	// Placements: for each row the part of the other class ranked on its wrong
	// side, by runs of equal probability from the highest down.
	var mean, squaresPos, squaresNeg float64
	seenPos, seenNeg := 0, 0
	for from := 0; from < n; {
		to, p, q := from, 0, 0
		for ; to < n && s.p[s.order[to]] == s.p[s.order[from]]; to++ {
			if s.y[s.order[to]] {
				p++
			} else {
				q++
			}
		}
		above := (float64(neg-seenNeg-q) + 0.5*float64(q)) / float64(neg) // negatives below these positives
		below := (float64(seenPos) + 0.5*float64(p)) / float64(pos)       // positives above these negatives
		mean += float64(p) * above
		squaresPos += float64(p) * above * above
		squaresNeg += float64(q) * below * below
		seenPos, seenNeg, from = seenPos+p, seenNeg+q, to
	}
	auc := mean / float64(pos)
	if pos < 2 || neg < 2 {
		return Interval{auc, 0, 1}
	}
	varPos := (squaresPos - float64(pos)*auc*auc) / float64(pos-1)
	varNeg := (squaresNeg - float64(neg)*auc*auc) / float64(neg-1)
	se := math.Sqrt(max(0, varPos/float64(pos)+varNeg/float64(neg)))
	z := Quantile(0.5 + level/2)
	return Interval{auc, max(0, auc-z*se), min(1, auc+z*se)}
}

// Quantile gives the standard normal distribution's quantile: 1.96 for 0.975.
func Quantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
