package gbdt

// Trees whose paths have at most six features, which is most of them, need no
// more than three points: their walk keeps product and sums in registers, and
// takes no branch that depends on the row.
const narrowPoints = 3

// narrowNode is a node with what its edges need.
type narrowNode struct {
	threshold float64
	feature   int32
	left      int32
	right     int32
	previous  int32 // edge above that leads to the last split on the feature
	nanLeft   uint8 // 1: missing values go left
	numeric   bool  // on which NaN is missing; otherwise the tree's node decides
	index     int32
	cases     [2][3][2 * narrowPoints]float64 // left and right; stayedOff, turnsOff, staysOn
}

func (x *explainer) narrowNodes(t *Tree, edges []edge) []narrowNode {
	out := make([]narrowNode, len(t.Nodes))
	for i := range t.Nodes {
		n, to := &t.Nodes[i], &out[i]
		*to = narrowNode{threshold: n.Threshold, feature: n.Feature, left: n.Left, right: n.Right, numeric: !n.Categorical && n.Missing == MissingNaN, index: int32(i), previous: edges[2*i].previous}
		if n.DefaultLeft {
			to.nanLeft = 1
		}
		for side := range 2 {
			for kind := range 3 {
				x.coefficients(edges, int32(2*i+side), kind, to.cases[side][kind][:])
			}
		}
	}
	return out
}

// narrowWalker explains one row by one tree.
type narrowWalker struct {
	nodes  []narrowNode
	leaves []Leaf
	tree   *Tree
	row    []float64
	out    []float64
	on     []uint8
}

// node takes the product at the three points down, pays the features of its
// edges, and gives the sums of the leaves below.
func (w *narrowWalker) node(at int32, p0, p1, p2 float64) (s0, s1, s2 float64) {
	n := &w.nodes[at]
	left := uint8(0)
	if x := w.row[n.feature]; n.numeric {
		nan, below := uint8(0), uint8(0)
		if x != x {
			nan = 1
		}
		if x <= n.threshold {
			below = 1
		}
		left = below | nan&n.nanLeft
	} else if w.tree.goesLeft(&w.tree.Nodes[n.index], x) {
		left = 1
	}
	before := uint8(1)
	if n.previous >= 0 {
		before = w.on[n.previous]
	}
	kind := before * (1 + left)
	w.on[2*at] = kind >> 1
	c := &n.cases[0][kind]
	q0, q1, q2 := p0*c[0], p1*c[1], p2*c[2]
	if n.left < 0 {
		v := w.leaves[^n.left].Value
		q0, q1, q2 = q0*v, q1*v, q2*v
	} else {
		q0, q1, q2 = w.node(n.left, q0, q1, q2)
	}
	phi := q0*c[3] + q1*c[4] + q2*c[5]
	kind = before * (2 - left)
	w.on[2*at+1] = kind >> 1
	c = &n.cases[1][kind]
	r0, r1, r2 := p0*c[0], p1*c[1], p2*c[2]
	if n.right < 0 {
		v := w.leaves[^n.right].Value
		r0, r1, r2 = r0*v, r1*v, r2*v
	} else {
		r0, r1, r2 = w.node(n.right, r0, r1, r2)
	}
	w.out[n.feature] += phi + r0*c[3] + r1*c[4] + r2*c[5]
	return q0 + r0, q1 + r1, q2 + r2
}
