package model

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
)

// Segments are the groups into which one input sorts leads, with what became of
// those it learned from. They give reasons their rates, and drift its yardstick.
type Segments struct {
	Cuts   []float64 `json:"cuts,omitempty"` // of a number: a group for up to each cut, and one above the last
	Groups []Tally   `json:"groups"`         // by level of a category, or by cut
	Absent Tally     `json:"absent"`         // leads without a value
}

// Tally counts leads and successes.
type Tally struct {
	N   int `json:"n"`
	Yes int `json:"yes"`
}

func (t *Tally) add(yes bool) {
	t.N++
	if yes {
		t.Yes++
	}
}

// Rate gives the share of successes; ok is false where there are too few leads to say.
func (t Tally) Rate() (rate float64, ok bool) {
	if t.N < leastTally {
		return 0, false
	}
	return float64(t.Yes) / float64(t.N), true
}

const (
	groups     = 10 // of a number
	leastTally = 10 // leads that a rate is stated of
)

// segmentsOf counts the rows of a range, for each feature.
func segmentsOf(f *feature.Frame, r feature.Range) []Segments {
	out := make([]Segments, len(f.Features))
	for i := range f.Features {
		s := &out[i]
		if numbers := f.Numbers(i); numbers != nil {
			s.Cuts = cuts(numbers[r.From:r.To])
			s.Groups = make([]Tally, len(s.Cuts)+1)
			for row := r.From; row < r.To; row++ {
				s.at(numbers[row]).add(f.Label[row])
			}
			continue
		}
		s.Groups = make([]Tally, len(f.Features[i].Levels))
		for row, codes := r.From, f.Codes(i); row < r.To; row++ {
			s.code(codes[row]).add(f.Label[row])
		}
	}
	return out
}

// cuts parts numbers into groups of about the same size; equal numbers stay together.
func cuts(values []float64) []float64 {
	var sorted []float64
	step := max(1, len(values)/100_000)
	for i := 0; i < len(values); i += step {
		if v := values[i]; v == v {
			sorted = append(sorted, v)
		}
	}
	slices.Sort(sorted)
	var out []float64
	for g := 1; g < groups && len(sorted) > 0; g++ {
		c := sorted[len(sorted)*g/groups]
		if c == sorted[len(sorted)-1] {
			break
		}
		if len(out) == 0 || out[len(out)-1] != c {
			out = append(out, c)
		}
	}
	return out
}

func (s *Segments) group(v float64) int {
	return sort.SearchFloat64s(s.Cuts, v) // the first cut that is not below v
}

func (s *Segments) at(v float64) *Tally {
	if math.IsNaN(v) || len(s.Groups) == 0 {
		return &s.Absent
	}
	return &s.Groups[s.group(v)]
}

func (s *Segments) code(c int32) *Tally {
	if c < 0 || int(c) >= len(s.Groups) {
		return &s.Absent
	}
	return &s.Groups[c]
}

// Of gives the group of an input value of the feature.
func (s *Segments) Of(f *feature.Feature, v float64) Tally {
	if f.Kind == feature.Category {
		if math.IsNaN(v) {
			return s.Absent
		}
		return *s.code(int32(v))
	}
	return *s.at(v)
}

// Words says in which group a number lies: "up to 3", "4 to 9", "over 20".
func (s *Segments) Words(v float64) string {
	if len(s.Cuts) == 0 {
		return number(v)
	}
	switch g := s.group(v); g {
	case 0:
		return "up to " + number(s.Cuts[0])
	case len(s.Cuts):
		return "over " + number(s.Cuts[g-1])
	default:
		return fmt.Sprintf("over %s, up to %s", number(s.Cuts[g-1]), number(s.Cuts[g]))
	}
}

func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
