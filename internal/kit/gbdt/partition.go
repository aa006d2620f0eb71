package gbdt

// partition moves the entries of each leaf to the other buffer, those that go
// left before those that go right, and gives how many go left. Long leaves are
// cut into pieces: one pass counts, a second one moves.
func (g *grower) partition(leaves []*leaf) []int {
	const piece = 1 << 15
	type task struct {
		leaf        int
		from, to    int
		left, right int // where its entries go
	}
	var tasks []task
	for i, l := range leaves {
		for from := l.from; from < l.to; from += piece {
			tasks = append(tasks, task{leaf: i, from: from, to: min(from+piece, l.to)})
		}
	}
	sides := make([][256]uint8, len(leaves))
	for i, l := range leaves {
		for bin := range sides[i] {
			if l.best.left.has(uint8(bin)) {
				sides[i][bin] = 1
			}
		}
	}
	if cap(g.counts) < len(tasks) {
		g.counts = make([]int, len(tasks))
	}
	counts := g.counts[:len(tasks)]
	words := func(l *leaf) ([]uint64, uint) {
		return g.matrix.groups[l.best.column/groupWidth], uint(l.best.column%groupWidth) * 8
	}
	g.pool.run(len(tasks), func(i, _ int) {
		t := &tasks[i]
		l := leaves[t.leaf]
		group, shift := words(l)
		counts[i] = countLeft(g.entries[l.buffer][t.from:t.to], group, shift, &sides[t.leaf])
	})
	lefts := make([]int, len(leaves))
	for i := range tasks {
		lefts[tasks[i].leaf] += counts[i]
	}
	at, right := 0, 0
	for i := range tasks {
		t := &tasks[i]
		l := leaves[t.leaf]
		if t.from == l.from {
			at, right = l.from, l.from+lefts[t.leaf]
		}
		t.left, t.right = at, right
		at += counts[i]
		right += t.to - t.from - counts[i]
	}
	g.pool.run(len(tasks), func(i, _ int) {
		t := &tasks[i]
		l := leaves[t.leaf]
		group, shift := words(l)
		move(g.entries[l.buffer][t.from:t.to], g.entries[1-l.buffer], t.left, t.right, group, shift, &sides[t.leaf])
	})
	return lefts
}

func countLeft(entries, group []uint64, shift uint, side *[256]uint8) int {
	n := 0
	for _, e := range entries {
		n += int(side[uint8(group[e>>32]>>(shift&63))])
	}
	return n
}

// move writes each entry to the next place on its side, without a branch.
func move(entries, to []uint64, left, right int, group []uint64, shift uint, side *[256]uint8) {
	for _, e := range entries {
		goes := int(side[uint8(group[e>>32]>>(shift&63))])
		to[right^((left^right)&-goes)] = e
		left += goes
		right += 1 - goes
	}
}
