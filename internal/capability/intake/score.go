package intake

import "math"

// Until a model is trained, the points of the rules give the propensity: the
// logistic curve of (points − basePoints) / spread. A lead that no rule speaks
// for stands at 0.27; 20 points are an even chance, 60 points are 0.88, and
// nothing ever reaches 0 or 1. These numbers are a convention, not something
// learned, and a lead's rpt_modelversion says that rules scored it.
const (
	basePoints = 20
	spread     = 20
)

// Propensity gives the chance to convert that the points stand for, 0 to 1.
func Propensity(points int64) float64 {
	x := float64(max(min(points, 200), -200)-basePoints) / spread
	return min(max(math.Round(1e4/(1+math.Exp(-x)))/1e4, 0.0001), 0.9999)
}

// Score gives the lead score, 1 to 100, of a propensity.
func Score(propensity float64) int64 {
	return int64(max(1, min(100, math.Round(propensity*100))))
}

// The grades of a lead, options of msdyn_leadgrade.
const (
	GradeA = 0
	GradeB = 1
	GradeC = 2
	GradeD = 3
)

// Grade sorts a score into four: A from 75, B from 50, C from 25, else D.
func Grade(score int64) int64 {
	switch {
	case score >= 75:
		return GradeA
	case score >= 50:
		return GradeB
	case score >= 25:
		return GradeC
	}
	return GradeD
}
