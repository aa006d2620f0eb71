package query

import "strings"

// LinkKind says how rows of another table are joined.
type LinkKind uint8

// The kinds of links.
const (
	Inner LinkKind = iota // only rows that have a partner, once for each
	Outer                 // rows without a partner, too; its values are null then
	First                 // Inner with at most one partner: that with the least primary id
)

// Link joins rows of another table to each row of the query (or of the link
// above it). Its values stand in the result under "alias.column".
type Link struct {
	Alias  string // unique within the query
	Table  string
	From   string // column of the linked table
	To     string // column of the table that it is joined to
	Kind   LinkKind
	Select []string // columns of the linked table; none are taken when empty
	Where  Node     // on the linked table; for Outer it decides about the partner, not about the row
	Links  []Link
}

// LinkedName gives the name under which a row holds a column of a link; without
// a link it is the column's own.
func LinkedName(link, column string) string {
	if link == "" {
		return column
	}
	return link + "." + column
}

// linkMark leads the first part of a path that begins at a linked row.
const linkMark = "#"

// LinkPath names a column of a linked row, wherever in the query the link stands.
func LinkPath(alias string, parts ...string) Path {
	return append(Path{linkMark + alias}, parts...)
}

// linkOf takes the link off the start of a path.
func linkOf(p Path) (alias string, rest Path, linked bool) {
	if len(p) > 1 && strings.HasPrefix(p[0], linkMark) {
		return p[0][len(linkMark):], p[1:], true
	}
	return "", p, false
}

// HasLink tells whether a link of the alias stands in the query already.
func (q *Query) HasLink(alias string) bool { return hasLink(q.Links, alias) }

func hasLink(links []Link, alias string) bool {
	for i := range links {
		if links[i].Alias == alias || hasLink(links[i].Links, alias) {
			return true
		}
	}
	return false
}
