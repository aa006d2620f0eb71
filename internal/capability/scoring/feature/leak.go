package feature

import (
	"math"
	"slices"
	"sort"

	"github.com/rapport-platform/rapport/internal/kit/modeleval"
)

// Hint says that a column may know the outcome.
type Hint struct {
	Name string  `json:"name"` // of the feature
	Why  string  `json:"why"`  // "auc", "filled_after", "changes_after"
	AUC  float64 `json:"auc,omitempty"`
	// Positive and Negative are the shares of filled rows by outcome, for
	// "filled_after"; for "changes_after" Positive is the share of leads in which
	// the column changed after the first contact.
	Positive float64 `json:"positive,omitempty"`
	Negative float64 `json:"negative,omitempty"`
}

const (
	tooGood      = 0.90 // AUC of a single column
	hintRows     = 200_000
	leastForHint = 40 // rows of either outcome
)

// Hints looks for columns that know the outcome, in at most hintRows of the rows.
func (f *Frame) Hints() []Hint {
	var out []Hint
	n := f.Rows()
	step := max(1, n/hintRows)
	var rows []int
	pos, neg := 0, 0
	for i := 0; i < n; i += step {
		rows = append(rows, i)
		if f.Label[i] {
			pos++
		} else {
			neg++
		}
	}
	if pos < leastForHint || neg < leastForHint {
		return nil
	}
	for i := range f.Features {
		filledPos, filledNeg := 0, 0
		for _, r := range rows {
			if f.missing(i, r) {
				continue
			}
			if f.Label[r] {
				filledPos++
			} else {
				filledNeg++
			}
		}
		p, q := float64(filledPos)/float64(pos), float64(filledNeg)/float64(neg)
		if math.Max(p, q) >= 0.5 && math.Min(p, q) <= 0.02 {
			out = append(out, Hint{Name: f.Features[i].Name, Why: "filled_after", Positive: round(p), Negative: round(q)})
			continue
		}
		if auc := f.single(i, rows); auc >= tooGood {
			out = append(out, Hint{Name: f.Features[i].Name, Why: "auc", AUC: round(auc)})
		}
	}
	return out
}

func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// single gives how well one column alone tells the outcomes apart, in either
// direction. Categories are ranked by the rates of every other row, so that
// rare ones don't look good by chance.
func (f *Frame) single(i int, rows []int) float64 {
	scores := make([]float64, 0, len(rows))
	labels := make([]bool, 0, len(rows))
	if f.Features[i].Kind == Number {
		for _, r := range rows {
			v := f.columns[i].number[r]
			if v != v {
				v = -math.MaxFloat64
			}
			scores, labels = append(scores, v), append(labels, f.Label[r])
		}
	} else {
		type tally struct{ n, yes float64 }
		rates := map[int32]tally{}
		all := tally{}
		for k := 0; k < len(rows); k += 2 {
			t := rates[f.columns[i].codes[rows[k]]]
			t.n++
			all.n++
			if f.Label[rows[k]] {
				t.yes++
				all.yes++
			}
			rates[f.columns[i].codes[rows[k]]] = t
		}
		base := all.yes / all.n
		for k := 1; k < len(rows); k += 2 {
			t := rates[f.columns[i].codes[rows[k]]]
			scores, labels = append(scores, (t.yes+10*base)/(t.n+10)), append(labels, f.Label[rows[k]])
		}
	}
	order := slices.Clone(scores)
	slices.Sort(order)
	p := make([]float64, len(scores)) // ranks, which any number has, as probabilities
	for k, v := range scores {
		p[k] = float64(sort.SearchFloat64s(order, v)) / float64(len(scores))
	}
	sample, err := modeleval.NewSample(p, labels)
	if err != nil {
		return 0.5
	}
	a := sample.AUC(0.95).Value
	return math.Max(a, 1-a)
}
