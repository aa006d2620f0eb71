package gbdt

// span is the entries of one leaf in one block.
type span struct{ from, to int }

// sides says, for each bin, 1 if it goes left.
type sides [256]uint8

func (s *split) sides() *sides {
	out := new(sides)
	for bin := range out {
		if s.left.has(uint8(bin)) {
			out[bin] = 1
		}
	}
	return out
}

// part sends the entries of leaves to their sides, block by block, so that what
// a block needs stays in the cache: to the other buffer, those that go left
// from the front and those that go right from the back. It gives the spans of
// both sides. If move is false the entries stay where they are and only the
// rows of either side are counted.
func (g *grower) part(leaves []*leaf, move bool) (left, right [][]span, lefts []int) {
	left, right, lefts = make([][]span, len(leaves)), make([][]span, len(leaves)), make([]int, len(leaves))
	tables := make([]*sides, len(leaves))
	counts := make([]int, len(leaves)*g.blocks)
	rows := 0
	for i, l := range leaves {
		tables[i] = l.best.sides()
		rows += l.rows
		if move {
			spans := make([]span, 2*g.blocks)
			left[i], right[i] = spans[:g.blocks], spans[g.blocks:]
		}
	}
	g.pool.runOn(g.pool.worth(8*rows), g.blocks, func(block, _ int) {
		for i, l := range leaves {
			s := l.spans[block]
			entries := g.entries[l.buffer][s.from:s.to]
			words, shift := g.matrix.column(l.best.column)
			if !move {
				counts[i*g.blocks+block] = countLeft(entries, words, shift, tables[i])
				continue
			}
			n := sendTo(g.entries[1-l.buffer][s.from:s.to], entries, words, shift, tables[i])
			counts[i*g.blocks+block] = n
			left[i][block], right[i][block] = span{s.from, s.from + n}, span{s.from + n, s.to}
		}
	})
	for i, n := range counts {
		lefts[i/g.blocks] += n
	}
	return left, right, lefts
}

// sendTo writes each entry to the next place on its side, without a branch.
func sendTo(to, entries, words []uint64, shift uint, left *sides) int {
	front, back := 0, len(entries)-1
	for _, e := range entries {
		goes := int(left[uint8(words[e>>32]>>(shift&63))])
		to[back^((front^back)&-goes)] = e
		front += goes
		back += goes - 1
	}
	return front
}

func countLeft(entries, words []uint64, shift uint, left *sides) int {
	n := 0
	for _, e := range entries {
		n += int(left[uint8(words[e>>32]>>(shift&63))])
	}
	return n
}

// score adds the leaves' values to the scores of one block's rows.
func (t *trainer) score(g *grower, tree *grown, values []float64, block int, outOfBag []uint32) {
	for i, l := range tree.ends {
		if l.spans == nil {
			continue
		}
		s := l.spans[block]
		value := values[i]
		for _, e := range g.entries[l.buffer][s.from:s.to] {
			t.scores[e>>32] += value
		}
	}
	// Leaves whose parent's entries were not moved any more.
	for _, p := range tree.unmoved {
		n := &tree.nodes[p.node]
		var table [256]float64
		for bin := range table {
			if n.split.left.has(uint8(bin)) {
				table[bin] = values[^n.left]
			} else {
				table[bin] = values[^n.right]
			}
		}
		words, shift := g.matrix.column(n.split.column)
		s := p.spans[block]
		for _, e := range g.entries[p.buffer][s.from:s.to] {
			t.scores[e>>32] += table[uint8(words[e>>32]>>(shift&63))]
		}
	}
	for _, row := range outOfBag {
		t.scores[row] += values[tree.end(t.matrix, row)]
	}
}
