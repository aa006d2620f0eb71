package gbdt

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// trainer is one training.
type trainer struct {
	params  Params
	rows    int
	labels  []uint8
	weights []float64 // with PositiveWeight; nil if all are 1
	total   float64   // sum of weights
	scores  []float64
	scales  scales

	blockRows int // rows of a block, a multiple of gradientChunk
	pool      *pool
	columns   []int32 // columns of the matrix → columns of the data set
	matrix    *matrix
}

// Train grows a model on train. With a validation set (valid may be nil) and
// EarlyStopping it keeps the number of trees that did best there; the
// validation set has the same columns with the same levels. The model is the
// same for the same data, parameters and seed, whatever the number of threads.
// A cancelled context ends the training after the tree at hand, with its error.
func Train(ctx context.Context, train, valid *Dataset, p Params) (*Model, *History, error) {
	if err := p.Validate(); err != nil {
		return nil, nil, err
	}
	pos, neg, err := train.trainable(p.PositiveWeight)
	if err != nil {
		return nil, nil, err
	}
	if err := fits(train, valid); err != nil {
		return nil, nil, err
	}
	t := &trainer{params: p, rows: train.Rows(), total: pos + neg, pool: newPool(p.Threads)}
	defer t.pool.close()
	largest, counted := t.weigh(train)
	if largest < 1e-200 || largest > 1e200 {
		return nil, nil, errs.New(errs.Invalid, "gbdt.weight", "the largest weight is %g, which is too small or too large to count with", largest)
	}
	t.scales = newScales(max(counted, 16), largest)
	bins := t.bin(train)
	model := &Model{Features: train.Features(), Base: math.Log(pos / neg)}
	history := &History{}
	if len(t.columns) == 0 {
		return model, history, nil // no column tells rows apart: the base rate is all there is
	}
	t.matrix = newMatrix(t.pick(train), bins, t.pool)
	t.scores = make([]float64, t.rows)
	for i := range t.scores {
		t.scores[i] = model.Base
	}
	var check *validation
	if valid != nil && valid.Rows() > 0 {
		check = newValidation(t, valid, bins, model.Base)
	}
	if err := t.boost(ctx, model, check, history); err != nil {
		return nil, nil, err
	}
	return model, history, nil
}

// fits complains about a validation set that is not shaped like the training set.
func fits(train, valid *Dataset) error {
	if valid == nil {
		return nil
	}
	if len(valid.Columns) != len(train.Columns) || len(valid.Label) != valid.Rows() {
		return errs.New(errs.Invalid, "gbdt.validation_shape", "the validation set has %d columns and %d outcomes; the training set has %d columns", len(valid.Columns), len(valid.Label), len(train.Columns))
	}
	for i := range valid.Columns {
		a, b := &train.Columns[i], &valid.Columns[i]
		if a.Name != b.Name || a.Categorical() != b.Categorical() || !slices.Equal(a.Levels, b.Levels) {
			return errs.New(errs.Invalid, "gbdt.validation_shape", "column %q of the validation set is not the training set's %q with the same levels", b.Name, a.Name)
		}
	}
	return nil
}

// weigh sets labels and weights, and gives the largest weight and the number
// of rows that have one.
func (t *trainer) weigh(d *Dataset) (largest float64, counted int) {
	t.labels = make([]uint8, t.rows)
	if d.Weight != nil || t.params.PositiveWeight != 1 {
		t.weights = make([]float64, t.rows)
	}
	largest, counted = 1, t.rows
	if t.weights != nil {
		largest, counted = 0, 0
	}
	for i, y := range d.Label {
		w := 1.0
		if d.Weight != nil {
			w = d.Weight[i]
		}
		if y {
			t.labels[i] = 1
			w *= t.params.PositiveWeight
		}
		if t.weights != nil {
			t.weights[i] = w
			largest = max(largest, w)
			if w > 0 {
				counted++
			}
		}
	}
	return largest, counted
}

// bin chooses the bins of the columns that tell rows apart.
func (t *trainer) bin(d *Dataset) []*binning {
	rows := make([]uint32, 0, t.rows)
	for i := range t.rows {
		if t.weights == nil || t.weights[i] > 0 {
			rows = append(rows, uint32(i))
		}
	}
	all := make([]*binning, len(d.Columns))
	t.pool.run(len(all), func(i, _ int) { all[i] = newBinning(&d.Columns[i], rows, t.params.MaxBins) })
	var bins []*binning
	for i, b := range all {
		if !b.useless() {
			bins = append(bins, b)
			t.columns = append(t.columns, int32(i))
		}
	}
	return bins
}

// pick gives the columns that are in the matrix.
func (t *trainer) pick(d *Dataset) *Dataset {
	out := &Dataset{Columns: make([]Column, len(t.columns))}
	for i, c := range t.columns {
		out.Columns[i] = d.Columns[c]
	}
	return out
}

// blockRows is how many rows are worked on at a time: so many that what a group
// of columns needs of them fits the second-level cache.
const blockRows = 4 * gradientChunk

// boost adds trees until the rounds are over, the validation loss no longer
// falls, or there is nothing left to split.
func (t *trainer) boost(ctx context.Context, model *Model, check *validation, history *History) error {
	p := &t.params
	g := newGrower(p, t.matrix, t.pool, newBounds(p, &t.scales))
	g.entries = [2][]uint64{make([]uint64, t.rows), make([]uint64, t.rows)}
	t.blockRows = blockRows
	for t.blockRows > gradientChunk && t.rows < t.blockRows*2*t.pool.threads {
		t.blockRows -= gradientChunk
	}
	g.blocks = (t.rows + t.blockRows - 1) / t.blockRows
	results := make([]blockResult, g.blocks)
	losses := make([]float64, (t.rows+gradientChunk-1)/gradientChunk)
	var outOfBag []uint32
	if p.RowFraction < 1 {
		outOfBag = make([]uint32, t.rows)
	}
	var tree *grown
	var values []float64
	best, bestLoss, barren := 0, math.Inf(1), 0
	for round := range p.Rounds {
		if err := ctx.Err(); err != nil {
			return errs.Wrap(err, errs.Unavailable, "gbdt.cancelled", "the training was cancelled after %d trees", round)
		}
		g.choose(round)
		root := &leaf{spans: make([]span, g.blocks), parent: -1, best: split{column: -1}, histogram: g.takeHistogram()}
		threads := t.pool.worth(t.rows * t.matrix.columns)
		count := g.newTally([]*leaf{root}, threads)
		before, beforeValues := tree, values
		t.pool.runOn(threads, g.blocks, func(block, thread int) {
			// One visit to the block ends the last tree and begins the next.
			from := block * t.blockRows
			if before != nil {
				var bag []uint32
				if outOfBag != nil {
					bag = outOfBag[from : from+results[block].left]
				}
				t.score(g, before, beforeValues, block, bag)
			}
			results[block] = t.gradients(block, round, g.entries[0], outOfBag, losses)
			root.spans[block] = span{from, from + results[block].kept}
			count.block(block, thread)
		})
		count.finish()
		for _, r := range results {
			root.rows += r.kept
			root.sum += r.sum
		}
		loss := 0.0
		for _, l := range losses {
			loss += l
		}
		tree = g.grow(root)
		history.TrainLoss = append(history.TrainLoss, loss/t.total)
		if len(tree.nodes) == 0 {
			// The sample may have been unlucky; without sampling, more rounds change nothing.
			if barren++; barren >= 10 || p.RowFraction == 1 && p.ColumnFraction == 1 {
				break
			}
		} else {
			barren = 0
		}
		values = t.values(tree)
		model.Trees = append(model.Trees, t.finish(tree, values))
		progress := Progress{Round: round + 1, Rounds: p.Rounds, TrainLoss: loss / t.total, ValidLoss: math.NaN(), BestRound: round + 1}
		if check != nil {
			valid := check.add(t, tree, values)
			history.ValidLoss = append(history.ValidLoss, valid)
			if valid < bestLoss {
				best, bestLoss = round+1, valid
			}
			progress.ValidLoss, progress.BestRound = valid, best
		}
		if p.Progress != nil {
			p.Progress(progress)
		}
		if check != nil && p.EarlyStopping > 0 && round+1-best >= p.EarlyStopping {
			history.Stopped = true
			break
		}
	}
	if check != nil && p.EarlyStopping > 0 {
		model.Trees = slices.Clip(model.Trees[:best])
	}
	history.BestRound = len(model.Trees)
	return nil
}

// choose picks the columns of the next tree.
func (g *grower) choose(round int) {
	columns := g.matrix.columns
	take := columns
	if g.params.ColumnFraction < 1 {
		take = max(1, int(math.Round(g.params.ColumnFraction*float64(columns))))
	}
	random := rand.New(rand.NewPCG(g.params.Seed, 0x5851f42d4c957f2d^uint64(round)))
	clear(g.inUse)
	clear(g.groupInUse)
	for _, c := range random.Perm(columns)[:take] {
		g.inUse[c] = true
		g.groupInUse[c/groupWidth] = true
	}
}

// values gives the value of each leaf of a tree.
func (t *trainer) values(tree *grown) []float64 {
	out := make([]float64, len(tree.ends))
	for i, l := range tree.ends {
		lambda := t.params.Lambda
		if l.parent >= 0 && tree.nodes[l.parent].split.set {
			lambda += t.params.CatL2
		}
		if g, h := t.scales.real(l.sum); h+lambda > 0 {
			out[i] = -t.params.LearningRate * g / (h + lambda)
		}
	}
	return out
}

// end gives the end of a tree that a row of a matrix reaches.
func (t *grown) end(m *matrix, row uint32) int32 {
	if len(t.nodes) == 0 {
		return 0
	}
	at := int32(0)
	for at >= 0 {
		n := &t.nodes[at]
		if n.split.left.has(m.bin(row, n.split.column)) {
			at = n.left
		} else {
			at = n.right
		}
	}
	return ^at
}
