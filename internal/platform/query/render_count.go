package query

import (
	"encoding/json"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// RenderCount turns a checked query into SQL that counts every row that
// matches, whatever its limit and position.
func RenderCount(s Schema, d sqldb.Dialect, q *Query, g Guard) (Statement, error) {
	r := &renderer{schema: s, dialect: d, guard: g}
	t, err := r.table(q.Table)
	if err != nil {
		return Statement{}, err
	}
	sql := "SELECT count(*)"
	switch {
	case q.Group != nil:
		inner, _, err := r.groups(t, q)
		if err != nil {
			return Statement{}, err
		}
		sql += " FROM (" + inner + ") g"
	case len(q.Links) > 0:
		from, err := r.from(t, q)
		if err != nil {
			return Statement{}, err
		}
		sql += from
	default:
		if sql, err = r.countArms(t, q); err != nil {
			return Statement{}, err
		}
	}
	return Statement{SQL: sql, Args: r.args, Columns: []Column{{Name: "count", Kind: Int}}, Shown: 1}, nil
}

// countArms counts by arm: the rows of units, the rows elsewhere that are owned,
// and those of neither that are shared. Each is a range of an index, which one
// condition over all three is not.
func (r *renderer) countArms(t *Table, q *Query) (string, error) {
	n, err := r.guardNode(t)
	if err != nil {
		return "", err
	}
	where, err := r.where(t, "t0", q.Where)
	if err != nil {
		return "", err
	}
	count := func(cond string) string {
		return "SELECT count(*) FROM " + r.dialect.Quote(t.Name) + " t0" + whereClause(cond)
	}
	rest, arms := splitArms(n)
	if arms == nil || arms.kinds() < 2 {
		visible, err := r.guardedBy(t, "t0", n)
		return count(conj(where, visible)), err
	}
	also, err := r.ungated(func() (string, error) { return r.where(t, "t0", rest) })
	if err != nil {
		return "", err
	}
	var sums []string
	for _, arm := range r.disjoint(t, *arms) {
		sums = append(sums, "("+count(conj(arm, where, also))+")")
	}
	return "SELECT " + strings.Join(sums, " + "), nil
}

// disjoint renders the ways by which rows may be seen one by one, each without
// the rows of those before it.
func (r *renderer) disjoint(t *Table, arms Arms) (out []string) {
	var before []string
	add := func(arm string) {
		out = append(out, conj(append(before, arm)...))
		before = append(before, "("+arm+") IS NOT TRUE")
	}
	if len(arms.Units) > 0 {
		add(r.memberIDs(r.ref("t0", "owningbusinessunit"), arms.Units))
	}
	if len(arms.Owners) > 0 {
		add(r.memberIDs(r.ref("t0", "ownerid"), arms.Owners))
	}
	if len(arms.SharedWith) > 0 {
		add(r.shared(t, "t0", arms))
	}
	return out
}

// kinds tells by how many of the three ways rows may be seen.
func (a Arms) kinds() (n int) {
	for _, l := range []int{len(a.Units), len(a.Owners), len(a.SharedWith)} {
		if l > 0 {
			n++
		}
	}
	return n
}

// RenderMatching turns a checked query without groups into SQL that finds every
// row that matches, to be explained and not run.
func RenderMatching(s Schema, d sqldb.Dialect, q *Query, g Guard) (Statement, error) {
	r := &renderer{schema: s, dialect: d, guard: g}
	t, err := r.table(q.Table)
	if err != nil {
		return Statement{}, err
	}
	from, err := r.from(t, q)
	return Statement{SQL: "SELECT 1" + from, Args: r.args}, err
}

// RenderSample turns a checked query without groups into SQL that counts those
// of some rows of an SQLite table that match. Rows are named by number; one that
// is named twice counts once.
func RenderSample(s Schema, q *Query, g Guard, rows []int64) (Statement, error) {
	r := &renderer{schema: s, dialect: sqldb.SQLite, guard: g}
	t, err := r.table(q.Table)
	if err != nil {
		return Statement{}, err
	}
	cond, err := r.rowsCond(t, q)
	if err != nil {
		return Statement{}, err
	}
	list, err := json.Marshal(rows)
	if err != nil {
		return Statement{}, err
	}
	// By the row numbers, and by no index.
	drawn := "t0.rowid IN (SELECT value FROM json_each(" + r.bind(string(list)) + "))"
	if cond != "" {
		cond = "(" + cond + ")"
	}
	return Statement{SQL: "SELECT count(*) FROM " + r.dialect.Quote(t.Name) + " t0 NOT INDEXED" + whereClause(conj(drawn, cond)), Args: r.args, Columns: []Column{{Name: "count", Kind: Int}}, Shown: 1}, nil
}
