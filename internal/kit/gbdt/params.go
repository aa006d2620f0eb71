package gbdt

import (
	"fmt"
	"math"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Params are the settings of a training. Start from DefaultParams.
type Params struct {
	Rounds        int     // trees at most
	LearningRate  float64 // factor on each tree's leaves, over 0, at most 1
	MaxLeaves     int     // leaves of a tree at most; 0: only MaxDepth limits them
	MaxDepth      int     // splits from root to leaf at most; 0: only MaxLeaves limits them
	DepthWise     bool    // level by level; otherwise the leaf with the largest gain first
	MaxBins       int     // bins of a column, 2 to 255, not counting the missing
	Lambda        float64 // L2 penalty on leaf values
	MinGain       float64 // a split must lower the loss by more than this
	MinSumHessian float64 // least sum of p(1-p) in a leaf
	MinDataInLeaf int     // least rows in a leaf, estimated from the hessians while splits are searched

	RowFraction    float64 // part of the rows that each tree sees, over 0, at most 1
	ColumnFraction float64 // part of the columns that each tree sees, over 0, at most 1
	PositiveWeight float64 // factor on the weight of positive rows

	CatSmooth       float64 // categories are sorted by gradient / (hessian + CatSmooth); rarer ones than this join no set
	CatL2           float64 // L2 penalty added in splits on sets of categories
	MaxCatThreshold int     // categories in the smaller set at most
	MaxOneVsRest    int     // up to this many categories, each is tried alone
	MinDataPerGroup int     // rows that each step along the sorted categories adds at least

	EarlyStopping int    // stop after so many rounds without a better validation loss; 0: never
	Seed          uint64 // of row and column sampling and of rounding
	Threads       int    // 0 means 1; the model is the same for any number

	HistogramMemory int64          // bytes that histograms of waiting leaves may take; 0 means 512 MiB
	Progress        func(Progress) // called after each round, from the training goroutine; may be nil
}

// DefaultParams gives settings that do well on tables of some thousand rows
// and more, with early stopping on a validation set.
func DefaultParams() Params {
	return Params{
		Rounds: 1000, LearningRate: 0.05, MaxLeaves: 15, MaxBins: 255, Lambda: 1, MinSumHessian: 1e-3, MinDataInLeaf: 20,
		RowFraction: 0.8, ColumnFraction: 0.8, PositiveWeight: 1,
		CatSmooth: 10, CatL2: 10, MaxCatThreshold: 32, MaxOneVsRest: 4, MinDataPerGroup: 100,
		EarlyStopping: 50, Threads: 1,
	}
}

// Progress is what has come of a training so far.
type Progress struct {
	Round, Rounds        int
	TrainLoss, ValidLoss float64 // mean log-loss; ValidLoss is NaN without a validation set
	BestRound            int     // the number of trees that a stop now would keep
}

// History is the course of a training.
type History struct {
	ValidLoss []float64 // mean log-loss on the validation set after each round
	TrainLoss []float64 // mean log-loss on the training rows before each round, those left out of its tree among them
	BestRound int       // number of trees kept
	Stopped   bool      // early, because the validation loss rose
}

const defaultHistogramMemory = 512 << 20

// maxDepth bounds trees whatever the parameters: deeper paths only overfit.
const maxDepth = 64

// Validate collects all complaints about the settings.
func (p *Params) Validate() error {
	var fields []errs.Field
	check := func(ok bool, name, format string, args ...any) {
		if !ok {
			fields = append(fields, errs.Field{Name: name, Code: "range", Message: fmt.Sprintf(format, args...)})
		}
	}
	finite := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	check(p.Rounds >= 1 && p.Rounds <= 100_000, "Rounds", "must be 1 to 100000")
	check(p.LearningRate > 0 && p.LearningRate <= 1, "LearningRate", "must be over 0 and at most 1")
	check(p.MaxLeaves == 0 || p.MaxLeaves >= 2 && p.MaxLeaves <= 1<<16, "MaxLeaves", "must be 0 or 2 to %d", 1<<16)
	check(p.MaxDepth >= 0 && p.MaxDepth <= maxDepth, "MaxDepth", "must be 0 to %d", maxDepth)
	check(p.MaxLeaves > 0 || p.MaxDepth > 0 && p.MaxDepth <= 16, "MaxLeaves", "must be set, unless MaxDepth is 1 to 16")
	check(p.MaxBins >= 2 && p.MaxBins <= 255, "MaxBins", "must be 2 to 255")
	check(p.Lambda >= 0 && finite(p.Lambda), "Lambda", "must not be negative")
	check(p.MinGain >= 0 && finite(p.MinGain), "MinGain", "must not be negative")
	check(p.MinSumHessian >= 0 && finite(p.MinSumHessian), "MinSumHessian", "must not be negative")
	check(p.MinDataInLeaf >= 0, "MinDataInLeaf", "must not be negative")
	check(p.RowFraction > 0 && p.RowFraction <= 1, "RowFraction", "must be over 0 and at most 1")
	check(p.ColumnFraction > 0 && p.ColumnFraction <= 1, "ColumnFraction", "must be over 0 and at most 1")
	check(p.PositiveWeight > 0 && finite(p.PositiveWeight), "PositiveWeight", "must be over 0")
	check(p.CatSmooth >= 0 && finite(p.CatSmooth), "CatSmooth", "must not be negative")
	check(p.CatL2 >= 0 && finite(p.CatL2), "CatL2", "must not be negative")
	check(p.MaxCatThreshold >= 1, "MaxCatThreshold", "must be at least 1")
	check(p.MaxOneVsRest >= 0, "MaxOneVsRest", "must not be negative")
	check(p.MinDataPerGroup >= 0, "MinDataPerGroup", "must not be negative")
	check(p.EarlyStopping >= 0, "EarlyStopping", "must not be negative")
	check(p.Threads >= 0 && p.Threads <= 256, "Threads", "must be 0 to 256")
	check(p.HistogramMemory >= 0, "HistogramMemory", "must not be negative")
	return errs.InvalidFields("gbdt.params", "the settings of the training can't be used", fields)
}
