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
	Links   int // linked tables in the whole query; default 15
	Groups  int // keys and aggregates of a group; default 50
	// Secured tells whether column security keeps the column from whoever asks;
	// such a column is neither filtered nor sorted by. Nil keeps nothing.
	Secured func(table, column string) bool
	// Used is told of audited columns that are filtered, sorted or grouped by. Nil
	// for who does not want to know.
	Used func(table, column string)
	// Every has Secured asked of every column and not only of secured ones.
	Every bool
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
	set(&l.Links, 15)
	set(&l.Groups, 50)
	return l
}

// skipMost bounds how many rows may be passed over.
const skipMost = 100_000_000

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
	linked  int
	links   map[string]*Table // of the query at hand, by alias
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
	if q.Skip < 0 || q.Skip > skipMost {
		return nil, invalid("skip", "between 0 and %d rows can be passed over", skipMost)
	}
	outside := c.links
	c.links = map[string]*Table{}
	defer func() { c.links = outside }()
	out := &Query{Table: q.Table, Limit: q.Limit, Skip: q.Skip, Count: q.Count, Estimate: q.Estimate}
	if out.Links, err = c.linkList(t, q.Links, 0); err != nil {
		return nil, err
	}
	if err := c.shape(t, q, out); err != nil {
		return nil, err
	}
	if out.Order, err = c.ordering(t, out, q.Order); err != nil {
		return nil, err
	}
	if q.Where != nil {
		if out.Where, err = c.node(t, q.Where, 0); err != nil {
			return nil, err
		}
	}
	if out.After, err = c.cursor(t, out, q.After); err != nil {
		return nil, err
	}
	if out.Group != nil && len(q.Expand) > 0 {
		return nil, invalid("group_expand", "groups of rows have no related rows to expand")
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

// shape settles what the result's rows are made of: columns, or groups.
func (c *checker) shape(t *Table, q, out *Query) (err error) {
	switch {
	case q.Group != nil:
		out.Group, err = c.group(t, q.Group)
		return err
	case q.Distinct:
		sel, err := c.columns(t, q.Select)
		if err != nil {
			return err
		}
		out.Group, err = c.distinct(t, sel, out.Links)
		return err
	}
	out.Select, err = c.selection(t, q.Select)
	return err
}

func (c *checker) selection(t *Table, names []string) ([]string, error) {
	if len(names) == 0 {
		return t.AllNames, nil
	}
	out, err := c.columns(t, names)
	if err == nil && !slices.Contains(out, t.PrimaryID) {
		out = append(out, t.PrimaryID)
	}
	return out, err
}

// columns makes sure that the columns are there, and adds what belongs to them.
func (c *checker) columns(t *Table, names []string) ([]string, error) {
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
	// A secured lookup is read as empty, and so leads nowhere; the way back would
	// tell its value.
	if rel.Many {
		if err := c.mayCross(t, rel); err != nil {
			return x, err
		}
	}
	x.Query.Table = rel.Table
	if x.Query.Group != nil || x.Query.Distinct {
		return x, invalid("group_expand", "related rows can't be grouped")
	}
	sub, err := c.query(&x.Query, depth+1)
	if err != nil {
		return x, err
	}
	return Expand{Relation: x.Relation, Query: *sub, Page: x.Page}, nil
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
	if (col.Secured || c.limits.Every) && c.limits.Secured != nil && c.limits.Secured(t.Name, col.Name) {
		return errs.New(errs.Forbidden, "query.secured_column", "column %s is secured: you can't filter or sort by it", col.Name)
	}
	if col.Audited && c.limits.Used != nil {
		c.limits.Used(t.Name, col.Name)
	}
	return nil
}

// mayCross tells whether a relation may be asked along: its lookup, which stands
// here or on the other table, is a column as any other.
func (c *checker) mayCross(t *Table, rel Relation) error {
	if !rel.Many {
		return c.mayUse(t, t.Columns[rel.From])
	}
	other, err := c.table(rel.Table)
	if err != nil || rel.ManyToMany() {
		return err
	}
	return c.mayUse(other, other.Columns[rel.To])
}
