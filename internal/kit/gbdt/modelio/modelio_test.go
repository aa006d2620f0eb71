package modelio

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/gbdt"
)

// trained is a small model of ours with missing values and categories.
func trained(t testing.TB, rounds int) *gbdt.Model {
	t.Helper()
	const n = 1500
	r := rand.New(rand.NewPCG(1, 5))
	cols := []gbdt.Column{
		{Name: "the size", Numeric: make([]float64, n)},
		{Name: "the size", Numeric: make([]float64, n)},
		{Name: `odd "name", {x}`, Codes: make([]int32, n)},
	}
	cols[1].Name = "age"
	for i := range 70 {
		cols[2].Levels = append(cols[2].Levels, fmt.Sprintf("level %d ü", i))
	}
	label := make([]bool, n)
	for i := range n {
		cols[0].Numeric[i], cols[1].Numeric[i], cols[2].Codes[i] = r.NormFloat64(), float64(r.IntN(4)), int32(r.IntN(60))
		if i%9 == 0 {
			cols[0].Numeric[i], cols[2].Codes[i] = math.NaN(), -1
		}
		if i%50 == 0 {
			cols[1].Numeric[i] = math.Inf(1 - i%100/25)
		}
		label[i] = r.Float64() < 1/(1+math.Exp(-cols[1].Numeric[i]+float64(cols[2].Codes[i]%3)))
	}
	d, err := gbdt.NewDataset(cols, label, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := gbdt.DefaultParams()
	p.Rounds, p.MinDataPerGroup = rounds, 20
	m, _, err := gbdt.Train(context.Background(), d, nil, p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// probes are rows of all sorts.
func probes(features int) [][]float64 {
	r := rand.New(rand.NewPCG(3, 3))
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, -1, 1e300, 1e-320, 99999, 1e18, -0.5}
	var out [][]float64
	for range 2000 {
		row := make([]float64, features)
		for j := range row {
			switch r.IntN(3) {
			case 0:
				row[j] = r.NormFloat64()
			case 1:
				row[j] = float64(r.IntN(75))
			default:
				row[j] = odd[r.IntN(len(odd))]
			}
		}
		out = append(out, row)
	}
	return out
}

func text(t testing.TB, m *gbdt.Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteLightGBM(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOurModelsSurviveLightGBMsText(t *testing.T) {
	t.Parallel()
	for _, rounds := range []int{1, 30} {
		m := trained(t, rounds)
		again, err := ReadLightGBM(bytes.NewReader(text(t, m)))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(m.Features, again.Features) {
			t.Errorf("features %+v became %+v", m.Features, again.Features)
		}
		for _, row := range probes(len(m.Features)) {
			if a, b := m.Margin(row), again.Margin(row); a != b {
				t.Fatalf("%v: %v became %v", row, a, b)
			}
			baseA, a := m.Explain(row)
			baseB, b := again.Explain(row)
			far := math.Abs(baseA - baseB)
			for i := range a {
				far = max(far, math.Abs(a[i]-b[i]))
			}
			if !(far < 1e-12) {
				t.Fatalf("%v: %v %v became %v %v", row, baseA, a, baseB, b)
			}
		}
		if !bytes.Equal(text(t, again), text(t, again)) {
			t.Error("the same model is written in two ways")
		}
	}
	bare := &gbdt.Model{Features: []gbdt.Feature{{Name: "x"}}, Base: -1.5}
	again, err := ReadLightGBM(bytes.NewReader(text(t, bare)))
	if err != nil || again.Margin([]float64{3}) != -1.5 {
		t.Errorf("a model without trees: %v", err)
	}
}

// small is an XGBoost model with a numeric and a categorical split.
const small = `{"learner":{"attributes":{"best_iteration":"0"},"feature_names":["a","c"],"feature_types":["float","c"],
"gradient_booster":{"name":"gbtree","model":{"gbtree_model_param":{"num_parallel_tree":"1","num_trees":"2"},"iteration_indptr":[0,1,2],"tree_info":[0,0],
"cats":{"enc":[{"offsets":[],"values":[]},{"offsets":[0,3,5],"values":[114,101,100,111,107]}]},
"trees":[{"left_children":[1,3,-1,-1,-1],"right_children":[2,4,-1,-1,-1],"split_indices":[0,1,0,0,0],"split_conditions":[0.1,0,-0.5,0.25,0.75],
"default_left":[1,0,0,0,0],"split_type":[0,1,0,0,0],"sum_hessian":[10,6,4,2,4],"loss_changes":[3,2,0,0,0],
"categories":[1],"categories_nodes":[1],"categories_segments":[0],"categories_sizes":[1],"tree_param":{"size_leaf_vector":"1"}},
{"left_children":[-1],"right_children":[-1],"split_indices":[0],"split_conditions":[9],"default_left":[false],"split_type":[0],"sum_hessian":[10],"loss_changes":[0],
"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[],"tree_param":{"size_leaf_vector":"1"}}]}},
"learner_model_param":{"base_score":"[5E-1]","num_class":"0","num_feature":"2","num_target":"1"},"objective":{"name":"binary:logistic"}},"version":[3,1,0]}`

// ubj encodes a JSON value as XGBoost's UBJSON: lists of numbers have a kind.
func ubj(v any) []byte {
	length := func(n int) []byte { return binary.BigEndian.AppendUint64([]byte{'L'}, uint64(n)) }
	switch v := v.(type) {
	case map[string]any:
		out := []byte{'{'}
		for k, x := range v {
			out = append(append(append(out, length(len(k))...), k...), ubj(x)...)
		}
		return append(out, '}')
	case []any:
		if len(v) > 0 {
			if _, numbers := v[0].(float64); numbers {
				out := append([]byte{'[', '$', 'd', '#'}, length(len(v))...)
				for _, x := range v {
					out = binary.BigEndian.AppendUint32(out, math.Float32bits(float32(x.(float64))))
				}
				return out
			}
		}
		out := append([]byte{'[', '#'}, length(len(v))...)
		for _, x := range v {
			out = append(out, ubj(x)...)
		}
		return out
	case string:
		return append(append([]byte{'S'}, length(len(v))...), v...)
	case bool:
		if v {
			return []byte{'T'}
		}
		return []byte{'F'}
	case float64:
		return binary.BigEndian.AppendUint32([]byte{'d'}, math.Float32bits(float32(v)))
	}
	return []byte{'Z'}
}

func smallUBJ() []byte {
	var v any
	if err := json.Unmarshal([]byte(small), &v); err != nil {
		panic(err)
	}
	return ubj(v)
}

func TestXGBoostsForms(t *testing.T) {
	t.Parallel()
	m, err := ReadXGBoost(strings.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Trees) != 1 {
		t.Fatalf("%d trees; the best iteration is the first", len(m.Trees))
	}
	if !slices.Equal(m.Features[1].Levels, []string{"red", "ok"}) || !m.Features[1].Categorical {
		t.Errorf("levels %q", m.Features[1].Levels)
	}
	nan := math.NaN()
	single := float64(float32(0.1))
	for _, x := range []struct {
		a, c, want float64
	}{
		{single, 1, -0.5},                           // not less than the threshold
		{math.Nextafter(single, 0), 1, -0.5},        // rounds to it
		{float64(math.Nextafter32(0.1, 0)), 1, .75}, // in the set: right
		{0, 0, 0.25},
		{0, 7, 0.25},
		{0, nan, 0.75}, // default right
		{nan, 1, 0.75}, // default left
	} {
		if got := m.Margin([]float64{x.a, x.c}); got != x.want {
			t.Errorf("a %v, c %v: %v, want %v", x.a, x.c, got, x.want)
		}
	}
	binaryForm, err := ReadXGBoost(bytes.NewReader(smallUBJ()))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(m.Trees, binaryForm.Trees) || !reflect.DeepEqual(m.Features, binaryForm.Features) {
		t.Error("UBJSON gives another model than JSON")
	}
	for score, want := range map[string]float64{`"5E-1"`: 0, `"2.5E-1"`: math.Log(1. / 3), `"[7.5E-1]"`: math.Log(3)} {
		m, err := ReadXGBoost(strings.NewReader(strings.Replace(small, `"[5E-1]"`, score, 1)))
		if err != nil || math.Abs(m.Base-want) > 1e-6 {
			t.Errorf("base_score %s: %v, %v", score, m, err)
		}
	}
}

// Single precision compares as single precision, also where halves round.
func TestThresholdsOfSinglePrecision(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(8, 8))
	for range 20_000 {
		c := math.Float32frombits(r.Uint32())
		if c != c || math.IsInf(float64(c), 0) {
			continue
		}
		limit, err := below(float64(c))
		if err != nil {
			t.Fatal(err)
		}
		at := float64(c)
		down := float64(math.Nextafter32(c, float32(math.Inf(-1))))
		half := at/2 + down/2
		for _, x := range []float64{at, down, half, math.Nextafter(half, math.Inf(1)), math.Nextafter(half, math.Inf(-1)), r.NormFloat64()} {
			if x == x && (float32(x) < c) != (x <= limit) {
				t.Fatalf("%v < %v in single precision is %v", x, c, float32(x) < c)
			}
		}
	}
}

func TestForeignModelsAreRefused(t *testing.T) {
	t.Parallel()
	ours := string(text(t, trained(t, 3)))
	swap := func(s, from, to string) string {
		if !strings.Contains(s, from) {
			t.Fatalf("the model has no %q", from)
		}
		return strings.Replace(s, from, to, 1)
	}
	for name, x := range map[string]struct{ code, text string }{
		"nothing":         {"modelio.invalid", ""},
		"another version": {"modelio.unsupported", swap(ours, "version=v4", "version=v9")},
		"several classes": {"modelio.unsupported", swap(ours, "num_class=1", "num_class=3")},
		"regression":      {"modelio.unsupported", swap(ours, "objective=binary sigmoid:1", "objective=regression")},
		"no end":          {"modelio.invalid", ours[:strings.Index(ours, "end of trees")]},
		"a tree less":     {"modelio.invalid", swap(ours, "Tree=1\n", "\n")},
		"leaves":          {"modelio.invalid", swap(ours, "num_leaves=", "num_leaves=9")},
		"huge leaves":     {"modelio.invalid", swap(ours, "num_leaves=", "num_leaves=99999999")},
		"a loop":          {"gbdt.model", swap(ours, "left_child=1", "left_child=0")},
		"no number":       {"modelio.invalid", swap(ours, "leaf_value=", "leaf_value=x")},
		"features":        {"modelio.invalid", swap(ours, "max_feature_idx=2", "max_feature_idx=7")},
		"linear":          {"modelio.unsupported", swap(ours, "is_linear=0", "is_linear=1")},
		"infinite leaf":   {"gbdt.model", infinite(ours)},
	} {
		if _, err := ReadLightGBM(strings.NewReader(x.text)); errs.CodeOf(err) != x.code {
			t.Errorf("%s: %v, want %s", name, err, x.code)
		}
	}
	for name, x := range map[string]struct{ code, text string }{
		"nothing":         {"modelio.invalid", ""},
		"old binary":      {"modelio.invalid", "binf\x00\x00\x00"},
		"linear booster":  {"modelio.unsupported", swap(small, `"gbtree"`, `"gblinear"`)},
		"several classes": {"modelio.unsupported", swap(small, `"num_class":"0"`, `"num_class":"3"`)},
		"regression":      {"modelio.unsupported", swap(small, `binary:logistic`, `reg:squarederror`)},
		"no features":     {"modelio.invalid", swap(small, `"num_feature":"2"`, `"num_feature":"-2"`)},
		"a split beyond":  {"modelio.invalid", swap(small, `"split_indices":[0,1`, `"split_indices":[0,7`)},
		"a loop":          {"modelio.invalid", swap(small, `"left_children":[1,3`, `"left_children":[1,1`)},
		"a child beyond":  {"modelio.invalid", swap(small, `"right_children":[2,4`, `"right_children":[2,44`)},
		"lists differ":    {"modelio.invalid", swap(small, `"default_left":[1,0,0,0,0]`, `"default_left":[1]`)},
		"base":            {"modelio.invalid", swap(small, `[5E-1]`, `[5E-1,1]`)},
		"a probability":   {"modelio.invalid", swap(small, `[5E-1]`, `2`)},
		"cut off":         {"modelio.invalid", small[:300]},
		"trailing":        {"modelio.invalid", small + "x"},
		"categories":      {"modelio.invalid", swap(small, `"categories_sizes":[1]`, `"categories_sizes":[9]`)},
		"best iteration":  {"modelio.invalid", swap(small, `"best_iteration":"0"`, `"best_iteration":"77"`)},
	} {
		if _, err := ReadXGBoost(strings.NewReader(x.text)); errs.CodeOf(err) != x.code {
			t.Errorf("%s: %v, want %s", name, err, x.code)
		}
	}
	missingLeft := trained(t, 3)
	for i := range missingLeft.Trees {
		for j := range missingLeft.Trees[i].Nodes {
			missingLeft.Trees[i].Nodes[j].DefaultLeft = true
		}
	}
	if err := WriteLightGBM(&bytes.Buffer{}, missingLeft); errs.KindOf(err) != errs.Unsupported {
		t.Errorf("a missing category that goes left: %v", err)
	}
}

// infinite makes the first value of the first leaf list infinite.
func infinite(s string) string {
	head, rest, _ := strings.Cut(s, "leaf_value=")
	_, rest, _ = strings.Cut(rest, " ")
	return head + "leaf_value=inf " + rest
}
