package sqldb

import "strconv"

// Dialect is one of the two databases.
type Dialect uint8

// The databases.
const (
	SQLite Dialect = iota
	Postgres
)

// String gives the name as it stands in logs and metrics.
func (d Dialect) String() string {
	if d == Postgres {
		return "postgres"
	}
	return "sqlite"
}

// Quote makes an identifier safe to stand in SQL. Every dynamic name goes through it.
func (d Dialect) Quote(name string) string {
	out := make([]byte, 0, len(name)+2)
	out = append(out, '"')
	for i := 0; i < len(name); i++ {
		if name[i] == '"' {
			out = append(out, '"')
		}
		out = append(out, name[i])
	}
	return string(append(out, '"'))
}

// Placeholder gives the n-th bind parameter, counted from 1.
func (d Dialect) Placeholder(n int) string {
	if d == Postgres {
		return "$" + strconv.Itoa(n)
	}
	return "?" + strconv.Itoa(n)
}

// Next gives the nth placeholder of a text in which each stands once and in
// order. On SQLite it has no number: those with numbers are names, which the
// driver looks up one by one, and the longer the statement the slower.
func (d Dialect) Next(n int) string {
	if d == Postgres {
		return d.Placeholder(n)
	}
	return "?"
}
