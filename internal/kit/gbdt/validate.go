package gbdt

import (
	"math"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Limits of a model that was not trained here.
const (
	MaxTrees     = 100_000
	MaxNodes     = 4 << 20 // of all trees together
	MaxPath      = 512     // splits from a root to a leaf
	MaxSetWords  = 32 << 20
	maxMagnitude = 1e300
)

// Validate checks that a model made elsewhere can be run: every index is in
// range, every tree is a tree, every number is one. Errors are Invalid and name
// the tree.
func (m *Model) Validate() error {
	bad := func(tree int, what string) error {
		return errs.New(errs.Invalid, "gbdt.model", "tree %d: %s", tree, what)
	}
	if len(m.Features) == 0 || len(m.Features) > MaxColumns {
		return errs.New(errs.Invalid, "gbdt.model", "the model has %d features; 1 to %d are possible", len(m.Features), MaxColumns)
	}
	if len(m.Trees) > MaxTrees {
		return errs.New(errs.TooLarge, "gbdt.model", "the model has %d trees; at most %d are possible", len(m.Trees), MaxTrees)
	}
	if !number(m.Base) || !number(m.Sigmoid) || m.Sigmoid < 0 {
		return errs.New(errs.Invalid, "gbdt.model", "the model's base or sigmoid is not a number that can be used")
	}
	nodes, words := 0, 0
	for i := range m.Trees {
		t := &m.Trees[i]
		nodes += len(t.Nodes)
		words += len(t.Sets)
		if nodes > MaxNodes || words > MaxSetWords {
			return errs.New(errs.TooLarge, "gbdt.model", "the model has more than %d splits, or more than %d words of category sets", MaxNodes, MaxSetWords)
		}
		if len(t.Leaves) != len(t.Nodes)+1 {
			return bad(i, "the number of leaves does not fit the number of splits")
		}
		for j := range t.Leaves {
			if !number(t.Leaves[j].Value) || !cover(t.Leaves[j].Cover) {
				return bad(i, "a leaf's value or cover is not a number that can be used")
			}
		}
		depths, leaves := make([]int16, len(t.Nodes)), make([]bool, len(t.Leaves))
		for j := range t.Nodes {
			n := &t.Nodes[j]
			if j > 0 && depths[j] == 0 {
				return bad(i, "a split hangs from nothing, or from one after it")
			}
			if n.Feature < 0 || int(n.Feature) >= len(m.Features) {
				return bad(i, "a split is on a feature that the model does not have")
			}
			if n.Threshold != n.Threshold || !number(n.Gain) || !cover(n.Cover) || n.Missing > MissingZero {
				return bad(i, "a split's threshold, gain or cover is not a number that can be used")
			}
			if n.Categorical && (n.SetStart < 0 || n.SetWords < 0 || int(n.SetStart)+int(n.SetWords) > len(t.Sets)) {
				return bad(i, "a split's set of categories is out of range")
			}
			for _, child := range [2]int32{n.Left, n.Right} {
				switch {
				case child < 0 && (int(^child) >= len(leaves) || leaves[^child]):
					return bad(i, "a leaf is out of range, or hangs from two splits")
				case child < 0:
					leaves[^child] = true
				case int(child) >= len(depths) || int(child) <= j || depths[child] != 0:
					return bad(i, "a split is out of range, hangs from two splits or from one after it")
				default:
					if depths[child] = depths[j] + 1; depths[child] >= MaxPath {
						return bad(i, "a path has too many splits")
					}
				}
			}
		}
	}
	return nil
}

func number(v float64) bool { return math.Abs(v) <= maxMagnitude }

func cover(v float64) bool { return v >= 0 && v <= maxMagnitude }
