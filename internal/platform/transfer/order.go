package transfer

import (
	"slices"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// part is a file of an import with what matters for its place.
type part struct {
	table *metadata.Table
	m     Mapping
}

// inOrder gives the places of files so that those whose rows others look up to
// come first; otherwise they keep the order in which they came. Of files that
// look up to one another the first goes first.
func inOrder(files []part) []int {
	var out []int
	placed := make([]bool, len(files))
	ready := func(i int) bool {
		for j := range files {
			if !placed[j] && j != i && files[i].needs(files[j]) {
				return false
			}
		}
		return true
	}
	for len(out) < len(files) {
		next := -1
		for i := range files {
			if !placed[i] && (next < 0 || ready(i)) {
				if next = i; ready(i) {
					break
				}
			}
		}
		placed[next] = true
		out = append(out, next)
	}
	return out
}

// needs tells whether rows of the file look up to those of another table's file.
func (p part) needs(other part) bool {
	if p.table.Name == other.table.Name {
		return false
	}
	for from, to := range p.m.Columns {
		c, ok := p.table.Column(to)
		if ok && c.IsLookup() && slices.Contains(targets(c, p.m.Lookups[from]), other.table.Name) {
			return true
		}
	}
	return false
}

// targets lists the tables in which the target of a lookup is looked for.
func targets(c *metadata.Column, l Lookup) []string {
	if l.Table != "" {
		return []string{l.Table}
	}
	return c.Targets
}
