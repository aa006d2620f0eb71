package gbdt

// histogram has a sum for each bin of each column; columns of one group stand
// together. Its length is the number of columns, rounded up to whole groups.
type histogram [][256]uint64

// group gives the part of a histogram for one group of columns.
func (h histogram) group(g int) *[groupWidth][256]uint64 {
	return (*[groupWidth][256]uint64)(h[g*groupWidth : (g+1)*groupWidth])
}

// addEight adds entries to the eight columns of a group. words is the group's
// part of the matrix. It is the loop that training spends most of its time in:
// one load and eight additions to memory a row, none of them checked for bounds.
func addEight(entries, words []uint64, h *[groupWidth][256]uint64) {
	for _, e := range entries {
		b := words[e>>32]
		x := widen(e)
		h[0][uint8(b)] += x
		b >>= 8
		h[1][uint8(b)] += x
		b >>= 8
		h[2][uint8(b)] += x
		b >>= 8
		h[3][uint8(b)] += x
		b >>= 8
		h[4][uint8(b)] += x
		b >>= 8
		h[5][uint8(b)] += x
		b >>= 8
		h[6][uint8(b)] += x
		b >>= 8
		h[7][uint8(b)] += x
	}
}

// addFour is addEight for a last group of at most four columns.
func addFour(entries, words []uint64, h *[groupWidth][256]uint64) {
	for _, e := range entries {
		b := words[e>>32]
		x := widen(e)
		h[0][uint8(b)] += x
		b >>= 8
		h[1][uint8(b)] += x
		b >>= 8
		h[2][uint8(b)] += x
		b >>= 8
		h[3][uint8(b)] += x
	}
}

// accumulate adds entries to one group of a histogram.
func (m *matrix) accumulate(entries []uint64, group int, h *[groupWidth][256]uint64) {
	if m.columns-group*groupWidth <= 4 {
		addFour(entries, m.groups[group], h)
	} else {
		addEight(entries, m.groups[group], h)
	}
}

// add and subtract work on one group.
func add(h, other *[groupWidth][256]uint64) {
	for i := range h {
		a, b := &h[i], &other[i]
		for j := range a {
			a[j] += b[j]
		}
	}
}

func subtract(h, other *[groupWidth][256]uint64) {
	for i := range h {
		a, b := &h[i], &other[i]
		for j := range a {
			a[j] -= b[j]
		}
	}
}

// tally is histograms of leaves in the making. Each thread adds to its own;
// sums of integers are the same in any order.
type tally struct {
	g      *grower
	leaves []*leaf
	own    [][]histogram // of each thread but the first, which adds to the leaves'
}

// newTally makes empty histograms of leaves for so many threads.
func (g *grower) newTally(leaves []*leaf, threads int) *tally {
	t := &tally{g: g, leaves: leaves, own: make([][]histogram, threads-1)}
	for _, l := range leaves {
		g.clear(l.histogram)
	}
	for i := range t.own {
		for range leaves {
			h := g.takeHistogram()
			g.clear(h)
			t.own[i] = append(t.own[i], h)
		}
	}
	return t
}

func (g *grower) clear(h histogram) {
	for group, used := range g.groupInUse {
		if used {
			*h.group(group) = [groupWidth][256]uint64{}
		}
	}
}

// block adds the rows of one block.
func (t *tally) block(block, thread int) {
	for group, used := range t.g.groupInUse {
		if !used {
			continue
		}
		for i, l := range t.leaves {
			h := l.histogram
			if thread > 0 {
				h = t.own[thread-1][i]
			}
			s := l.spans[block]
			t.g.matrix.accumulate(t.g.entries[l.buffer][s.from:s.to], group, h.group(group))
		}
	}
}

// finish adds the threads' histograms together.
func (t *tally) finish() {
	if len(t.own) == 0 {
		return
	}
	groups := len(t.g.groupInUse)
	t.g.pool.run(groups*len(t.leaves), func(task, _ int) {
		group, i := task%groups, task/groups
		if !t.g.groupInUse[group] {
			return
		}
		for _, own := range t.own {
			add(t.leaves[i].histogram.group(group), own[i].group(group))
		}
	})
	for _, own := range t.own {
		for _, h := range own {
			t.g.dropHistogram(h)
		}
	}
}

// build makes the histograms of leaves from their rows.
func (g *grower) build(leaves []*leaf) {
	rows := 0
	for _, l := range leaves {
		rows += l.rows
	}
	threads := g.pool.worth(rows * g.matrix.columns)
	t := g.newTally(leaves, threads)
	g.pool.runOn(threads, g.blocks, t.block)
	t.finish()
}
