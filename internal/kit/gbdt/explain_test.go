package gbdt

import (
	"math"
	"math/bits"
	"testing"
)

// expectation is what a tree gives on average if only the features in known
// have the row's values: the definition that SHAP values are made of.
func expectation(t *Tree, node int32, row []float64, known uint) float64 {
	if node < 0 {
		return t.Leaves[^node].Value
	}
	n := &t.Nodes[node]
	if known>>n.Feature&1 == 1 {
		if t.goesLeft(n, row[n.Feature]) {
			return expectation(t, n.Left, row, known)
		}
		return expectation(t, n.Right, row, known)
	}
	cover := func(child int32) float64 {
		if child < 0 {
			return t.Leaves[^child].Cover
		}
		return t.Nodes[child].Cover
	}
	return (cover(n.Left)*expectation(t, n.Left, row, known) + cover(n.Right)*expectation(t, n.Right, row, known)) / n.Cover
}

// Every subset of the features is summed, which is what Explain must equal.
func TestExplanationsAreShapleyValues(t *testing.T) {
	t.Parallel()
	d := sample(t, 8, 2500)
	p := quick()
	p.Rounds, p.MaxLeaves, p.MinDataInLeaf = 12, 31, 5
	m := mustTrain(t, d, nil, p)
	features := len(m.Features)
	factorial := func(n int) float64 { return math.Gamma(float64(n + 1)) }
	for i := 0; i < 40; i++ {
		row := d.Row(i*37, nil)
		value := make([]float64, 1<<features)
		for s := range value {
			value[s] = m.Base
			for j := range m.Trees {
				value[s] += expectation(&m.Trees[j], 0, row, uint(s))
			}
		}
		base, phi := m.Explain(row)
		if math.Abs(base-value[0]) > 1e-12 {
			t.Fatalf("base %v, want %v", base, value[0])
		}
		for f := range features {
			want := 0.0
			for s := range value {
				if s>>f&1 == 0 {
					k := bits.OnesCount(uint(s))
					want += factorial(k) * factorial(features-1-k) / factorial(features) * (value[s|1<<f] - value[s])
				}
			}
			if math.Abs(phi[f]-want) > 1e-11 {
				t.Fatalf("row %d, feature %d: %v, want %v", i, f, phi[f], want)
			}
		}
	}
	// Without prepared coefficients the values are the same.
	lean := &Model{Features: m.Features, Base: m.Base, Trees: m.Trees}
	lean.once.Do(func() { lean.explainer = newExplainer(lean); lean.explainer.coefs = nil })
	row := d.Row(5, nil)
	_, a := m.Explain(row)
	_, b := lean.Explain(row)
	for f := range a {
		if a[f] != b[f] {
			t.Errorf("feature %d: %v with, %v without prepared coefficients", f, a[f], b[f])
		}
	}
}
