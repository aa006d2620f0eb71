package query

import (
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Limits bounds what a query may ask for. Zero fields take the defaults.
type Limits struct {
	Depth   int // nesting of conditions; default 32
	Nodes   int // conditions in the whole query, expansions included; default 1,000
	In      int // values in one list; default 5,000
	Path    int // parts of a path; default 10
	Expands int // expansions in the whole query; default 15
	// Secured tells whether column security keeps the column from whoever asks;
	// such a column is neither filtered nor sorted by. Nil keeps nothing.
	Secured func(table, column string) bool
}

func (l Limits) orDefaults() Limits {
	set := func(v *int, def int) {
		if *v <= 0 {
			*v = def
		}
	}
	set(&l.Depth, 32)
	set(&l.Nodes, 1_000)
	set(&l.In, 5_000)
	set(&l.Path, 10)
	set(&l.Expands, 15)
	return l
}

// Check resolves a query against the schema and gives a normalised copy: every
// name exists, every value is the canonical one of its column's kind, Select
// and Order are explicit and end with the primary id. All errors are the
// asker's: they are Invalid or Forbidden and name the offending part.
func Check(s Schema, q *Query, limits Limits) (*Query, error) {
	c := &checker{schema: s, limits: limits.orDefaults()}
	return c.query(q, 0)
}

// CheckNode checks a condition on a table alone.
func CheckNode(s Schema, table string, n Node, limits Limits) (Node, error) {
	c := &checker{schema: s, limits: limits.orDefaults()}
	t, err := c.table(table)
	if err != nil {
		return nil, err
	}
	return c.node(t, n, 0)
}

type checker struct {
	schema  Schema
	limits  Limits
	nodes   int
	expands int
}

func invalid(code, format string, args ...any) error {
	return errs.New(errs.Invalid, "query."+code, format, args...)
}

func (c *checker) table(name string) (*Table, error) {
	t, ok := c.schema.QueryTable(name)
	if !ok {
		return nil, invalid("unknown_table", "there is no table %q", name)
	}
	return t, nil
}

func (c *checker) query(q *Query, depth int) (*Query, error) {
	t, err := c.table(q.Table)
	if err != nil {
		return nil, err
	}
	if q.Limit < 0 {
		return nil, invalid("limit", "the number of rows can't be negative")
	}
	out := &Query{Table: q.Table, Limit: q.Limit, Count: q.Count}
	if out.Select, err = c.selection(t, q.Select); err != nil {
		return nil, err
	}
	if out.Order, err = c.order(t, q.Order); err != nil {
		return nil, err
	}
	if q.Where != nil {
		if out.Where, err = c.node(t, q.Where, 0); err != nil {
			return nil, err
		}
	}
	if out.After, err = c.cursor(t, out.Order, q.After); err != nil {
		return nil, err
	}
	for _, x := range q.Expand {
		checked, err := c.expand(t, x, depth)
		if err != nil {
			return nil, err
		}
		out.Expand = append(out.Expand, checked)
	}
	return out, nil
}

func (c *checker) selection(t *Table, names []string) ([]string, error) {
	if len(names) == 0 {
		return t.AllNames, nil
	}
	out := make([]string, 0, len(names)+1)
	add := func(name string) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, name := range names {
		col, err := column(t, name)
		if err != nil {
			return nil, err
		}
		add(name)
		if col.TypeColumn != "" {
			add(col.TypeColumn)
		}
	}
	add(t.PrimaryID)
	return out, nil
}

// order makes the sort explicit. The primary id goes the way of the column
// before it, so that an index can be read backwards.
func (c *checker) order(t *Table, order []Order) ([]Order, error) {
	out := make([]Order, 0, len(order)+1)
	desc := false
	for _, o := range order {
		col, err := column(t, o.Column)
		if err != nil {
			return nil, err
		}
		if col.Kind == Memo || col.Kind == JSON || col.Kind == Set {
			return nil, invalid("not_sortable", "rows can't be sorted by column %s", o.Column)
		}
		if err := c.mayUse(t, col); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(p Order) bool { return p.Column == o.Column }) {
			continue
		}
		out = append(out, o)
		desc = o.Desc
		if o.Column == t.PrimaryID {
			return out, nil
		}
	}
	return append(out, Order{Column: t.PrimaryID, Desc: desc}), nil
}

func (c *checker) cursor(t *Table, order []Order, after Cursor) (Cursor, error) {
	if len(after) == 0 {
		return nil, nil
	}
	if len(after) != len(order) {
		return nil, invalid("cursor", "the position does not belong to this query")
	}
	out := make(Cursor, len(after))
	for i, o := range order {
		v, err := Coerce(t.Columns[o.Column], after[i])
		if err != nil || v == nil && o.Column == t.PrimaryID {
			return nil, invalid("cursor", "the position does not belong to this query")
		}
		out[i] = v
	}
	return out, nil
}

func (c *checker) expand(t *Table, x Expand, depth int) (Expand, error) {
	rel, ok := t.Relations[x.Relation]
	if !ok {
		return x, unknownRelation(t, x.Relation)
	}
	c.expands++
	if c.expands > c.limits.Expands || depth >= c.limits.Expands {
		return x, invalid("too_many_expands", "a query may expand at most %d relations", c.limits.Expands)
	}
	x.Query.Table = rel.Table
	sub, err := c.query(&x.Query, depth+1)
	if err != nil {
		return x, err
	}
	return Expand{Relation: x.Relation, Query: *sub}, nil
}

func column(t *Table, name string) (Column, error) {
	col, ok := t.Columns[name]
	if !ok {
		e := errs.New(errs.Invalid, "query.unknown_column", "table %s has no column %q", t.Name, name)
		e.Fields = []errs.Field{{Name: name, Code: "unknown_column", Message: "there is no such column"}}
		return col, e
	}
	return col, nil
}

func unknownRelation(t *Table, name string) error {
	return invalid("unknown_relation", "table %s has no relation %q", t.Name, name)
}

func (c *checker) mayUse(t *Table, col Column) error {
	if col.Secured && c.limits.Secured != nil && c.limits.Secured(t.Name, col.Name) {
		return errs.New(errs.Forbidden, "query.secured_column", "column %s is secured: you can't filter or sort by it", col.Name)
	}
	return nil
}
