package query

import "slices"

// indexWidth bounds the columns of an index that a list wants, beside the first.
const indexWidth = 4

// WantedIndex gives the columns of an index by which a list would be walked in
// its order: within one value of a column, first, if that is given; after the
// columns that the condition holds to one value. It gives nil where there is such
// an index, or where none would do: a list in mixed directions or by what can't
// be indexed, and one that only the primary id orders.
func (t *Table) WantedIndex(first string, where Node, order []Order) []string {
	var sorted []string
	for _, o := range order {
		if o.Link != "" || o.Desc != order[0].Desc {
			return nil
		}
		if o.Column == t.PrimaryID {
			break
		}
		if !t.indexable(o.Column) {
			return nil
		}
		sorted = append(sorted, o.Column)
	}
	var held, must []string
	for _, name := range heldColumns(where) {
		if name == first || name == t.PrimaryID || slices.Contains(held, name) || slices.Contains(sorted, name) || !t.indexable(name) {
			continue
		}
		held = append(held, name)
		if name != "statecode" && name != "statuscode" && t.Columns[name].Kind != Bool {
			must = append(must, name) // few rows have the value: a walk past all others is long
		}
	}
	if first != "" && slices.Contains(heldColumns(where), first) || len(held)+len(sorted) == 0 {
		return nil
	}
	for _, have := range t.Indexes {
		if first != "" {
			if len(have) == 0 || have[0] != first {
				continue
			}
			have = have[1:]
		}
		at := 0
		for at < len(have) && slices.Contains(held, have[at]) {
			at++
		}
		missing := slices.ContainsFunc(must, func(name string) bool { return !slices.Contains(have[:at], name) })
		if !missing && len(have) >= at+len(sorted) && slices.Equal(have[at:at+len(sorted)], sorted) && (len(sorted) > 0 || at > 0) && (first == "" || len(have) == at+len(sorted)) {
			return nil
		}
	}
	slices.Sort(held)
	columns := append(held, sorted...)
	if len(columns) > indexWidth {
		return nil
	}
	if first != "" {
		columns = append([]string{first}, columns...)
	}
	return columns
}

// indexable tells whether an index can hold a column's values.
func (t *Table) indexable(name string) bool {
	c, ok := t.Columns[name]
	return ok && c.Kind != Memo && c.Kind != JSON && c.Kind != Set
}
