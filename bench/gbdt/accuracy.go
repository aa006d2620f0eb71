package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/rapport-platform/rapport/internal/kit/gbdt"
	"github.com/rapport-platform/rapport/internal/kit/modeleval"
	"github.com/rapport-platform/rapport/internal/test/datasets"
)

const seeds = 5

// part makes a data set of some rows; levels are those of the training rows.
func part(t *datasets.Table, rows, train []int) (*gbdt.Dataset, error) {
	var cols []gbdt.Column
	for _, c := range t.Columns {
		out := gbdt.Column{Name: c.Name}
		for _, row := range train {
			if c.Text != nil && c.Text[row] != "" {
				out.Levels = append(out.Levels, c.Text[row])
			}
		}
		slices.Sort(out.Levels)
		out.Levels = slices.Compact(out.Levels)
		for _, row := range rows {
			if c.Text == nil {
				out.Numeric = append(out.Numeric, c.Numeric[row])
				continue
			}
			code, found := slices.BinarySearch(out.Levels, c.Text[row])
			if !found {
				code = -1
			}
			out.Codes = append(out.Codes, int32(code))
		}
		cols = append(cols, out)
	}
	label := make([]bool, len(rows))
	for i, row := range rows {
		label[i] = t.Label[row]
	}
	return gbdt.NewDataset(cols, label, nil)
}

func (b *bench) accuracy() error {
	fmt.Fprintf(b.out, "\n## Accuracy on the test part, mean of %d seeds\n\nFixed parameters for all: learning rate 0.05, 15 leaves (XGBoost: depth 4), row and column sampling 0.8, lambda 1, stopped 50 rounds after the best validation log-loss. XGBoost and LightGBM take categories natively.\n\n| data | split | AUC ours | XGBoost | LightGBM | log-loss ours | XGBoost | LightGBM | prior |\n|---|---|---:|---:|---:|---:|---:|---:|---:|\n", seeds)
	bank := filepath.Join(b.data, "uci_bank_marketing", "bank-additional-full.csv")
	for _, x := range []struct {
		name string
		load func() (*datasets.Table, error)
	}{
		{"bank marketing without duration", func() (*datasets.Table, error) { return datasets.Bank(bank, false) }},
		{"bank marketing with duration", func() (*datasets.Table, error) { return datasets.Bank(bank, true) }},
		{"CRM deals, won or lost", func() (*datasets.Table, error) { return datasets.Deals(filepath.Join(b.data, "maven_crm_sales")) }},
	} {
		table, err := x.load()
		if err != nil {
			return err
		}
		for _, split := range []string{"stratified", "chronological"} {
			s := table.Stratified()
			if split == "chronological" {
				s = table.Chronological()
			}
			if err := b.accuracyOf(table, x.name, split, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) accuracyOf(table *datasets.Table, name, split string, s datasets.Split) error {
	var sets [3]*gbdt.Dataset
	for i, rows := range [][]int{s.Train, s.Valid, s.Test} {
		var err error
		if sets[i], err = part(table, rows, s.Train); err != nil {
			return err
		}
	}
	path := filepath.Join(b.dir, "table.json")
	if err := writeTable(path, sets); err != nil {
		return err
	}
	theirs, err := b.peer("accuracy", path, fmt.Sprint(seeds), fmt.Sprint(b.threads))
	if err != nil {
		return err
	}
	var auc, loss, prior float64
	note := ""
	for seed := range uint64(seeds) {
		p := gbdt.DefaultParams()
		p.Seed, p.Threads = seed, b.threads
		m, _, err := gbdt.Train(b.ctx, sets[0], sets[1], p)
		if err != nil {
			return err
		}
		margins := m.MarginAll(sets[2])
		for i, v := range margins {
			margins[i] = m.Probability(v)
		}
		sample, err := modeleval.NewSample(margins, sets[2].Label)
		if err != nil {
			return err
		}
		interval := sample.AUC(0.95)
		if seed == 0 {
			note = fmt.Sprintf(" (%.3f–%.3f)", interval.Low, interval.High)
		}
		auc += interval.Value / seeds
		loss += sample.LogLoss() / seeds
		train, _ := modeleval.NewSample(make([]float64, len(sets[0].Label)), sets[0].Label)
		prior = sample.PriorLogLoss(train.BaseRate())
	}
	v := theirs.Values
	fmt.Fprintf(b.out, "| %s | %s | **%.4f**%s | %.4f | %.4f | **%.4f** | %.4f | %.4f | %.4f |\n", name, split, auc, note, v["xgboost auc"], v["lightgbm auc"], loss, v["xgboost loss"], v["lightgbm loss"], prior)
	return nil
}
