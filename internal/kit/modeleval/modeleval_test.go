package modeleval

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/test/datasets"
)

// draw makes calibrated probabilities with outcomes, coarse enough for ties.
func draw(seed uint64, n int) (p []float64, y []bool) {
	r := rand.New(rand.NewPCG(seed, 1))
	for range n {
		v := math.Round(r.Float64()*200) / 200
		p = append(p, v)
		y = append(y, r.Float64() < v*0.6)
	}
	return p, y
}

func sampleOf(t *testing.T, p []float64, y []bool) *Sample {
	t.Helper()
	s, err := NewSample(p, y)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// By hand: AUC counts pairs, DeLong's variance comes from the placements.
func TestAUCAgainstAllPairs(t *testing.T) {
	t.Parallel()
	p, y := draw(1, 400)
	var pos, neg []float64
	for i := range p {
		if y[i] {
			pos = append(pos, p[i])
		} else {
			neg = append(neg, p[i])
		}
	}
	psi := func(a, b float64) float64 {
		switch {
		case a > b:
			return 1
		case a == b:
			return 0.5
		}
		return 0
	}
	byPos, byNeg, sum := make([]float64, len(pos)), make([]float64, len(neg)), 0.0
	for i, a := range pos {
		for j, b := range neg {
			v := psi(a, b)
			byPos[i] += v / float64(len(neg))
			byNeg[j] += v / float64(len(pos))
			sum += v
		}
	}
	variance := func(v []float64) float64 {
		mean, s := 0.0, 0.0
		for _, x := range v {
			mean += x / float64(len(v))
		}
		for _, x := range v {
			s += (x - mean) * (x - mean)
		}
		return s / float64(len(v)-1) / float64(len(v))
	}
	want := sum / float64(len(pos)*len(neg))
	half := 1.959963984540054 * math.Sqrt(variance(byPos)+variance(byNeg))
	got := sampleOf(t, p, y).AUC(0.95)
	near(t, "AUC", got.Value, want, 1e-12)
	near(t, "low", got.Low, want-half, 1e-9)
	near(t, "high", got.High, want+half, 1e-9)
}

// In samples without signal the interval holds 0.5 about as often as it says.
func TestAUCIntervalCovers(t *testing.T) {
	t.Parallel()
	held := 0
	const runs = 400
	for seed := range uint64(runs) {
		r := rand.New(rand.NewPCG(seed, 9))
		var p []float64
		var y []bool
		for range 200 {
			p, y = append(p, r.Float64()), append(y, r.IntN(3) == 0)
		}
		if sampleOf(t, p, y).AUC(0.95).Includes(0.5) {
			held++
		}
	}
	if part := float64(held) / runs; part < 0.91 || part > 0.985 {
		t.Errorf("a 95 %% interval held 0.5 in %.3f of the runs", part)
	}
}

func TestFiguresByHand(t *testing.T) {
	t.Parallel()
	s := sampleOf(t, []float64{0.9, 0.8, 0.3, 0.1}, []bool{true, false, true, false})
	near(t, "log-loss", s.LogLoss(), -(math.Log(0.9)+math.Log(0.2)+math.Log(0.3)+math.Log(0.9))/4, 1e-12)
	near(t, "Brier", s.Brier(), (0.01+0.64+0.49+0.01)/4, 1e-12)
	near(t, "AUC", s.AUC(0.95).Value, 0.75, 1e-12)
	near(t, "prior", s.PriorLogLoss(0.5), math.Ln2, 1e-12)
	near(t, "ECE", s.ECE(2), (2*math.Abs(0.2-0.5)+2*math.Abs(0.85-0.5))/4, 1e-12)
	rows := s.Lift(0.25, 0.5, 1)
	if rows[0].Rows != 1 || rows[0].Lift != 2 || rows[0].Capture != 0.5 || rows[2].Capture != 1 || rows[1].Least != 0.8 {
		t.Errorf("lift: %+v", rows)
	}
	certain := sampleOf(t, []float64{0, 1}, []bool{true, false})
	near(t, "log-loss of certain errors", certain.LogLoss(), -math.Log(1e-15), 0.01)
}

func TestOneClassSaysNothing(t *testing.T) {
	t.Parallel()
	for _, y := range []bool{false, true} {
		if got := sampleOf(t, []float64{0.2, 0.4}, []bool{y, y}).AUC(0.95); got != (Interval{0.5, 0, 1}) {
			t.Errorf("%v", got)
		}
	}
	if got := sampleOf(t, []float64{0.2, 0.4}, []bool{false, true}).AUC(0.95); got != (Interval{1, 0, 1}) {
		t.Errorf("one row of each: %v", got)
	}
}

func TestBadSamplesAreRefused(t *testing.T) {
	t.Parallel()
	for code, x := range map[string]struct {
		p []float64
		y []bool
	}{
		"modeleval.empty":       {nil, nil},
		"modeleval.length":      {[]float64{0.5}, []bool{true, false}},
		"modeleval.probability": {[]float64{0.5, math.NaN()}, []bool{true, false}},
	} {
		if _, err := NewSample(x.p, x.y); errs.CodeOf(err) != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
}

func TestPlattMendsMargins(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 3))
	var margins []float64
	var y []bool
	for range 20_000 {
		z := r.NormFloat64() * 2
		margins = append(margins, z)
		y = append(y, r.Float64() < 1/(1+math.Exp(-(0.5*z-1))))
	}
	c, err := FitPlatt(margins, y)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "slope", c.Slope, 0.5, 0.04)
	near(t, "intercept", c.Intercept, -1, 0.05)
	// Separable data have an end too.
	c, err = FitPlatt([]float64{-2, -1, 1, 2}, []bool{false, false, true, true})
	if err != nil || !(c.Slope > 0) || math.IsInf(c.Slope, 0) {
		t.Errorf("separable: %+v, %v", c, err)
	}
	if _, err := FitPlatt([]float64{math.Inf(1)}, []bool{true}); errs.CodeOf(err) != "modeleval.margin" {
		t.Error(err)
	}
}

func TestIsotonicMendsProbabilities(t *testing.T) {
	t.Parallel()
	p, y := draw(5, 20_000)
	c := FitIsotonic(sampleOf(t, p, y))
	for i := 1; i < len(c.At); i++ {
		if c.At[i] <= c.At[i-1] || c.Value[i] < c.Value[i-1] {
			t.Fatalf("not rising at %d: %v %v", i, c.At[i-1:i+1], c.Value[i-1:i+1])
		}
	}
	test, ty := draw(6, 20_000)
	mended := make([]float64, len(test))
	for i, v := range test {
		mended[i] = c.Apply(v)
	}
	before, after := sampleOf(t, test, ty).ECE(10), sampleOf(t, mended, ty).ECE(10)
	if after > before/4 {
		t.Errorf("calibration error %.4f before, %.4f after", before, after)
	}
	if v := c.Apply(2); v <= 0 || v >= 1 {
		t.Errorf("beyond the end: %v", v)
	}
}

func TestCompareTellsTheBetterModel(t *testing.T) {
	t.Parallel()
	p, y := draw(7, 5000)
	better := make([]float64, len(p))
	for i, v := range p {
		better[i] = v * 0.6
	}
	a, err := CompareLogLoss(p, better, y, 0.95, 500, 1)
	if err != nil || a.High >= 0 {
		t.Errorf("%+v, %v", a, err)
	}
	same, _ := CompareLogLoss(p, p, y, 0.95, 500, 1)
	if same != (Interval{}) {
		t.Errorf("a model against itself: %+v", same)
	}
	again, _ := CompareLogLoss(p, better, y, 0.95, 500, 1)
	if a != again {
		t.Error("the same seed gave another interval")
	}
}

func TestPSI(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(2, 2))
	var a, b, moved []float64
	for range 20_000 {
		a, b, moved = append(a, r.NormFloat64()), append(b, r.NormFloat64()), append(moved, r.NormFloat64()+1)
	}
	if v := PSI(a, b); v > 0.01 {
		t.Errorf("of one distribution: %v", v)
	}
	if v := PSI(a, moved); v < 0.25 {
		t.Errorf("of one that moved: %v", v)
	}
	near(t, "counts", PSICounts([]int{50, 50}, []int{75, 25}), 0.25*math.Log(1.5)+0.25*math.Log(2), 1e-12)
	if v := PSI(nil, a); v != 0 {
		t.Errorf("of nothing: %v", v)
	}
	missing := []float64{math.NaN(), math.NaN()}
	if v := PSI(a, missing); !(v > 1) || math.IsInf(v, 0) {
		t.Errorf("all missing: %v", v)
	}
}

// The bank's file covers a financial crisis: its first and last tenth must sound the alarm.
func TestBankDrifts(t *testing.T) {
	t.Parallel()
	table, err := datasets.Bank(datasets.Path(t, "uci_bank_marketing", "bank-additional-full.csv"), false)
	if err != nil {
		t.Fatal(err)
	}
	tenth := len(table.Label) / 10
	for _, c := range table.Columns {
		switch c.Name {
		case "euribor3m", "nr.employed":
			if v := PSI(c.Numeric[:tenth], c.Numeric[len(c.Numeric)-tenth:]); v < 1 {
				t.Errorf("%s: %v", c.Name, v)
			} else {
				t.Logf("%s: PSI %.1f", c.Name, v)
			}
		}
	}
}
