package modelio

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/rapport-platform/rapport/internal/kit/gbdt"
)

// use runs a model that a loader took: nothing may panic.
func use(t *testing.T, m *gbdt.Model) {
	t.Helper()
	if len(m.Features) > 1000 {
		return
	}
	row := make([]float64, len(m.Features))
	for _, x := range []float64{0, math.NaN(), 1e9, -3} {
		for i := range row {
			row[i] = x
		}
		m.Predict(row)
		m.Explain(row)
		m.MarginRows(row, []float64{0})
	}
	var b bytes.Buffer
	if WriteLightGBM(&b, m) == nil {
		again, err := ReadLightGBM(&b)
		if err != nil {
			t.Fatalf("what was written can't be read: %v", err)
		}
		if x, y := m.Margin(row), again.Margin(row); x != y && !math.IsNaN(x) {
			t.Fatalf("margin %v became %v", x, y)
		}
	}
}

func FuzzLightGBM(f *testing.F) {
	good := text(f, trained(f, 2))
	f.Add(good)
	f.Add([]byte("tree\nversion=v3\nnum_class=1\nmax_feature_idx=0\nobjective=binary sigmoid:1\nfeature_names=x\n\nTree=0\nnum_leaves=2\nsplit_feature=0\nthreshold=0.5\ndecision_type=4\nleft_child=-1\nright_child=-2\nleaf_value=1 2\n\nend of trees\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := ReadLightGBM(bytes.NewReader(data)); err == nil {
			use(t, m)
		}
	})
}

func FuzzXGBoost(f *testing.F) {
	f.Add([]byte(small))
	f.Add(smallUBJ())
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := ReadXGBoost(bytes.NewReader(data)); err == nil {
			use(t, m)
		}
	})
}

// Files that were cut off or damaged on the way are refused or harmless.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(4, 4))
	lightgbm, json, ubjson := text(t, trained(t, 2)), []byte(small), smallUBJ()
	for run := range 3000 {
		damage := func(data []byte) []byte {
			data = bytes.Clone(data)
			if run%3 == 0 {
				return data[:r.IntN(len(data))]
			}
			for range 1 + r.IntN(4) {
				data[r.IntN(len(data))] = byte(r.IntN(256))
			}
			return data
		}
		if m, err := ReadLightGBM(bytes.NewReader(damage(lightgbm))); err == nil {
			use(t, m)
		}
		for _, data := range [][]byte{json, ubjson} {
			if m, err := ReadXGBoost(bytes.NewReader(damage(data))); err == nil {
				use(t, m)
			}
		}
	}
}
