package query

import "strings"

// maxLinkDepth bounds how deep links are nested.
const maxLinkDepth = 10

func (c *checker) linkList(t *Table, links []Link, depth int) ([]Link, error) {
	if depth > maxLinkDepth {
		return nil, invalid("too_deep", "linked tables may be nested at most %d deep", maxLinkDepth)
	}
	out := make([]Link, 0, len(links))
	for _, l := range links {
		checked, err := c.link(t, l, depth)
		if err != nil {
			return nil, err
		}
		out = append(out, checked)
	}
	return out, nil
}

func (c *checker) link(t *Table, l Link, depth int) (Link, error) {
	c.linked++
	if c.linked > c.limits.Links {
		return l, invalid("too_many_links", "a query may link at most %d tables", c.limits.Links)
	}
	if l.Kind > First {
		return l, invalid("link_kind", "the kind of the link %q is unknown", l.Alias)
	}
	other, err := c.joinable(t, l.Table, l.From, l.To)
	if err != nil {
		return l, err
	}
	if l.Alias == "" || strings.HasPrefix(l.Alias, linkMark) || c.links[l.Alias] != nil {
		return l, invalid("link_alias", "the alias %q of a linked table is missing or stands twice", l.Alias)
	}
	if l.Select, err = c.columns(other, l.Select); err != nil {
		return l, err
	}
	c.links[l.Alias] = other
	if l.Where != nil {
		if l.Where, err = c.node(other, l.Where, depth+1); err != nil {
			return l, err
		}
	}
	l.Links, err = c.linkList(other, l.Links, depth+1)
	return l, err
}

// joinable makes sure that rows of the other table can be found by the column
// from having the value of column to.
func (c *checker) joinable(t *Table, other, from, to string) (*Table, error) {
	o, err := c.table(other)
	if err != nil {
		return nil, err
	}
	near, err := column(t, to)
	if err != nil {
		return nil, err
	}
	far, err := column(o, from)
	if err != nil {
		return nil, err
	}
	for _, x := range []struct {
		t *Table
		c Column
	}{{t, near}, {o, far}} {
		if err := c.mayUse(x.t, x.c); err != nil {
			return nil, err
		}
		if x.c.Kind == Memo || x.c.Kind == JSON || x.c.Kind == Set {
			return nil, invalid("link_column", "tables can't be linked by column %s", x.c.Name)
		}
	}
	if near.Kind != far.Kind || near.Scale != far.Scale || near.Folded != far.Folded {
		return nil, invalid("link_column", "columns %s and %s hold different kinds of values", near.Name, far.Name)
	}
	return o, nil
}

func (c *checker) linkedNode(t *Table, n Linked, depth int) (Node, error) {
	c.linked++
	if c.linked > c.limits.Links {
		return nil, invalid("too_many_links", "a query may link at most %d tables", c.limits.Links)
	}
	other, err := c.joinable(t, n.Table, n.From, n.To)
	if err != nil {
		return nil, err
	}
	if n.Where != nil {
		n.Where, err = c.node(other, n.Where, depth+1)
	}
	return n, err
}

func (c *checker) hierarchy(t *Table, n Hierarchy) (Node, error) {
	t, col, err := c.path(t, n.Left, true)
	if err != nil {
		return nil, err
	}
	tree, err := treeOf(c.schema, t, col)
	if err != nil {
		return nil, err
	}
	return n, c.mayUse(tree.table, tree.table.Columns[tree.parent])
}

// tree is a table whose rows are above and below each other.
type tree struct {
	table  *Table
	parent string // lookup to the row above
}

// treeOf finds the tree that a column leads into: its own table's for the
// primary id, its target's for a lookup.
func treeOf(s Schema, t *Table, col Column) (tree, error) {
	if col.Name == t.PrimaryID {
		if p := parentOf(t); p != "" {
			return tree{t, p}, nil
		}
		return tree{}, invalid("no_hierarchy", "the rows of table %s are not above and below each other", t.Name)
	}
	for _, rel := range t.Relations {
		if rel.Many || rel.From != col.Name {
			continue
		}
		other, ok := s.QueryTable(rel.Table)
		if !ok {
			continue
		}
		if p := parentOf(other); p != "" && rel.To == other.PrimaryID {
			return tree{other, p}, nil
		}
	}
	return tree{}, invalid("no_hierarchy", "column %s does not lead to rows that are above and below each other", col.Name)
}

// ParentColumn gives the lookup to the row above, where the table's rows form a
// tree; "" where they do not.
func (t *Table) ParentColumn() string { return parentOf(t) }

// parentOf gives the lookup by which a table's rows form a tree: the one it
// names, else its only lookup to itself, else the one whose name says so.
func parentOf(t *Table) string {
	if t.Parent != "" {
		return t.Parent
	}
	found, others := "", 0
	for _, rel := range t.Relations {
		if rel.Many || rel.Table != t.Name || rel.From == t.PrimaryID {
			continue
		}
		if rel.From == "parent"+t.PrimaryID {
			return rel.From
		}
		found = rel.From
		others++
	}
	if others == 1 {
		return found
	}
	return ""
}
