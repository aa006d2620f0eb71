package metadata

import (
	"maps"
	"slices"
)

// Dependent is something computed that a change of a table's rows makes out of date.
type Dependent struct {
	Table  string   // whose values are computed
	Column string   // of a roll-up
	Lookup string   // of a roll-up: from the changed row to the other; of formulas: from the other to the changed row
	Reads  []string // columns of the changed row that count; "" counts every change
	Rollup bool
}

// Dependents lists what depends on a table's rows.
func (c *Catalog) Dependents(table string) []Dependent {
	var out []Dependent
	for _, name := range slices.Sorted(maps.Keys(c.computed)) {
		t := c.tables[name]
		for _, col := range t.Columns {
			if r := col.Rollup; r != nil {
				rel := t.relations[r.Relation]
				if rel.Table == table && !rel.ManyToMany() {
					out = append(out, Dependent{Table: name, Column: col.Name, Lookup: rel.To, Rollup: true, Reads: r.reads(rel.To)})
				}
			}
			if col.formula == nil {
				continue
			}
			for lookup, reads := range col.formula.Parents {
				if l := t.byName[lookup]; l != nil && slices.Contains(l.Targets, table) {
					out = append(out, Dependent{Table: name, Lookup: lookup, Reads: reads})
				}
			}
		}
	}
	return out
}

// reads lists the columns of a related row that a roll-up depends on.
func (r *Rollup) reads(lookup string) []string {
	switch {
	case r.Filter != "":
		return []string{""} // what the filter reads is not known here
	case r.Column == "":
		return []string{lookup}
	}
	return []string{lookup, r.Column}
}

// HasComputed tells whether any table has formulas or roll-ups.
func (c *Catalog) HasComputed() bool { return len(c.computed) > 0 }
