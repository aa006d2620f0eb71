package query

import (
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

func (c *checker) node(t *Table, n Node, depth int) (Node, error) {
	c.nodes++
	if c.nodes > c.limits.Nodes {
		return nil, invalid("too_large", "a query may hold at most %d conditions", c.limits.Nodes)
	}
	if depth >= c.limits.Depth {
		return nil, invalid("too_deep", "conditions may be nested at most %d deep", c.limits.Depth)
	}
	switch n := n.(type) {
	case And:
		list, err := c.nodeList(t, n, depth)
		return And(list), err
	case Or:
		list, err := c.nodeList(t, n, depth)
		return Or(list), err
	case Not:
		inner, err := c.node(t, n.Node, depth+1)
		return Not{inner}, err
	case Compare:
		return c.compare(t, n)
	case In:
		return c.in(t, n)
	case TextMatch:
		return c.textMatch(t, n)
	case Null:
		_, _, err := c.path(t, n.Left, false)
		return n, err
	case Related:
		return c.related(t, n, depth)
	case Linked:
		return c.linkedNode(t, n, depth)
	case Hierarchy:
		return c.hierarchy(t, n)
	case HasAny:
		return c.hasAny(t, n)
	case InPeriod:
		return c.inPeriod(t, n)
	case Const:
		return n, nil
	case Arms:
		if !t.Owned {
			return nil, errs.New(errs.Internal, "query.arms", "rows of table %s have no owner", t.Name)
		}
		return n, nil
	case nil:
		return nil, errs.New(errs.Internal, "query.node", "a condition is missing")
	default:
		return nil, errs.New(errs.Internal, "query.node", "a condition of type %T is unknown", n)
	}
}

func (c *checker) nodeList(t *Table, list []Node, depth int) ([]Node, error) {
	out := make([]Node, 0, len(list))
	for _, n := range list {
		checked, err := c.node(t, n, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, checked)
	}
	return out, nil
}

// path resolves the column at the end of a path, and the table it stands in.
// compared says that values are compared, not only tested for absence.
func (c *checker) path(t *Table, p Path, compared bool) (*Table, Column, error) {
	if alias, rest, linked := linkOf(p); linked {
		other, ok := c.links[alias]
		if !ok {
			return nil, Column{}, invalid("unknown_link", "there is no linked table with the alias %q at this place", alias)
		}
		t, p = other, rest
	}
	if len(p) == 0 || len(p) > c.limits.Path {
		return nil, Column{}, invalid("path", "a path has 1 to %d parts", c.limits.Path)
	}
	for _, name := range p[:len(p)-1] {
		rel, ok := t.Relations[name]
		if !ok {
			return nil, Column{}, unknownRelation(t, name)
		}
		if rel.Many {
			return nil, Column{}, invalid("path_collection", "%s is a collection: use any or all", name)
		}
		if from := t.Columns[rel.From]; from.Secured {
			if err := c.mayUse(t, from); err != nil {
				return nil, Column{}, err
			}
		}
		var err error
		if t, err = c.table(rel.Table); err != nil {
			return nil, Column{}, err
		}
	}
	col, err := column(t, p[len(p)-1])
	if err != nil {
		return nil, col, err
	}
	if err := c.mayUse(t, col); err != nil {
		return nil, col, err
	}
	if compared && (col.Kind == JSON || col.Kind == Memo && !col.Folded) {
		return nil, col, invalid("not_filterable", "rows can't be filtered by the content of column %s", col.Name)
	}
	return t, col, nil
}

func (c *checker) compare(t *Table, n Compare) (Node, error) {
	if n.Op > Ge {
		return nil, errs.New(errs.Internal, "query.op", "the comparison %d is unknown", n.Op)
	}
	if len(n.Right) == 0 && n.Value == nil {
		if n.Op != Eq && n.Op != Ne {
			return nil, invalid("null_order", "null can't be greater or less than a value")
		}
		_, _, err := c.path(t, n.Left, false)
		return Null{Left: n.Left, Negate: n.Op == Ne}, err
	}
	_, left, err := c.path(t, n.Left, true)
	if err != nil {
		return nil, err
	}
	if len(n.Right) > 0 {
		return c.compareColumns(t, n, left)
	}
	n.Value, err = Coerce(left, n.Value)
	return n, err
}

func (c *checker) compareColumns(t *Table, n Compare, left Column) (Node, error) {
	_, right, err := c.path(t, n.Right, true)
	if err != nil {
		return nil, err
	}
	// Columns of rows that a link has joined stand side by side in the result.
	_, l, _ := linkOf(n.Left)
	_, r, _ := linkOf(n.Right)
	if (len(l) > 1 || len(r) > 1) && !slices.Equal(n.Left[:len(n.Left)-1], n.Right[:len(n.Right)-1]) {
		return nil, invalid("two_rows", "only columns of the same row can be compared with each other")
	}
	kind := func(col Column) Column {
		if col.Kind == Memo {
			col.Kind = Text
		}
		return Column{Kind: col.Kind, Scale: col.Scale, Folded: col.Folded}
	}
	if kind(left) != kind(right) {
		return nil, invalid("two_kinds", "columns %s and %s hold different kinds of values", left.Name, right.Name)
	}
	n.Value = nil
	return n, nil
}

// in takes nulls out of the list, as SQL would make the whole test unknown.
func (c *checker) in(t *Table, n In) (Node, error) {
	if len(n.Values) > c.limits.In {
		return nil, invalid("too_many_values", "a list may hold at most %d values", c.limits.In)
	}
	_, col, err := c.path(t, n.Left, true)
	if err != nil {
		return nil, err
	}
	values := make([]any, 0, len(n.Values))
	null := false
	for _, v := range n.Values {
		if v == nil {
			null = true
			continue
		}
		if v, err = Coerce(col, v); err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	n.Values = values
	switch {
	case null && n.Negate:
		return And{n, Null{Left: n.Left, Negate: true}}, nil
	case null:
		return Or{n, Null{Left: n.Left}}, nil
	}
	return n, nil
}

func (c *checker) textMatch(t *Table, n TextMatch) (Node, error) {
	if n.Op > Like {
		return nil, errs.New(errs.Internal, "query.op", "the text test %d is unknown", n.Op)
	}
	_, col, err := c.path(t, n.Left, true)
	if err != nil {
		return nil, err
	}
	if col.Kind != Text && col.Kind != Memo {
		return nil, invalid("not_text", "column %s holds no text", col.Name)
	}
	if _, err = coerceText(col, n.Text); err == nil && n.Op == Like {
		_, err = parsePattern(n.Text)
	}
	return n, err
}

func (c *checker) related(t *Table, n Related, depth int) (Node, error) {
	rel, ok := t.Relations[n.Relation]
	if !ok {
		return nil, unknownRelation(t, n.Relation)
	}
	if err := c.mayCross(t, rel); err != nil {
		return nil, err
	}
	other, err := c.table(rel.Table)
	if err != nil {
		return nil, err
	}
	if n.Where == nil {
		if n.All {
			return nil, invalid("all_without", "all needs a condition")
		}
		return n, nil
	}
	n.Where, err = c.node(other, n.Where, depth+1)
	return n, err
}
