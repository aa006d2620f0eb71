package gbdt

// split is a way to part the rows of a leaf. left says, for each bin, whether
// it goes left.
type split struct {
	gain    float64 // in integer units until scaled by settle
	column  int32   // of the matrix; -1: none
	bin     uint8   // numeric: the last bin on the left
	set     bool    // categorical: of a sorted set, with CatL2
	left    binSet
	leftSum uint64
}

// binSet is a set of bins.
type binSet [4]uint64

func (s *binSet) add(bin uint8)      { s[bin>>6] |= 1 << (bin & 63) }
func (s *binSet) has(bin uint8) bool { return s[bin>>6]>>(bin&63)&1 == 1 }

// bounds are the parameters of a search in integer units.
type bounds struct {
	lambda       float64
	catL2        float64
	catSmooth    float64
	minHessian   float64
	minRows      float64
	minGain      float64
	perGroup     float64
	maxOneVsRest int
	maxThreshold int
	gainToReal   float64
	perHessian   float64
}

func newBounds(p *Params, s *scales) bounds {
	real := s.perGradient * s.perGradient / s.perHessian
	return bounds{
		lambda: p.Lambda / s.perHessian, catL2: p.CatL2 / s.perHessian, catSmooth: p.CatSmooth,
		minHessian: p.MinSumHessian / s.perHessian, minRows: float64(p.MinDataInLeaf), minGain: p.MinGain / real,
		perGroup: float64(p.MinDataPerGroup), maxOneVsRest: p.MaxOneVsRest, maxThreshold: p.MaxCatThreshold,
		gainToReal: real, perHessian: s.perHessian,
	}
}

// side is one side's part of the gain; 0 where it can't be told.
func side(g, h, lambda float64) float64 {
	if h+lambda <= 0 {
		return 0
	}
	return g * g / (h + lambda)
}

// searchNumeric finds the best threshold of a column for a leaf of so many
// rows with the given sum. Each threshold is tried with the missing on the
// left and on the right; where none are missing in training, missing values
// will follow the heavier side.
func (b *bounds) searchNumeric(h *[256]uint64, bins int, sum uint64, rows int, best *split, column int32) {
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
	missing := h[missingBin]
	found, foundMissing := -1, false
	var foundSum uint64
	last := bins - 1
	if missing != 0 {
		last = bins
	}
	var acc uint64
	for bin := 1; bin <= last; bin++ {
		x := h[uint8(bin)]
		if x == 0 {
			continue
		}
		acc += x
		gl, hl := halves(acc)
		hr := hess - hl
		if hl >= atLeast && hr >= atLeast {
			gr := g - gl
			if gain := gl*gl/(hl+b.lambda) + gr*gr/(hr+b.lambda) - parent; gain > floor {
				floor, found, foundMissing, foundSum = gain, bin, false, acc
			}
		}
		if missing != 0 && bin < bins {
			gl, hl = halves(acc + missing)
			hr = hess - hl
			if hl >= atLeast && hr >= atLeast {
				gr := g - gl
				if gain := gl*gl/(hl+b.lambda) + gr*gr/(hr+b.lambda) - parent; gain > floor {
					floor, found, foundMissing, foundSum = gain, bin, true, acc+missing
				}
			}
		}
		if missing == 0 && hr < atLeast {
			break
		}
	}
	if found < 0 {
		return
	}
	*best = split{gain: floor, column: column, bin: uint8(found), leftSum: foundSum}
	for bin := 1; bin <= found; bin++ {
		best.left.add(uint8(bin))
	}
	if missing == 0 {
		_, hl := halves(foundSum)
		foundMissing = hl*2 >= hess
	}
	if foundMissing {
		best.left.add(missingBin)
	}
}
