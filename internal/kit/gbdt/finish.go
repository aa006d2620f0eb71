package gbdt

import "math"

// finish turns a tree in bins into one in values.
func (t *trainer) finish(tree *grown, values []float64) Tree {
	out := Tree{Leaves: make([]Leaf, len(tree.ends)), Nodes: make([]Node, len(tree.nodes))}
	for i, l := range tree.ends {
		out.Leaves[i] = Leaf{Value: values[i], Cover: float64(l.rows)}
	}
	b := newBounds(&t.params, &t.scales)
	for i := range tree.nodes {
		from := &tree.nodes[i]
		bins := t.matrix.bins[from.split.column]
		n := &out.Nodes[i]
		*n = Node{
			Feature: t.columns[from.split.column], Left: from.left, Right: from.right,
			Gain: from.split.gain * b.gainToReal, Cover: float64(from.rows),
		}
		if !bins.categorical() {
			n.Threshold = bins.upper[from.split.bin-1]
			n.DefaultLeft = from.split.left.has(missingBin)
			continue
		}
		// The missing, and with them every unknown category, go right: so the
		// set is of the side that they are not on.
		n.Categorical = true
		left := from.split.left
		if left.has(missingBin) {
			n.Left, n.Right = n.Right, n.Left
			for j := range left {
				left[j] = ^left[j]
			}
		}
		set := make([]uint32, (bins.levels+31)/32)
		for bin := 1; bin <= bins.bins; bin++ {
			if left.has(uint8(bin)) {
				for _, code := range bins.codes[bin] {
					set[code/32] |= 1 << (code % 32)
				}
			}
		}
		for len(set) > 1 && set[len(set)-1] == 0 {
			set = set[:len(set)-1]
		}
		n.SetStart, n.SetWords = int32(len(out.Sets)), int32(len(set))
		out.Sets = append(out.Sets, set...)
	}
	return out
}

// validation is a validation set on its way through a training.
type validation struct {
	matrix  *matrix
	labels  []bool
	weights []float64
	total   float64
	scores  []float64
	losses  []float64
}

func newValidation(t *trainer, d *Dataset, bins []*binning, base float64) *validation {
	v := &validation{matrix: newMatrix(t.pick(d), bins, t.pool), labels: d.Label, scores: make([]float64, d.Rows()), weights: make([]float64, d.Rows())}
	for i := range v.scores {
		v.scores[i] = base
		w := 1.0
		if d.Weight != nil {
			w = d.Weight[i]
		}
		if d.Label[i] {
			w *= t.params.PositiveWeight
		}
		v.weights[i] = w
		v.total += w
	}
	v.losses = make([]float64, (len(v.scores)+gradientChunk-1)/gradientChunk)
	return v
}

// add scores the validation set with one more tree and gives its mean log-loss.
func (v *validation) add(t *trainer, tree *grown, values []float64) float64 {
	t.pool.run(len(v.losses), func(chunk, _ int) {
		loss := 0.0
		for row := chunk * gradientChunk; row < min((chunk+1)*gradientChunk, len(v.scores)); row++ {
			s := v.scores[row] + values[tree.end(v.matrix, uint32(row))]
			v.scores[row] = s
			if v.labels[row] {
				s = -s
			}
			loss += v.weights[row] * (max(s, 0) + math.Log1p(math.Exp(-math.Abs(s))))
		}
		v.losses[chunk] = loss
	})
	sum := 0.0
	for _, l := range v.losses {
		sum += l
	}
	if v.total == 0 {
		return sum
	}
	return sum / v.total
}
