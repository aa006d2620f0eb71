package gbdt

import (
	"math"
	"sync"
)

// The Shapley value of a feature sums, over the leaves of a tree, the leaf's
// value times (o-z) of the feature times the integral over u from 0 to 1 of the
// product of (o·u + z·(1-u)) of the other features on the leaf's path; o is 1
// if the row takes the path at all the feature's splits and z is the part of
// the training rows that does. (The weights k!(d-1-k)!/d! of the Shapley value
// are the integrals of u^k·(1-u)^(d-1-k).) The integrand is a polynomial of a
// degree below the number of features on the path, so Gauss–Legendre quadrature
// with half as many points is exact; its terms are positive, so it is stable
// for trees of any depth. One walk through a tree then serves all features: the
// product goes down, the leaves' sums come up, and each edge pays its feature.

// explainer is a model prepared for explanations.
type explainer struct {
	base   float64
	points int
	u, w   []float64
	edges  [][]edge       // of each tree: of node n the edges 2n (left) and 2n+1 (right)
	coefs  [][]float64    // of each tree: of each edge three cases of 2·points; nil if they would take too much memory
	narrow [][]narrowNode // instead of coefs, for trees whose paths have at most six features
	depth  int
	pool   sync.Pool
}

// edge leads from a node to its left or right child.
type edge struct {
	z        float64 // part of the training rows on this path, as far as the feature decides it
	previous int32   // edge above with the same feature; -1: none
}

// Where the row stands at an edge: off the path already at an earlier split on
// the same feature, off it at this one, or on it.
const (
	stayedOff = iota
	turnsOff
	staysOn
)

// maxCoefficients bounds the memory of prepared explanations to 256 MiB.
const maxCoefficients = 32 << 20

type explainScratch struct {
	on       []uint8 // of each edge: 1 if the row is on the path there
	products []float64
	sums     []float64
	coefs    []float64
}

// Explain gives the exact path-dependent SHAP values of a row: its margin is
// base plus the sum of the contributions, one for each feature. base is the
// same for all rows: the mean margin of the training rows as the trees' covers
// tell it.
func (m *Model) Explain(row []float64) (base float64, contributions []float64) {
	contributions = make([]float64, len(m.Features))
	return m.ExplainInto(row, contributions), contributions
}

// ExplainInto is Explain without allocation: it overwrites contributions, which
// has an element for each feature, and returns the base.
func (m *Model) ExplainInto(row, contributions []float64) (base float64) {
	m.once.Do(func() { m.explainer = newExplainer(m) })
	x := m.explainer
	row = m.fit(row)
	clear(contributions)
	s := x.pool.Get().(*explainScratch)
	for i := range m.Trees {
		if len(m.Trees[i].Nodes) > 0 {
			if x.narrow != nil {
				w := narrowWalker{nodes: x.narrow[i], leaves: m.Trees[i].Leaves, tree: &m.Trees[i], row: row, out: contributions, on: s.on}
				w.node(0, x.w[0], x.w[1], x.w[2])
				continue
			}
			copy(s.products, x.w) // the weights go down with the product
			w := walker{x: x, t: &m.Trees[i], edges: x.edges[i], row: row, out: contributions, s: s}
			if x.coefs != nil {
				w.coefs = x.coefs[i]
			}
			w.node(0, 0)
		}
	}
	x.pool.Put(s)
	return x.base
}

func newExplainer(m *Model) *explainer {
	x := &explainer{base: m.Base, edges: make([][]edge, len(m.Trees))}
	features, nodes, most := 1, 0, 0
	for i := range m.Trees {
		t := &m.Trees[i]
		if len(t.Nodes) == 0 {
			x.base += t.Leaves[0].Value
			continue
		}
		var expected float64
		var distinct int
		x.edges[i], expected, distinct = prepare(t)
		x.base += expected
		features = max(features, distinct)
		nodes += len(t.Nodes)
		most = max(most, len(t.Nodes))
		x.depth = max(x.depth, t.depth())
	}
	x.points = max(narrowPoints, (features+1)/2)
	x.u, x.w = gaussLegendre(x.points)
	size := 6 * x.points
	switch {
	case nodes*2*size > maxCoefficients:
	case x.points == narrowPoints:
		x.narrow = make([][]narrowNode, len(m.Trees))
		for i := range m.Trees {
			x.narrow[i] = x.narrowNodes(&m.Trees[i], x.edges[i])
		}
	default:
		x.coefs = make([][]float64, len(m.Trees))
		for i, edges := range x.edges {
			x.coefs[i] = make([]float64, len(edges)*size)
			for j := range edges {
				for kind := range 3 {
					x.coefficients(edges, int32(j), kind, x.coefs[i][j*size+kind*2*x.points:])
				}
			}
		}
	}
	x.pool.New = func() any {
		rows := (x.depth + 2) * x.points
		return &explainScratch{on: make([]uint8, 2*most), products: make([]float64, rows), sums: make([]float64, rows), coefs: make([]float64, rows*2)}
	}
	return x
}

// prepare gives a tree's edges, its expected value and the largest number of
// distinct features on a path.
func prepare(t *Tree) (edges []edge, expected float64, distinct int) {
	edges = make([]edge, 2*len(t.Nodes))
	var above []int32 // edges on the path
	var walk func(node int32, weight float64, features int)
	walk = func(node int32, weight float64, features int) {
		n := &t.Nodes[node]
		previous := int32(-1)
		for i := len(above) - 1; i >= 0; i-- {
			if t.Nodes[above[i]/2].Feature == n.Feature {
				previous = above[i]
				break
			}
		}
		if previous < 0 {
			features++
		}
		for side, child := range [2]int32{n.Left, n.Right} {
			cover := 0.0
			if child >= 0 {
				cover = t.Nodes[child].Cover
			} else {
				cover = t.Leaves[^child].Cover
			}
			z := 0.5
			if n.Cover > 0 {
				z = min(max(cover/n.Cover, 0), 1)
			}
			e := 2*node + int32(side)
			part := z
			if previous >= 0 {
				z *= edges[previous].z
			}
			edges[e] = edge{z: max(z, 1e-100), previous: previous}
			if child < 0 {
				expected += weight * part * t.Leaves[^child].Value
				distinct = max(distinct, features)
				continue
			}
			above = append(above, e)
			walk(child, weight*part, features)
			above = above[:len(above)-1]
		}
	}
	walk(0, 1, 0)
	return edges, expected, distinct
}

// coefficients writes what an edge multiplies the product by, and what it takes
// the sums from below times for its feature.
func (x *explainer) coefficients(edges []edge, e int32, kind int, out []float64) {
	z, o := edges[e].z, 0.0
	zBefore, oBefore := 1.0, 1.0
	if p := edges[e].previous; p >= 0 {
		zBefore = edges[p].z
		if kind == stayedOff {
			oBefore = 0
		}
	}
	if kind == staysOn {
		o = 1
	}
	for k, u := range x.u {
		now, before := o*u+z*(1-u), oBefore*u+zBefore*(1-u)
		out[k] = now / before
		out[x.points+k] = (o-z)/now - (oBefore-zBefore)/before
	}
}

// walker explains one row by one tree.
type walker struct {
	x     *explainer
	t     *Tree
	edges []edge
	coefs []float64
	row   []float64
	out   []float64
	s     *explainScratch
}

// node adds what is below a node; products[depth] is the product above it,
// and sums[depth] becomes the sum of the leaves below.
func (w *walker) node(at int32, depth int) {
	x, s := w.x, w.s
	points := x.points
	n := &w.t.Nodes[at]
	left := w.t.goesLeft(n, w.row[n.Feature])
	above := s.products[depth*points : (depth+1)*points]
	below := s.products[(depth+1)*points : (depth+2)*points]
	total := s.sums[depth*points : (depth+1)*points]
	part := s.sums[(depth+1)*points : (depth+2)*points]
	phi := 0.0
	for side, child := range [2]int32{n.Left, n.Right} {
		e := 2*at + int32(side)
		kind := turnsOff
		if p := w.edges[e].previous; p >= 0 && s.on[p] == 0 {
			kind = stayedOff
		} else if left == (side == 0) {
			kind = staysOn
		}
		s.on[e] = uint8(kind) >> 1
		var c []float64
		if w.coefs != nil {
			c = w.coefs[(int(e)*3+kind)*2*points:][:2*points]
		} else {
			c = s.coefs[depth*2*points:][:2*points]
			x.coefficients(w.edges, e, kind, c)
		}
		for k := range below {
			below[k] = above[k] * c[k]
		}
		if child < 0 {
			v := w.t.Leaves[^child].Value
			for k := range part {
				part[k] = v * below[k]
			}
		} else {
			w.node(child, depth+1)
			if w.coefs == nil {
				x.coefficients(w.edges, e, kind, c)
			}
		}
		c = c[points:]
		for k := range part {
			phi += part[k] * c[k]
		}
		if side == 0 {
			copy(total, part)
		} else {
			for k := range total {
				total[k] += part[k]
			}
		}
	}
	w.out[n.Feature] += phi
}

// gaussLegendre gives the points and weights of the quadrature on 0..1 that is
// exact for polynomials of a degree below 2n.
func gaussLegendre(n int) (u, w []float64) {
	u, w = make([]float64, n), make([]float64, n)
	for i := range n {
		x := math.Cos(math.Pi * (float64(i) + 0.75) / (float64(n) + 0.5))
		var slope float64
		for range 100 { // Newton's method; a few steps suffice
			before, p := 1.0, x
			for k := 2; k <= n; k++ {
				before, p = p, (float64(2*k-1)*x*p-float64(k-1)*before)/float64(k)
			}
			slope = float64(n) * (x*p - before) / (x*x - 1)
			step := p / slope
			x -= step
			if math.Abs(step) < 1e-16 {
				break
			}
		}
		u[i] = (1 - x) / 2
		w[i] = 1 / ((1 - x*x) * slope * slope)
	}
	return u, w
}
