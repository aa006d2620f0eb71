package gbdt

import (
	"slices"
	"testing"

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

// auc counts pairs by ranks.
func auc(m *Model, d *Dataset) float64 {
	type scored struct {
		s float64
		y bool
	}
	var rows []scored
	for i, s := range m.MarginAll(d) {
		rows = append(rows, scored{s, d.Label[i]})
	}
	slices.SortFunc(rows, func(a, b scored) int {
		switch {
		case a.s < b.s:
			return -1
		case a.s > b.s:
			return 1
		}
		return 0
	})
	var below, pairs, pos float64
	for i := 0; i < len(rows); {
		j, p, n := i, 0.0, 0.0
		for ; j < len(rows) && rows[j].s == rows[i].s; j++ {
			if rows[j].y {
				p++
			} else {
				n++
			}
		}
		pairs += p * (below + n/2)
		below += n
		pos += p
		i = j
	}
	return pairs / (pos * below)
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
					a += auc(m, test) / seeds
					l += logLoss(m, test) / seeds
				}
				t.Logf("%s, %s split: AUC %.4f, log-loss %.4f", x.name, name, a, l)
				if name == "stratified" && (a < x.leastAUC || l > x.most) {
					t.Errorf("AUC %.4f, log-loss %.4f; to reach: %.4f, %.4f", a, l, x.leastAUC, x.most)
				}
			}
		})
	}
}
