package gbdt

import (
	"math"
	"slices"
	"sync"
)

// Feature is one input of a model.
type Feature struct {
	Name        string   `json:"name"`
	Categorical bool     `json:"categorical,omitempty"`
	Levels      []string `json:"levels,omitempty"` // of a categorical feature; may be empty in an imported model
}

// Missing says which values of a numeric feature are missing at a node.
type Missing uint8

// What counts as missing. The models trained here use MissingNaN; the others
// occur in imported ones.
const (
	MissingNaN  Missing = iota // NaN takes the default side
	MissingNone                // NaN is read as 0
	MissingZero                // NaN and 0 take the default side
)

// zeroBand is how near to 0 a value counts as 0 where zero is missing: 1e-35 in
// single precision, as LightGBM has it.
const zeroBand = 1.0000000180025095e-35

// Node is a split. A numeric row goes left if its value is at most Threshold, a
// categorical one if its code is in the set; missing values go left if
// DefaultLeft. Left and Right are the index of a node, or ^index of a leaf.
type Node struct {
	Threshold   float64
	Feature     int32
	Left, Right int32
	SetStart    int32 // first word of the set of categories in Tree.Sets
	SetWords    int32
	Categorical bool
	DefaultLeft bool
	Missing     Missing
	Gain        float64 // what the split lowered the loss by
	Cover       float64 // rows, or their weight, that came here in training
}

// Leaf is an end of a tree.
type Leaf struct {
	Value float64 // added to the margin
	Cover float64 // rows, or their weight, that came here in training
}

// Tree is one tree. Nodes[0] is the root; a tree without nodes is Leaves[0]. A
// child's index is larger than its parent's.
type Tree struct {
	Nodes  []Node
	Leaves []Leaf
	Sets   []uint32 // bit sets of category codes, 32 to a word
}

// Model is an ensemble of trees. The margin (log-odds) of a row is Base plus
// its leaf of each tree. Trees must not change once the model has been used;
// any number of goroutines may use it.
type Model struct {
	Features []Feature
	Base     float64
	Trees    []Tree
	Sigmoid  float64 // probability is 1/(1+exp(-Sigmoid·margin)); 0 means 1
	Single   bool    // the margin is summed in single precision, as XGBoost sums it

	once      sync.Once
	explainer *explainer
	batchOnce sync.Once
	batch     []batchTree
	codesOnce sync.Once
	codes     []map[string]float64
}

// Margin gives the log-odds of a row in the order of Features. A row that is
// too short is taken as missing at its end.
func (m *Model) Margin(row []float64) float64 {
	row = m.fit(row)
	if m.Single {
		sum := float32(m.Base)
		for i := range m.Trees {
			t := &m.Trees[i]
			sum += float32(t.Leaves[t.leaf(row)].Value)
		}
		return float64(sum)
	}
	sum := m.Base
	for i := range m.Trees {
		t := &m.Trees[i]
		sum += t.Leaves[t.leaf(row)].Value
	}
	return sum
}

// Predict gives the probability of the positive outcome.
func (m *Model) Predict(row []float64) float64 { return m.Probability(m.Margin(row)) }

// Probability turns a margin of this model into a probability.
func (m *Model) Probability(margin float64) float64 {
	if m.Sigmoid != 0 {
		margin *= m.Sigmoid
	}
	return 1 / (1 + math.Exp(-margin))
}

// fit makes a row as long as there are features.
func (m *Model) fit(row []float64) []float64 {
	for len(row) < len(m.Features) {
		row = append(row[:len(row):len(row)], math.NaN())
	}
	return row
}

// Code gives the value of a level in a row: its code, or NaN (missing) if the
// feature has no such level.
func (m *Model) Code(feature int, level string) float64 {
	m.codesOnce.Do(func() {
		m.codes = make([]map[string]float64, len(m.Features))
		for i, f := range m.Features {
			if !f.Categorical {
				continue
			}
			m.codes[i] = make(map[string]float64, len(f.Levels))
			for code, l := range f.Levels {
				m.codes[i][l] = float64(code)
			}
		}
	})
	if feature < 0 || feature >= len(m.codes) {
		return math.NaN()
	}
	if code, ok := m.codes[feature][level]; ok {
		return code
	}
	return math.NaN()
}

// Importance gives, for each feature, the sum of what its splits lowered the
// loss by, and how many there are.
func (m *Model) Importance() (gain []float64, splits []int) {
	gain, splits = make([]float64, len(m.Features)), make([]int, len(m.Features))
	for i := range m.Trees {
		for j := range m.Trees[i].Nodes {
			n := &m.Trees[i].Nodes[j]
			gain[n.Feature] += n.Gain
			splits[n.Feature]++
		}
	}
	return gain, splits
}

// MaxDepth gives the largest number of splits from a root to a leaf.
func (m *Model) MaxDepth() int {
	deepest := 0
	for i := range m.Trees {
		deepest = max(deepest, m.Trees[i].depth())
	}
	return deepest
}

func (t *Tree) depth() int {
	if len(t.Nodes) == 0 {
		return 0
	}
	depths := make([]int, len(t.Nodes))
	for i := range t.Nodes {
		for _, child := range [2]int32{t.Nodes[i].Left, t.Nodes[i].Right} {
			if child > 0 {
				depths[child] = depths[i] + 1
			}
		}
	}
	return slices.Max(depths) + 1
}

// leaf gives the index of the leaf that a row reaches.
func (t *Tree) leaf(row []float64) int32 {
	if len(t.Nodes) == 0 {
		return 0
	}
	at := int32(0)
	for at >= 0 {
		n := &t.Nodes[at]
		if t.goesLeft(n, row[n.Feature]) {
			at = n.Left
		} else {
			at = n.Right
		}
	}
	return ^at
}

// goesLeft decides the side of a value at a node.
func (t *Tree) goesLeft(n *Node, x float64) bool {
	if n.Categorical {
		return t.inSet(n, x)
	}
	if x <= n.Threshold && n.Missing != MissingZero {
		return true
	}
	switch {
	case x != x:
		if n.Missing == MissingNone {
			return 0 <= n.Threshold
		}
		return n.DefaultLeft
	case n.Missing == MissingZero:
		if math.Abs(x) <= zeroBand {
			return n.DefaultLeft
		}
		return x <= n.Threshold
	}
	return false
}

// inSet decides the side of a category.
func (t *Tree) inSet(n *Node, x float64) bool {
	if x != x {
		return n.DefaultLeft
	}
	if !(x >= 0) || x >= float64(int64(n.SetWords)*32) {
		return false
	}
	code := uint32(x)
	return t.Sets[uint32(n.SetStart)+code/32]>>(code%32)&1 == 1
}
