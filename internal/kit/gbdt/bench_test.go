package gbdt

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// wide makes rows of 28 numeric columns.
func wide(n int) *Dataset {
	r := rand.New(rand.NewPCG(1, 28))
	cols := make([]Column, 28)
	for j := range cols {
		cols[j] = Column{Name: fmt.Sprint("x", j), Numeric: make([]float64, n)}
	}
	label := make([]bool, n)
	for i := range n {
		for j := range cols {
			cols[j].Numeric[i] = float64(float32(r.NormFloat64()))
		}
		x := func(j int) float64 { return cols[j].Numeric[i] }
		label[i] = r.Float64() < 1/(1+math.Exp(-x(0)*x(1)-math.Sin(2*x(2))-0.5*x(3)+0.3*x(4)*x(5)))
	}
	return &Dataset{Columns: cols, Label: label}
}

// BenchmarkTrain trains on 100,000 rows, or on as many as RAPPORT_BENCH_ROWS says.
func BenchmarkTrain(b *testing.B) {
	rows, err := strconv.Atoi(os.Getenv("RAPPORT_BENCH_ROWS"))
	if err != nil {
		rows = 100_000
	}
	d := wide(rows)
	p := DefaultParams()
	p.Rounds, p.MaxDepth, p.MaxLeaves, p.DepthWise, p.RowFraction, p.ColumnFraction, p.LearningRate = 100, 6, 0, true, 1, 1, 0.1
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			p.Threads = threads
			for b.Loop() {
				if _, _, err := Train(context.Background(), d, nil, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func deepModel(b *testing.B) (*Model, *Dataset) {
	d := wide(20_000)
	p := DefaultParams()
	p.Rounds, p.MaxDepth, p.MaxLeaves, p.DepthWise = 150, 6, 0, true
	return mustTrain(b, d, nil, p), d
}

// BenchmarkExplain gives one row's margin and exact reasons by 150 trees of depth 6.
func BenchmarkExplain(b *testing.B) {
	m, d := deepModel(b)
	out, row := make([]float64, len(m.Features)), []float64(nil)
	for i := 0; b.Loop(); i++ {
		row = d.Row(i%d.Rows(), row)
		m.Margin(row)
		m.ExplainInto(row, out)
	}
}

// BenchmarkMargins scores 1,000 rows a turn by 150 trees of depth 6.
func BenchmarkMargins(b *testing.B) {
	m, d := deepModel(b)
	var rows []float64
	for i := range 1000 {
		rows = append(rows, d.Row(i, nil)...)
	}
	out := make([]float64, 1000)
	for b.Loop() {
		m.MarginRows(rows, out)
	}
}
