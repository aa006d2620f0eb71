package gbdt

import (
	"cmp"
	"math"
	"slices"
)

// Bin 0 of every column is the missing; values have the bins 1 to 255.
const (
	missingBin  = 0
	maxBins     = 255
	binSample   = 200_000 // rows that cut points are chosen from
	minRowsABin = 3
)

// binning maps the values of one column to bins.
type binning struct {
	bins    int          // value bins in use: 1..bins
	missing bool         // missing values occur in training
	upper   [256]float64 // numeric: the largest value of bin i+1; +Inf from the last on
	code    []uint8      // categorical: bin of each code
	codes   [][]int32    // categorical: codes of each bin; codes[0] is empty
	levels  int          // categorical: number of codes
}

func (b *binning) categorical() bool { return b.code != nil }

// useless tells that the column never tells two rows apart.
func (b *binning) useless() bool { return b.bins == 0 || b.bins == 1 && !b.missing }

// newBinning looks at the rows that count and chooses the bins of a column.
func newBinning(c *Column, rows []uint32, limit int) *binning {
	if c.Categorical() {
		return binLevels(c, rows, limit)
	}
	b := &binning{}
	step := max(1, len(rows)/binSample)
	values := make([]float64, 0, min(len(rows), binSample+step))
	for i, row := range rows {
		v := c.Numeric[row]
		if v != v {
			b.missing = true
		} else if i%step == 0 {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	b.cut(values, limit)
	return b
}

// cut chooses the upper ends of the bins from sorted values: one bin for each
// value if they suffice, otherwise bins of about equally many rows, in which a
// value with more rows than that has a bin of its own.
func (b *binning) cut(values []float64, limit int) {
	for i := range b.upper {
		b.upper[i] = math.Inf(1)
	}
	if len(values) == 0 {
		return
	}
	type run struct {
		value float64
		rows  int
	}
	runs := make([]run, 0, 1024)
	for _, v := range values {
		if n := len(runs); n > 0 && runs[n-1].value == v {
			runs[n-1].rows++
		} else {
			runs = append(runs, run{v, 1})
		}
	}
	least := min(minRowsABin, max(1, len(values)/limit))
	left, bins := len(values), limit
	if len(runs) > limit {
		// Heavy values stand alone; the others share what is left evenly.
		for _, r := range runs {
			if r.rows*limit > len(values) {
				left -= r.rows
				bins--
			}
		}
	}
	held := 0
	for i, r := range runs[:len(runs)-1] {
		held += r.rows
		full := held >= least
		if len(runs) > limit {
			heavy := r.rows*limit > len(values)
			next := runs[i+1].rows*limit > len(values)
			share := float64(left) / float64(max(1, bins))
			full = heavy || next || float64(held) >= share
			if full && !heavy {
				left -= held
				bins--
			}
		}
		if full && b.bins < limit-1 {
			b.upper[b.bins] = between(r.value, runs[i+1].value)
			b.bins++
			held = 0
		}
	}
	b.bins++
}

// between gives a number that is at least a and less than b, a finite one if
// there is any.
func between(a, b float64) float64 {
	if math.IsInf(a, -1) {
		if b > -math.MaxFloat64 {
			return -math.MaxFloat64
		}
		return a
	}
	if math.IsInf(b, 1) {
		return max(a, math.MaxFloat64)
	}
	if mid := a/2 + b/2; mid >= a && mid < b {
		return mid
	}
	return a
}

// binLevels gives the frequent categories a bin each and the rest one together.
func binLevels(c *Column, rows []uint32, limit int) *binning {
	b := &binning{code: make([]uint8, len(c.Levels)), levels: len(c.Levels)}
	counts := make([]int, len(c.Levels))
	for _, row := range rows {
		if code := c.Codes[row]; code >= 0 {
			counts[code]++
		} else {
			b.missing = true
		}
	}
	order := make([]int32, 0, len(counts))
	for code, n := range counts {
		if n > 0 {
			order = append(order, int32(code))
		}
	}
	slices.SortFunc(order, func(x, y int32) int {
		if d := cmp.Compare(counts[y], counts[x]); d != 0 {
			return d
		}
		return cmp.Compare(x, y)
	})
	b.bins = min(len(order), limit)
	b.codes = make([][]int32, b.bins+1)
	for i, code := range order {
		bin := min(i+1, b.bins)
		b.code[code] = uint8(bin)
		b.codes[bin] = append(b.codes[bin], code)
	}
	return b
}

// fill writes the bin of each of the rows from..to of a column into the bits at
// shift of out.
func (b *binning) fill(c *Column, from, to int, out []uint64, shift uint) {
	if b.categorical() {
		codes := c.Codes[from:to]
		for i, code := range codes {
			if uint(code) < uint(len(b.code)) {
				out[from+i] |= uint64(b.code[code]) << shift
			}
		}
		return
	}
	values, upper := c.Numeric[from:to], &b.upper
	out = out[from:to]
	if len(out) < len(values) {
		return
	}
	for i, v := range values {
		// The first bin whose upper end is not below v, in eight steps without branches.
		at := 0
		for half := 128; half > 0; half >>= 1 {
			next := at + half
			if upper[uint8(next-1)] < v {
				at = next
			}
		}
		if v == v {
			out[i] |= uint64(uint8(at+1)) << shift
		}
	}
}
