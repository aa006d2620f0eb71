package gbdt

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// sample makes rows with numeric and categorical columns, missing values and
// an outcome that depends on them.
func sample(t testing.TB, seed uint64, n int) *Dataset {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 7))
	cols := []Column{
		{Name: "a", Numeric: make([]float64, n)},
		{Name: "b", Numeric: make([]float64, n)},
		{Name: "few", Numeric: make([]float64, n)},
		{Name: "noise", Numeric: make([]float64, n)},
		{Name: "colour", Codes: make([]int32, n), Levels: []string{"red", "green", "blue"}},
		{Name: "town", Codes: make([]int32, n)},
	}
	const towns = 40
	for i := range towns {
		cols[5].Levels = append(cols[5].Levels, fmt.Sprintf("town %d", i))
	}
	effect := make([]float64, towns)
	world := rand.New(rand.NewPCG(11, 13)) // the same for all samples
	for i := range effect {
		effect[i] = world.NormFloat64()
	}
	label := make([]bool, n)
	for i := range n {
		a, b, few := r.NormFloat64(), r.NormFloat64(), float64(r.IntN(5))
		colour, town := int32(r.IntN(3)), int32(r.IntN(towns))
		score := a*b + 0.5*few - 1 + effect[town]
		if colour == 1 {
			score += a
		}
		cols[0].Numeric[i], cols[1].Numeric[i], cols[2].Numeric[i] = a, b, few
		cols[3].Numeric[i] = r.Float64()
		cols[4].Codes[i], cols[5].Codes[i] = colour, town
		switch r.IntN(12) {
		case 0:
			cols[0].Numeric[i] = math.NaN()
			score++
		case 1:
			cols[4].Codes[i] = -1
			score--
		case 2:
			cols[5].Codes[i] = -1
			score += 2
		}
		label[i] = r.Float64() < 1/(1+math.Exp(-score))
	}
	d, err := NewDataset(cols, label, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func quick() Params {
	p := DefaultParams()
	p.Rounds, p.EarlyStopping = 40, 0
	return p
}

func mustTrain(t testing.TB, train, valid *Dataset, p Params) *Model {
	t.Helper()
	m, _, err := Train(context.Background(), train, valid, p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func logLoss(m *Model, d *Dataset) float64 {
	sum, row := 0.0, []float64(nil)
	for i := range d.Rows() {
		row = d.Row(i, row)
		s := m.Margin(row)
		if d.Label[i] {
			s = -s
		}
		sum += max(s, 0) + math.Log1p(math.Exp(-math.Abs(s)))
	}
	return sum / float64(d.Rows())
}

func TestLearns(t *testing.T) {
	t.Parallel()
	train, test := sample(t, 1, 6000), sample(t, 2, 4000)
	m := mustTrain(t, train, nil, quick())
	prior := &Model{Features: m.Features, Base: m.Base}
	if a, b := logLoss(m, test), logLoss(prior, test); a > 0.85*b {
		t.Errorf("log-loss %.4f, that of the prior %.4f", a, b)
	}
}

// The matrix of bins and the finished model must send each row the same way:
// the training's own scores equal the model's margins.
func TestTrainingLossIsTheModels(t *testing.T) {
	t.Parallel()
	for _, depthWise := range []bool{false, true} {
		train, valid := sample(t, 2, 3000), sample(t, 3, 2000)
		p := quick()
		p.DepthWise, p.MaxDepth, p.MaxLeaves = depthWise, 5, 20
		m, h, err := Train(context.Background(), train, valid, p)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := logLoss(m, valid), h.ValidLoss[len(h.ValidLoss)-1]; math.Abs(a-b) > 1e-12 {
			t.Errorf("the model's loss is %v, the training said %v", a, b)
		}
		before := &Model{Features: m.Features, Base: m.Base, Trees: m.Trees[:len(m.Trees)-1]}
		if a, b := logLoss(before, train), h.TrainLoss[len(h.TrainLoss)-1]; math.Abs(a-b) > 1e-9 {
			t.Errorf("the model's training loss is %v, the training said %v", a, b)
		}
	}
}

func TestThreadsMakeTheSameModel(t *testing.T) {
	t.Parallel()
	train, valid := sample(t, 4, 70_000), sample(t, 5, 2000)
	for _, depthWise := range []bool{false, true} {
		var models []*Model
		for _, threads := range []int{1, 2, 5} {
			p := quick()
			p.Rounds, p.Threads, p.DepthWise, p.MaxDepth = 8, threads, depthWise, 6
			models = append(models, mustTrain(t, train, valid, p))
		}
		for _, m := range models[1:] {
			if !reflect.DeepEqual(models[0].Trees, m.Trees) {
				t.Error("another number of threads made another model")
			}
		}
	}
}

func TestExplanationSumsToTheMargin(t *testing.T) {
	t.Parallel()
	d := sample(t, 6, 3000)
	for _, leaves := range []int{2, 15, 64} {
		p := quick()
		p.MaxLeaves, p.MinDataInLeaf = leaves, 3
		m := mustTrain(t, d, nil, p)
		mean, row := 0.0, []float64(nil)
		var base float64
		for i := range d.Rows() {
			row = d.Row(i, row)
			b, phi := m.Explain(row)
			base = b
			for _, v := range phi {
				b += v
			}
			if margin := m.Margin(row); math.Abs(b-margin) > 1e-9 {
				t.Fatalf("row %d: base and contributions make %v, the margin is %v", i, b, margin)
			}
			mean += m.Margin(row)
		}
		if math.IsNaN(base) || math.IsInf(mean, 0) {
			t.Fatal("the base is not a number")
		}
	}
}
