package model

import (
	"math"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Scale turns a chance to convert into a score of 1 to 100 and a grade. It
// belongs to the set-up and not to a version: a lead of the same chance has the
// same score under every version.
//
// The score is 100·o/(o+r), where o are the odds of the lead and r those of the
// reference rate: a lead of the reference rate has 50, one of three times its
// odds 75, one of a third 25.
type Scale struct {
	Reference float64 // chance that gets the score 50, over 0 and under 1
	A, B, C   int     // least scores of the grades; D is the rest
}

// DefaultScale gives the usual grades around a reference rate.
func DefaultScale(reference float64) Scale { return Scale{Reference: reference, A: 75, B: 50, C: 25} }

// Check refuses a scale on which scores or grades would make no sense.
func (s Scale) Check() error {
	var bad []errs.Field
	if s.C < 2 || s.B <= s.C || s.A <= s.B || s.A > 100 {
		bad = append(bad, errs.Field{Name: "rpt_gradea", Code: "order", Message: "the grades must fall: A over B over C, between 2 and 100"})
	}
	if !(s.Reference >= 0 && s.Reference < 1) {
		bad = append(bad, errs.Field{Name: "rpt_reference", Code: "range", Message: "a rate between 0 and 1"})
	}
	return errs.InvalidFields("scoring.scale", "scores can't be given this way", bad)
}

// Score gives the score of a chance.
func (s Scale) Score(p float64) int64 {
	r := s.Reference
	if !(r > 0 && r < 1) {
		r = 0.5
	}
	p = min(max(p, 1e-9), 1-1e-9)
	odds := p / (1 - p) * (1 - r) / r
	return int64(min(max(math.Round(100*odds/(1+odds)), 1), 100))
}

// The grades, options of msdyn_leadgrade.
const (
	GradeA = int64(iota)
	GradeB
	GradeC
	GradeD
)

// Grade sorts a score into A to D.
func (s Scale) Grade(score int64) int64 {
	switch {
	case score >= int64(s.A):
		return GradeA
	case score >= int64(s.B):
		return GradeB
	case score >= int64(s.C):
		return GradeC
	}
	return GradeD
}
