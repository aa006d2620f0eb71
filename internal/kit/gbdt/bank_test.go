package gbdt

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/rapport-platform/rapport/internal/kit/modeleval"
	"github.com/rapport-platform/rapport/internal/test/datasets"
)

// part makes a data set of some rows of a table. Levels are those of the
// training rows; what they lack is missing.
func part(t testing.TB, table *datasets.Table, rows, train []int) *Dataset {
	t.Helper()
	var cols []Column
	for _, c := range table.Columns {
		out := Column{Name: c.Name}
		if c.Text == nil {
			for _, row := range rows {
				out.Numeric = append(out.Numeric, c.Numeric[row])
			}
		} else {
			for _, row := range train {
				out.Levels = append(out.Levels, c.Text[row])
			}
			slices.Sort(out.Levels)
			out.Levels = slices.Compact(out.Levels)
			for _, row := range rows {
				code, ok := slices.BinarySearch(out.Levels, c.Text[row])
				if !ok || c.Text[row] == "" {
					code = -1
				}
				out.Codes = append(out.Codes, int32(code))
			}
		}
		cols = append(cols, out)
	}
	var label []bool
	for _, row := range rows {
		label = append(label, table.Label[row])
	}
	d, err := NewDataset(cols, label, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// judge scores a data set.
func judge(t testing.TB, m *Model, d *Dataset) *modeleval.Sample {
	t.Helper()
	p := m.MarginAll(d)
	for i, v := range p {
		p[i] = m.Probability(v)
	}
	s, err := modeleval.NewSample(p, d.Label)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The figures of BASELINES.md that gradient-boosted trees are to reach, as the
// mean of five seeds.
func TestBankMarketing(t *testing.T) {
	t.Parallel()
	path := datasets.Path(t, "uci_bank_marketing", "bank-additional-full.csv")
	for _, x := range []struct {
		name           string
		duration       bool
		leastAUC, most float64
	}{{"without duration", false, 0.797, 0.2740}, {"with duration", true, 0.9465, 0.1770}} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			table, err := datasets.Bank(path, x.duration)
			if err != nil {
				t.Fatal(err)
			}
			for name, split := range map[string]datasets.Split{"stratified": table.Stratified(), "chronological": table.Chronological()} {
				train, valid, test := part(t, table, split.Train, split.Train), part(t, table, split.Valid, split.Train), part(t, table, split.Test, split.Train)
				var a, l float64
				const seeds = 5
				for seed := range uint64(seeds) {
					p := DefaultParams()
					p.Seed, p.Threads = seed, 2
					m := mustTrain(t, train, valid, p)
					s := judge(t, m, test)
					a += s.AUC(0.95).Value / seeds
					l += s.LogLoss() / seeds
				}
				t.Logf("%s, %s split: AUC %.4f, log-loss %.4f", x.name, name, a, l)
				if name == "stratified" && (a < x.leastAUC || l > x.most) {
					t.Errorf("AUC %.4f, log-loss %.4f; to reach: %.4f, %.4f", a, l, x.leastAUC, x.most)
				}
			}
		})
	}
}

// Nothing in the file of deals tells which are won: whatever the trees find
// must be seen to be chance, by either split and any seed.
func TestDealsHaveNoSignal(t *testing.T) {
	t.Parallel()
	datasets.Path(t, "maven_crm_sales", "sales_pipeline.csv")
	dir, _ := datasets.Dir()
	table, err := datasets.Deals(filepath.Join(dir, "maven_crm_sales"))
	if err != nil {
		t.Fatal(err)
	}
	for name, split := range map[string]datasets.Split{"stratified": table.Stratified(), "chronological": table.Chronological()} {
		train, valid, test := part(t, table, split.Train, split.Train), part(t, table, split.Valid, split.Train), part(t, table, split.Test, split.Train)
		rate := 0.0
		for _, y := range train.Label {
			if y {
				rate += 1 / float64(train.Rows())
			}
		}
		for seed := range uint64(5) {
			p := DefaultParams()
			p.Seed = seed
			s := judge(t, mustTrain(t, train, valid, p), test)
			auc, loss, prior := s.AUC(0.95), s.LogLoss(), s.PriorLogLoss(rate)
			if !auc.Includes(0.5) && loss < prior {
				t.Errorf("%s split, seed %d: AUC %+v, log-loss %.4f, prior %.4f", name, seed, auc, loss, prior)
			} else {
				t.Logf("%s split, seed %d: AUC %.3f (%.3f–%.3f), log-loss %.4f, prior %.4f", name, seed, auc.Value, auc.Low, auc.High, loss, prior)
			}
		}
	}
}
