package changelog

import "slices"

// bulksMost is how many origins of very many changes are remembered: those at
// work, and the last that were, as followers take theirs in later.
const bulksMost = 64

// Load says that very many changes of an origin are being made at once, such as
// those of an import, until done is called. Followers that nobody waits for stay
// behind meanwhile: they would take the machine from the writer.
func (t *Tailer) Load(origin string) (done func()) {
	t.loads.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Contains(t.bulks, origin) {
		t.bulks = append(slices.Clone(t.bulks[max(0, len(t.bulks)-bulksMost+1):]), origin)
	}
	return func() { t.loads.Add(-1) }
}

// Loading tells whether very many changes are being made on this node.
func (t *Tailer) Loading() bool { return t.loads.Load() > 0 }

// Bulk gives what tells whether a change is one of very many that this node made.
func (t *Tailer) Bulk() func(*Change) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	bulks := t.bulks
	return func(c *Change) bool { return slices.Contains(bulks, c.Origin) }
}
