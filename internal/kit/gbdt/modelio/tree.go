package modelio

import (
	"math"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/kit/gbdt"
)

// Bits of LightGBM's decision_type.
const (
	decisionCategorical = 1
	decisionDefaultLeft = 2
	decisionMissing     = 2 // shift: 0 none, 1 zero, 2 NaN
)

// readTree reads the fields of one tree.
func readTree(fields map[string]string, features int) (gbdt.Tree, error) {
	var t gbdt.Tree
	if fields["is_linear"] == "1" {
		return t, unsupported("leaves with linear models are not read")
	}
	leaves, err := strconv.Atoi(fields["num_leaves"])
	if err != nil || leaves < 1 || leaves > gbdt.MaxNodes {
		return t, invalid("num_leaves %q is not a number from 1 to %d", clip(fields["num_leaves"]), gbdt.MaxNodes)
	}
	p := parser{fields: fields}
	values := p.floats("leaf_value", leaves, true)
	covers := p.floats("leaf_count", leaves, false)
	if covers == nil {
		covers = p.floats("leaf_weight", leaves, false)
	}
	n := leaves - 1
	feature := p.ints("split_feature", n)
	thresholds := p.floats("threshold", n, true)
	decisions := p.ints("decision_type", n)
	left, right := p.ints("left_child", n), p.ints("right_child", n)
	gains := p.floats("split_gain", n, false)
	nodeCovers := p.floats("internal_count", n, false)
	if nodeCovers == nil {
		nodeCovers = p.floats("internal_weight", n, false)
	}
	sets, _ := strconv.Atoi(fields["num_cat"])
	var bounds, words []int64
	if sets > 0 && sets <= n {
		bounds = p.ints("cat_boundaries", sets+1)
		words = p.ints("cat_threshold", -1)
	}
	if p.err != nil {
		return t, p.err
	}
	t.Leaves, t.Nodes = make([]gbdt.Leaf, leaves), make([]gbdt.Node, n)
	for i := range t.Leaves {
		t.Leaves[i].Value = values[i]
		if covers != nil {
			t.Leaves[i].Cover = covers[i]
		}
	}
	for _, w := range words {
		if w < 0 || w > math.MaxUint32 {
			return t, invalid("a word of cat_threshold is no 32-bit number")
		}
		t.Sets = append(t.Sets, uint32(w))
	}
	for i := range t.Nodes {
		node := &t.Nodes[i]
		if feature[i] < 0 || feature[i] >= int64(features) {
			return t, invalid("split %d is on feature %d, but there are %d features", i, feature[i], features)
		}
		if !fits32(left[i]) || !fits32(right[i]) {
			return t, invalid("a child of split %d is out of range", i)
		}
		*node = gbdt.Node{Feature: int32(feature[i]), Left: int32(left[i]), Right: int32(right[i])}
		if gains != nil {
			node.Gain = gains[i]
		}
		if nodeCovers != nil {
			node.Cover = nodeCovers[i]
		}
		if decisions[i]&decisionCategorical == 0 {
			node.Threshold = thresholds[i]
			node.DefaultLeft = decisions[i]&decisionDefaultLeft != 0
			switch decisions[i] >> decisionMissing & 3 {
			case 0:
				node.Missing = gbdt.MissingNone
			case 1:
				node.Missing = gbdt.MissingZero
			case 2:
				node.Missing = gbdt.MissingNaN
			default:
				return t, invalid("decision_type %d of split %d is unknown", decisions[i], i)
			}
			continue
		}
		set := int(thresholds[i])
		if float64(set) != thresholds[i] || set < 0 || set+1 >= len(bounds) {
			return t, invalid("split %d has the set of categories %v, but there are %d", i, thresholds[i], max(0, len(bounds)-1))
		}
		from, to := bounds[set], bounds[set+1]
		if from < 0 || to < from || to > int64(len(t.Sets)) {
			return t, invalid("cat_boundaries are out of range at set %d", set)
		}
		node.Categorical, node.SetStart, node.SetWords = true, int32(from), int32(to-from)
	}
	return t, nil
}

func fits32(v int64) bool { return v >= math.MinInt32 && v <= math.MaxInt32 }

// parser reads lists of numbers and keeps the first error.
type parser struct {
	fields map[string]string
	err    error
}

// list gives a field's words, of which there must be n; nil if it is absent and
// not needed.
func (p *parser) list(key string, n int, needed bool) []string {
	text, found := p.fields[key]
	words := strings.Fields(text)
	if p.err != nil || !needed && !found {
		return nil
	}
	if n >= 0 && len(words) != n {
		if !needed && len(words) == 0 {
			return nil
		}
		p.err = invalid("%s has %d numbers where %d are expected", key, len(words), n)
		return nil
	}
	return words
}

func (p *parser) floats(key string, n int, needed bool) []float64 {
	words := p.list(key, n, needed)
	if words == nil {
		return nil
	}
	out := make([]float64, len(words))
	for i, w := range words {
		v, err := strconv.ParseFloat(w, 64)
		if err != nil && !math.IsInf(v, 0) {
			p.err = invalid("%s has %q where a number is expected", key, clip(w))
			return nil
		}
		out[i] = v
	}
	return out
}

func (p *parser) ints(key string, n int) []int64 {
	words := p.list(key, n, true)
	out := make([]int64, len(words))
	for i, w := range words {
		v, err := strconv.ParseInt(w, 10, 64)
		if err != nil {
			p.err = invalid("%s has %q where a whole number is expected", key, clip(w))
			return nil
		}
		out[i] = v
	}
	return out
}
