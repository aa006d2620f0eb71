package gbdt

import "slices"

// searchLevels finds the best set of categories of a column for a leaf. Up to
// maxOneVsRest categories are tried one by one; more are sorted by gradient
// over smoothed hessian, and sets of the first and of the last of them are
// tried. The missing are one category among the others. scratch has room for
// 256 bins.
func (b *bounds) searchLevels(h *[256]uint64, bins int, sum uint64, rows int, best *split, column int32, scratch []uint8) {
	g, hess := halves(sum)
	if hess <= 0 {
		return
	}
	rowsPer := float64(rows) / hess
	atLeast := max(b.minHessian, b.minRows/rowsPer)
	if 2*atLeast > hess {
		return
	}
	parent := side(g, hess, b.lambda)
	floor := max(best.gain, b.minGain)
	present := scratch[:0]
	for bin := 0; bin <= bins; bin++ {
		if h[uint8(bin)] != 0 {
			present = append(present, uint8(bin))
		}
	}
	if len(present) < 2 {
		return
	}
	if len(present) <= b.maxOneVsRest {
		for _, bin := range present {
			gl, hl := halves(h[bin])
			if hl < atLeast || hess-hl < atLeast {
				continue
			}
			if gain := side(gl, hl, b.lambda) + side(g-gl, hess-hl, b.lambda) - parent; gain > floor {
				floor = gain
				*best = split{gain: gain, column: column, leftSum: h[bin]}
				best.left.add(bin)
			}
		}
		return
	}
	// Categories with too few rows are on the side of those not chosen.
	present = slices.DeleteFunc(present, func(bin uint8) bool {
		_, hl := halves(h[bin])
		return hl*rowsPer < b.catSmooth
	})
	smooth := b.catSmooth / b.perHessian
	order := func(bin uint8) float64 {
		gb, hb := halves(h[bin])
		return gb / (hb + smooth)
	}
	slices.SortStableFunc(present, func(x, y uint8) int {
		switch a, b := order(x), order(y); {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return int(x) - int(y)
	})
	lambda := b.lambda + b.catL2
	limit := min(b.maxThreshold, (len(present)+1)/2)
	perGroup := b.perGroup / rowsPer
	for backward := range 2 {
		var acc uint64
		var group float64
		for taken := 1; taken <= limit; taken++ {
			bin := present[taken-1]
			if backward == 1 {
				bin = present[len(present)-taken]
			}
			acc += h[bin]
			_, hb := halves(h[bin])
			group += hb
			gl, hl := halves(acc)
			hr := hess - hl
			if hr < atLeast || hr < perGroup {
				break
			}
			if hl < atLeast || group < perGroup {
				continue
			}
			group = 0
			if gain := side(gl, hl, lambda) + side(g-gl, hr, lambda) - parent; gain > floor {
				floor = gain
				*best = split{gain: gain, column: column, set: true, leftSum: acc}
				for i := range taken {
					if backward == 1 {
						best.left.add(present[len(present)-1-i])
					} else {
						best.left.add(present[i])
					}
				}
			}
		}
	}
}
