package modeleval

import (
	"math/rand/v2"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// CompareLogLoss gives the difference in mean log-loss of two models on the
// same rows, challenger less champion, with its bootstrap percentile interval
// of the given level from so many paired resamples. Below 0 the challenger is
// better; if High is below 0 it is so beyond chance.
func CompareLogLoss(champion, challenger []float64, y []bool, level float64, resamples int, seed uint64) (Interval, error) {
	if len(y) == 0 || len(champion) != len(y) || len(challenger) != len(y) {
		return Interval{}, errs.New(errs.Invalid, "modeleval.length", "%d and %d predictions for %d outcomes", len(champion), len(challenger), len(y))
	}
	if resamples < 100 || resamples > 100_000 {
		return Interval{}, errs.New(errs.Invalid, "modeleval.resamples", "the number of resamples must be 100 to 100000")
	}
	differences := make([]float64, len(y))
	sum := 0.0
	for i := range y {
		for _, p := range [2]float64{champion[i], challenger[i]} {
			if !(p >= 0 && p <= 1) {
				return Interval{}, errs.New(errs.Invalid, "modeleval.probability", "the prediction of row %d is not a probability", i)
			}
		}
		differences[i] = loss(challenger[i], y[i]) - loss(champion[i], y[i])
		sum += differences[i]
	}
	n := float64(len(y))
	random := rand.New(rand.NewPCG(seed, uint64(len(y))))
	means := make([]float64, resamples)
	for r := range means {
		total := 0.0
		for range y {
			total += differences[random.IntN(len(y))]
		}
		means[r] = total / n
	}
	slices.Sort(means)
	tail := int((1 - level) / 2 * float64(resamples))
	tail = min(max(tail, 0), (resamples-1)/2)
	return Interval{sum / n, means[tail], means[resamples-1-tail]}, nil
}
