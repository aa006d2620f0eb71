package gbdt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// half makes n outcomes, every other one positive.
func half(n int) []bool {
	out := make([]bool, n)
	for i := range out {
		out[i] = i%2 == 0
	}
	return out
}

func fill(n int, v func(i int) float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v(i)
	}
	return out
}

func mustData(t testing.TB, cols []Column, label []bool, weight []float64) *Dataset {
	t.Helper()
	d, err := NewDataset(cols, label, weight)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestColumnsThatSayNothing(t *testing.T) {
	t.Parallel()
	const n = 400
	cols := []Column{
		{Name: "constant", Numeric: fill(n, func(int) float64 { return 7 })},
		{Name: "missing", Numeric: fill(n, func(int) float64 { return math.NaN() })},
		{Name: "one level", Codes: make([]int32, n), Levels: []string{"only"}},
		{Name: "no level", Codes: slices.Repeat([]int32{-1}, n), Levels: []string{"never"}},
		{Name: "no levels at all", Codes: slices.Repeat([]int32{-1}, n)},
	}
	d := mustData(t, cols, half(n), nil)
	m, h, err := Train(context.Background(), d, d, quick())
	if err != nil || len(m.Trees) != 0 || h.BestRound != 0 {
		t.Fatalf("%d trees, %v", len(m.Trees), err)
	}
	if p := m.Predict(d.Row(0, nil)); p != 0.5 {
		t.Errorf("the base rate is 0.5, not %v", p)
	}
	if base, phi := m.Explain(d.Row(0, nil)); base != m.Base || slices.Max(phi) != 0 {
		t.Errorf("explanation %v %v", base, phi)
	}
	// Beside a column that says something they do no harm.
	d = mustData(t, append(cols, Column{Name: "signal", Numeric: fill(n, func(i int) float64 { return float64(i % 2) })}), half(n), nil)
	m = mustTrain(t, d, nil, quick())
	if p := m.Predict(d.Row(0, nil)); p < 0.8 {
		t.Errorf("a column that tells all: %v", p)
	}
	if gain, _ := m.Importance(); gain[5] == 0 || slices.Max(gain[:5]) != 0 {
		t.Errorf("importances %v", gain)
	}
}

// The infinities are the ends of the scale, in training and afterwards, and
// huge values do not overflow cut points.
func TestInfinities(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 5))
	const n = 3000
	values := []float64{math.Inf(-1), -math.MaxFloat64, -1, 0, 5e-324, 1, math.MaxFloat64, math.Inf(1), math.NaN()}
	chance := []float64{.9, .1, .8, .2, .9, .1, .2, .95, .1}
	x, label := make([]float64, n), make([]bool, n)
	for i := range n {
		k := r.IntN(len(values))
		x[i], label[i] = values[k], r.Float64() < chance[k]
	}
	d := mustData(t, []Column{{Name: "x", Numeric: x}}, label, nil)
	p := quick()
	p.Rounds, p.LearningRate = 60, 0.2
	m := mustTrain(t, d, nil, p)
	for k, v := range values {
		if got := m.Predict([]float64{v}); math.Abs(got-chance[k]) > 0.1 {
			t.Errorf("%v: %.3f, want about %.2f", v, got, chance[k])
		}
	}
	for i := range m.Trees {
		for _, node := range m.Trees[i].Nodes {
			if math.IsNaN(node.Threshold) {
				t.Fatal("a threshold is not a number")
			}
		}
	}
}

func TestManyCategories(t *testing.T) {
	t.Parallel()
	const n, levels = 40_000, 10_000
	r := rand.New(rand.NewPCG(6, 6))
	c := Column{Name: "id", Codes: make([]int32, n)}
	for i := range levels {
		c.Levels = append(c.Levels, fmt.Sprint(i))
	}
	label := make([]bool, n)
	for i := range n {
		// Some are frequent, most are rare.
		code := int32(r.IntN(levels))
		if i%2 == 0 {
			code = int32(r.IntN(20))
		}
		c.Codes[i] = code
		label[i] = r.Float64() < 0.2 || code < 10
	}
	d := mustData(t, []Column{c}, label, nil)
	p := quick()
	p.LearningRate = 0.2
	m := mustTrain(t, d, nil, p)
	often, rare := m.Predict([]float64{3}), m.Predict([]float64{9000})
	if often < 0.9 || rare > 0.35 {
		t.Errorf("a frequent category %.3f, a rare one %.3f", often, rare)
	}
	for _, unseen := range []float64{math.NaN(), -1, levels, 1e18, math.Inf(1), math.Inf(-1)} {
		if p := m.Predict([]float64{unseen}); p != m.Predict([]float64{math.NaN()}) {
			t.Errorf("%v is not scored as missing", unseen)
		}
	}
	if code := m.Code(0, "17"); code != 17 || !math.IsNaN(m.Code(0, "nobody")) || !math.IsNaN(m.Code(9, "17")) {
		t.Errorf("code %v", code)
	}
	if err := m.Validate(); err != nil {
		t.Error(err)
	}
}

// A category that the training never saw takes the way of the missing, also
// where the missing are on the side of the chosen set.
func TestUnseenCategoriesAreMissing(t *testing.T) {
	t.Parallel()
	d := sample(t, 9, 5000)
	for i, code := range d.Columns[5].Codes {
		if code >= 35 {
			d.Columns[5].Codes[i] = 0
		}
	}
	m := mustTrain(t, d, nil, quick())
	row := d.Row(1, nil)
	missing := slices.Clone(row)
	missing[5] = math.NaN()
	for code := 35.0; code < 45; code++ {
		row[5] = code
		if a, b := m.Margin(row), m.Margin(missing); a != b {
			t.Fatalf("code %v: %v, missing %v", code, a, b)
		}
	}
}

func TestWeights(t *testing.T) {
	t.Parallel()
	d := sample(t, 10, 4000)
	// Weight zero is as good as not there.
	weight := make([]float64, d.Rows())
	var few Dataset
	for j := range d.Columns {
		few.Columns = append(few.Columns, Column{Name: d.Columns[j].Name, Levels: d.Columns[j].Levels})
	}
	for i := range weight {
		if i%3 == 0 {
			continue
		}
		weight[i] = 1
		few.Label = append(few.Label, d.Label[i])
		for j := range d.Columns {
			if d.Columns[j].Codes != nil {
				few.Columns[j].Codes = append(few.Columns[j].Codes, d.Columns[j].Codes[i])
			} else {
				few.Columns[j].Numeric = append(few.Columns[j].Numeric, d.Columns[j].Numeric[i])
			}
		}
	}
	p := quick()
	p.RowFraction, p.ColumnFraction = 1, 1
	a := mustTrain(t, mustData(t, d.Columns, d.Label, weight), nil, p)
	b := mustTrain(t, &few, nil, p)
	if x, y := logLoss(a, d), logLoss(b, d); math.Abs(x-y) > 0.005 {
		t.Errorf("log-loss %.4f with weights of zero, %.4f without the rows", x, y)
	}
	if a.Base != b.Base {
		t.Errorf("base %v and %v", a.Base, b.Base)
	}
	// The weight of positives moves probabilities up.
	p.PositiveWeight = 4
	up := mustTrain(t, d, nil, p)
	if math.Abs(up.Base-b.Base-math.Log(4)) > 0.1 {
		t.Errorf("base %v with positives of weight 4, %v without", up.Base, b.Base)
	}
}

func TestBadDataAreRefused(t *testing.T) {
	t.Parallel()
	x := []Column{{Name: "x", Numeric: []float64{1, 2, 3, 4}}}
	y := half(4)
	made := func(cols []Column, label []bool, weight []float64) func() error {
		return func() error { _, err := NewDataset(cols, label, weight); return err }
	}
	trained := func(label []bool, weight []float64) func() error {
		return func() error {
			_, _, err := Train(context.Background(), mustData(t, x, label, weight), nil, quick())
			return err
		}
	}
	for _, c := range []struct {
		code string
		call func() error
	}{
		{"gbdt.no_columns", made(nil, y, nil)},
		{"gbdt.column_name", made([]Column{{Numeric: []float64{1}}}, nil, nil)},
		{"gbdt.column_name", made([]Column{x[0], x[0]}, y, nil)},
		{"gbdt.column_kind", made([]Column{{Name: "x", Numeric: x[0].Numeric, Codes: []int32{0, 0, 0, 0}, Levels: []string{"a"}}}, y, nil)},
		{"gbdt.column_length", made(x, half(5), nil)},
		{"gbdt.code", made([]Column{{Name: "c", Codes: []int32{0, 1, 2, -1}, Levels: []string{"a", "b"}}}, y, nil)},
		{"gbdt.code", made([]Column{{Name: "c", Codes: []int32{0, 0, 0, -2}, Levels: []string{"a", "b"}}}, y, nil)},
		{"gbdt.weight_length", made(x, y, []float64{1})},
		{"gbdt.weight", made(x, y, []float64{1, 1, 1, -1})},
		{"gbdt.weight", made(x, y, []float64{1, 1, 1, math.NaN()})},
		{"gbdt.one_class", trained(make([]bool, 4), nil)},
		{"gbdt.one_class", trained([]bool{true, true, true, true}, nil)},
		{"gbdt.one_class", trained(y, []float64{1, 0, 1, 0})},
		{"gbdt.weight", trained(y, []float64{5e-324, 0, 5e-324, 5e-324})},
		{"gbdt.weight", trained(y, []float64{1e308, 1e308, 1e308, 1e308})},
		{"gbdt.no_weight", trained(y, []float64{0, 0, 0, 0})},
		{"gbdt.no_rows", func() error {
			_, _, err := Train(context.Background(), mustData(t, []Column{{Name: "x", Numeric: []float64{}}}, nil, nil), nil, quick())
			return err
		}},
		{"gbdt.validation_shape", func() error {
			other := mustData(t, []Column{{Name: "z", Numeric: x[0].Numeric}}, y, nil)
			_, _, err := Train(context.Background(), mustData(t, x, y, nil), other, quick())
			return err
		}},
		{"gbdt.params", func() error {
			_, _, err := Train(context.Background(), mustData(t, x, y, nil), nil, Params{})
			return err
		}},
	} {
		if err := c.call(); errs.CodeOf(err) != c.code {
			t.Errorf("%v, want %s", err, c.code)
		}
	}
}

func TestFewRows(t *testing.T) {
	t.Parallel()
	p := quick()
	p.MinDataInLeaf, p.MinSumHessian, p.Lambda, p.CatSmooth, p.CatL2, p.MinDataPerGroup = 0, 0, 0, 0, 0, 0
	for n := 2; n < 12; n++ {
		d := mustData(t, []Column{
			{Name: "x", Numeric: fill(n, func(i int) float64 { return float64(i * i % 5) })},
			{Name: "c", Codes: make([]int32, n), Levels: []string{"a"}},
		}, half(n), nil)
		m := mustTrain(t, d, d, p)
		for i := range n {
			if p := m.Predict(d.Row(i, nil)); !(p >= 0 && p <= 1) {
				t.Errorf("%d rows: %v", n, p)
			}
		}
	}
}

func TestStopsEarlyAndOnDemand(t *testing.T) {
	t.Parallel()
	train, valid := sample(t, 12, 2000), sample(t, 13, 1000)
	p := DefaultParams()
	p.LearningRate, p.EarlyStopping = 0.3, 10
	rounds := 0
	p.Progress = func(Progress) { rounds++ }
	m, h, err := Train(context.Background(), train, valid, p)
	if err != nil {
		t.Fatal(err)
	}
	best := 0
	for i, l := range h.ValidLoss {
		if l < h.ValidLoss[best] {
			best = i
		}
	}
	if !h.Stopped || len(m.Trees) != best+1 || h.BestRound != best+1 || rounds != best+1+10 {
		t.Errorf("stopped %v after %d rounds with %d trees; the best was %d", h.Stopped, rounds, len(m.Trees), best+1)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.Progress = func(now Progress) {
		if now.Round == 3 {
			cancel()
		}
	}
	if _, _, err := Train(ctx, train, valid, p); !errors.Is(err, context.Canceled) || errs.CodeOf(err) != "gbdt.cancelled" {
		t.Errorf("cancelled: %v", err)
	}
}

// With little memory for histograms the trees are the same.
func TestLittleMemory(t *testing.T) {
	t.Parallel()
	d := sample(t, 14, 9000)
	for _, depthWise := range []bool{false, true} {
		p := quick()
		p.Rounds, p.MaxLeaves, p.DepthWise, p.MaxDepth = 10, 40, depthWise, 7
		a := mustTrain(t, d, nil, p)
		p.HistogramMemory = 1
		b := mustTrain(t, d, nil, p)
		for i := range d.Rows() {
			row := d.Row(i, nil)
			if a.Margin(row) != b.Margin(row) {
				t.Fatalf("depth-wise %v: row %d differs", depthWise, i)
			}
		}
	}
}

// Trees keep within their limits.
func TestLimitsOfTrees(t *testing.T) {
	t.Parallel()
	d := sample(t, 15, 5000)
	p := quick()
	p.MaxLeaves, p.MaxDepth, p.MinDataInLeaf, p.RowFraction = 12, 4, 60, 1
	for _, p.DepthWise = range []bool{false, true} {
		m := mustTrain(t, d, nil, p)
		if depth := m.MaxDepth(); depth > 4 {
			t.Errorf("depth %d", depth)
		}
		for i := range m.Trees {
			covers := 0.0
			for _, l := range m.Trees[i].Leaves {
				covers += l.Cover
				if l.Cover < 30 { // the count is estimated while splits are searched
					t.Errorf("tree %d has a leaf of %v rows", i, l.Cover)
				}
			}
			if len(m.Trees[i].Leaves) > 12 || covers != float64(d.Rows()) {
				t.Errorf("tree %d: %d leaves with %v rows", i, len(m.Trees[i].Leaves), covers)
			}
		}
		if err := m.Validate(); err != nil {
			t.Error(err)
		}
	}
}

// Batches give the same margins as single rows, for all kinds of values.
func TestBatchesEqualSingleRows(t *testing.T) {
	t.Parallel()
	d := sample(t, 16, 3001)
	numeric := mustData(t, d.Columns[:4], d.Label, nil)
	for _, d := range []*Dataset{d, numeric} {
		p := quick()
		p.MaxLeaves = 40
		m := mustTrain(t, d, nil, p)
		for _, m.Single = range []bool{false, true} {
			for i, got := range m.MarginAll(d) {
				if want := m.Margin(d.Row(i, nil)); got != want {
					t.Fatalf("row %d: %v in a batch, %v alone", i, got, want)
				}
			}
		}
	}
	stump := &Model{Features: []Feature{{Name: "x"}}, Trees: []Tree{{Leaves: []Leaf{{Value: 2}}}}}
	out := make([]float64, 100)
	stump.MarginRows(make([]float64, 100), out)
	if out[0] != 2 || out[99] != 2 {
		t.Errorf("a tree of one leaf: %v", out)
	}
}

func TestSigmoid(t *testing.T) {
	t.Parallel()
	for x := -40.0; x < 40; x += 0.0137 {
		if got, want := sigmoid(x), 1/(1+math.Exp(-x)); math.Abs(got-want) > 2e-8*want {
			t.Fatalf("%v: %v, want %v", x, got, want)
		}
	}
	for x, want := range map[float64]float64{math.Inf(1): 1, math.Inf(-1): 0, 1e300: 1, -1e300: 0} {
		if got := sigmoid(x); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v: %v", x, got)
		}
	}
}

// Many may ask one model at once, also for the first time.
func TestManyAskAtOnce(t *testing.T) {
	t.Parallel()
	d := sample(t, 17, 2000)
	m := mustTrain(t, d, nil, quick())
	want := m.Margin(d.Row(7, nil))
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() {
			for range 50 {
				row := d.Row(7, nil)
				sum, phi := m.Explain(row)
				for _, v := range phi {
					sum += v
				}
				if math.Abs(sum-want) > 1e-9 || m.Code(4, "green") != 1 {
					t.Errorf("%v, want %v", sum, want)
				}
			}
		})
	}
	done.Wait()
}
