package query

import (
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// joined renders a query with links. Its rows are walked in sort order with one
// condition for access and position: the disjoint branches of a plain query
// would have to repeat the joins.
func (r *renderer) joined(t *Table, q *Query) (Statement, error) {
	joins, err := r.joins(place{t, "t0"}, q.Links)
	if err != nil {
		return Statement{}, err
	}
	cells, err := r.cells(t, q)
	if err != nil {
		return Statement{}, err
	}
	terms, err := r.terms(q)
	if err != nil {
		return Statement{}, err
	}
	cond, err := r.rowsCond(t, q)
	if err != nil {
		return Statement{}, err
	}
	after, err := r.afterOne(terms, q.After)
	if err != nil {
		return Statement{}, err
	}
	b := builder{r: r, table: t, columns: cells.columns(), cells: cells.refs, joins: joins, terms: terms, limit: q.Limit, skip: q.Skip}
	return Statement{SQL: b.simple(conj(cond, after)), Args: r.args, Columns: b.columns, Shown: cells.shown}, nil
}

// afterOne renders the position as one condition.
func (r *renderer) afterOne(terms []term, cursor Cursor) (string, error) {
	if len(cursor) == 0 {
		return "", nil
	}
	vals, err := r.positions(terms, cursor)
	if err != nil {
		return "", err
	}
	return r.afterRest(terms, vals), nil
}

// rowsCond renders the query's condition and that the rows may be seen.
func (r *renderer) rowsCond(t *Table, q *Query) (string, error) {
	where, err := r.where(t, "t0", q.Where)
	if err != nil {
		return "", err
	}
	visible, err := r.guarded(t, "t0")
	return conj(where, visible), err
}

// from renders the tables and conditions of a query, without its order.
func (r *renderer) from(t *Table, q *Query) (string, error) {
	joins, err := r.joins(place{t, "t0"}, q.Links)
	if err != nil {
		return "", err
	}
	cond, err := r.rowsCond(t, q)
	return " FROM " + r.dialect.Quote(t.Name) + " t0" + joins + whereClause(cond), err
}

// joins renders the links below a row. Everything that a linked row must meet,
// access to it among the rest, stands in the ON clause.
func (r *renderer) joins(near place, links []Link) (string, error) {
	var sql strings.Builder
	for i := range links {
		l := &links[i]
		t, err := r.table(l.Table)
		if err != nil {
			return "", err
		}
		far := place{t, r.alias()}
		if r.links == nil {
			r.links = map[string]place{}
		}
		r.links[l.Alias] = far
		on, err := r.on(near, far, l)
		if err != nil {
			return "", err
		}
		word := " JOIN "
		if l.Kind == Outer {
			word = " LEFT JOIN "
		}
		below, err := r.joins(far, l.Links)
		if err != nil {
			return "", err
		}
		if l.Kind == Outer && strings.Contains(below, " JOIN ") {
			// Links below an outer one belong to its partner: without it they are
			// as absent as it is, and with it they take no row of the query away.
			sql.WriteString(word + "(" + r.dialect.Quote(t.Name) + " " + far.alias + below + ") ON " + on)
			continue
		}
		sql.WriteString(word + r.dialect.Quote(t.Name) + " " + far.alias + " ON " + on + below)
	}
	return sql.String(), nil
}

func (r *renderer) on(near, far place, l *Link) (string, error) {
	if l.Kind == First {
		inner := place{far.table, r.alias()}
		cond, err := r.partner(near, inner, l.From, l.To, l.Where)
		id := far.table.PrimaryID
		return r.ref(far.alias, id) + " = (SELECT " + r.ref(inner.alias, id) + " FROM " + r.dialect.Quote(far.table.Name) + " " + inner.alias +
			" WHERE " + cond + " ORDER BY " + r.ref(inner.alias, id) + " LIMIT 1)", err
	}
	return r.partner(near, far, l.From, l.To, l.Where)
}

// partner renders that two rows belong together and that the far one may be
// seen and matches.
func (r *renderer) partner(near, far place, from, to string, where Node) (string, error) {
	a, okA := far.table.Columns[from]
	b, okB := near.table.Columns[to]
	if !okA || !okB {
		return "", unchecked("link column " + from + " or " + to)
	}
	visible, err := r.guarded(far.table, far.alias)
	if err != nil {
		return "", err
	}
	cond, err := r.where(far.table, far.alias, where)
	return conj(r.compareRef(far.alias, a)+" = "+r.compareRef(near.alias, b), visible, cond), err
}

func (r *renderer) linkedNode(t *Table, alias string, n Linked, neg bool) (string, error) {
	other, err := r.table(n.Table)
	if err != nil {
		return "", err
	}
	far := place{other, r.alias()}
	cond, err := r.partner(place{t, alias}, far, n.From, n.To, n.Where)
	exists := "EXISTS"
	if n.None != neg {
		exists = "NOT EXISTS"
	}
	return exists + " (SELECT 1 FROM " + r.dialect.Quote(other.Name) + " " + far.alias + " WHERE " + cond + ")", err
}

// cellList is what a statement selects.
type cellList struct {
	r     *renderer
	cols  []Column // under their names in the result
	refs  []string
	shown int
}

func (c *cellList) columns() []Column { return c.cols }

func (c *cellList) add(alias string, col Column, name string) {
	ref := c.r.ref(alias, col.Name)
	col.Name = name
	c.cols, c.refs = append(c.cols, col), append(c.refs, ref)
}

// cells lists the columns asked for, of the table and its links, and then what
// the order needs beside them. The links must be rendered already.
func (r *renderer) cells(t *Table, q *Query) (*cellList, error) {
	c := &cellList{r: r}
	add := func(at place, link, name string) error {
		col, ok := at.table.Columns[name]
		if !ok {
			return unchecked("column " + name)
		}
		c.add(at.alias, col, LinkedName(link, name))
		return nil
	}
	sel := q.Select
	if len(sel) == 0 {
		sel = t.AllNames
	}
	for _, name := range sel {
		if err := add(place{t, "t0"}, "", name); err != nil {
			return nil, err
		}
	}
	var walk func(links []Link) error
	walk = func(links []Link) error {
		for i := range links {
			for _, name := range links[i].Select {
				if err := add(r.links[links[i].Alias], links[i].Alias, name); err != nil {
					return err
				}
			}
			if err := walk(links[i].Links); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(q.Links); err != nil {
		return nil, err
	}
	c.shown = len(c.cols)
	for _, o := range q.Order {
		if slices.ContainsFunc(c.cols, func(x Column) bool { return x.Name == o.name() }) {
			continue
		}
		at := place{t, "t0"}
		if o.Link != "" {
			at = r.links[o.Link]
		}
		if at.table == nil {
			return nil, unchecked("link " + o.Link)
		}
		if err := add(at, o.Link, o.Column); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// terms gives what rows are sorted by, linked columns among it.
func (r *renderer) terms(q *Query) ([]term, error) {
	columns, err := orderColumns(r.schema, q)
	if err != nil {
		return nil, err
	}
	out := make([]term, len(columns))
	for i, c := range columns {
		alias := "t0"
		if link := q.Order[i].Link; link != "" {
			alias = r.links[link].alias
		}
		out[i] = term{col: c, alias: alias, desc: q.Order[i].Desc}
	}
	return out, nil
}

// pattern renders a text's test by wildcards.
func (r *renderer) pattern(left, text string) (string, error) {
	pieces, err := parsePattern(text)
	if err != nil {
		return "", err
	}
	if r.dialect == sqldb.SQLite {
		return left + " GLOB " + r.bind(glob(pieces)), nil
	}
	if plain, ok := like(pieces); ok {
		return left + " LIKE " + r.bind(plain), nil
	}
	return left + " ~ " + r.bind(expression(pieces)), nil
}

// hierarchy renders membership in the rows above or below a root. Walking takes
// each row once, so that a loop in the data ends it; rows that may not be seen
// are not passed.
func (r *renderer) hierarchy(t *Table, alias string, col Column, n Hierarchy, neg bool) (string, error) {
	tree, err := treeOf(r.schema, t, col)
	if err != nil {
		return "", err
	}
	name, id, parent := r.dialect.Quote(tree.table.Name), tree.table.PrimaryID, tree.parent
	w, x := r.alias(), r.alias()
	first, err := r.guarded(tree.table, x)
	if err != nil {
		return "", err
	}
	root := r.bind(encodeID(r.dialect, n.Root))
	start := "SELECT " + r.ref(x, id) + ", " + r.ref(x, parent) + " FROM " + name + " " + x + whereClause(conj(r.ref(x, id)+" = "+root, first))
	y := r.alias()
	step := r.ref(y, parent) + " = " + w + ".id"
	if n.Up {
		step = r.ref(y, id) + " = " + w + ".up"
	}
	visible, err := r.guarded(tree.table, y)
	if err != nil {
		return "", err
	}
	next := "SELECT " + r.ref(y, id) + ", " + r.ref(y, parent) + " FROM " + name + " " + y + " JOIN " + w + " ON " + step + whereClause(visible)
	also := ""
	if !n.Self {
		also = " WHERE " + w + ".id <> " + r.bind(encodeID(r.dialect, n.Root))
	}
	in, or := " IN ", ""
	left := r.ref(alias, col.Name)
	if n.Negate != neg {
		in = " NOT IN "
		if n.Negate {
			or = " OR " + left + " IS NULL"
		}
	}
	return "(" + left + in + "(WITH RECURSIVE " + w + "(id, up) AS (" + start + " UNION " + next + ") SELECT " + w + ".id FROM " + w + also + ")" + or + ")", nil
}
