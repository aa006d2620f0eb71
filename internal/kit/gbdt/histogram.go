package gbdt

// histogram has a sum for each bin of each column; columns of one group stand
// together. Its length is the number of columns, rounded up to whole groups.
type histogram [][256]uint64

// add adds entries to the eight columns of a group. words is the group's part
// of the matrix. It is the loop that training spends most of its time in: one
// load and eight additions to memory a row, none of them checked for bounds.
func addEight(entries, words []uint64, h *[groupWidth][256]uint64) {
	for _, e := range entries {
		b := words[e>>32]
		x := widen(e)
		h[0][uint8(b)] += x
		h[1][uint8(b>>8)] += x
		h[2][uint8(b>>16)] += x
		h[3][uint8(b>>24)] += x
		h[4][uint8(b>>32)] += x
		h[5][uint8(b>>40)] += x
		h[6][uint8(b>>48)] += x
		h[7][uint8(b>>56)] += x
	}
}

// addFour is addEight for a last group of at most four columns.
func addFour(entries, words []uint64, h *[groupWidth][256]uint64) {
	for _, e := range entries {
		b := words[e>>32]
		x := widen(e)
		h[0][uint8(b)] += x
		h[1][uint8(b>>8)] += x
		h[2][uint8(b>>16)] += x
		h[3][uint8(b>>24)] += x
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

// group gives the part of a histogram for one group of columns.
func (h histogram) group(g int) *[groupWidth][256]uint64 {
	return (*[groupWidth][256]uint64)(h[g*groupWidth : (g+1)*groupWidth])
}

// subtract takes the sums of other away from one group.
func subtract(h, other *[groupWidth][256]uint64) {
	for i := range h {
		a, b := &h[i], &other[i]
		for j := range a {
			a[j] -= b[j]
		}
	}
}

// build makes the histograms of leaves from their rows. Long leaves are cut
// into pieces that are added up under the leaf's lock: sums of integers are the
// same in any order.
func (g *grower) build(leaves []*leaf) {
	const piece = 1 << 16
	type task struct {
		leaf     *leaf
		group    int
		from, to int
	}
	var tasks []task
	for _, l := range leaves {
		for group := range g.matrix.groups {
			if !g.groupInUse[group] {
				continue
			}
			*l.histogram.group(group) = [groupWidth][256]uint64{}
			for from := l.from; from < l.to; from += piece {
				tasks = append(tasks, task{l, group, from, min(from+piece, l.to)})
			}
		}
	}
	g.pool.run(len(tasks), func(i, thread int) {
		t := tasks[i]
		entries := g.entries[t.leaf.buffer][t.from:t.to]
		if t.leaf.to-t.leaf.from <= piece {
			g.matrix.accumulate(entries, t.group, t.leaf.histogram.group(t.group))
			return
		}
		own := &g.scratch[thread]
		*own = [groupWidth][256]uint64{}
		g.matrix.accumulate(entries, t.group, own)
		g.locks[t.group].Lock()
		sum := t.leaf.histogram.group(t.group)
		for j := range sum {
			a, b := &sum[j], &own[j]
			for k := range a {
				a[k] += b[k]
			}
		}
		g.locks[t.group].Unlock()
	})
}
