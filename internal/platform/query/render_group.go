package query

import (
	"slices"
	"strconv"
	"strings"
)

// grouped renders a grouped query: the groups within, their order and position
// around them.
func (r *renderer) grouped(t *Table, q *Query) (Statement, error) {
	inner, columns, err := r.groups(t, q)
	if err != nil {
		return Statement{}, err
	}
	order, err := orderColumns(r.schema, q)
	if err != nil {
		return Statement{}, err
	}
	terms := make([]term, len(order))
	for i, c := range order {
		terms[i] = term{col: c, alias: "g", desc: q.Order[i].Desc}
	}
	after, err := r.afterOne(terms, q.After)
	if err != nil {
		return Statement{}, err
	}
	b := builder{r: r, terms: terms, limit: q.Limit, skip: q.Skip}
	var sql strings.Builder
	sql.WriteString("SELECT ")
	for i, c := range columns {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString(r.ref("g", c.Name))
	}
	sql.WriteString(" FROM (" + inner + ") g" + whereClause(after))
	b.orderBy(&sql, b.term)
	b.writePage(&sql)
	return Statement{SQL: sql.String(), Args: r.args, Columns: columns, Shown: len(columns)}, nil
}

// groups renders one row for each group, its values under the names of the
// keys and aggregates, folded texts beside them.
func (r *renderer) groups(t *Table, q *Query) (string, []Column, error) {
	columns, err := GroupColumns(r.schema, q)
	if err != nil {
		return "", nil, err
	}
	from, err := r.grouping(t, q)
	if err != nil {
		return "", nil, err
	}
	var sel, by []string
	for i, k := range q.Group.Keys {
		at, col, err := r.groupColumn(t, k.Link, k.Column)
		if err != nil {
			return "", nil, err
		}
		shown := r.dialect.Quote(columns[i].Name)
		switch {
		case k.Part != Whole:
			expr := r.datePart(r.ref(at.alias, col.Name), col.Kind, k)
			sel, by = append(sel, expr+" AS "+shown), append(by, strconv.Itoa(len(sel)+1))
		case col.Folded:
			sel = append(sel, "min("+r.ref(at.alias, col.Name)+") AS "+shown, r.compareRef(at.alias, col)+" AS "+r.dialect.Quote(FoldedName(k.Name)))
			by = append(by, strconv.Itoa(len(sel)))
		default:
			sel, by = append(sel, r.ref(at.alias, col.Name)+" AS "+shown), append(by, strconv.Itoa(len(sel)+1))
		}
	}
	for i, a := range q.Group.Values {
		expr, err := r.aggregate(t, a)
		if err != nil {
			return "", nil, err
		}
		sel = append(sel, expr+" AS "+r.dialect.Quote(columns[len(q.Group.Keys)+i].Name))
	}
	sql := "SELECT " + strings.Join(sel, ", ") + from
	if len(by) > 0 {
		sql += " GROUP BY " + strings.Join(by, ", ")
	}
	return sql, columns, nil
}

// grouping renders the tables and conditions of a grouped query. What somebody
// sees by units, by owners and by shares is read arm by arm, as countArms does:
// each is a range of an index, which may hold all that the groups need.
func (r *renderer) grouping(t *Table, q *Query) (string, error) {
	if len(q.Links) > 0 || r.inGuard {
		return r.from(t, q)
	}
	n, err := r.guardNode(t)
	if err != nil {
		return "", err
	}
	rest, arms := splitArms(n)
	if arms == nil || arms.kinds() < 2 {
		return r.from(t, q)
	}
	where, err := r.where(t, "t0", q.Where)
	if err != nil {
		return "", err
	}
	also, err := r.ungated(func() (string, error) { return r.where(t, "t0", rest) })
	if err != nil {
		return "", err
	}
	var columns []string
	need := func(name string) {
		if name = r.ref("t0", name); !slices.Contains(columns, name) {
			columns = append(columns, name)
		}
	}
	of := func(name string) {
		need(name)
		if t.Columns[name].Folded {
			need(FoldedName(name))
		}
	}
	for _, k := range q.Group.Keys {
		of(k.Column)
	}
	for _, a := range q.Group.Values {
		if a.Func != CountRows {
			of(a.Column)
		}
	}
	if len(columns) == 0 {
		columns = []string{r.ref("t0", t.PrimaryID)}
	}
	var parts []string
	for _, arm := range r.disjoint(t, *arms) {
		parts = append(parts, "SELECT "+strings.Join(columns, ", ")+" FROM "+r.dialect.Quote(t.Name)+" t0"+whereClause(conj(arm, where, also)))
	}
	return " FROM (" + strings.Join(parts, " UNION ALL ") + ") t0", nil
}

func (r *renderer) groupColumn(t *Table, link, name string) (place, Column, error) {
	at := place{t, "t0"}
	if link != "" {
		at = r.links[link]
	}
	if at.table == nil {
		return at, Column{}, unchecked("link " + link)
	}
	col, ok := at.table.Columns[name]
	if !ok {
		return at, Column{}, unchecked("column " + name)
	}
	return at, col, nil
}

func (r *renderer) aggregate(t *Table, a Aggregate) (string, error) {
	if a.Func == CountRows {
		return "count(*)", nil
	}
	at, col, err := r.groupColumn(t, a.Link, a.Column)
	if err != nil {
		return "", err
	}
	ref := r.ref(at.alias, col.Name)
	switch a.Func {
	case CountValues:
		return "count(" + ref + ")", nil
	case CountDistinct:
		return "count(DISTINCT " + r.compareRef(at.alias, col) + ")", nil
	case Sum:
		if col.Kind == Float {
			return "sum(" + ref + ")", nil
		}
		return r.sum(ref), nil
	case Average:
		if col.Kind == Float {
			return "avg(" + ref + ")", nil
		}
		return r.average(ref, col), nil
	case Min:
		return "min(" + ref + ")", nil
	default:
		return "max(" + ref + ")", nil
	}
}

// sum is exact: SQLite adds up whole numbers and refuses what overflows,
// PostgreSQL adds up without bounds and refuses the cast.
func (r *renderer) sum(ref string) string {
	return "CAST(sum(" + ref + ") AS bigint)"
}

// average rounds half away from zero by whole numbers alone: quotient and
// remainder are scaled apart, so that the product stays small.
func (r *renderer) average(ref string, col Column) string {
	scale := ""
	if col.Kind == Int {
		scale = " * " + strconv.Itoa(pow10(averageScale))
	}
	s, n := r.sum(ref), "count("+ref+")"
	rest := "(abs(" + s + " % " + n + ")" + scale + ")"
	rounded := "((2 * " + rest + " + " + n + ") / (2 * " + n + "))"
	return "CASE WHEN " + n + " = 0 THEN NULL ELSE (" + s + " / " + n + ")" + scale + " + CASE WHEN " + s + " < 0 THEN -" + rounded + " ELSE " + rounded + " END END"
}

func pow10(n int) int {
	out := 1
	for range n {
		out *= 10
	}
	return out
}
