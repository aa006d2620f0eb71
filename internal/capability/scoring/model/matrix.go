package model

import (
	"math"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/kit/gbdt"
	"github.com/rapport-platform/rapport/internal/kit/logistic"
)

// table is rows of a frame, as the trainers take them: some of its columns, and
// either a range of its rows or a list of them.
type table struct {
	frame   *feature.Frame
	columns []int
	r       feature.Range
	rows    []int32 // nil takes the range
}

// all takes every column of a range.
func all(f *feature.Frame, r feature.Range) table {
	t := table{frame: f, r: r}
	for i := range f.Features {
		t.columns = append(t.columns, i)
	}
	return t
}

// at takes other rows of the same columns.
func (t table) at(r feature.Range) table { return table{frame: t.frame, columns: t.columns, r: r} }

func (t table) pick(rows []int32) table {
	return table{frame: t.frame, columns: t.columns, rows: rows}
}

// tail keeps the newest so many rows.
func (t table) tail(most int) table {
	if t.rows != nil {
		t.rows = t.rows[max(0, len(t.rows)-most):]
		return t
	}
	t.r.From = max(t.r.From, t.r.To-most)
	return t
}

func (t table) len() int {
	if t.rows != nil {
		return len(t.rows)
	}
	return t.r.Len()
}

func part[T any](t table, values []T) []T {
	if t.rows == nil {
		return values[t.r.From:t.r.To:t.r.To]
	}
	out := make([]T, len(t.rows))
	for i, r := range t.rows {
		out[i] = values[r]
	}
	return out
}

func (t table) labels() []bool { return part(t, t.frame.Label) }

func (t table) rate() float64 {
	n := 0
	for _, y := range t.labels() {
		if y {
			n++
		}
	}
	return float64(n) / float64(max(1, t.len()))
}

func (t table) dataset() (*gbdt.Dataset, error) {
	cols := make([]gbdt.Column, len(t.columns))
	for i, c := range t.columns {
		ft := &t.frame.Features[c]
		cols[i] = gbdt.Column{Name: ft.Name}
		if ft.Kind == feature.Number {
			cols[i].Numeric = part(t, t.frame.Numbers(c))
		} else {
			cols[i].Codes, cols[i].Levels = part(t, t.frame.Codes(c)), ft.Levels
		}
	}
	return gbdt.NewDataset(cols, t.labels(), nil)
}

func (t table) regression() []logistic.Column {
	cols := make([]logistic.Column, len(t.columns))
	for i, c := range t.columns {
		ft := &t.frame.Features[c]
		cols[i] = logistic.Column{Name: ft.Name}
		if ft.Kind == feature.Number {
			cols[i].Numeric = part(t, t.frame.Numbers(c))
		} else {
			cols[i].Codes, cols[i].Levels = part(t, t.frame.Codes(c)), ft.Levels
		}
	}
	return cols
}

// row writes the inputs of the i-th row.
func (t table) row(i int, out []float64) {
	r := t.r.From + i
	if t.rows != nil {
		r = int(t.rows[i])
	}
	for k, c := range t.columns {
		if numbers := t.frame.Numbers(c); numbers != nil {
			out[k] = numbers[r]
		} else if code := t.frame.Codes(c)[r]; code < 0 {
			out[k] = math.NaN()
		} else {
			out[k] = float64(code)
		}
	}
}

// margins scores all rows.
func (t table) margins(m predictor) []float64 {
	out := make([]float64, t.len())
	row := make([]float64, len(t.columns))
	for i := range out {
		t.row(i, row)
		out[i] = m.Margin(row)
	}
	return out
}
