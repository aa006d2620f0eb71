package query

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

const (
	never  = "1 = 0"
	always = "1 = 1"
)

// where renders a condition on the table behind alias; "" holds always.
func (r *renderer) where(t *Table, alias string, n Node) (string, error) {
	if n == nil {
		return "", nil
	}
	return r.node(t, alias, n, false)
}

// node renders a condition or, with neg, its opposite. Negation is pushed down
// to the leaves, by the rules of three-valued logic, so that a path can become
// an EXISTS without turning unknown into false below a NOT.
func (r *renderer) node(t *Table, alias string, n Node, neg bool) (string, error) {
	switch n := n.(type) {
	case And:
		return r.list(t, alias, n, neg, !neg)
	case Or:
		return r.list(t, alias, n, neg, neg)
	case Not:
		return r.node(t, alias, n.Node, !neg)
	case Const:
		if bool(n) != neg {
			return always, nil
		}
		return never, nil
	case Related:
		return r.related(t, alias, n, neg)
	case Linked:
		return r.linkedNode(t, alias, n, neg)
	case Arms:
		sql, err := r.arms(t, alias, n)
		if neg && err == nil {
			sql = "(" + sql + ") IS NOT TRUE"
		}
		return sql, err
	case Compare, In, TextMatch, Null, Hierarchy, HasAny, InPeriod:
		return r.pathLeaf(t, alias, n, neg)
	default:
		return "", errs.New(errs.Internal, "query.node", "a condition of type %T can't be rendered", n)
	}
}

func (r *renderer) list(t *Table, alias string, list []Node, neg, all bool) (string, error) {
	if len(list) == 0 {
		if all {
			return always, nil
		}
		return never, nil
	}
	parts := make([]string, len(list))
	for i, n := range list {
		var err error
		if parts[i], err = r.node(t, alias, n, neg); err != nil {
			return "", err
		}
	}
	if all {
		return "(" + strings.Join(parts, " AND ") + ")", nil
	}
	return "(" + strings.Join(parts, " OR ") + ")", nil
}

func leftOf(n Node) Path {
	switch n := n.(type) {
	case Compare:
		return n.Left
	case In:
		return n.Left
	case TextMatch:
		return n.Left
	case Null:
		return n.Left
	case Hierarchy:
		return n.Left
	case HasAny:
		return n.Left
	case InPeriod:
		return n.Left
	}
	return nil
}

// takesNull tells whether a leaf holds for a column that is null.
func takesNull(n Node, neg bool) bool {
	switch n := n.(type) {
	case Compare:
		if len(n.Right) > 0 {
			return n.Op == Ne && neg
		}
		return n.Op == Ne && !neg
	case In:
		return n.Negate && !neg
	case Null:
		return n.Negate == neg
	case Hierarchy:
		return n.Negate && !neg
	case HasAny:
		return n.Negate && !neg
	}
	return false
}

// pathLeaf renders a leaf; one at the end of a path as EXISTS over the tables
// on the way. A path that leads nowhere (no related row, or none that may be
// seen) is null, so a leaf that null satisfies becomes a NOT EXISTS.
func (r *renderer) pathLeaf(t *Table, alias string, n Node, neg bool) (string, error) {
	here := place{t, alias}
	at, path, err := r.start(here, leftOf(n))
	if err != nil {
		return "", err
	}
	t, alias = at.table, at.alias
	if len(path) == 1 {
		return r.leaf(at, here, n, neg)
	}
	exists := "EXISTS"
	if takesNull(n, neg) {
		exists, neg = "NOT EXISTS", !neg
	}
	var from strings.Builder
	var conds []string
	for i, name := range path[:len(path)-1] {
		rel, ok := t.Relations[name]
		if !ok || rel.Many {
			return "", unchecked("relation " + name)
		}
		next, err := r.table(rel.Table)
		if err != nil {
			return "", err
		}
		to := r.alias()
		if i > 0 {
			from.WriteString(", ")
		}
		from.WriteString(r.dialect.Quote(next.Name) + " " + to)
		join, err := r.join(t, alias, next, to, rel)
		if err != nil {
			return "", err
		}
		conds = append(conds, join)
		t, alias = next, to
	}
	last, err := r.leaf(place{t, alias}, place{t, alias}, n, neg)
	if err != nil {
		return "", err
	}
	return exists + " (SELECT 1 FROM " + from.String() + " WHERE " + conj(append(conds, last)...) + ")", nil
}

// start finds the row at which a path begins: the one at hand, or a linked one.
func (r *renderer) start(here place, path Path) (place, Path, error) {
	alias, path, linked := linkOf(path)
	if len(path) == 0 {
		return here, nil, unchecked("an empty path")
	}
	if !linked {
		return here, path, nil
	}
	at, ok := r.links[alias]
	if !ok {
		return here, nil, unchecked("link " + alias)
	}
	return at, path, nil
}

// join renders what ties two rows of a relation together, and that the other
// may be seen.
func (r *renderer) join(t *Table, alias string, other *Table, to string, rel Relation) (string, error) {
	tie := ""
	if !rel.ManyToMany() { // else the intersect table ties them
		tie = r.ref(to, rel.To) + " = " + r.ref(alias, rel.From)
	}
	if rel.OnType != "" {
		holder, column := alias, t.Columns[rel.From].TypeColumn
		if rel.Many {
			holder, column = to, other.Columns[rel.To].TypeColumn
		}
		if column == "" {
			return "", unchecked("type column of relation " + rel.Name)
		}
		tie += " AND " + r.ref(holder, column) + " = " + r.bind(rel.OnType)
	}
	visible, err := r.guarded(other, to)
	return conj(tie, visible), err
}

func (r *renderer) related(t *Table, alias string, n Related, neg bool) (string, error) {
	rel, ok := t.Relations[n.Relation]
	if !ok {
		return "", unchecked("relation " + n.Relation)
	}
	other, err := r.table(rel.Table)
	if err != nil {
		return "", err
	}
	to := r.alias()
	from := r.dialect.Quote(other.Name) + " " + to
	tie, err := r.join(t, alias, other, to, rel)
	if err != nil {
		return "", err
	}
	if rel.ManyToMany() {
		via := r.alias()
		from += ", " + r.dialect.Quote(rel.Via.Table) + " " + via
		tie = conj(r.ref(via, rel.Via.Here)+" = "+r.ref(alias, rel.From), r.ref(via, rel.Via.There)+" = "+r.ref(to, rel.To), tie)
	}
	where, err := r.where(other, to, n.Where)
	if err != nil {
		return "", err
	}
	if n.All && where != "" {
		where = "(" + where + ") IS NOT TRUE"
	}
	exists := "EXISTS"
	if n.All != neg {
		exists = "NOT EXISTS"
	}
	return exists + " (SELECT 1 FROM " + from + " WHERE " + conj(tie, where) + ")", nil
}

// leaf renders a test of a column of the row at a place. Another column that it
// is compared with stands in the row at the second one, if it is not linked.
func (r *renderer) leaf(at, here place, n Node, neg bool) (string, error) {
	t, alias, path := at.table, at.alias, leftOf(n)
	col, ok := t.Columns[path[len(path)-1]]
	if !ok {
		return "", unchecked("column " + path[len(path)-1])
	}
	switch n := n.(type) {
	case Compare:
		return r.compare(at, here, col, n, neg)
	case In:
		return r.in(alias, col, n, neg)
	case TextMatch:
		return r.textMatch(alias, col, n, neg)
	case Hierarchy:
		return r.hierarchy(t, alias, col, n, neg)
	case HasAny:
		return r.hasAny(alias, col, n, neg), nil
	case InPeriod:
		return r.inPeriod(alias, col, n, neg), nil
	case Null:
		// A text is there where its folded form is, which is what indexes hold.
		if n.Negate != neg {
			return r.compareRef(alias, col) + " IS NOT NULL", nil
		}
		return r.compareRef(alias, col) + " IS NULL", nil
	}
	return "", unchecked(fmt.Sprintf("condition %T", n))
}

var (
	opSQL    = [...]string{Eq: " = ", Ne: " IS DISTINCT FROM ", Lt: " < ", Le: " <= ", Gt: " > ", Ge: " >= "}
	negOpSQL = [...]string{Eq: " <> ", Ne: " = ", Lt: " >= ", Le: " > ", Gt: " <= ", Ge: " < "}
)

func (r *renderer) compare(at, here place, col Column, n Compare, neg bool) (string, error) {
	op := opSQL[n.Op]
	if neg {
		op = negOpSQL[n.Op]
	}
	left := r.compareRef(at.alias, col)
	if len(n.Right) > 0 {
		there, path, err := r.start(here, n.Right)
		if err != nil {
			return "", err
		}
		right, ok := there.table.Columns[path[len(path)-1]]
		if !ok {
			return "", unchecked("column " + path[len(path)-1])
		}
		if n.Op == Ne && neg {
			op = " IS NOT DISTINCT FROM "
		}
		return left + op + r.compareRef(there.alias, right), nil
	}
	v, err := r.value(col, n.Value)
	return left + op + v, err
}

func (r *renderer) in(alias string, col Column, n In, neg bool) (string, error) {
	left := r.compareRef(alias, col)
	turned := n.Negate != neg // NOT IN
	if len(n.Values) == 0 {
		switch {
		case !turned:
			return never, nil
		case n.Negate:
			return always, nil
		default: // the opposite of "in nothing": unknown stays unknown
			return r.ref(alias, col.Name) + " IS NOT NULL", nil
		}
	}
	encoded := make([]any, len(n.Values))
	for i, v := range n.Values {
		var err error
		if encoded[i], err = Encode(r.dialect, col.Kind, comparisonForm(col, v)); err != nil {
			return "", err
		}
	}
	sql := r.member(left, col.Kind, encoded, turned)
	if turned && n.Negate {
		sql = "(" + sql + " OR " + left + " IS NULL)"
	}
	return sql, nil
}

// member renders membership in a list of encoded values. PostgreSQL takes the
// list as one parameter, so that lists of all lengths share one prepared plan.
func (r *renderer) member(left string, k Kind, values []any, negate bool) string {
	if len(values) == 1 {
		if negate {
			return left + " <> " + r.bind(values[0])
		}
		return left + " = " + r.bind(values[0])
	}
	if r.dialect == sqldb.Postgres {
		list, cast := postgresList(k, values)
		if negate {
			return left + " <> ALL (" + r.bind(list) + cast + ")"
		}
		return left + " = ANY (" + r.bind(list) + cast + ")"
	}
	var sql strings.Builder
	sql.WriteString(left)
	if negate {
		sql.WriteString(" NOT")
	}
	sql.WriteString(" IN (")
	for i, v := range values {
		if i > 0 {
			sql.WriteByte(',')
		}
		sql.WriteString(r.bind(v))
	}
	// Filled up to a power of two, so that lists of all lengths make few
	// statements and the prepared ones are found again.
	last := r.dialect.Placeholder(len(r.args))
	for range 1<<bits.Len(uint(len(values)-1)) - len(values) {
		sql.WriteString("," + last)
	}
	sql.WriteByte(')')
	return sql.String()
}

func (r *renderer) memberIDs(left string, ids []id.ID) string {
	values := make([]any, len(ids))
	for i, x := range ids {
		values[i] = encodeID(r.dialect, x)
	}
	return r.member(left, ID, values, false)
}

// textMatch tests a part of the folded text by plain functions, not by LIKE:
// nothing needs escaping, and the start of a text is a range of an index.
func (r *renderer) textMatch(alias string, col Column, n TextMatch, neg bool) (string, error) {
	left := r.compareRef(alias, col)
	text := n.Text
	if col.Folded {
		text = Fold(text)
	}
	pg := r.dialect == sqldb.Postgres
	var sql string
	switch {
	case n.Op == Like:
		var err error
		if sql, err = r.pattern(left, text); err != nil {
			return "", err
		}
	case text == "":
		if neg {
			return never, nil
		}
		return left + " IS NOT NULL", nil
	case n.Op == Contains && pg:
		sql = "strpos(" + left + ", " + r.bind(text) + ") > 0"
	case n.Op == Contains:
		sql = "instr(" + left + ", " + r.bind(text) + ") > 0"
	case n.Op == EndsWith && pg:
		sql = "right(" + left + ", " + strconv.Itoa(utf8.RuneCountInString(text)) + ") = " + r.bind(text)
	case n.Op == EndsWith:
		sql = "substr(" + left + ", -" + strconv.Itoa(utf8.RuneCountInString(text)) + ") = " + r.bind(text)
	default:
		sql = left + " >= " + r.bind(text)
		if end, bounded := prefixEnd(text); bounded {
			sql = "(" + sql + " AND " + left + " < " + r.bind(end) + ")"
		}
	}
	if neg {
		return "NOT (" + sql + ")", nil
	}
	return sql, nil
}

// prefixEnd gives the least text that is greater than every text beginning with
// the prefix; there is none if it consists of the greatest code point only.
func prefixEnd(prefix string) (string, bool) {
	runes := []rune(prefix)
	for i := len(runes) - 1; i >= 0; i-- {
		switch runes[i] {
		case utf8.MaxRune:
			continue
		case 0xD7FF: // the surrogates are no code points of a text
			runes[i] = 0xE000
		default:
			runes[i]++
		}
		return string(runes[:i+1]), true
	}
	return "", false
}
