package query

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// RenderRelated turns a checked query for the rows at the far end of a relation
// into SQL, for many near rows at once: keys are the near rows' values of
// rel.From. The query's limit counts for each key by itself. The column rel.To
// is among the result's columns, so that the caller can tell whose each row is;
// rows of one key come in the query's order. For a polymorphic lookup the
// caller gives only keys of near rows whose type is rel.OnType.
//
// Total bounds the rows in all; 0 does not.
func RenderRelated(s Schema, d sqldb.Dialect, q *Query, rel Relation, keys []any, g Guard, total int) (Statement, error) {
	r := &renderer{schema: s, dialect: d, guard: g}
	t, err := r.table(rel.Table)
	if err != nil {
		return Statement{}, err
	}
	joins, err := r.joins(place{t, "t0"}, q.Links)
	if err != nil {
		return Statement{}, err
	}
	st := Statement{}
	cells, err := r.cells(t, q)
	if err != nil {
		return Statement{}, err
	}
	st.Columns, st.Shown = cells.columns(), cells.shown
	to, ok := t.Columns[rel.To]
	if !ok {
		return Statement{}, unchecked("column " + rel.To)
	}
	if !slices.ContainsFunc(st.Columns, func(c Column) bool { return c.Name == rel.To }) {
		st.Columns = append(st.Columns, to)
		cells.add("t0", to, to.Name)
	}
	terms, err := r.terms(q)
	if err != nil {
		return Statement{}, err
	}
	cond, err := r.relatedCond(t, q, rel, to, keys)
	if err != nil {
		return Statement{}, err
	}
	b := builder{r: r, table: t, columns: st.Columns, cells: cells.refs, joins: joins, terms: terms, limit: total}
	if q.Limit > 0 && rel.Many {
		st.SQL = b.firstOfEach(to, cond, q.Limit)
	} else {
		st.SQL = b.simple(cond)
	}
	st.Args = r.args
	return st, nil
}

func (r *renderer) relatedCond(t *Table, q *Query, rel Relation, to Column, keys []any) (string, error) {
	near, err := r.in("t0", to, In{Values: keys}, false)
	if err != nil {
		return "", err
	}
	if rel.Many && rel.OnType != "" {
		near += " AND " + r.ref("t0", to.TypeColumn) + " = " + r.bind(rel.OnType)
	}
	where, err := r.where(t, "t0", q.Where)
	if err != nil {
		return "", err
	}
	visible, err := r.guarded(t, "t0")
	return conj(near, where, visible), err
}

// firstOfEach keeps the first rows of each key.
func (b *builder) firstOfEach(key Column, cond string, limit int) string {
	var sql strings.Builder
	sql.WriteString("SELECT ")
	for i := range b.columns {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString("u.c" + strconv.Itoa(i))
	}
	sql.WriteString(" FROM (SELECT ")
	for i := range b.columns {
		sql.WriteString(b.cell(i) + " AS c" + strconv.Itoa(i) + ", ")
	}
	sql.WriteString("row_number() OVER (PARTITION BY " + b.r.ref("t0", key.Name))
	b.orderBy(&sql, b.term)
	sql.WriteString(") AS n" + b.from() + whereClause(cond) + ") u WHERE u.n <= " + strconv.Itoa(limit) + " ORDER BY u.n")
	b.writeLimit(&sql)
	return sql.String()
}
