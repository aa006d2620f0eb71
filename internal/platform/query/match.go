package query

import (
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// Match evaluates a condition on a row in memory, with the answer that SQL
// would give. The row holds canonical values by logical name; one that is
// missing is null. Conditions that need other rows (paths, Related, shares) are
// refused with the code "query.not_in_memory".
func Match(s Schema, table string, n Node, row map[string]any) (bool, error) {
	m, err := Compile(s, table, n)
	if err != nil {
		return false, err
	}
	return m.Match(row)
}

// Matcher is a condition made ready to be evaluated on many rows. It may be
// used by many goroutines at once.
type Matcher struct {
	table *Table
	node  Node
}

// Compile checks a condition once.
func Compile(s Schema, table string, n Node) (*Matcher, error) {
	t, ok := s.QueryTable(table)
	if !ok {
		return nil, invalid("unknown_table", "there is no table %q", table)
	}
	if n == nil {
		return &Matcher{table: t, node: And{}}, nil
	}
	checked, err := CheckNode(s, table, n, Limits{})
	if err != nil {
		return nil, err
	}
	return &Matcher{table: t, node: checked}, nil
}

// Match evaluates the condition on a row.
func (m *Matcher) Match(row map[string]any) (bool, error) {
	v, err := m.eval(m.node, row)
	return v == yes, err
}

// tri is a truth value of three-valued logic.
type tri int8

const (
	no tri = iota - 1
	unknown
	yes
)

func truth(b bool) tri {
	if b {
		return yes
	}
	return no
}

func (m *Matcher) eval(n Node, row map[string]any) (tri, error) {
	switch n := n.(type) {
	case And:
		return m.all(n, row)
	case Or:
		return m.any(n, row)
	case Not:
		v, err := m.eval(n.Node, row)
		return -v, err
	case Const:
		return truth(bool(n)), nil
	case Arms:
		return armsMatch(n, row)
	case Related:
		return unknown, notInMemory("a condition on related rows")
	case Linked:
		return unknown, notInMemory("a condition on rows of another table")
	case Hierarchy:
		return unknown, notInMemory("a condition on rows above and below")
	case Compare, In, TextMatch, Null, HasAny, InPeriod:
		path := leftOf(n)
		if len(path) != 1 {
			return unknown, notInMemory("a path to another table")
		}
		col := m.table.Columns[path[0]]
		v := comparisonForm(col, row[col.Name])
		if cmp, ok := n.(Compare); ok && len(cmp.Right) > 0 {
			return m.compareColumns(col, cmp, v, row)
		}
		return leafMatch(col, n, v)
	}
	return unknown, errs.New(errs.Internal, "query.node", "a condition of type %T can't be evaluated", n)
}

// all and any look at every part even when the answer is known, so that a part
// that needs other rows is refused whatever the row holds.
func (m *Matcher) all(list []Node, row map[string]any) (tri, error) {
	out := yes
	for _, n := range list {
		v, err := m.eval(n, row)
		if err != nil {
			return unknown, err
		}
		out = min(out, v)
	}
	return out, nil
}

func (m *Matcher) any(list []Node, row map[string]any) (tri, error) {
	out := no
	for _, n := range list {
		v, err := m.eval(n, row)
		if err != nil {
			return unknown, err
		}
		out = max(out, v)
	}
	return out, nil
}

func leafMatch(col Column, n Node, v any) (tri, error) {
	switch n := n.(type) {
	case Null:
		return truth((v == nil) != n.Negate), nil
	case Compare:
		return compareMatch(col, n, v)
	case In:
		return inMatch(col, n, v)
	case TextMatch:
		return textMatches(col, n, v)
	case HasAny:
		return hasAnyMatch(col, n, v)
	case InPeriod:
		return inPeriodMatch(col, n, v)
	}
	return unknown, nil
}

func (m *Matcher) compareColumns(left Column, n Compare, v any, row map[string]any) (tri, error) {
	right := m.table.Columns[n.Right[0]]
	w := comparisonForm(right, row[right.Name])
	switch {
	case v != nil && w != nil:
		return compareOp(n.Op, v, w, left)
	case n.Op == Ne:
		return truth(v != nil || w != nil), nil
	default:
		return unknown, nil
	}
}

func compareMatch(col Column, n Compare, v any) (tri, error) {
	if v == nil {
		if n.Op == Ne {
			return yes, nil
		}
		return unknown, nil
	}
	return compareOp(n.Op, v, comparisonForm(col, n.Value), col)
}

func compareOp(op Op, a, b any, col Column) (tri, error) {
	c, ok := compareValues(a, b)
	if !ok {
		return unknown, notCanonical(col)
	}
	switch op {
	case Eq:
		return truth(c == 0), nil
	case Ne:
		return truth(c != 0), nil
	case Lt:
		return truth(c < 0), nil
	case Le:
		return truth(c <= 0), nil
	case Gt:
		return truth(c > 0), nil
	default:
		return truth(c >= 0), nil
	}
}

func inMatch(col Column, n In, v any) (tri, error) {
	if v == nil {
		if n.Negate {
			return yes, nil
		}
		return unknown, nil
	}
	found := false
	for _, x := range n.Values {
		c, ok := compareValues(v, comparisonForm(col, x))
		if !ok {
			return unknown, notCanonical(col)
		}
		if found = c == 0; found {
			break
		}
	}
	return truth(found != n.Negate), nil
}

func textMatches(col Column, n TextMatch, v any) (tri, error) {
	if v == nil {
		return unknown, nil
	}
	s, ok := v.(string)
	if !ok {
		return unknown, notCanonical(col)
	}
	part := n.Text
	if col.Folded {
		part = Fold(part)
	}
	switch n.Op {
	case Like:
		pattern, err := parsePattern(part)
		return truth(err == nil && matchPattern(pattern, s)), err
	case StartsWith:
		return truth(strings.HasPrefix(s, part)), nil
	case EndsWith:
		return truth(strings.HasSuffix(s, part)), nil
	default:
		return truth(strings.Contains(s, part)), nil
	}
}

// armsMatch can tell for units and owners; a share lies in another table.
func armsMatch(n Arms, row map[string]any) (tri, error) {
	unit, _ := row["owningbusinessunit"].(id.ID)
	owner, _ := row["ownerid"].(id.ID)
	if slices.Contains(n.Units, unit) && unit != id.Nil || slices.Contains(n.Owners, owner) && owner != id.Nil {
		return yes, nil
	}
	if len(n.SharedWith) > 0 {
		return unknown, notInMemory("a share")
	}
	return no, nil
}

func notInMemory(what string) error {
	return errs.New(errs.Unsupported, "query.not_in_memory", "%s can't be evaluated on a single row", what)
}

func notCanonical(col Column) error {
	return errs.New(errs.Internal, "query.row_value", "the row's value of column %s is not canonical", col.Name)
}
