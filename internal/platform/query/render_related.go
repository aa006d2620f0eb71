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
	if rel.ManyToMany() {
		to = Column{Name: ViaKey, Kind: ID, NotNull: true}
	}
	if !slices.ContainsFunc(st.Columns, func(c Column) bool { return c.Name == to.Name }) {
		st.Columns = append(st.Columns, to)
		if rel.ManyToMany() {
			cells.refs = append(cells.refs, r.ref(viaAlias, rel.Via.Here))
		} else {
			cells.add("t0", to, to.Name)
		}
	}
	terms, err := r.terms(q)
	if err != nil {
		return Statement{}, err
	}
	cond, err := r.relatedCond(t, q, rel, to, keys)
	if err != nil {
		return Statement{}, err
	}
	b := builder{r: r, table: t, columns: st.Columns, cells: cells.refs, joins: r.via(rel) + joins, terms: terms, limit: total}
	if q.Limit > 0 && rel.Many {
		st.SQL = b.firstOfEach(r.keyRef(rel, to), cond, q.Limit)
	} else {
		st.SQL = b.simple(cond)
	}
	st.Args = r.args
	return st, nil
}

func (r *renderer) relatedCond(t *Table, q *Query, rel Relation, to Column, keys []any) (string, error) {
	near, err := r.nearKeys(rel, to, keys)
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

// nearKeys renders that a row belongs to one of the keys.
func (r *renderer) nearKeys(rel Relation, to Column, keys []any) (string, error) {
	if !rel.ManyToMany() {
		return r.in("t0", to, In{Values: keys}, false)
	}
	encoded := make([]any, len(keys))
	for i, k := range keys {
		var err error
		if encoded[i], err = Encode(r.dialect, ID, k); err != nil {
			return "", err
		}
	}
	return r.member(r.ref(viaAlias, rel.Via.Here), ID, encoded, false), nil
}

// viaAlias stands for the intersect table that is read along.
const viaAlias = "x0"

// keyRef gives the column that says to which key a row belongs.
func (r *renderer) keyRef(rel Relation, to Column) string {
	if rel.ManyToMany() {
		return r.ref(viaAlias, rel.Via.Here)
	}
	return r.ref("t0", to.Name)
}

// via joins the intersect table of an N:N relation to its far end; "" of others.
func (r *renderer) via(rel Relation) string {
	if !rel.ManyToMany() {
		return ""
	}
	return " JOIN " + r.dialect.Quote(rel.Via.Table) + " " + viaAlias + " ON " + r.ref(viaAlias, rel.Via.There) + " = " + r.ref("t0", rel.To)
}

// firstOfEach keeps the first rows of each key.
func (b *builder) firstOfEach(key string, cond string, limit int) string {
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
	sql.WriteString("row_number() OVER (PARTITION BY " + key)
	b.orderBy(&sql, b.term)
	sql.WriteString(") AS n" + b.from() + whereClause(cond) + ") u WHERE u.n <= " + strconv.Itoa(limit) + " ORDER BY u.n")
	b.writeLimit(&sql)
	return sql.String()
}
