package modeleval

import (
	"math"
	"slices"
	"sort"
)

// least is the part that an empty bin counts as, so that a logarithm exists.
const least = 1e-4

// PSI gives the population stability index of two samples of one numeric
// column: how far actual has moved from expected. The bins are the deciles of
// expected, and one for missing values (NaN). Below 0.1 is steady, above 0.25
// has moved. It is 0 if either is empty.
func PSI(expected, actual []float64) float64 {
	known := make([]float64, 0, len(expected))
	for _, v := range expected {
		if v == v {
			known = append(known, v)
		}
	}
	slices.Sort(known)
	var cuts []float64
	for i := 1; i < 10 && len(known) > 0; i++ {
		cuts = append(cuts, known[i*len(known)/10])
	}
	cuts = slices.Compact(cuts)
	count := func(values []float64) []int {
		bins := make([]int, len(cuts)+2)
		for _, v := range values {
			if v != v {
				bins[len(cuts)+1]++
			} else {
				bins[sort.Search(len(cuts), func(i int) bool { return cuts[i] > v })]++
			}
		}
		return bins
	}
	return PSICounts(count(expected), count(actual))
}

// PSICounts is PSI for categories: rows of each in either sample, in the same order.
func PSICounts(expected, actual []int) float64 {
	total := func(counts []int) (sum float64) {
		for _, n := range counts {
			sum += float64(n)
		}
		return sum
	}
	a, b := total(expected), total(actual)
	if a == 0 || b == 0 {
		return 0
	}
	sum := 0.0
	for i := range min(len(expected), len(actual)) {
		p, q := float64(expected[i])/a, float64(actual[i])/b
		if p == 0 && q == 0 {
			continue
		}
		p, q = max(p, least), max(q, least)
		sum += (q - p) * math.Log(q/p)
	}
	return sum
}
