package delta

import (
	"slices"
)

// Op is how a test compares.
type Op uint8

// The comparisons. A null passes IsNull only.
const (
	Equal Op = iota
	Less
	LessOrEqual
	Greater
	GreaterOrEqual
	In // one of Values
	IsNull
	NotNull
)

// Test is a condition on one column.
type Test struct {
	Column string
	Op     Op
	Value  any   // of the column's kind
	Values []any // of In
}

func (t Test) check(f Field) error {
	if t.Op == IsNull || t.Op == NotNull {
		return nil
	}
	values := []any{t.Value}
	if t.Op == In {
		values = t.Values
	}
	for _, v := range values {
		if !f.Type.fits(v) {
			return fault(ErrColumn, "the column %s of type %s can't be compared with a %T", clip(f.Name), f.Type, v)
		}
	}
	return nil
}

// holds tells whether a value passes.
func (t Test) holds(v any) bool {
	switch {
	case t.Op == IsNull:
		return v == nil
	case v == nil:
		return false
	case t.Op == NotNull:
		return true
	case t.Op == In:
		return slices.ContainsFunc(t.Values, func(x any) bool { return Compare(v, x) == 0 })
	}
	c := Compare(v, t.Value)
	switch t.Op {
	case Equal:
		return c == 0
	case Less:
		return c < 0
	case LessOrEqual:
		return c <= 0
	case Greater:
		return c > 0
	}
	return c >= 0
}

// mayMatch tells whether a file can hold rows that pass all tests, as far as
// its statistics and partition values say.
func (s *Snapshot) mayMatch(f *Add, tests []Test) bool {
	if len(tests) == 0 {
		return true
	}
	st := f.Statistics()
	for _, t := range tests {
		field, ok := s.Schema.Field(t.Column)
		if !ok {
			continue
		}
		if s.partitioned(field.Name) {
			if text, err := partitionOf(f, field.Name); err == nil {
				if v, err := field.Type.partitionValue(text); err == nil && !t.holds(v) {
					return false
				}
			}
			continue
		}
		if st != nil && !st.mayHold(field, t) {
			return false
		}
	}
	return true
}

func (s *Snapshot) partitioned(column string) bool {
	return slices.ContainsFunc(s.Meta.PartitionColumns, func(p string) bool { return s.Schema.Index(p) == s.Schema.Index(column) })
}

// mayHold tells whether a value between the least and the greatest can pass.
func (st *Stats) mayHold(f Field, t Test) bool {
	nulls, counted := st.Nulls(f.Name)
	switch {
	case t.Op == IsNull:
		return !counted || nulls > 0
	case counted && nulls >= st.NumRecords:
		return false // all are null
	case t.Op == NotNull:
		return true
	}
	least, most := st.Bounds(f)
	below := func(v any) bool { return least != nil && Compare(v, least) < 0 } // v stands below all values
	above := func(v any) bool { return most != nil && Compare(v, most) > 0 }
	switch t.Op {
	case Equal:
		return !below(t.Value) && !above(t.Value)
	case In:
		return slices.ContainsFunc(t.Values, func(v any) bool { return !below(v) && !above(v) })
	case Less:
		return least == nil || Compare(least, t.Value) < 0
	case LessOrEqual:
		return !below(t.Value)
	case Greater:
		return most == nil || Compare(most, t.Value) > 0
	}
	return !above(t.Value)
}
