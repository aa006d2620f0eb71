package changelog

import (
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// AppendMax is how many changes AppendManyAt takes at a time.
const AppendMax = 500

// AppendManyAt is AppendAt for several changes of one table, in one statement.
func (l *Log) AppendManyAt(tx *sqldb.Tx, changes []Change, epoch int64) (bool, error) {
	if len(changes) == 0 {
		return true, nil
	}
	d := tx.Dialect()
	e := encoder{d: d}
	args := make([]any, 0, len(changes)*len(writtenTypes)+2)
	for _, c := range changes {
		args = e.appendArgs(args, c)
	}
	if e.err != nil {
		return false, e.err
	}
	n, last, err := tx.Insert(l.insertMany(d, len(changes)), append(args, changes[0].Table, epoch)...)
	if err != nil || n == 0 {
		return false, err
	}
	l.appended(tx, last, slices.Clone(changes)...)
	return true, nil
}

// insertMany gives the statement that writes some rows. There are few different
// numbers of rows: full blocks, mostly.
func (l *Log) insertMany(d sqldb.Dialect, rows int) string {
	if text, ok := l.many.Load(rows); ok {
		return text.(string)
	}
	var b strings.Builder
	b.WriteString("INSERT INTO changelog (" + written + ") SELECT * FROM (VALUES ")
	n := 0
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		for j := range writtenTypes {
			b.WriteString(map[bool]string{true: "(", false: ", "}[j == 0])
			n++
			b.WriteString(d.Next(n))
			if i == 0 && d == sqldb.Postgres {
				b.WriteString("::" + writtenTypes[j]) // the first row tells the types of all
			}
		}
		b.WriteByte(')')
	}
	b.WriteString(") AS v WHERE COALESCE((SELECT epoch FROM schemaepoch WHERE tablename = " + d.Next(n+1) + "), 0) = " + d.Next(n+2))
	l.many.Store(rows, b.String())
	return b.String()
}
