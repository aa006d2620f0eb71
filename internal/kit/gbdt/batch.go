package gbdt

// MarginRows scores rows that stand one after the other in rows, each with a
// value for every feature, and writes their margins to out, which has an
// element for each row.
func (m *Model) MarginRows(rows, out []float64) {
	width := len(m.Features)
	for i := range out {
		out[i] = m.Margin(rows[i*width : (i+1)*width])
	}
}

// MarginAll scores a data set whose columns are the model's features, with the
// same levels in the same order.
func (m *Model) MarginAll(d *Dataset) []float64 {
	out := make([]float64, d.Rows())
	const chunk = 256
	rows := make([]float64, 0, chunk*len(d.Columns))
	for from := 0; from < len(out); from += chunk {
		to := min(from+chunk, len(out))
		rows = rows[:0]
		for i := from; i < to; i++ {
			at := len(rows)
			rows = rows[:at+len(d.Columns)]
			d.Row(i, rows[at:])
		}
		m.MarginRows(rows, out[from:to])
	}
	return out
}
