package query

import (
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// builder writes the SELECT around the conditions.
type builder struct {
	r       *renderer
	table   *Table
	columns []Column
	cells   []string // what to select for each column; nil: the columns of the table
	joins   string
	terms   []term
	limit   int
	skip    int
}

// cell gives what is selected for a column.
func (b *builder) cell(i int) string {
	if b.cells != nil {
		return b.cells[i]
	}
	return b.r.ref("t0", b.columns[i].Name)
}

// term gives what rows are sorted by.
func (b *builder) term(i int) string { return b.r.compareRef(b.terms[i].alias, b.terms[i].col) }

// simple is one SELECT in sort order.
func (b *builder) simple(cond string) string {
	var sql strings.Builder
	sql.WriteString("SELECT ")
	for i := range b.columns {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString(b.cell(i))
	}
	sql.WriteString(b.from())
	sql.WriteString(whereClause(cond))
	b.orderBy(&sql, b.term)
	b.writePage(&sql)
	return sql.String()
}

// far is simple for a page that lies behind many rows: those are passed over by
// their keys alone, which an index may hold, and only the page's rows are read.
func (b *builder) far(cond string) string {
	key := b.r.dialect.Quote(b.table.PrimaryID)
	var sql strings.Builder
	sql.WriteString("SELECT ")
	for i := range b.columns {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString(b.cell(i))
	}
	sql.WriteString(" FROM (SELECT t0." + key + " AS k" + b.from() + whereClause(cond))
	b.orderBy(&sql, b.term)
	b.writePage(&sql)
	sql.WriteString(") k CROSS JOIN " + b.r.dialect.Quote(b.table.Name) + " t0 WHERE t0." + key + " = k.k")
	b.orderBy(&sql, b.term)
	return sql.String()
}

// union is one SELECT for every pair of branches. They are disjoint, each is
// sorted and limited by itself, so that each can walk the index that serves it.
func (b *builder) union(where string, visible, after []string) string {
	var sql strings.Builder
	sql.WriteString("SELECT ")
	for i := range b.columns {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString("u.c" + strconv.Itoa(i))
	}
	sql.WriteString(" FROM (")
	first := true
	for _, a := range after {
		for _, v := range visible {
			if !first {
				sql.WriteString(" UNION ALL ")
			}
			first = false
			sql.WriteString("SELECT * FROM (")
			b.branch(&sql, conj(where, v, a))
			sql.WriteString(") b")
		}
	}
	sql.WriteString(") u")
	b.orderBy(&sql, func(i int) string { return "u.o" + strconv.Itoa(i) })
	b.writePage(&sql)
	return sql.String()
}

func (b *builder) branch(sql *strings.Builder, cond string) {
	sql.WriteString("SELECT ")
	for i, c := range b.columns {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString(b.r.ref("t0", c.Name) + " AS c" + strconv.Itoa(i))
	}
	for i := range b.terms {
		sql.WriteString(", " + b.term(i) + " AS o" + strconv.Itoa(i))
	}
	sql.WriteString(b.from())
	sql.WriteString(whereClause(cond))
	b.orderBy(sql, b.term)
	b.writeLimit(sql)
}

func (b *builder) from() string { return " FROM " + b.r.dialect.Quote(b.table.Name) + " t0" + b.joins }

// orderBy writes null first ascending, last descending. That is SQLite's own
// way; PostgreSQL is told, except where the column is never null, so that the
// plain index of a primary key serves.
func (b *builder) orderBy(sql *strings.Builder, name func(i int) string) {
	for i, t := range b.terms {
		if i == 0 {
			sql.WriteString(" ORDER BY ")
		} else {
			sql.WriteString(", ")
		}
		sql.WriteString(name(i))
		if t.desc {
			sql.WriteString(" DESC")
		}
		if b.r.dialect == sqldb.Postgres && !t.col.NotNull {
			if t.desc {
				sql.WriteString(" NULLS LAST")
			} else {
				sql.WriteString(" NULLS FIRST")
			}
		}
	}
}

// writeLimit bounds a part: it has to hold the rows that are passed over, too.
func (b *builder) writeLimit(sql *strings.Builder) {
	if b.limit > 0 {
		sql.WriteString(" LIMIT " + b.r.count(b.limit+b.skip))
	}
}

// count writes a number of rows. SQLite's planner is not to see it, not even as a
// bound value: told that few rows are wanted it takes sorting for nearly free, and
// reads a million rows to sort one out of them, where an index has it in front.
// PostgreSQL's reckons with what comes before the sort, and is told.
func (r *renderer) count(n int) string {
	if r.dialect == sqldb.SQLite {
		return r.bind(int64(n)) + "+0"
	}
	return strconv.Itoa(n)
}

// writePage bounds the whole.
func (b *builder) writePage(sql *strings.Builder) {
	switch {
	case b.limit > 0:
		sql.WriteString(" LIMIT " + b.r.count(b.limit))
	case b.skip > 0 && b.r.dialect == sqldb.SQLite:
		sql.WriteString(" LIMIT -1") // it knows no OFFSET alone
	}
	if b.skip > 0 {
		sql.WriteString(" OFFSET " + b.r.count(b.skip))
	}
}
