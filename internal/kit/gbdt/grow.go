package gbdt

import (
	"cmp"
	"slices"
)

// leaf is a leaf of the tree in growth.
type leaf struct {
	spans     []span // its entries in entries[buffer], block by block; nil if they stayed with its parent
	buffer    int
	rows      int
	depth     int
	sum       uint64
	histogram histogram // nil if it was not kept
	best      split     // column -1 if there is none
	index     int32     // of its end in ends
	parent    int32     // node above; -1 for the root
	right     bool      // on the right of parent
}

// binNode is a split of the tree in growth, in bins.
type binNode struct {
	split       split
	left, right int32 // node, or ^end
	rows        int
	depth       int
}

// grown is a tree in bins.
type grown struct {
	nodes   []binNode
	ends    []*leaf
	unmoved []unmoved
}

// unmoved is a split whose two sides are final: its entries were not moved.
type unmoved struct {
	node   int32
	spans  []span
	buffer int
}

// grower grows one tree after the other, in memory that it keeps.
type grower struct {
	params  *Params
	matrix  *matrix
	pool    *pool
	bounds  bounds
	entries [2][]uint64
	blocks  int // of the rows; each has its part of both buffers

	inUse      []bool // columns that this tree may split
	groupInUse []bool
	free       []histogram
	held       int // histograms in use
	most       int // of them at most
	sorted     [][256]uint8
}

func newGrower(p *Params, m *matrix, threads *pool, b bounds) *grower {
	g := &grower{params: p, matrix: m, pool: threads, bounds: b}
	g.inUse = make([]bool, m.columns)
	g.groupInUse = make([]bool, len(m.groups))
	g.sorted = make([][256]uint8, threads.threads)
	memory := p.HistogramMemory
	if memory == 0 {
		memory = defaultHistogramMemory
	}
	g.most = int(max(4, memory/int64(max(1, len(m.groups))*groupWidth*256*8)))
	return g
}

func (g *grower) takeHistogram() histogram {
	g.held++
	if n := len(g.free); n > 0 {
		h := g.free[n-1]
		g.free = g.free[:n-1]
		return h
	}
	return make(histogram, len(g.matrix.groups)*groupWidth)
}

func (g *grower) giveHistogram(l *leaf) {
	if l.histogram != nil {
		g.dropHistogram(l.histogram)
		l.histogram = nil
	}
}

func (g *grower) dropHistogram(h histogram) {
	g.held--
	g.free = append(g.free, h)
}

// grow grows a tree from a root whose histogram has been made.
func (g *grower) grow(root *leaf) *grown {
	t := &grown{ends: []*leaf{root}}
	rows := root.rows
	leaves := g.params.MaxLeaves
	if leaves == 0 {
		leaves = 1 << g.params.MaxDepth
	}
	depth := g.params.MaxDepth
	if depth == 0 {
		depth = maxDepth
	}
	if rows < 2*max(1, g.params.MinDataInLeaf) || leaves < 2 {
		g.giveHistogram(root)
		return t
	}
	g.search([][2]*leaf{{root, nil}}, nil)
	waiting := []*leaf{root}
	for len(waiting) > 0 && len(t.ends) < leaves {
		waiting = slices.DeleteFunc(waiting, func(l *leaf) bool {
			if l.best.column < 0 {
				g.giveHistogram(l)
				return true
			}
			return false
		})
		// The best first; where gains are equal, the older.
		slices.SortStableFunc(waiting, func(a, b *leaf) int {
			if g.params.DepthWise && a.depth != b.depth {
				return cmp.Compare(a.depth, b.depth)
			}
			return cmp.Compare(b.best.gain, a.best.gain)
		})
		if len(waiting) == 0 {
			break
		}
		take := 1
		if g.params.DepthWise {
			for take < len(waiting) && take < leaves-len(t.ends) && take < max(1, g.most/2) && waiting[take].depth == waiting[0].depth {
				take++
			}
		}
		chosen := waiting[:take]
		waiting = slices.Clone(waiting[take:])
		last := len(t.ends)+take >= leaves
		waiting = append(waiting, g.expand(t, chosen, depth, last)...)
	}
	for _, l := range waiting {
		g.giveHistogram(l)
	}
	return t
}

// expand splits leaves, all of one depth, by their best splits and gives those
// of the new leaves that may be split further. last says that no leaf will be
// split after these.
func (g *grower) expand(t *grown, chosen []*leaf, depth int, last bool) []*leaf {
	final := last || chosen[0].depth+1 >= depth
	left, right, lefts := g.part(chosen, !final)
	var open []*leaf
	var small []*leaf
	var pairs [][2]*leaf
	var built []bool
	least := 2 * max(1, g.params.MinDataInLeaf)
	for i, l := range chosen {
		if lefts[i] == 0 || lefts[i] == l.rows {
			// Rounding alone saw two sides: the leaf stays one.
			g.giveHistogram(l)
			l.best.column = -1
			continue
		}
		node := int32(len(t.nodes))
		if l.parent >= 0 {
			p := &t.nodes[l.parent]
			if l.right {
				p.right = node
			} else {
				p.left = node
			}
		}
		a := &leaf{spans: left[i], rows: lefts[i], sum: l.best.leftSum, index: l.index}
		b := &leaf{spans: right[i], rows: l.rows - lefts[i], sum: l.sum - l.best.leftSum, index: int32(len(t.ends)), right: true}
		for _, c := range [2]*leaf{a, b} {
			c.buffer, c.depth, c.parent = 1-l.buffer, l.depth+1, node
			c.best.column = -1
		}
		if final {
			t.unmoved = append(t.unmoved, unmoved{node, l.spans, l.buffer})
		}
		t.nodes = append(t.nodes, binNode{split: l.best, left: ^a.index, right: ^b.index, rows: l.rows, depth: l.depth})
		t.ends[a.index] = a
		t.ends = append(t.ends, b)
		if final || a.rows < least && b.rows < least {
			g.giveHistogram(l)
			continue
		}
		if b.rows < a.rows {
			a, b = b, a
		}
		a.histogram = g.takeHistogram()
		small = append(small, a)
		if l.histogram == nil {
			b.histogram = g.takeHistogram()
			small = append(small, b)
		} else {
			b.histogram = l.histogram
		}
		built = append(built, l.histogram == nil)
		l.histogram = nil
		pairs = append(pairs, [2]*leaf{a, b})
		open = append(open, a, b)
	}
	if len(pairs) == 0 {
		return nil
	}
	g.build(small)
	g.search(pairs, built)
	g.forget(open)
	return open
}

// forget lets go of histograms beyond what memory may hold. The leaves are
// built anew if they are split.
func (g *grower) forget(open []*leaf) {
	for _, l := range open {
		if g.held > g.most {
			g.giveHistogram(l)
		}
	}
}

// search finds the best split of each leaf of the pairs. The second of a pair
// is the larger child; unless it was built from its rows, its histogram is
// still its parent's and loses the smaller child's first.
func (g *grower) search(pairs [][2]*leaf, built []bool) {
	groups := len(g.matrix.groups)
	found := make([][2]split, len(pairs)*groups)
	g.pool.runOn(g.pool.worth(len(found)*groupWidth*256*2), len(found), func(task, thread int) {
		pair, group := pairs[task/groups], task%groups
		found[task] = [2]split{{column: -1}, {column: -1}}
		if !g.groupInUse[group] {
			return
		}
		if pair[1] != nil && !built[task/groups] {
			subtract(pair[1].histogram.group(group), pair[0].histogram.group(group))
		}
		for side, l := range pair {
			if l == nil || l.rows < 2*max(1, g.params.MinDataInLeaf) {
				continue
			}
			h := l.histogram.group(group)
			for j := range groupWidth {
				column := group*groupWidth + j
				if column >= g.matrix.columns || !g.inUse[column] {
					continue
				}
				b := g.matrix.bins[column]
				if b.categorical() {
					g.bounds.searchLevels(&h[j], b.bins, l.sum, l.rows, &found[task][side], int32(column), g.sorted[thread][:])
				} else {
					g.bounds.searchNumeric(&h[j], b.bins, l.sum, l.rows, &found[task][side], int32(column))
				}
			}
		}
	})
	for i := range found {
		for side, l := range pairs[i/groups] {
			if f := &found[i][side]; l != nil && f.column >= 0 && (l.best.column < 0 || f.gain > l.best.gain) {
				l.best = *f
			}
		}
	}
}
