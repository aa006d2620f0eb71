package routing

import (
	"cmp"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

// never tells whether a condition can be seen to hold for no record: what it
// asks of one column excludes itself. It may miss such a condition; where it
// says so, it is so.
func never(n query.Node) bool {
	switch n := n.(type) {
	case query.Const:
		return !bool(n)
	case query.Or:
		return !slices.ContainsFunc(n, func(one query.Node) bool { return !never(one) })
	case query.And:
		parts := conjuncts(n, nil)
		return slices.ContainsFunc(parts, never) || clash(parts)
	case query.In:
		return !n.Negate && len(n.Values) == 0
	}
	return false
}

// conjuncts lists what must hold all at once.
func conjuncts(n query.And, out []query.Node) []query.Node {
	for _, one := range n {
		if inner, ok := one.(query.And); ok {
			out = conjuncts(inner, out)
		} else {
			out = append(out, one)
		}
	}
	return out
}

// demand is what conditions ask of one column.
type demand struct {
	one           []any // the value is one of these; nil: any
	given         bool  // one counts
	not           []any
	low, high     any
	lowIn, highIn bool // the bound itself is in
	empty, full   bool
}

// clash finds two conditions on the same column that exclude each other.
func clash(parts []query.Node) bool {
	of := map[string]*demand{}
	for _, part := range parts {
		column, ok := columnOf(part)
		if !ok {
			continue
		}
		d := of[column]
		if d == nil {
			d = &demand{}
			of[column] = d
		}
		d.take(part)
	}
	for _, d := range of {
		if d.impossible() {
			return true
		}
	}
	return false
}

func columnOf(n query.Node) (string, bool) {
	var p query.Path
	switch n := n.(type) {
	case query.Compare:
		if len(n.Right) > 0 {
			return "", false
		}
		p = n.Left
	case query.In:
		p = n.Left
	case query.Null:
		p = n.Left
	default:
		return "", false
	}
	if len(p) != 1 {
		return "", false
	}
	return p[0], true
}

func (d *demand) take(n query.Node) {
	switch n := n.(type) {
	case query.Null:
		d.empty, d.full = d.empty || !n.Negate, d.full || n.Negate
	case query.In:
		if n.Negate {
			d.not = append(d.not, n.Values...)
			return
		}
		d.full = true
		d.only(n.Values)
	case query.Compare:
		d.compare(n)
	}
}

func (d *demand) compare(n query.Compare) {
	if n.Value == nil {
		d.empty, d.full = d.empty || n.Op == query.Eq, d.full || n.Op == query.Ne
		return
	}
	if n.Op == query.Ne {
		d.not = append(d.not, n.Value)
		return
	}
	d.full = true
	switch n.Op {
	case query.Eq:
		d.only([]any{n.Value})
	case query.Gt, query.Ge:
		c, ok := compare(n.Value, d.low)
		if d.low == nil || ok && (c > 0 || c == 0 && n.Op == query.Gt) {
			d.low, d.lowIn = n.Value, n.Op == query.Ge
		}
	case query.Lt, query.Le:
		c, ok := compare(n.Value, d.high)
		if d.high == nil || ok && (c < 0 || c == 0 && n.Op == query.Lt) {
			d.high, d.highIn = n.Value, n.Op == query.Le
		}
	}
}

func (d *demand) only(values []any) {
	if !d.given {
		d.one, d.given = slices.Clone(values), true
		return
	}
	d.one = slices.DeleteFunc(d.one, func(v any) bool { return !has(values, v) })
}

func (d *demand) impossible() bool {
	if d.empty && d.full {
		return true
	}
	if c, ok := compare(d.low, d.high); ok && (c > 0 || c == 0 && !(d.lowIn && d.highIn)) {
		return true
	}
	if !d.given {
		return false
	}
	return !slices.ContainsFunc(d.one, func(v any) bool {
		if has(d.not, v) {
			return false
		}
		if c, ok := compare(v, d.low); ok && (c < 0 || c == 0 && !d.lowIn) {
			return false
		}
		if c, ok := compare(v, d.high); ok && (c > 0 || c == 0 && !d.highIn) {
			return false
		}
		return true
	})
}

func has(list []any, v any) bool {
	return slices.ContainsFunc(list, func(x any) bool { return equal(x, v) })
}

func equal(a, b any) bool {
	if c, ok := compare(a, b); ok {
		return c == 0
	}
	return a == b
}

// compare orders two canonical values of one kind, texts by their folded form.
func compare(a, b any) (int, bool) {
	switch x := a.(type) {
	case int64:
		y, ok := b.(int64)
		return cmp.Compare(x, y), ok
	case float64:
		y, ok := b.(float64)
		return cmp.Compare(x, y), ok
	case string:
		y, ok := b.(string)
		return cmp.Compare(query.Fold(x), query.Fold(y)), ok
	case time.Time:
		y, ok := b.(time.Time)
		return x.Compare(y), ok
	case query.Number:
		y, ok := b.(query.Number)
		return x.Compare(y), ok
	}
	return 0, false
}
