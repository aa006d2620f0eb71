package logistic

import (
	"math"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Column is one column of the data: either Numeric or Codes is set.
type Column struct {
	Name    string
	Numeric []float64 // NaN is missing
	Codes   []int32   // index into Levels; -1 is missing
	Levels  []string
}

// Params are the settings of a fit. Start from DefaultParams.
type Params struct {
	Penalty   float64 // L2 penalty: Penalty/2·|w|² is added to the sum of losses
	MinLevel  int     // categories with fewer rows share one weight
	MaxLevels int     // categories of one column with a weight of their own at most: the most frequent
}

// DefaultParams gives settings that do well on tables of some thousand rows.
func DefaultParams() Params { return Params{Penalty: 10, MinLevel: 20, MaxLevels: 200} }

// maxWeights bounds the Hessian to 128 MiB.
const maxWeights = 4096

func check(cols []Column, y []bool, weight []float64, p Params) error {
	bad := func(code, format string, args ...any) error {
		return errs.New(errs.Invalid, code, format, args...)
	}
	if !(p.Penalty > 0) || math.IsInf(p.Penalty, 0) || p.MinLevel < 0 || p.MaxLevels < 1 {
		return bad("logistic.params", "Penalty must be over 0, MinLevel not negative and MaxLevels at least 1")
	}
	if len(cols) == 0 {
		return bad("logistic.no_columns", "there are no columns to learn from")
	}
	if weight != nil && len(weight) != len(y) {
		return bad("logistic.weight", "%d weights for %d rows", len(weight), len(y))
	}
	var pos, neg float64
	for i, v := range y {
		w := 1.0
		if weight != nil {
			w = weight[i]
		}
		if !(w >= 0) || math.IsInf(w, 0) {
			return bad("logistic.weight", "the weight of row %d is negative, infinite or not a number", i)
		}
		if v {
			pos += w
		} else {
			neg += w
		}
	}
	if len(y) == 0 {
		return bad("logistic.no_rows", "there are no rows with an outcome to learn from")
	}
	if pos == 0 || neg == 0 {
		return bad("logistic.one_class", "both outcomes are needed, with a weight over 0")
	}
	for _, c := range cols {
		if c.Numeric != nil && c.Codes != nil {
			return bad("logistic.column_kind", "column %q is both numeric and categorical", c.Name)
		}
		if n := max(len(c.Numeric), len(c.Codes)); n != len(y) {
			return bad("logistic.column_length", "column %q has %d rows where %d are expected", c.Name, n, len(y))
		}
		for row, code := range c.Codes {
			if code < -1 || int(code) >= len(c.Levels) {
				return bad("logistic.code", "column %q has the code %d in row %d, but only %d levels", c.Name, code, row, len(c.Levels))
			}
		}
	}
	return nil
}
