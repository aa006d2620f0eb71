package modeleval

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Platt is a calibration of margins (log-odds) by two parameters.
type Platt struct{ Slope, Intercept float64 }

// Apply gives the calibrated probability of a margin.
func (c Platt) Apply(margin float64) float64 {
	return 1 / (1 + math.Exp(-(c.Slope*margin + c.Intercept)))
}

// FitPlatt fits the two parameters to margins and outcomes by Newton's method,
// with Platt's smoothed targets, so that it has an end for separable data too.
func FitPlatt(margins []float64, y []bool) (Platt, error) {
	if len(margins) == 0 || len(margins) != len(y) {
		return Platt{}, errs.New(errs.Invalid, "modeleval.length", "%d margins for %d outcomes", len(margins), len(y))
	}
	pos := 0.0
	for i, m := range margins {
		if math.IsNaN(m) || math.IsInf(m, 0) {
			return Platt{}, errs.New(errs.Invalid, "modeleval.margin", "the margin of row %d is not a finite number", i)
		}
		if y[i] {
			pos++
		}
	}
	neg := float64(len(y)) - pos
	high, low := (pos+1)/(pos+2), 1/(neg+2)
	target := func(i int) float64 {
		if y[i] {
			return high
		}
		return low
	}
	value := func(c Platt) float64 {
		sum := 0.0
		for i, m := range margins {
			z := c.Slope*m + c.Intercept
			sum += max(z, 0) - z*target(i) + math.Log1p(math.Exp(-math.Abs(z)))
		}
		return sum
	}
	c := Platt{0, math.Log((pos + 1) / (neg + 1))}
	at := value(c)
	for range 100 {
		var ga, gb, haa, hab, hbb float64
		for i, m := range margins {
			p := c.Apply(m)
			d, h := p-target(i), p*(1-p)
			ga, gb = ga+d*m, gb+d
			haa, hab, hbb = haa+h*m*m, hab+h*m, hbb+h
		}
		haa, hbb = haa+1e-12, hbb+1e-12
		det := haa*hbb - hab*hab
		if math.Abs(ga)+math.Abs(gb) < 1e-9*float64(len(y)) || det <= 0 {
			break
		}
		da, db := (hbb*ga-hab*gb)/det, (haa*gb-hab*ga)/det
		better := false
		for step := 1.0; step > 1e-10; step /= 2 {
			next := Platt{c.Slope - step*da, c.Intercept - step*db}
			if v := value(next); v < at {
				c, at, better = next, v, true
				break
			}
		}
		if !better {
			break
		}
	}
	return c, nil
}

// Isotonic is a calibration by a rising step function, straight between steps.
type Isotonic struct {
	At    []float64 // rising inputs
	Value []float64 // calibrated probability at each
}

// Apply gives the calibrated probability of an input: between two inputs on
// the line between their values, beyond the ends the last value.
func (c Isotonic) Apply(p float64) float64 {
	i := sort.SearchFloat64s(c.At, p)
	switch {
	case len(c.At) == 0:
		return p
	case i == 0:
		return c.Value[0]
	case i == len(c.At):
		return c.Value[i-1]
	}
	part := (p - c.At[i-1]) / (c.At[i] - c.At[i-1])
	return c.Value[i-1] + part*(c.Value[i]-c.Value[i-1])
}

// FitIsotonic fits a rising function to a sample by pooling neighbours that
// fall. No value is 0 or 1: a pool of n rows stays 1/(n+2) away from the ends.
func FitIsotonic(s *Sample) Isotonic {
	type pool struct {
		low, high float64
		rows, pos float64
	}
	var pools []pool
	rising := slices.Clone(s.order)
	slices.SortStableFunc(rising, func(a, b int32) int { return cmp.Compare(s.p[a], s.p[b]) })
	for _, row := range rising {
		next := pool{s.p[row], s.p[row], 1, 0}
		if s.y[row] {
			next.pos = 1
		}
		for n := len(pools); n > 0; n = len(pools) {
			last := pools[n-1]
			if last.high != next.low && last.pos*next.rows < next.pos*last.rows {
				break
			}
			next = pool{last.low, next.high, last.rows + next.rows, last.pos + next.pos}
			pools = pools[:n-1]
		}
		pools = append(pools, next)
	}
	var c Isotonic
	floor := 0.0
	for _, p := range pools {
		margin := 1 / (p.rows + 2)
		v := min(max(p.pos/p.rows, margin), 1-margin)
		floor = max(floor, v) // held away from the ends, values must still not fall
		c.At, c.Value = append(c.At, p.low), append(c.Value, floor)
		if p.high > p.low {
			c.At, c.Value = append(c.At, p.high), append(c.Value, floor)
		}
	}
	return c
}
