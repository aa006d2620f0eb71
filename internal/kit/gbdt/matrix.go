package gbdt

// groupWidth columns stand in one word of the matrix.
const groupWidth = 8

// matrix holds the bins of all rows: for each group of eight columns a word
// for each row. Histograms read one word and add to eight of them.
type matrix struct {
	rows    int
	columns int
	groups  [][]uint64
	bins    []*binning
}

// newMatrix bins all rows of a data set.
func newMatrix(d *Dataset, bins []*binning, p *pool) *matrix {
	m := &matrix{rows: d.Rows(), columns: len(bins), bins: bins}
	m.groups = make([][]uint64, (len(bins)+groupWidth-1)/groupWidth)
	for i := range m.groups {
		m.groups[i] = make([]uint64, m.rows)
	}
	const chunk = 1 << 14
	chunks := (m.rows + chunk - 1) / chunk
	p.run(chunks*len(m.groups), func(task, _ int) {
		group, from := task/chunks, task%chunks*chunk
		for j := group * groupWidth; j < min((group+1)*groupWidth, m.columns); j++ {
			if !bins[j].useless() {
				bins[j].fill(&d.Columns[j], from, min(from+chunk, m.rows), m.groups[group], uint(j%groupWidth)*8)
			}
		}
	})
	return m
}

// bin gives the bin of a row in a column.
func (m *matrix) bin(row uint32, column int32) uint8 {
	return uint8(m.groups[column/groupWidth][row] >> (uint(column%groupWidth) * 8))
}

// column gives the words that hold a column, and by how much they are shifted.
func (m *matrix) column(c int32) (words []uint64, shift uint) {
	return m.groups[c/groupWidth], uint(c%groupWidth) * 8
}
