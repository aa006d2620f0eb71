package gbdt

import (
	"math"
	"math/rand/v2"
)

// A row on its way through a tree is one word, an entry: its number in the
// upper half, its gradient (16 bits, signed) and hessian (16 bits) in the
// lower. A sum is one word too: gradients in the upper half (signed), hessians
// in the lower. Both are integers rounded up or down at random in proportion,
// so that sums have no bias; and sums of integers are the same in any order.
// The scales are such that no half can overflow.
type scales struct {
	gradient, hessian       float64 // real → integer
	perGradient, perHessian float64 // integer → real
}

// newScales fits gradients of at most largest and hessians of at most
// largest/4 of so many rows.
func newScales(rows int, largest float64) scales {
	g := min(math.MaxInt16, math.Floor(float64(math.MaxInt32)/float64(rows))) - 1
	h := min(math.MaxUint16, math.Floor(float64(math.MaxUint32)/float64(rows))) - 1
	s := scales{gradient: g / largest, hessian: h / (largest / 4)}
	s.perGradient, s.perHessian = 1/s.gradient, 1/s.hessian
	return s
}

// widen makes the sum of one entry.
func widen(entry uint64) uint64 {
	return uint64(int64(int16(entry>>16)))<<32 + entry&0xffff
}

// halves gives the integer gradients and hessians of a sum.
func halves(sum uint64) (g, h float64) {
	return float64(int32(sum >> 32)), float64(uint32(sum))
}

// real gives the gradients and hessians that a sum stands for.
func (s *scales) real(sum uint64) (g, h float64) {
	g, h = halves(sum)
	return g * s.perGradient, h * s.perHessian
}

// gradientChunk rows share a stream of random numbers.
const gradientChunk = 1 << 13

// blockResult is what the gradients of one block came to.
type blockResult struct {
	kept, left int    // rows that the tree sees; rows that it doesn't
	sum        uint64 // of the entries
}

// gradients writes the entries of a block's rows for the next tree to the front
// of the block's part of out, and the rows that the tree is not to see to out
// of bag. losses gets the weighted log-loss before the tree, chunk by chunk.
func (t *trainer) gradients(block, round int, out []uint64, outOfBag []uint32, losses []float64) (b blockResult) {
	from, to := block*t.blockRows, min((block+1)*t.blockRows, t.rows)
	for at := from; at < to; at += gradientChunk {
		chunk := at / gradientChunk
		losses[chunk] = t.chunk(at, min(at+gradientChunk, to), chunk, round, out[from:], outOfBag, &b)
	}
	return b
}

func (t *trainer) chunk(from, to, chunk, round int, out []uint64, outOfBag []uint32, b *blockResult) float64 {
	var random rand.PCG
	random.Seed(t.params.Seed^0x9e3779b97f4a7c15*uint64(round+1), uint64(chunk))
	sample := uint64(t.params.RowFraction * (1 << 32))
	scores, labels := t.scores[from:to], t.labels[from:to]
	labels = labels[:len(scores)]
	var weights []float64
	if t.weights != nil {
		weights = t.weights[from:to]
	}
	s := t.scales
	kept, left, sum, loss := b.kept, b.left, b.sum, 0.0
	bag := from / t.blockRows * t.blockRows
	product := 1.0
	for i, score := range scores {
		dice := random.Uint64()
		y := float64(labels[i])
		p := sigmoid(score)
		g, h := p-y, p*(1-p)
		right := max(1-math.Abs(g), 1e-15)
		if weights != nil {
			w := weights[i]
			if w == 0 {
				continue
			}
			g, h = g*w, h*w
			loss -= w * math.Log(right)
		} else if product *= right; product < 1e-200 {
			// One logarithm serves many rows.
			loss -= math.Log(product)
			product = 1
		}
		if sample < 1<<32 && random.Uint64()>>32 >= sample {
			outOfBag[bag+left] = uint32(from + i)
			left++
			continue
		}
		gq := int64(g*s.gradient+float64(dice>>40)*(1.0/(1<<24))+(1<<16)) - 1<<16
		hq := uint64(h*s.hessian + float64(dice&(1<<24-1))*(1.0/(1<<24)))
		out[kept] = uint64(from+i)<<32 | uint64(uint16(gq))<<16 | hq
		sum += uint64(gq)<<32 + hq
		kept++
	}
	b.kept, b.left, b.sum = kept, left, sum
	return loss - math.Log(product)
}

// sigmoid gives 1/(1+exp(-x)) to eight digits, which is more than the rounding
// of gradients keeps, in half the time.
func sigmoid(x float64) float64 {
	x = min(max(x, -600), 600)
	z := x * -math.Log2E
	whole := int64(z+1024.5) - 1024 // nearest; z+1024 is positive
	f := (z - float64(whole)) * math.Ln2
	power := 1 + f*(1+f*(1./2+f*(1./6+f*(1./24+f*(1./120+f*(1./720+f*(1./5040)))))))
	return 1 / (1 + power*math.Float64frombits(uint64(whole+1023)<<52))
}
