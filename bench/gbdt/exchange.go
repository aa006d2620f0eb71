package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/rapport-platform/rapport/internal/kit/gbdt"
	"github.com/rapport-platform/rapport/internal/kit/gbdt/modelio"
	"github.com/rapport-platform/rapport/internal/test/datasets"
)

// exchange gives a model of ours to LightGBM and takes models of theirs, made
// by the versions at hand, and compares margins and reasons.
func (b *bench) exchange() error {
	table, err := datasets.Bank(filepath.Join(b.data, "uci_bank_marketing", "bank-additional-full.csv"), false)
	if err != nil {
		return err
	}
	s := table.Stratified()
	// Some values go missing, so that default directions are tried.
	for i := range table.Label {
		if i%11 == 0 {
			table.Columns[0].Numeric[i] = math.NaN()
			table.Columns[9].Text[i] = ""
		}
	}
	var sets [3]*gbdt.Dataset
	for i, rows := range [][]int{s.Train, s.Valid, s.Test} {
		if sets[i], err = part(table, rows, s.Train); err != nil {
			return err
		}
	}
	p := gbdt.DefaultParams()
	p.Threads = b.threads
	m, _, err := gbdt.Train(b.ctx, sets[0], sets[1], p)
	if err != nil {
		return err
	}
	text, tablePath := filepath.Join(b.dir, "ours.txt"), filepath.Join(b.dir, "table.json")
	f, err := os.Create(text)
	if err != nil {
		return err
	}
	if err := modelio.WriteLightGBM(f, m); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := writeTable(tablePath, sets); err != nil {
		return err
	}
	if _, err := b.peer("exchange", tablePath, text, b.dir); err != nil {
		return err
	}
	fmt.Fprintf(b.out, "\n## Models taken and given, largest differences on %d rows\n\n| model | margin | SHAP |\n|---|---:|---:|\n", sets[2].Rows())
	for _, x := range []struct {
		name, model, vectors string
		read                 func(io.Reader) (*gbdt.Model, error)
	}{
		{"ours, run by LightGBM", "ours.txt", "ours.f64", modelio.ReadLightGBM},
		{"LightGBM's, run by us", "theirs.txt", "theirs-lgb.f64", modelio.ReadLightGBM},
		{"XGBoost's JSON, run by us", "theirs.json", "theirs-xgb.f64", modelio.ReadXGBoost},
		{"XGBoost's UBJSON, run by us", "theirs.ubj", "theirs-xgb.f64", modelio.ReadXGBoost},
	} {
		m, err := read(filepath.Join(b.dir, x.model), func(f *os.File) (*gbdt.Model, error) { return x.read(f) })
		if err != nil {
			return fmt.Errorf("%s: %w", x.name, err)
		}
		raw, err := os.ReadFile(filepath.Join(b.dir, x.vectors))
		if err != nil {
			return err
		}
		width := len(m.Features) + 2 // margin, contributions, base
		value := func(i, j int) float64 {
			return math.Float64frombits(binary.LittleEndian.Uint64(raw[8*(i*width+j):]))
		}
		var margin, shap float64
		for i := range sets[2].Rows() {
			row := sets[2].Row(i, nil)
			margin = max(margin, math.Abs(m.Margin(row)-value(i, 0)))
			base, phi := m.Explain(row)
			shap = max(shap, math.Abs(base-value(i, width-1)))
			for j, v := range phi {
				shap = max(shap, math.Abs(v-value(i, 1+j)))
			}
		}
		fmt.Fprintf(b.out, "| %s (%s trees) | %.2g | %.2g |\n", x.name, strconv.Itoa(len(m.Trees)), margin, shap)
	}
	return nil
}
