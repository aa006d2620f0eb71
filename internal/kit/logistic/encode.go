package logistic

import (
	"cmp"
	"math"
	"slices"
)

// Input is how one column becomes numbers.
type Input struct {
	Name        string
	Categorical bool
	Levels      []string

	// Numeric: (x - Mean)/Deviation has the weight at First; the flag of a missing
	// value the one after, if Flag.
	Mean, Deviation, Median float64
	Flag                    bool

	// Categorical: Slot gives the weight of each code, counted from First; Rare is
	// that of rare and unknown codes, Empty of the missing.
	Slot        []int32
	Rare, Empty int32

	First, Width int32 // its weights
}

// encode calls add for each number of one column's value that is not 0, in
// rising order.
func (in *Input) encode(x float64, add func(at int32, v float64)) {
	if in.Categorical {
		switch {
		case x != x || x < 0:
			add(in.First+in.Empty, 1)
		case x < float64(len(in.Slot)):
			add(in.First+in.Slot[int(x)], 1)
		default:
			add(in.First+in.Rare, 1)
		}
		return
	}
	missing := x != x
	if missing {
		x = in.Median
	}
	// An infinite value, or one far beyond what training saw, counts as far out.
	if v := (x - in.Mean) / in.Deviation; v != 0 {
		add(in.First, min(max(v, -farthest), farthest))
	}
	if missing && in.Flag {
		add(in.First+1, 1)
	}
}

// farthest is how many deviations from the mean a value may lie.
const farthest = 10

func newInput(c *Column, weight []float64, p Params) Input {
	if c.Codes != nil {
		return levels(c, weight, p)
	}
	in := Input{Name: c.Name, Width: 1}
	var known []float64
	for i, v := range c.Numeric {
		if weight != nil && weight[i] == 0 {
			continue
		}
		if v != v {
			in.Flag = true
		} else if !math.IsInf(v, 0) {
			known = append(known, v)
		}
	}
	if in.Flag {
		in.Width = 2
	}
	in.Deviation = 1
	if len(known) == 0 {
		return in
	}
	slices.Sort(known)
	in.Median = known[len(known)/2]
	// Halved first, so that sums of the largest numbers stay finite.
	n := float64(len(known))
	for _, v := range known {
		in.Mean += v / n
	}
	variance := 0.0
	for _, v := range known {
		variance += (v - in.Mean) / n * (v - in.Mean)
	}
	if math.IsInf(variance, 0) || math.IsNaN(variance) {
		in.Mean, in.Deviation = in.Median, math.MaxFloat64/4
	} else if variance > 0 && variance > 1e-24*in.Mean*in.Mean {
		in.Deviation = math.Sqrt(variance)
	}
	return in
}

func levels(c *Column, weight []float64, p Params) Input {
	in := Input{Name: c.Name, Categorical: true, Levels: c.Levels, Slot: make([]int32, len(c.Levels))}
	counts := make([]int, len(c.Levels))
	for i, code := range c.Codes {
		if code >= 0 && (weight == nil || weight[i] > 0) {
			counts[code]++
		}
	}
	var order []int32
	for code, n := range counts {
		if n > 0 && n >= p.MinLevel {
			order = append(order, int32(code))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	order = order[:min(len(order), p.MaxLevels)]
	in.Rare, in.Empty = int32(len(order)), int32(len(order))+1
	in.Width = in.Empty + 1
	for i := range in.Slot {
		in.Slot[i] = in.Rare
	}
	for slot, code := range order {
		in.Slot[code] = int32(slot)
	}
	return in
}
