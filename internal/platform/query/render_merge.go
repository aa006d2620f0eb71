package query

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// mergeMost bounds the ranges that are merged: SQLite takes no more than 500
// parts in one statement, and reads and plans each of them.
const mergeMost = 120

// ownersMost bounds the owners whose rows are fetched and sorted for want of an
// index that has them in order.
const ownersMost = 64

// merged renders the first rows for somebody who sees some units' rows, or what
// some own or is shared. A walk through all rows in sort order would meet few
// that he may see, and a sort of all that he may see would read them all. Where
// an index holds the rows of each unit (or owner) in the order that is asked for,
// the first rows of each are merged: that reads about as many entries as there
// are ranges and rows wanted, however large the table. A row may lie in several
// ranges, of a unit and of a share; the union takes it once.
//
// ok is false where this does not serve.
func (r *renderer) merged(t *Table, q *Query, columns []Column, terms []term) (sql string, ok bool, err error) {
	if q.Limit <= 0 || r.inGuard {
		return "", false, nil
	}
	n, err := r.guardNode(t)
	if err != nil {
		return "", false, err
	}
	rest, arms := splitArms(n)
	if arms == nil {
		return "", false, nil
	}
	ranges, ok := r.ranges(t, q, *arms)
	if !ok {
		return "", false, nil
	}
	where, err := r.where(t, "t0", q.Where)
	if err != nil {
		return "", false, err
	}
	also, err := r.ungated(func() (string, error) { return r.where(t, "t0", rest) })
	if err != nil {
		return "", false, err
	}
	after, err := r.after(terms, q.After)
	if err != nil {
		return "", false, err
	}
	m := merge{r: r, b: builder{r: r, table: t, columns: columns, terms: terms, limit: q.Limit, skip: q.Skip}}
	for _, a := range after {
		for _, x := range ranges {
			x.write(&m, conj(where, also, a))
		}
		if len(arms.SharedWith) > 0 {
			m.branch(conj(r.shared(t, "t0", *arms), where, also, a), nil)
		}
	}
	return m.statement(), true, nil
}

// reach is a column whose values each lead to rows in the order that is asked
// for; or, all at once, to rows that are few enough to be sorted.
type reach struct {
	column string
	values []id.ID
	atOnce bool
}

// ranges gives what to merge, and whether merging serves.
func (r *renderer) ranges(t *Table, q *Query, arms Arms) (out []reach, ok bool) {
	held, parts := heldColumns(q.Where), 0
	if len(arms.Units) > 0 {
		if !t.inOrder("owningbusinessunit", held, q.Order) {
			return nil, false
		}
		out = append(out, reach{column: "owningbusinessunit", values: arms.Units})
		parts += len(arms.Units)
	}
	if len(arms.Owners) > 0 {
		s := reach{column: "ownerid", values: arms.Owners}
		switch {
		case t.inOrder("ownerid", held, q.Order):
			parts += len(arms.Owners)
		case arms.kinds() == 1 || len(arms.Owners) > ownersMost:
			return nil, false // the planner knows better, or a walk
		default:
			s.atOnce = true
			parts++
		}
		out = append(out, s)
	}
	if len(arms.SharedWith) > 0 {
		parts++
	}
	if len(q.After) > 0 {
		parts *= 3
	}
	return out, len(out) > 0 && (r.dialect == sqldb.Postgres || parts <= mergeMost)
}

// heldColumns lists the columns that a condition holds to one value.
func heldColumns(n Node) []string {
	switch n := n.(type) {
	case And:
		var out []string
		for _, part := range n {
			out = append(out, heldColumns(part)...)
		}
		return out
	case Compare:
		if n.Op == Eq && len(n.Right) == 0 && len(n.Left) == 1 && n.Value != nil {
			return []string{n.Left[0]}
		}
	}
	return nil
}

// inOrder tells whether an index holds the rows of each value of a column in an
// order, given that some columns are held to one value. What else it holds after
// those does no harm: rows that are equal in them are few and put in order.
func (t *Table) inOrder(first string, held []string, order []Order) bool {
	wanted := make([]string, 0, len(order))
	for i, o := range order {
		if o.Link != "" || o.Desc != order[0].Desc {
			return false
		}
		if o.Column == t.PrimaryID {
			order = order[:i+1]
			break
		}
		wanted = append(wanted, o.Column)
	}
	return slices.ContainsFunc(t.Indexes, func(columns []string) bool {
		if len(columns) == 0 || columns[0] != first {
			return false
		}
		at := 1
		for at < len(columns) && slices.Contains(held, columns[at]) && !slices.Contains(wanted, columns[at]) {
			at++
		}
		rest := columns[at:]
		return slices.Equal(rest, wanted) || len(wanted) > 0 && len(rest) > len(wanted) && slices.Equal(rest[:len(wanted)], wanted)
	})
}

// merge writes the statement around the ranges.
type merge struct {
	r     *renderer
	b     builder
	parts []string
}

// write adds the branches of a reach.
func (s reach) write(m *merge, cond string) {
	ref := m.r.ref("t0", s.column)
	switch {
	case s.atOnce:
		m.branch(conj(m.r.memberIDs(ref, s.values), cond), nil)
	case m.r.dialect == sqldb.Postgres:
		m.branch(conj(ref+" = a.v", cond), s.values)
	default:
		for _, v := range s.values {
			m.branch(conj(m.r.memberIDs(ref, []id.ID{v}), cond), nil)
		}
	}
}

// branch is one range in its order: the values sorted by, the primary id last
// among them. With each it is one for every value of the parameter.
func (m *merge) branch(cond string, each []id.ID) {
	var sql strings.Builder
	sql.WriteString("SELECT ")
	for i := range m.b.terms {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString(m.b.term(i) + " AS " + outer(i))
	}
	sql.WriteString(m.b.from() + whereClause(cond))
	if m.r.dialect == sqldb.SQLite {
		// SQLite merges the parts row by row as they are wanted.
		m.parts = append(m.parts, sql.String())
		return
	}
	if each == nil {
		// Not sorted and limited by itself: PostgreSQL would hope to meet the few
		// rows soon on a walk through all in that order.
		m.parts = append(m.parts, sql.String())
		return
	}
	m.b.orderBy(&sql, m.b.term)
	m.b.writeLimit(&sql)
	m.parts = append(m.parts, "SELECT x.* FROM unnest("+m.r.idArray(each)+") a(v) CROSS JOIN LATERAL ("+sql.String()+") x")
}

// statement reads the rows of the keys that come first.
func (m *merge) statement() string {
	var sql strings.Builder
	sql.WriteString("SELECT ")
	for i := range m.b.columns {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString(m.b.cell(i))
	}
	sql.WriteString(" FROM (")
	if m.r.dialect == sqldb.Postgres {
		sql.WriteString("SELECT * FROM (")
	}
	sql.WriteString(strings.Join(m.parts, " UNION "))
	if m.r.dialect == sqldb.Postgres {
		sql.WriteString(") u")
	}
	m.b.orderBy(&sql, outer)
	m.b.writePage(&sql)
	// The keys lead, whatever the planner thinks: they are few.
	key := outer(len(m.b.terms) - 1)
	for i, t := range m.b.terms {
		if t.col.Name == m.b.table.PrimaryID {
			key = outer(i)
		}
	}
	sql.WriteString(") k CROSS JOIN " + m.r.dialect.Quote(m.b.table.Name) + " t0 WHERE " + m.r.ref("t0", m.b.table.PrimaryID) + " = k." + key)
	m.b.orderBy(&sql, func(i int) string { return "k." + outer(i) })
	return sql.String()
}

func outer(i int) string { return "o" + strconv.Itoa(i) }

// idArray gives ids as one parameter, an array of PostgreSQL.
func (r *renderer) idArray(ids []id.ID) string {
	values := make([]any, len(ids))
	for i, x := range ids {
		values[i] = encodeID(r.dialect, x)
	}
	list, cast := postgresList(ID, values)
	return r.bind(list) + cast
}
