package gbdt

import "math"

// lanes rows go through a tree side by side, so that the processor works on
// one while it waits for another.
const lanes = 8

// step is a node as batches use it: 16 bytes, right child after the left one. A
// leaf leads to itself.
type step struct {
	threshold float64
	column    uint32 // of the transposed rows: feature·lanes
	next      uint32 // the left child; with nanRight, missing values go right
}

const nanRight = 1 << 31

// batchTree is a tree for batches.
type batchTree struct {
	steps  []step
	values []float64 // of each step, its leaf's value
	depth  int
	plain  bool // only numeric splits on which NaN is missing; otherwise the tree itself is walked
}

// prepareBatch lays the nodes of the trees out for batches.
func prepareBatch(m *Model) []batchTree {
	out := make([]batchTree, len(m.Trees))
	for i := range m.Trees {
		t := &m.Trees[i]
		b := &out[i]
		b.plain = true
		for j := range t.Nodes {
			b.plain = b.plain && !t.Nodes[j].Categorical && t.Nodes[j].Missing == MissingNaN
		}
		if !b.plain {
			continue
		}
		b.depth = t.depth()
		b.steps, b.values = make([]step, 1, 2*len(t.Nodes)+1), make([]float64, 1, 2*len(t.Nodes)+1)
		type place struct{ node, at int32 }
		root := int32(0)
		if len(t.Nodes) == 0 {
			root = ^0
		}
		for todo := []place{{root, 0}}; len(todo) > 0; todo = todo[1:] {
			node, at := todo[0].node, todo[0].at
			if node < 0 {
				b.steps[at] = step{threshold: math.Inf(1), next: uint32(at)}
				b.values[at] = t.Leaves[^node].Value
				continue
			}
			n := &t.Nodes[node]
			left := int32(len(b.steps))
			b.steps, b.values = append(b.steps, step{}, step{}), append(b.values, 0, 0)
			b.steps[at] = step{threshold: n.Threshold, column: uint32(n.Feature) * lanes, next: uint32(left)}
			if !n.DefaultLeft {
				b.steps[at].next |= nanRight
			}
			todo = append(todo, place{n.Left, left}, place{n.Right, left + 1})
		}
	}
	return out
}

// MarginRows scores rows that stand one after the other in rows, each with a
// value for every feature, and writes their margins to out, which has an
// element for each row. They are the same as those of Margin.
func (m *Model) MarginRows(rows, out []float64) {
	width := len(m.Features)
	m.batchOnce.Do(func() { m.batch = prepareBatch(m) })
	// So many rows go through a tree before the next tree: those that stay in the
	// first-level cache.
	block := lanes * max(1, min(8, 1<<14/(8*lanes*max(1, width))))
	x := make([]float64, block*width)
	for len(out) >= block {
		missing := false
		for lane := 0; lane < block; lane += lanes {
			part := x[lane*width : (lane+lanes)*width]
			missing = transpose(rows[lane*width:], width, part) || missing
		}
		m.addBlock(rows, x, missing, out[:block])
		rows, out = rows[block*width:], out[block:]
	}
	for i := range out {
		out[i] = m.Margin(rows[i*width : (i+1)*width])
	}
}

// transpose puts eight rows side by side, feature by feature, and tells whether
// a value is missing.
func transpose(rows []float64, width int, to []float64) (missing bool) {
	for lane := range lanes {
		at := lane
		for _, v := range rows[lane*width : (lane+1)*width] {
			to[at] = v
			at += lanes
			missing = missing || v != v
		}
	}
	return missing
}

func (m *Model) addBlock(rows, x []float64, missing bool, out []float64) {
	width := len(m.Features)
	for i := range out {
		out[i] = m.Base
	}
	for i := range m.batch {
		b := &m.batch[i]
		if !b.plain {
			t := &m.Trees[i]
			for j := range out {
				out[j] = m.sum(out[j], t.Leaves[t.leaf(rows[j*width:(j+1)*width])].Value)
			}
			continue
		}
		for lane := 0; lane < len(out); lane += lanes {
			part, to := x[lane*width:(lane+lanes)*width], (*[lanes]float64)(out[lane:])
			var at [lanes]uint32
			if missing {
				b.walkMissing(part, &at)
			} else {
				b.walk(part, &at)
			}
			for j := range to {
				to[j] = m.sum(to[j], b.values[at[j]])
			}
		}
	}
}

// sum adds in the precision of the model.
func (m *Model) sum(a, b float64) float64 {
	if m.Single {
		return float64(float32(a) + float32(b))
	}
	return a + b
}

func above(x, threshold float64) uint32 {
	if x > threshold {
		return 1
	}
	return 0
}

// walk takes eight rows without missing values to their leaves, without a
// branch that depends on them.
func (b *batchTree) walk(x []float64, at *[lanes]uint32) {
	s := b.steps
	var i0, i1, i2, i3, i4, i5, i6, i7 uint32
	for range b.depth {
		n0, n1, n2, n3 := &s[i0], &s[i1], &s[i2], &s[i3]
		i0 = n0.next&^nanRight + above(x[n0.column], n0.threshold)
		i1 = n1.next&^nanRight + above(x[n1.column+1], n1.threshold)
		i2 = n2.next&^nanRight + above(x[n2.column+2], n2.threshold)
		i3 = n3.next&^nanRight + above(x[n3.column+3], n3.threshold)
		n4, n5, n6, n7 := &s[i4], &s[i5], &s[i6], &s[i7]
		i4 = n4.next&^nanRight + above(x[n4.column+4], n4.threshold)
		i5 = n5.next&^nanRight + above(x[n5.column+5], n5.threshold)
		i6 = n6.next&^nanRight + above(x[n6.column+6], n6.threshold)
		i7 = n7.next&^nanRight + above(x[n7.column+7], n7.threshold)
	}
	*at = [lanes]uint32{i0, i1, i2, i3, i4, i5, i6, i7}
}

// walkMissing is walk where values may be missing.
func (b *batchTree) walkMissing(x []float64, at *[lanes]uint32) {
	for range b.depth {
		for j := range at {
			n := &b.steps[at[j]]
			v := x[n.column+uint32(j)]
			right := above(v, n.threshold)
			if v != v {
				right = n.next >> 31
			}
			at[j] = n.next&^nanRight + right
		}
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
