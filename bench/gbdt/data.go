package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"os"

	"github.com/rapport-platform/rapport/internal/kit/gbdt"
)

const columns = 28

// synthetic makes the large table: 28 columns of several shapes, an outcome of
// a few of them and their products, and noise. Values are single precision, so
// that both programs see the same.
func synthetic(rows int) (cols [][]float32, label []bool) {
	r := rand.New(rand.NewPCG(28, 1_000_000))
	cols = make([][]float32, columns)
	for j := range cols {
		cols[j] = make([]float32, rows)
	}
	label = make([]bool, rows)
	var x [columns]float64
	for i := range rows {
		for j := range x {
			switch {
			case j < 16:
				x[j] = r.NormFloat64()
			case j < 22:
				x[j] = r.ExpFloat64()
			case j < 26:
				x[j] = math.Floor(r.Float64() * 30)
			default:
				x[j] = x[0]*x[j-20] + 0.3*r.NormFloat64()
			}
			cols[j][i] = float32(x[j])
		}
		s := x[0]*x[1] + 0.8*math.Sin(2*x[2]) + 0.5*x[16] - 0.4*x[17]*x[18]/(1+x[18]) + 0.05*x[22] + 0.6*math.Tanh(x[3]+x[4]*x[5]) - 1
		label[i] = r.Float64() < 1/(1+math.Exp(-s))
	}
	return cols, label
}

// writeMatrix writes rows of single-precision values, each row's outcome last.
func writeMatrix(path string, cols [][]float32, label []bool) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	row := make([]byte, 4*(len(cols)+1))
	for i := range label {
		for j := range cols {
			binary.LittleEndian.PutUint32(row[4*j:], math.Float32bits(cols[j][i]))
		}
		y := float32(0)
		if label[i] {
			y = 1
		}
		binary.LittleEndian.PutUint32(row[4*len(cols):], math.Float32bits(y))
		w.Write(row)
	}
	return w.Flush()
}

// readMatrix reads what writeMatrix wrote as a data set.
func readMatrix(path string, rows int) (*gbdt.Dataset, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cols := make([]gbdt.Column, columns)
	for j := range cols {
		cols[j] = gbdt.Column{Name: "x" + string(rune('A'+j)), Numeric: make([]float64, rows)}
	}
	label := make([]bool, rows)
	in := bufio.NewReaderSize(f, 1<<20)
	row := make([]byte, 4*(columns+1))
	for i := range rows {
		if _, err := io.ReadFull(in, row); err != nil {
			return nil, err
		}
		for j := range cols {
			cols[j].Numeric[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(row[4*j:])))
		}
		label[i] = binary.LittleEndian.Uint32(row[4*columns:]) != 0
	}
	return gbdt.NewDataset(cols, label, nil)
}
