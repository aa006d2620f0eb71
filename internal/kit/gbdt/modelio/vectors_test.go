package modelio

import (
	"bytes"
	"encoding/csv"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/kit/gbdt"
	"github.com/rapport-platform/rapport/internal/test/datasets"
)

// vector is a row with what the program that trained the model makes of it.
type vector struct {
	x               []float64
	margin, p, base float64
	contributions   []float64
}

func vectors(t testing.TB, path string) []vector {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []vector
	for _, row := range rows[1:] {
		var v vector
		for i, name := range rows[0] {
			x, err := strconv.ParseFloat(row[i], 64)
			if err != nil && row[i] != "" {
				t.Fatal(err)
			}
			if row[i] == "" {
				x = math.NaN()
			}
			switch {
			case strings.HasPrefix(name, "x:"):
				v.x = append(v.x, x)
			case name == "margin":
				v.margin = x
			case name == "p":
				v.p = x
			case name == "shap:BIAS":
				v.base = x
			case strings.HasPrefix(name, "shap:"):
				v.contributions = append(v.contributions, x)
			}
		}
		out = append(out, v)
	}
	if len(out) != 300 {
		t.Fatalf("%d vectors", len(out))
	}
	return out
}

func load(t testing.TB, path string, read func(io.Reader) (*gbdt.Model, error)) *gbdt.Model {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := read(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The models and vectors were made by XGBoost 1.7.4 and LightGBM 4.6.
func TestVectors(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name, model, vectors string
		read                 func(io.Reader) (*gbdt.Model, error)
		margin, shap         float64
	}{
		{"XGBoost", "model_xgb_bank_noduration_strat20.json", "byom_xgb_bank_noduration.csv", ReadXGBoost, 1e-6, 1e-5},
		{"LightGBM", "model_lgbm_bank_noduration_strat20.txt", "byom_lgbm_bank_noduration.csv", ReadLightGBM, 1e-12, 1e-12},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			m := load(t, datasets.Path(t, "imported_models", x.model), x.read)
			var margin, shap, p, batch float64
			for _, v := range vectors(t, datasets.Path(t, "imported_models", x.vectors)) {
				margin = max(margin, math.Abs(m.Margin(v.x)-v.margin))
				p = max(p, math.Abs(m.Predict(v.x)-v.p))
				base, phi := m.Explain(v.x)
				shap = max(shap, math.Abs(base-v.base))
				for i := range phi {
					shap = max(shap, math.Abs(phi[i]-v.contributions[i]))
				}
				out := []float64{0}
				m.MarginRows(v.x, out)
				batch = max(batch, math.Abs(out[0]-v.margin))
			}
			t.Logf("largest difference: margin %.2g, in batch %.2g, probability %.2g, SHAP %.2g", margin, batch, p, shap)
			if !(margin <= x.margin && batch <= x.margin && p <= x.margin && shap <= x.shap) {
				t.Errorf("over the tolerance of %g and %g", x.margin, x.shap)
			}
			// Written as LightGBM's text and read again, the model is the same.
			var text bytes.Buffer
			if err := WriteLightGBM(&text, m); err != nil {
				t.Fatal(err)
			}
			again, err := ReadLightGBM(&text)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range vectors(t, datasets.Path(t, "imported_models", x.vectors)) {
				if a, b := m.Margin(v.x), again.Margin(v.x); a != b {
					t.Fatalf("margin %v, after writing and reading %v", a, b)
				}
			}
		})
	}
}
