package logistic

import "math"

// Model is a fitted regression. A row is a []float64 in the order of Inputs: a
// numeric value, or the code of a level; NaN or a negative code is missing.
type Model struct {
	Inputs    []Input
	Weights   []float64
	Means     []float64 // of the encoded training rows
	Intercept float64
}

// Margin gives the log-odds of a row.
func (m *Model) Margin(row []float64) float64 {
	sum := m.Intercept
	for i := range m.Inputs {
		m.Inputs[i].encode(at(row, i), func(at int32, v float64) { sum += m.Weights[at] * v })
	}
	return sum
}

// Predict gives the probability of the positive outcome.
func (m *Model) Predict(row []float64) float64 { return 1 / (1 + math.Exp(-m.Margin(row))) }

// Explain gives what each column adds to the margin against the average
// training row, w·(x - mean) summed over the column's numbers; base is that
// row's margin. These are the exact SHAP values of a linear model.
func (m *Model) Explain(row []float64) (base float64, contributions []float64) {
	contributions = make([]float64, len(m.Inputs))
	base = m.Intercept
	for i := range m.Inputs {
		in := &m.Inputs[i]
		for j := in.First; j < in.First+in.Width; j++ {
			base += m.Weights[j] * m.Means[j]
			contributions[i] -= m.Weights[j] * m.Means[j]
		}
		in.encode(at(row, i), func(at int32, v float64) { contributions[i] += m.Weights[at] * v })
	}
	return base, contributions
}

func at(row []float64, i int) float64 {
	if i < len(row) {
		return row[i]
	}
	return math.NaN()
}

// Importance gives, for each column, the mean size of its contribution to the
// margins of the given rows.
func (m *Model) Importance(rows [][]float64) []float64 {
	out := make([]float64, len(m.Inputs))
	for _, row := range rows {
		_, phi := m.Explain(row)
		for i, v := range phi {
			out[i] += math.Abs(v) / float64(len(rows))
		}
	}
	return out
}
