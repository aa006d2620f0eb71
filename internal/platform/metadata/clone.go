package metadata

import "slices"

// Clone copies a table as declared, so that the copy can be changed: its lists
// and its columns are its own, what hangs on them (labels, options) is shared
// and replaced rather than changed.
func (t *Table) Clone() *Table {
	c := *t
	c.byName, c.relations, c.shape, c.formulas, c.Epoch = nil, nil, nil, nil, 0
	c.Columns = nil
	for _, col := range t.Columns {
		if col.System {
			continue
		}
		mine := *col
		mine.kind, mine.formula, mine.number = nil, nil, nil
		c.Columns = append(c.Columns, &mine)
	}
	c.States, c.Keys, c.Indexes = slices.Clone(t.States), slices.Clone(t.Keys), slices.Clone(t.Indexes)
	c.Views, c.Forms, c.Charts = slices.Clone(t.Views), slices.Clone(t.Forms), slices.Clone(t.Charts)
	c.ManyToMany = nil
	for _, m := range t.ManyToMany {
		mine := *m
		c.ManyToMany = append(c.ManyToMany, &mine)
	}
	c.Choices = slices.Clone(t.Choices)
	return &c
}
