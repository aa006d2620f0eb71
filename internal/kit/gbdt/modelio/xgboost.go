package modelio

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/gbdt"
)

// The parts of an XGBoost model that matter here.
type xgbModel struct {
	Learner struct {
		Attributes   map[string]string `json:"attributes"`
		FeatureNames []string          `json:"feature_names"`
		FeatureTypes []string          `json:"feature_types"`
		Booster      struct {
			Name  string `json:"name"`
			Model struct {
				Param struct {
					ParallelTrees string `json:"num_parallel_tree"`
				} `json:"gbtree_model_param"`
				Indptr []int64   `json:"iteration_indptr"`
				Trees  []xgbTree `json:"trees"`
				Cats   struct {
					Enc []struct {
						Offsets []int64         `json:"offsets"`
						Values  json.RawMessage `json:"values"`
					} `json:"enc"`
				} `json:"cats"`
			} `json:"model"`
		} `json:"gradient_booster"`
		Param struct {
			BaseScore  string `json:"base_score"`
			NumClass   string `json:"num_class"`
			NumFeature string `json:"num_feature"`
			NumTarget  string `json:"num_target"`
		} `json:"learner_model_param"`
		Objective struct {
			Name string `json:"name"`
		} `json:"objective"`
	} `json:"learner"`
	Version []int64 `json:"version"`
}

type xgbTree struct {
	Left       []int64   `json:"left_children"`
	Right      []int64   `json:"right_children"`
	Index      []int64   `json:"split_indices"`
	Condition  []float64 `json:"split_conditions"`
	Default    []flag    `json:"default_left"`
	Kind       []int64   `json:"split_type"`
	Hessian    []float64 `json:"sum_hessian"`
	Gain       []float64 `json:"loss_changes"`
	Categories []int64   `json:"categories"`
	CatNodes   []int64   `json:"categories_nodes"`
	CatStarts  []int64   `json:"categories_segments"`
	CatSizes   []int64   `json:"categories_sizes"`
	Param      struct {
		LeafVector string `json:"size_leaf_vector"`
	} `json:"tree_param"`
}

// flag is true or false, or 1 or 0.
type flag bool

// UnmarshalJSON reads either form.
func (f *flag) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "1", "true":
		*f = true
	case "0", "false":
		*f = false
	default:
		return invalid("default_left has a value that is neither 0 nor 1")
	}
	return nil
}

// ReadXGBoost reads a model that XGBoost saved as JSON or UBJSON. Trees after
// the best iteration of an early stopping are left out, as XGBoost does when it
// predicts.
func ReadXGBoost(r io.Reader) (*gbdt.Model, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	if len(data) < 2 || data[0] != '{' {
		return nil, invalid("this is no XGBoost model: it begins with no object; the old binary format is not read")
	}
	if c := data[1]; size(c) > 0 || c == '#' || c == '$' {
		if data, err = toJSON(data); err != nil {
			return nil, err
		}
	}
	var x xgbModel
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&x); err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "modelio.invalid", "byte %d: the model is no JSON of XGBoost's form", d.InputOffset())
	}
	if rest := bytes.TrimSpace(data[d.InputOffset():]); len(rest) > 0 {
		return nil, invalid("something follows the end of the model")
	}
	return x.model()
}

func (x *xgbModel) model() (*gbdt.Model, error) {
	l := &x.Learner
	if l.Booster.Name != "gbtree" {
		return nil, unsupported("the booster is %q; only gbtree is read", clip(l.Booster.Name))
	}
	if !oneOf(l.Param.NumClass, "", "0", "1") || !oneOf(l.Param.NumTarget, "", "0", "1") {
		return nil, unsupported("only models of a yes-or-no outcome are read, with one target")
	}
	features, err := strconv.Atoi(l.Param.NumFeature)
	if err != nil || features < 1 || features > gbdt.MaxColumns {
		return nil, invalid("num_feature %q is not a number from 1 to %d", clip(l.Param.NumFeature), gbdt.MaxColumns)
	}
	m := &gbdt.Model{Features: make([]gbdt.Feature, features), Single: true}
	if m.Base, err = x.base(); err != nil {
		return nil, err
	}
	if err := x.features(m); err != nil {
		return nil, err
	}
	trees, err := x.trees()
	if err != nil {
		return nil, err
	}
	for i := range trees {
		t, err := trees[i].tree(features)
		if err != nil {
			return nil, errs.Wrap(err, errs.KindOf(err), errs.CodeOf(err), "tree %d: %s", i, message(err))
		}
		for j := range t.Nodes {
			if t.Nodes[j].Categorical {
				m.Features[t.Nodes[j].Feature].Categorical = true
			}
		}
		m.Trees = append(m.Trees, t)
	}
	return m, m.Validate()
}

func oneOf(s string, options ...string) bool {
	for _, o := range options {
		if s == o {
			return true
		}
	}
	return false
}

// base gives the margin that all rows begin with. It is written as a text, in
// 3.1 as one in brackets, and is a probability unless the objective is raw.
func (x *xgbModel) base() (float64, error) {
	text := strings.TrimSpace(x.Learner.Param.BaseScore)
	if inner, found := strings.CutPrefix(text, "["); found {
		text = strings.TrimSpace(strings.TrimSuffix(inner, "]"))
	}
	if text == "" {
		text = "0.5"
	}
	v, err := strconv.ParseFloat(text, 32)
	if err != nil {
		return 0, invalid("base_score %q is not one number", clip(text))
	}
	switch name := x.Learner.Objective.Name; name {
	case "binary:logistic", "reg:logistic":
		if !(v > 0 && v < 1) {
			return 0, invalid("base_score %v is no probability", v)
		}
		return float64(float32(-math.Log(1/v - 1))), nil
	case "binary:logitraw":
		return v, nil
	default:
		return 0, unsupported("the objective is %q: only binary:logistic, binary:logitraw and reg:logistic are read", clip(name))
	}
}

// features takes over names, kinds and levels.
func (x *xgbModel) features(m *gbdt.Model) error {
	l := &x.Learner
	for i := range m.Features {
		f := &m.Features[i]
		f.Name = "f" + strconv.Itoa(i)
		if len(l.FeatureNames) == len(m.Features) {
			f.Name = l.FeatureNames[i]
		}
		f.Categorical = len(l.FeatureTypes) == len(m.Features) && l.FeatureTypes[i] == "c"
		if enc := l.Booster.Model.Cats.Enc; len(enc) == len(m.Features) && len(enc[i].Offsets) > 1 {
			var chars []int64
			if err := json.Unmarshal(enc[i].Values, &chars); err != nil {
				return invalid("the categories of feature %d can't be read", i)
			}
			bytes := make([]byte, len(chars))
			for j, c := range chars {
				bytes[j] = byte(c)
			}
			for j, from := range enc[i].Offsets[:len(enc[i].Offsets)-1] {
				to := enc[i].Offsets[j+1]
				if from < 0 || to < from || to > int64(len(bytes)) {
					return invalid("the categories of feature %d are out of range", i)
				}
				f.Levels = append(f.Levels, strings.ToValidUTF8(string(bytes[from:to]), "?"))
			}
		}
	}
	return nil
}

// trees gives the trees up to the best iteration.
func (x *xgbModel) trees() ([]xgbTree, error) {
	model := &x.Learner.Booster.Model
	trees := model.Trees
	if len(trees) > gbdt.MaxTrees {
		return nil, errs.New(errs.TooLarge, "modelio.too_large", "the model has more than %d trees", gbdt.MaxTrees)
	}
	text, found := x.Learner.Attributes["best_iteration"]
	if !found {
		return trees, nil
	}
	best, err := strconv.Atoi(text)
	if err != nil || best < 0 || best > len(trees) {
		return nil, invalid("best_iteration %q is not the number of an iteration", clip(text))
	}
	end := int64(best + 1)
	if best+1 < len(model.Indptr) {
		end = model.Indptr[best+1]
	} else if parallel, err := strconv.Atoi(model.Param.ParallelTrees); err == nil && parallel > 1 {
		end *= int64(parallel)
	}
	if end < 0 {
		return nil, invalid("iteration_indptr is out of range")
	}
	return trees[:min(end, int64(len(trees)))], nil
}

// tree turns one tree into ours, its nodes renumbered from the root down.
func (x *xgbTree) tree(features int) (gbdt.Tree, error) {
	var t gbdt.Tree
	n := len(x.Left)
	if n == 0 || n > 2*gbdt.MaxNodes || len(x.Right) != n || len(x.Index) != n || len(x.Condition) != n || len(x.Default) != n ||
		x.Kind != nil && len(x.Kind) != n || x.Hessian != nil && len(x.Hessian) != n || x.Gain != nil && len(x.Gain) != n {
		return t, invalid("its lists are empty or differ in length")
	}
	if !oneOf(x.Param.LeafVector, "", "0", "1") {
		return t, unsupported("leaves with several values are not read")
	}
	sets, err := x.sets(n)
	if err != nil {
		return t, err
	}
	cover := func(i int64) float64 {
		if x.Hessian == nil {
			return 0
		}
		return x.Hessian[i]
	}
	type place struct{ node, at int64 } // of theirs, of ours
	var todo []place
	seen := make([]bool, n)
	// child gives a node its place: a leaf's is final, a split's is numbered and worked off later.
	child := func(i int64) (int32, error) {
		if i < 0 || i >= int64(n) || seen[i] {
			return 0, invalid("node %d is out of range or hangs from two others", i)
		}
		seen[i] = true
		if x.Left[i] == -1 {
			t.Leaves = append(t.Leaves, gbdt.Leaf{Value: float64(float32(x.Condition[i])), Cover: cover(i)})
			return int32(^(len(t.Leaves) - 1)), nil
		}
		t.Nodes = append(t.Nodes, gbdt.Node{})
		todo = append(todo, place{i, int64(len(t.Nodes) - 1)})
		return int32(len(t.Nodes) - 1), nil
	}
	if _, err := child(0); err != nil {
		return t, err
	}
	for len(todo) > 0 {
		p := todo[0]
		todo = todo[1:]
		i := p.node
		if x.Index[i] < 0 || x.Index[i] >= int64(features) {
			return t, invalid("node %d splits on feature %d, but there are %d features", i, x.Index[i], features)
		}
		left, err := child(x.Left[i])
		if err != nil {
			return t, err
		}
		right, err := child(x.Right[i])
		if err != nil {
			return t, err
		}
		node := gbdt.Node{Feature: int32(x.Index[i]), Left: left, Right: right, DefaultLeft: bool(x.Default[i]), Cover: cover(i)}
		if x.Gain != nil {
			node.Gain = x.Gain[i]
		}
		if x.Kind != nil && x.Kind[i] == 1 {
			// Theirs go right if they are in the set, ours left.
			node.Categorical = true
			node.Left, node.Right, node.DefaultLeft = right, left, !node.DefaultLeft
			set := sets[i]
			node.SetStart, node.SetWords = int32(len(t.Sets)), int32(len(set))
			t.Sets = append(t.Sets, set...)
		} else if node.Threshold, err = below(x.Condition[i]); err != nil {
			return t, err
		}
		t.Nodes[p.at] = node
	}
	return t, nil
}

// below gives the largest number that XGBoost, which compares in single
// precision, takes for less than c: then x <= below(c) in double precision says
// the same as float32(x) < float32(c).
func below(c float64) (float64, error) {
	single := float32(c)
	if math.IsInf(float64(single), 0) || math.IsNaN(c) {
		return 0, invalid("a threshold is no single-precision number")
	}
	previous := math.Nextafter32(single, float32(math.Inf(-1)))
	if math.IsInf(float64(previous), 0) {
		return math.Inf(-1), nil
	}
	half := float64(previous)/2 + float64(single)/2 // exact: both have 24 bits
	if math.Float32bits(previous)&1 == 0 {
		return half, nil // halves are rounded to the even one, which is the previous
	}
	return math.Nextafter(half, math.Inf(-1)), nil
}

// maxCategory is the largest code that XGBoost takes for a category.
const maxCategory = 1 << 24

// sets gives the set of categories of each node that has one, as bits.
func (x *xgbTree) sets(nodes int) (map[int64][]uint32, error) {
	if len(x.CatNodes) != len(x.CatStarts) || len(x.CatNodes) != len(x.CatSizes) {
		return nil, invalid("its lists of categories differ in length")
	}
	words, total := 0, int64(0)
	out := make(map[int64][]uint32, len(x.CatNodes))
	for i, node := range x.CatNodes {
		from, n := x.CatStarts[i], x.CatSizes[i]
		if node < 0 || node >= int64(nodes) || from < 0 || n < 0 || from > int64(len(x.Categories)) || n > int64(len(x.Categories))-from {
			return nil, invalid("the categories of node %d are out of range", node)
		}
		if total += n; total > gbdt.MaxSetWords {
			return nil, errs.New(errs.TooLarge, "modelio.too_large", "the sets of categories are too large")
		}
		var set []uint32
		for _, c := range x.Categories[from : from+n] {
			if c < 0 || c >= maxCategory {
				return nil, invalid("node %d has the category %d, which is out of range", node, c)
			}
			if need := int(c/32) + 1; need > len(set) {
				if words += need - len(set); words > gbdt.MaxSetWords {
					return nil, errs.New(errs.TooLarge, "modelio.too_large", "the sets of categories are too large")
				}
				set = append(set, make([]uint32, need-len(set))...)
			}
			set[c/32] |= 1 << (c % 32)
		}
		out[node] = set
	}
	return out, nil
}
