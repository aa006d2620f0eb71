package query

import "slices"

func (c *checker) group(t *Table, g *Group) (*Group, error) {
	if n := len(g.Keys) + len(g.Values); n == 0 || n > c.limits.Groups {
		return nil, invalid("group", "a grouped query has 1 to %d keys and aggregates", c.limits.Groups)
	}
	seen := map[string]bool{}
	named := func(name string) error {
		if name == "" || seen[name] {
			return invalid("group_name", "the name %q of a key or aggregate is missing or stands twice", name)
		}
		seen[name] = true
		return nil
	}
	for _, k := range g.Keys {
		if err := named(k.Name); err != nil {
			return nil, err
		}
		table, col, err := c.owned(t, k.Link, k.Column)
		if err != nil {
			return nil, err
		}
		if err := c.mayUse(table, col); err != nil {
			return nil, err
		}
		if k.Part > FiscalYearPart || k.Part != Whole && col.Kind != Time && col.Kind != Day {
			return nil, invalid("group_part", "column %s is no date: rows can't be grouped by a part of it", k.Column)
		}
	}
	for _, a := range g.Values {
		if err := named(a.Name); err != nil {
			return nil, err
		}
		if err := c.aggregate(t, a); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func (c *checker) aggregate(t *Table, a Aggregate) error {
	if a.Func == CountRows {
		return nil
	}
	table, col, err := c.owned(t, a.Link, a.Column)
	if err != nil {
		return err
	}
	if err := c.mayUse(table, col); err != nil {
		return err
	}
	ok := false
	switch a.Func {
	case CountValues, CountDistinct:
		ok = col.Kind != JSON && col.Kind != Set && (col.Kind != Memo || col.Folded)
	case Sum, Average:
		ok = col.Kind == Int || col.Kind == Fixed || col.Kind == Float
	case Min, Max:
		ok = col.Kind == Int || col.Kind == Fixed || col.Kind == Float || col.Kind == Time || col.Kind == Day
	}
	if !ok {
		return invalid("not_aggregatable", "column %s can't be combined in this way", a.Column)
	}
	return nil
}

// owned finds a column of the table itself, or of a linked one.
func (c *checker) owned(t *Table, link, name string) (*Table, Column, error) {
	if link != "" {
		other, ok := c.links[link]
		if !ok {
			return nil, Column{}, invalid("unknown_link", "there is no linked table with the alias %q", link)
		}
		t = other
	}
	col, err := column(t, name)
	return t, col, err
}

// distinct makes the selected columns the keys of groups without aggregates.
func (c *checker) distinct(t *Table, sel []string, links []Link) (*Group, error) {
	if len(sel) == 0 && len(links) == 0 {
		sel = t.AllNames
	}
	g := &Group{}
	add := func(t *Table, link string, names []string) error {
		for _, name := range names {
			if err := c.mayUse(t, t.Columns[name]); err != nil {
				return err
			}
			g.Keys = append(g.Keys, Key{Name: LinkedName(link, name), Link: link, Column: name})
		}
		return nil
	}
	if err := add(t, "", sel); err != nil {
		return nil, err
	}
	var walk func(links []Link) error
	walk = func(links []Link) error {
		for i := range links {
			if err := add(c.links[links[i].Alias], links[i].Alias, links[i].Select); err != nil {
				return err
			}
			if err := walk(links[i].Links); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(links); err != nil {
		return nil, err
	}
	if len(g.Keys) == 0 {
		return c.distinct(t, t.AllNames, nil)
	}
	return g, nil
}

// ordering makes the sort explicit and total. The columns that make it total
// go the way of the column before them, so that an index can be read backwards.
func (c *checker) ordering(t *Table, q *Query, order []Order) ([]Order, error) {
	if q.Group != nil {
		return c.groupOrder(t, q.Group, order)
	}
	out := make([]Order, 0, len(order)+1)
	desc := false
	has := func(o Order) bool {
		return slices.ContainsFunc(out, func(p Order) bool { return p.Column == o.Column && p.Link == o.Link })
	}
	many := manyLinks(c.links, q.Links)
	for _, o := range order {
		table, col, err := c.owned(t, o.Link, o.Column)
		if err != nil {
			return nil, err
		}
		if col.Kind == Memo || col.Kind == JSON || col.Kind == Set {
			return nil, invalid("not_sortable", "rows can't be sorted by column %s", o.Column)
		}
		if err := c.mayUse(table, col); err != nil {
			return nil, err
		}
		if has(o) {
			continue
		}
		out = append(out, o)
		desc = o.Desc
		if o.Link == "" && o.Column == t.PrimaryID && len(many) == 0 {
			return out, nil
		}
	}
	last := append([]Order{{Column: t.PrimaryID}}, many...)
	for _, o := range last {
		if !has(o) {
			o.Desc = desc
			out = append(out, o)
		}
	}
	return out, nil
}

// manyLinks lists the primary ids of those links that can join several rows.
func manyLinks(tables map[string]*Table, links []Link) []Order {
	var out []Order
	for i := range links {
		l := &links[i]
		if t := tables[l.Alias]; l.From != t.PrimaryID && l.Kind != First {
			out = append(out, Order{Column: t.PrimaryID, Link: l.Alias})
		}
		out = append(out, manyLinks(tables, l.Links)...)
	}
	return out
}

func (c *checker) groupOrder(t *Table, g *Group, order []Order) ([]Order, error) {
	var out []Order
	has := func(name string) bool {
		return slices.ContainsFunc(out, func(p Order) bool { return p.Column == name })
	}
	for _, o := range order {
		name := groupName(g, o)
		if name == "" {
			return nil, invalid("group_order", "groups can't be sorted by %q: it is neither a key nor an aggregate of the query", o.name())
		}
		if !has(name) {
			out = append(out, Order{Column: name, Desc: o.Desc})
		}
	}
	for _, k := range g.Keys {
		if !has(k.Name) {
			out = append(out, Order{Column: k.Name})
		}
	}
	if len(out) == 0 {
		out = append(out, Order{Column: g.Values[0].Name})
	}
	return out, nil
}

// groupName finds what a sort means: the name of a key or aggregate, or the
// column behind a key.
func groupName(g *Group, o Order) string {
	if o.Link == "" {
		for _, k := range g.Keys {
			if k.Name == o.Column {
				return k.Name
			}
		}
		for _, a := range g.Values {
			if a.Name == o.Column {
				return a.Name
			}
		}
	}
	for _, k := range g.Keys {
		if k.Link == o.Link && k.Column == o.Column {
			return k.Name
		}
	}
	return ""
}

// GroupColumns gives the shape of the rows of a checked, grouped query: its
// keys, then its aggregates.
func GroupColumns(s Schema, q *Query) ([]Column, error) {
	tables, err := linkTables(s, q)
	if err != nil {
		return nil, err
	}
	out := make([]Column, 0, len(q.Group.Keys)+len(q.Group.Values))
	find := func(link, name string) (Column, error) {
		t := tables[link]
		if t == nil {
			return Column{}, unchecked("link " + link)
		}
		c, ok := t.Columns[name]
		if !ok && name != "" {
			return Column{}, unchecked("column " + name)
		}
		return c, nil
	}
	for _, k := range q.Group.Keys {
		c, err := find(k.Link, k.Column)
		if err != nil {
			return nil, err
		}
		out = append(out, keyColumn(k, c))
	}
	for _, a := range q.Group.Values {
		c, err := find(a.Link, a.Column)
		if err != nil {
			return nil, err
		}
		out = append(out, valueColumn(a, c))
	}
	return out, nil
}

// linkTables gives the tables of a query by link alias; the query's own by "".
func linkTables(s Schema, q *Query) (map[string]*Table, error) {
	t, ok := s.QueryTable(q.Table)
	if !ok {
		return nil, unchecked("table " + q.Table)
	}
	out := map[string]*Table{"": t}
	var walk func(links []Link) error
	walk = func(links []Link) error {
		for i := range links {
			t, ok := s.QueryTable(links[i].Table)
			if !ok {
				return unchecked("table " + links[i].Table)
			}
			out[links[i].Alias] = t
			if err := walk(links[i].Links); err != nil {
				return err
			}
		}
		return nil
	}
	return out, walk(q.Links)
}

// orderColumns gives the columns behind the order of a checked query.
func orderColumns(s Schema, q *Query) ([]Column, error) {
	var columns map[string]Column
	if q.Group != nil {
		list, err := GroupColumns(s, q)
		if err != nil {
			return nil, err
		}
		columns = make(map[string]Column, len(list))
		for _, c := range list {
			columns[c.Name] = c
		}
	}
	tables, err := linkTables(s, q)
	if err != nil {
		return nil, err
	}
	out := make([]Column, len(q.Order))
	for i, o := range q.Order {
		c, ok := columns[o.Column]
		if columns == nil {
			t := tables[o.Link]
			if t == nil {
				return nil, unchecked("link " + o.Link)
			}
			c, ok = t.Columns[o.Column]
			c.NotNull = (c.NotNull || o.Column == t.PrimaryID) && o.Link == ""
		}
		if !ok {
			return nil, unchecked("column " + o.name())
		}
		out[i] = c
	}
	return out, nil
}

// cursor reads a position in the order of a query that is checked but for it.
func (c *checker) cursor(t *Table, q *Query, after Cursor) (Cursor, error) {
	if len(after) == 0 {
		return nil, nil
	}
	bad := invalid("cursor", "the position does not belong to this query")
	columns, err := orderColumns(c.schema, q)
	if err != nil || len(after) != len(columns) {
		return nil, bad
	}
	out := make(Cursor, len(after))
	for i, col := range columns {
		v, err := Coerce(col, after[i])
		if err != nil || v == nil && col.Name == t.PrimaryID && q.Order[i].Link == "" && q.Group == nil {
			return nil, bad
		}
		out[i] = v
	}
	return out, nil
}
