package query

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// Statement is a query as SQL.
type Statement struct {
	SQL  string
	Args []any // encoded for the driver
	// Columns are the result's columns in order. The first Shown of them were
	// asked for; the rest only feed CursorAfter.
	Columns []Column
	Shown   int
}

// Render turns a checked query into SQL for one database. The guard's
// condition holds for the table and for every table that a path or relation
// touches. Expand is not rendered: the caller asks for related rows by RenderRelated.
func Render(s Schema, d sqldb.Dialect, q *Query, g Guard) (Statement, error) {
	r := &renderer{schema: s, dialect: d, guard: g}
	t, err := r.table(q.Table)
	if err != nil {
		return Statement{}, err
	}
	switch {
	case q.Group != nil:
		return r.grouped(t, q)
	case len(q.Links) > 0:
		return r.joined(t, q)
	}
	r.walks = q.Limit > 0 && q.Skip <= walkMost
	st := Statement{}
	if st.Columns, err = columnsOf(t, q.Select, q.Order); err != nil {
		return Statement{}, err
	}
	st.Shown = len(q.Select)
	if st.Shown == 0 {
		st.Shown = len(t.AllNames)
	}
	terms, err := termsOf(t, q.Order)
	if err != nil {
		return Statement{}, err
	}
	if sql, ok, err := r.merged(t, q, st.Columns, terms); err != nil || ok {
		st.SQL, st.Args = sql, r.args
		return st, err
	}
	where, err := r.where(t, "t0", q.Where)
	if err != nil {
		return Statement{}, err
	}
	visible, err := r.visible(t, "t0")
	if err != nil {
		return Statement{}, err
	}
	after, err := r.after(terms, q.After)
	if err != nil {
		return Statement{}, err
	}
	b := builder{r: r, table: t, columns: st.Columns, terms: terms, limit: q.Limit, skip: q.Skip}
	switch {
	case len(visible)*len(after) == 1 && q.Skip > 0:
		st.SQL = b.far(conj(where, visible[0], after[0]))
	case len(visible)*len(after) == 1:
		st.SQL = b.simple(conj(where, visible[0], after[0]))
	default:
		st.SQL = b.union(where, visible, after)
	}
	st.Args = r.args
	return st, nil
}

// walkMost is how many rows may be passed over on a walk in sort order. Somebody
// who sees one row of forty passes forty times as many on the way: from there on
// the rows that he may see are rather fetched and sorted.
const walkMost = 1000

type renderer struct {
	schema  Schema
	dialect sqldb.Dialect
	guard   Guard
	args    []any
	aliases int
	inGuard bool // conditions of a guard are not guarded again
	links   map[string]place
	walks   bool // the first rows in sort order are wanted, not all of them, nor those far behind
}

// place is where the rows of a linked table stand in the statement.
type place struct {
	table *Table
	alias string
}

func (r *renderer) table(name string) (*Table, error) {
	t, ok := r.schema.QueryTable(name)
	if !ok {
		return nil, unchecked("table " + name)
	}
	return t, nil
}

func unchecked(what string) error {
	return errs.New(errs.Internal, "query.unchecked", "%s is unknown: the query was not checked", what)
}

// bind takes an already encoded value as the next parameter.
func (r *renderer) bind(v any) string {
	r.args = append(r.args, v)
	return r.dialect.Placeholder(len(r.args))
}

func (r *renderer) value(c Column, v any) (string, error) {
	enc, err := Encode(r.dialect, c.Kind, comparisonForm(c, v))
	if err != nil {
		return "", err
	}
	return r.bind(enc), nil
}

// comparisonForm gives the value by which v is compared: text by its folded form.
func comparisonForm(c Column, v any) any {
	if s, ok := v.(string); ok && c.Folded {
		return Fold(s)
	}
	return v
}

// ref names the column, ref of compare the one that holds the comparable form.
func (r *renderer) ref(alias, column string) string { return alias + "." + r.dialect.Quote(column) }

func (r *renderer) compareRef(alias string, c Column) string {
	if c.Folded {
		return r.ref(alias, FoldedName(c.Name))
	}
	return r.ref(alias, c.Name)
}

func (r *renderer) alias() string {
	r.aliases++
	return "t" + strconv.Itoa(r.aliases)
}

// columnsOf lists what to select: the columns asked for, then what the order
// needs beside them.
func columnsOf(t *Table, sel []string, order []Order) ([]Column, error) {
	if len(sel) == 0 {
		sel = t.AllNames
	}
	names := slices.Clone(sel)
	for _, o := range order {
		if !slices.Contains(names, o.Column) {
			names = append(names, o.Column)
		}
	}
	out := make([]Column, len(names))
	for i, name := range names {
		c, ok := t.Columns[name]
		if !ok {
			return nil, unchecked("column " + name)
		}
		out[i] = c
	}
	return out, nil
}

// conj joins conditions by AND; empty ones hold.
func conj(parts ...string) string {
	kept := make([]string, 0, len(parts))
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, " AND ")
}

func whereClause(cond string) string {
	if cond == "" {
		return ""
	}
	return " WHERE " + cond
}
